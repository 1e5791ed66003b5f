# `make` alone lists what there is. Everything here runs without questions and may be run twice.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
VENV := .venv/bin

.PHONY: help attacks venv demo demo-down image images-all matrix test test-slow check lint format types imports docs schema bench mutants chaos soak packages lab lab-sweep clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## from a bare machine to converged containers: LXD, image, manifests, plan, apply (root)
	@sh bootstrap/demo.sh

demo-down: ## remove everything that demo made, and nothing else (root)
	@sh bootstrap/demo-down.sh

image: ## build the starter image into images/.build
	@sh bootstrap/packages.sh base
	@python3 images/starter/build.py --busybox "$$(sh bootstrap/busybox.sh)"

images-all: packages venv ## build every recipe in images/ and test the golden ones (root; half an hour); ARGS="--fresh": today's packages
	$(VENV)/unsandbox images build --all $(ARGS)
	$(VENV)/python -m tests.images golden-slim golden

matrix: packages venv ## test golden as it is built here, and write docs/languages.md (root; minutes)
	$(VENV)/python -m tests.images golden

venv: ## .venv with the locked development tools and this checkout
	@sh bootstrap/packages.sh base
	@sh bootstrap/venv.sh dev

packages: ## the Debian packages that the tests need (root)
	@sh bootstrap/packages.sh test

# Two processes, each with daemons of its own: most tests wait for LXD. A file stays in one, so what its tests share is made once.
test: packages venv ## every test, on real LXD daemons of its own (root); ARGS="-k name" picks
	$(VENV)/pytest -m "not slow" -n 2 --dist loadfile $(ARGS)

test-slow: packages venv ## the tests that take minutes
	$(VENV)/pytest -m slow $(ARGS)

check: lint types imports venv ## style, types, import contracts, generated files: no LXD needed
	$(VENV)/python -m docs.generate --check
	$(VENV)/unsandbox schema --check

lint: venv ## ruff, without changing a file
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: venv ## mypy
	$(VENV)/mypy

imports: venv ## the import contracts
	$(VENV)/lint-imports

format: venv ## let ruff mend and format
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

docs: venv ## write the generated reference again
	$(VENV)/python -m docs.generate

schema: venv ## write the JSON Schemas of the manifests again
	$(VENV)/unsandbox schema

bench: packages venv ## measure, and print each figure beside its limit (root)
	$(VENV)/python -m tests.bench $(ARGS)

attacks: packages venv ## try every attack on a sandbox and its control, and write docs/attacks.md (root)
	$(VENV)/python -m tests.attacks

mutants: venv ## take each rule out of its table and demand that a test fails: no LXD needed; ARGS="C01 I13" picks
	$(VENV)/python -m tests.mutants $(ARGS)

chaos: packages venv ## faults at every step boundary on three real daemons (root); ARGS="--seed 1 --only kill" repeats some
	$(VENV)/python -m tests.chaos $(ARGS)

soak: packages venv ## the loop for half an hour under edits and faults, on three real daemons (root); ARGS="--minutes 2" for a look
	$(VENV)/python -m tests.soak $(ARGS)

lab: packages venv ## three real LXD daemons to play with, until Ctrl-C (root)
	@$(VENV)/python -m tests.lab up

lab-sweep: venv ## remove what killed test runs left (root)
	@$(VENV)/python -m tests.lab sweep

clean: ## remove what was built or cached here; the demonstration stays
	rm -rf .venv build dist images/.build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.demo/*' -prune -exec rm -rf {} +

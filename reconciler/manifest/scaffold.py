"""The texts of a new repository, for ``unsandbox init``, and of one inventory entry, for ``unsandbox hosts add``."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.manifest.jsonschema import json_schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

EDITOR_LINE = "# yaml-language-server: $schema={path}schema/unsandbox.schema.json\n"
UNKNOWN = "0" * 64


@dataclass(frozen=True, slots=True)
class Options:
    """What is known at the start. What is not becomes a commented example that says how to fill it."""

    host_name: str = "local"
    host_address: str = ""
    fingerprint: str = ""
    image_name: str = "starter"
    image_fingerprint: str = ""
    image_file: str = ""
    environment: str = "default"
    """Must be this repository's own: what carries it and is not declared here is destroyed."""


def host_manifest(
    *, name: str, address: str, fingerprint: str, location: str, project: str = "unsandbox", cluster: tuple[str, str] | None = None
) -> str:
    """One Host document. ``cluster``: the name of the cluster that it is a member of, and LXD's name of the member."""
    member = f"  cluster: {{name: {cluster[0]}, member: {json.dumps(cluster[1])}}}\n" if cluster else ""
    return (
        EDITOR_LINE.format(path="../manifests/")
        + f"""\
apiVersion: unsandbox/v1
kind: Host
metadata:
  name: {name}
spec:
  address: {address}
  # SHA-256 of the server's certificate. A host that shows another is refused.
  fingerprint: {fingerprint}
  project: {project}
  location: {location}
  state: active           # active | cordoned (takes nothing more) | drained (should hold nothing)
"""
        + member
    )


def scaffold(options: Options) -> Mapping[str, str]:
    """Path to text of every file of a new repository."""
    options = replace(options, image_name=options.image_name or "starter")
    files = {
        "README.md": README,
        "Makefile": MAKEFILE,
        ".gitignore": ".unsandbox/\nimages/.build/\nplan.json\n",
        "inventory/README.md": INVENTORY,
        "manifests/policy.yaml": _manifest(POLICY.replace("ENVIRONMENT", options.environment)),
        "manifests/keys.yaml": _manifest(KEYS),
        "manifests/images.yaml": _manifest(_image(options)),
        "manifests/services.yaml": _manifest(_waiting(SERVICES.replace("IMAGE", options.image_name), options)),
        "manifests/pools.yaml": _manifest(_waiting(POOLS.replace("IMAGE", options.image_name), options)),
    }
    if options.host_address and options.fingerprint:
        files[f"inventory/{options.host_name}.yaml"] = host_manifest(
            name=options.host_name, address=options.host_address, fingerprint=options.fingerprint, location="here"
        )
    for name, schema in json_schemas().items():
        files[f"manifests/schema/{name}"] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return files


def _manifest(text: str) -> str:
    return EDITOR_LINE.format(path="") + text


def _commented(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines())


def _waiting(text: str, options: Options) -> str:
    """As it is where there are a host and an image to make it from; else commented out, so that the new repository is valid."""
    if options.image_fingerprint and options.host_address and options.fingerprint:
        return text
    return "# Take the comment signs away once images.yaml names an image and inventory/ a host.\n" + _commented(text)


def _image(options: Options) -> str:
    file = (
        f"  file: {options.image_file}\n"
        if options.image_file
        else "  # file: PATH        # tarball to import it from where a host does not have it\n"
    )
    text = IMAGES.replace("NAME", options.image_name).replace("FINGERPRINT", options.image_fingerprint or UNKNOWN) + file
    if options.image_fingerprint:
        return text
    return "# Pin an image: its fingerprint is what `lxc image info` shows.\n" + _commented(text)


POLICY = """\
apiVersion: unsandbox/v1
kind: Policy
metadata:
  name: policy
spec:
  # Written on every object. It must be this repository's own: what carries it and is not declared here is destroyed.
  environment: ENVIRONMENT
  limits:                 # for one pass; more than that is refused, with the arithmetic
    destroys: 5
    destroyShare: 0.2
    replaces: 2
    freezes: 50
  egress: []              # what semitrusted containers may reach: - {destination: 203.0.113.0/24, protocol: tcp, ports: 443}
  # proxy: {names: [example.org], resolvers: [203.0.113.53]}   # what they may reach by name, see docs/execute.md
"""

KEYS = """\
apiVersion: unsandbox/v1
kind: Tier
metadata:
  name: small
spec:
  vcpu: 1
  memory: 64MiB
  disk: 128MiB
  processes: 100
---
# The public half of a key. Its secret has no place in a repository.
apiVersion: unsandbox/v1
kind: Key
metadata:
  name: team
spec:
  publicId: unsb-pk-demo-demo-demo-demo
  tier: small
"""

IMAGES = """\
apiVersion: unsandbox/v1
kind: Image
metadata:
  name: NAME
spec:
  alias: NAME
  # An alias moves, a fingerprint does not.
  fingerprint: FINGERPRINT
"""

SERVICES = """\
apiVersion: unsandbox/v1
kind: Service
metadata:
  name: web
spec:
  owner: team
  image: IMAGE
  state: running          # running | frozen (keeps its memory) | hibernated (keeps its disk)
  network: semitrusted    # reaches what the policy's egress names
---
apiVersion: unsandbox/v1
kind: Service
metadata:
  name: vault
spec:
  owner: team
  image: IMAGE
  state: running
  network: zerotrust      # reaches nothing
  env:
    GREETING: hello       # treated as a secret: no plan or log shows the value
"""

POOLS = """\
apiVersion: unsandbox/v1
kind: Pool
metadata:
  name: warm
spec:
  image: IMAGE
  tier: small
  size: 2                 # or {min: 2, max: 10}
"""

INVENTORY = """\
# Inventory

One file a host. `unsandbox hosts add https://ADDRESS:8443 --name NAME --location PLACE` shows a host's fingerprint, asks, enrols this
machine's certificate and writes the file, of an LXD cluster one for each member. `unsandbox hosts` shows who is reachable.
"""

MAKEFILE = """\
# `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help validate plan apply run status

help: ## list the targets
\t@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\\n", $$1, $$2 }' $(MAKEFILE_LIST)

validate: ## read every manifest
\tunsandbox validate

plan: ## what would happen, kept in plan.json
\tunsandbox plan --out plan.json

apply: ## carry out exactly what plan.json says
\tunsandbox apply plan.json

run: ## keep it so, until Ctrl-C
\tunsandbox run

status: ## what is declared beside what is there
\tunsandbox status
"""

README = """\
# A fleet

YAML in `manifests/` says what should exist, `inventory/` on which LXD hosts.

    unsandbox validate
    unsandbox plan
    unsandbox apply
    unsandbox run       # keeps it so, until Ctrl-C
    unsandbox status

Exit codes of `plan`: 0 nothing to do, 2 changes, 3 something is refused, 4 a host is out of reach.
"""

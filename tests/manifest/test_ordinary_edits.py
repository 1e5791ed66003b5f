"""Ordinary edits of the text, committed and carried out one after the other on a synthetic fleet: not one may be refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.engine.refuse.observation import EXTENSIONS
from reconciler.engine.refuse.plans import PlanQuestion
from reconciler.engine.table.plans import PLAN_RULES
from reconciler.model.rules import ask
from reconciler.model.world import Grade, HostView, Identity, Observed
from tests.bench.worlds import AT
from tests.manifest.edits import EDITS, PINS, STILL, start
from tests.properties.test_ordinary_edits import Simulated, git

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.planning import Made


def unprepared(name: str) -> HostView:
    """A host on which nothing of ours is."""
    identity = Identity(name, PINS[name], "5.0.2", clustered=False, extensions=EXTENSIONS, addresses=())
    return HostView(name, Grade.COMPLETE, (), AT, identity)


def written(root: Path, texts: dict[str, str]) -> None:
    """Exactly these files, byte for byte."""
    for folder in ("inventory", "manifests"):
        shutil.rmtree(root / folder, ignore_errors=True)
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def refusals(made: Made) -> list[str]:
    """Every no: of the guard, and of the rules over a plan as a whole, a person having approved."""
    told = [f"{found.code} {found.action} {found.ref}: {found.cause} {found.evidence}" for found in made.refused]
    question = PlanQuestion(made.plan, made.plan.tool, AT, made.desired.origin, approved_by="anna")
    answers = [(rule.code, ask(rule, "", question)) for rule in PLAN_RULES]
    return told + [f"{code}: {no.cause} {no.evidence}" for code, no in answers if no is not None]


def test_more_than_fifty_edits_of_the_text_and_not_one_refusal(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    texts = start()
    fleet = Simulated(tmp_path)
    fleet.observed = Observed({}, AT)
    false: list[str] = []
    still: list[str] = []
    for name, edit in EDITS:
        edit(texts)
        written(tmp_path, texts)
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "--allow-empty", "-m", name)
        hosts = {path.split("/")[1].removesuffix(".yaml") for path in texts if path.startswith("inventory/") and path.endswith(".yaml")}
        known = fleet.observed.hosts
        fleet.observed = replace(fleet.observed, hosts={host: known.get(host) or unprepared(host) for host in sorted(hosts)})
        made = fleet.plan()
        false += [f"{name}: {told}" for told in refusals(made)]
        still += [] if made.plan.actions else [name]
        fleet.carry_out(made)
        again = fleet.plan().plan
        assert not again.actions, f"after {name!r}: {[(action.action, action.ref, action.fields) for action in again.actions]}"
    print(f"{len(EDITS)} edits, {len(false)} false refusals")
    assert len(EDITS) > 50
    assert still == [name for name, _ in EDITS if name in STILL], "what only reads otherwise changes nothing, all else something"
    assert not false, "\n".join(false)

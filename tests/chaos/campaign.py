"""The campaign: for each kind of fault an arena, and strikes until its share is injected; after each the checks, then the next passes."""

from __future__ import annotations

import json
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos import checks, seen
from tests.chaos.arena import Arena, build
from tests.chaos.declared import edit
from tests.chaos.faults import KINDS
from tests.chaos.person import Person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.chaos.declared import Edit
    from tests.chaos.faults import Struck
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

ALL = sum(kind.share for kind in KINDS.values())
PAST = 8
ROUNDS = 3
"""Times that a person is asked: behind one answer another question may stand."""
SETTLES = 60
"""Seconds for what a fault cut off to come to its end by itself."""
EXTRA = 3
"""Passes after which all is as declared, for calls that LXD was still at work on."""
MOST_SPOILED = 8
"""Runs with a violation, after which a kind is given up: there is enough to look at."""
SLACK = 3
"""Runs for each fault at most: some boundaries are never reached."""


@dataclass
class Tally:
    """One row of the table."""

    runs: int = 0
    faults: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    spoiled: int = 0


@dataclass
class Campaign:
    """Three hosts, and a seed from which everything follows."""

    daemons: list[Daemon]
    starter: Starter
    folder: Path
    seed: int
    keep: bool = False
    built: int = 0

    def run(self, kinds: list[str], faults: int) -> int:
        """Run every kind, print the table; the exit status."""
        began = time.monotonic()
        tallies = {kind: self._kind(kind, max(1, round(faults * KINDS[kind].share / ALL))) for kind in kinds}
        self._table(tallies, time.monotonic() - began)
        return int(any(tally.violations for tally in tallies.values()))

    def _kind(self, kind: str, wanted: int) -> Tally:
        tally, arena = Tally(), None
        began = time.monotonic()
        while tally.faults < wanted and tally.runs < SLACK * wanted and tally.spoiled < MOST_SPOILED:
            tally.runs += 1
            since, rng = time.monotonic(), Random(f"{self.seed}/{kind}/{tally.runs}")  # noqa: S311 - repeatable, not secret
            try:
                if arena is None:
                    arena = self._build(kind)
                    person = Person(arena)
                told, problems, injected = Strike(arena, kind, rng, person).run()
            except Exception:  # noqa: BLE001 - whatever breaks a run is a violation to look at, and the campaign goes on
                told, problems, injected = "the run itself", [traceback.format_exc()], 0
            tally.faults += injected
            say(f"{kind} {tally.runs}: {tally.faults}/{wanted}  {time.monotonic() - since:.1f} s  {told}")
            if problems:
                tally.violations += [f"run {tally.runs}: {told}\n      {problem}" for problem in problems]
                say("\n".join(f"  VIOLATION {problem}" for problem in problems))
                self._stop_here()
                tally.spoiled += 1
                arena = None
        tally.seconds = time.monotonic() - began
        return tally

    def _build(self, kind: str) -> Arena:
        chosen = KINDS[kind]
        self.built += 1
        return build(
            self.folder / f"{kind}-{self.built}",
            self.daemons,
            self.starter,
            grace=chosen.grace,
            remote=chosen.remote,
            small_disk=chosen.small_disk,
        )

    def _stop_here(self) -> None:
        if self.keep:
            say(f"kept: {self.folder}; {', '.join(f'LXD_DIR={daemon.directory}' for daemon in self.daemons)}. Ctrl-C ends it.")
            signal.pause()

    def _table(self, tallies: dict[str, Tally], took: float) -> None:
        lines = [f"{'kind':12} {'runs':>5} {'faults':>7} {'violations':>11} {'seconds':>8}"]
        for kind, tally in tallies.items():
            lines.append(f"{kind:12} {tally.runs:5} {tally.faults:7} {len(tally.violations):11} {tally.seconds:8.0f}")
        runs, faults, violations = (
            sum(numbers) for numbers in zip(*((t.runs, t.faults, len(t.violations)) for t in tallies.values()), strict=True)
        )
        lines.append(f"{'all':12} {runs:5} {faults:7} {violations:11} {took:8.0f}   seed {self.seed}")
        for kind, tally in tallies.items():
            for violation in tally.violations:
                lines += [f"VIOLATION {kind}, {violation}", f"      repeat: python -m tests.chaos --seed {self.seed} --only {kind} --keep"]
        sys.stdout.write("\n".join(lines) + "\n")


@dataclass
class Strike:
    """One run: an edit, a fault while it is applied, the checks, the next passes, the checks of what is settled."""

    arena: Arena
    kind: str
    rng: Random
    person: Person

    def run(self) -> tuple[str, list[str], int]:
        """What happened, what was violated, how many faults were injected."""
        arena = self.arena
        made = edit(arena.declared, self.rng, self.rng.randint(2, 4))
        arena.declared = made.after
        made.after.write(arena.fleet)
        struck = KINDS[self.kind].strike(arena, self.rng)
        problems = checks.at_once(arena, made, seen.rows(arena.daemons), struck.excuse)
        problems += self._recover(made, struck)
        return f"{struck.words} | {', '.join(made.words)}", problems, struck.faults

    def _recover(self, made: Edit, struck: Struck) -> Iterator[str]:
        """The next passes, what a person does where only a person can, and the passes after that."""
        for _ in range(ROUNDS):
            left: list[dict[str, Any]] = []
            yield from self._converge(struck.codes, left)
            if struck.undo is not None or not left:
                break
            yield from self.person.answer(left)
        else:
            yield from self._converge(frozenset(), [])
        if struck.undo is not None:
            yield from checks.at_once(self.arena, made, seen.rows(self.arena.daemons), struck.excuse)
            struck.undo()
            yield from self._converge(frozenset(), [])
        found = seen.rows(self.arena.daemons)
        yield from checks.at_once(self.arena, made, found, struck.excuse)
        wrong = [*checks.settled(self.arena, found, struck.excuse), *self._chain()]
        yield from wrong
        if not wrong:
            self.arena.remember(found)

    def _converge(self, codes: frozenset[str], left: list[dict[str, Any]]) -> Iterator[str]:
        """The next passes, for as long as something may settle by itself. ``left`` takes the refusals that the fault explains."""
        deadline, extra = time.monotonic() + SETTLES, EXTRA
        while True:
            said = self._pass()
            status, planned = self.arena.run("plan", "--json")
            if status == 0:
                left.clear()
                extra -= 1
                if extra and seen.is_open(*self.arena.states):
                    continue  # all is as declared, and LXD was still at work on a call of the killed pass: another pass settles it
                return
            if status == 1:
                yield f"NOT CONVERGED: plan failed: {planned}"
                return
            document = json.loads(planned)
            left[:] = document["refusals"]
            told = {row["code"] for row in left}
            # What is between two states, or LXD is at work on, settles by itself: nobody has to do anything.
            if (left and not document["actions"] and told <= codes - {"O08", "O09"}) or time.monotonic() > deadline:
                break
        for row in left:
            if row["code"] not in codes:
                yield f"REFUSED {row['code']} {row['ref']} on {row['host']}: {row['cause']}; {row['evidence']}; {row['unblock']}"
                yield from self._past(row["ref"])
        if not left:
            actions = [f"{row['action']} {row['kind']}/{row['name']} ({row['reason']})" for row in document["actions"]]
            yield f"NOT CONVERGED: exit {status}, {actions}, unseen {document['unseen']}\n{said}"
        left[:] = [row for row in left if row["code"] in codes]

    def _pass(self) -> str:
        """One apply, and what a person types where it says so; all that it said."""
        while True:
            _, said = self.arena.run("apply", "--yes")
            if "A30" in said and self.arena.journal_lost:
                self.person.approve()  # whether the policy waived approval before is lost as well
            if self.kind != "daemon" or not self.person.clear_away(said):
                return said

    def _chain(self) -> Iterator[str]:
        status, said = self.arena.run("history", "--verify")
        if status:
            yield f"CHAIN: history --verify gave {status}: {said}"

    def _past(self, ref: str) -> Iterator[str]:
        """What the journal tells of an object, newest first."""
        for row in [row for row in seen.intents(*self.arena.states) if row["ref"] == ref][: -PAST - 1 : -1]:
            yield f"  past of {ref}: {row['at']} {row['call']} on {row['host']}: {row['outcome'] or 'no outcome'} {row['detail'] or ''}"


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

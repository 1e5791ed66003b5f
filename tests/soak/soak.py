"""The soak: step after step an edit and a fault, the checks, and the wait until all is as declared again."""

from __future__ import annotations

import json
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos import checks, seen
from tests.chaos.campaign import say
from tests.chaos.checks import Excuse
from tests.chaos.declared import Edit, edit
from tests.chaos.person import Person
from tests.lab.space import LabError
from tests.soak.faults import KINDS
from tests.soak.ground import strangers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from tests.chaos.faults import Struck
    from tests.soak.ground import Ground
    from tests.soak.loop import Loop

SETTLES = 180.0
"""Seconds until all is as declared. Where something failed again and again, the wait before the next try is a part of it."""
LOOK = 1.0
PATIENT = 20.0
"""Seconds after which a person reads the log and types what it says."""
ASKED = 3
"""Times that a person is asked: behind one answer another question may stand."""
READ = 20_000
"""Characters of the log that he reads, the last ones."""
CIRCUIT = "F02"
"""Closed by one answer for all that it holds back."""
PASSING = frozenset({"O08", "O09"})
"""What is between two states, or LXD is at work on, settles by itself."""
VERIFIED = 10
"""Steps between two checks of the journal's chain."""
RESTLESS = 0.35
"""Of the time the loop is ended now and then; from then on one process lives through everything, and its memory is looked at."""
MOST = 8
"""Violated steps, after which there is enough to look at."""


@dataclass
class Soak:
    """One run. ``keep``: whether it stops at the first violation; ``only``: kinds of faults, none means all."""

    ground: Ground
    loop: Loop
    rng: Random
    keep: bool
    only: tuple[str, ...] = ()
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    spoiled: int = 0

    def run(self, seconds: float) -> None:
        """Go on for so long."""
        self._began()
        began = time.monotonic()
        person = Person(self.ground.arena)
        while (gone := time.monotonic() - began) < seconds and self.spoiled < (1 if self.keep else MOST):
            chosen = {name: kind for name, kind in KINDS.items() if not self.only or name in self.only}
            kinds = {name: kind for name, kind in chosen.items() if not (kind.ends and gone > RESTLESS * seconds)} or chosen
            (name,) = self.rng.choices(list(kinds), [kind.share for kind in kinds.values()])
            self.steps += 1
            since = time.monotonic()
            step = Step(self.ground, self.loop, name, self.rng, person)
            try:
                problems = step.run(verify=self.steps % VERIFIED == 0)
            except Exception:  # noqa: BLE001 - whatever breaks a step is a violation to look at, and the soak goes on
                problems = [traceback.format_exc()]
            self.faults[name] += step.faults
            say(f"{gone:6.0f} s  step {self.steps} {name}  {time.monotonic() - since:.1f} s  {step.words}")
            self._judge(step, problems)

    def _began(self) -> None:
        """The loop brings everything up from nothing, before anybody strikes."""
        arena = self.ground.arena
        step = Step(self.ground, self.loop, "nothing", self.rng, Person(arena))
        problems = list(step.converge(Edit(arena.declared, ()), Excuse(), frozenset(), []))
        if problems:
            raise RuntimeError("\n".join(problems))
        strangers(self.ground)
        arena.remember(seen.rows(arena.daemons))

    def _judge(self, step: Step, problems: list[str]) -> None:
        problems += self.loop.problems
        self.loop.problems.clear()
        if problems:
            self.spoiled += 1
            self.ground.keep_journal(self.steps)
            self.violations += [f"step {self.steps}: {step.words}: {problem}" for problem in problems]
            say("\n".join(f"  VIOLATION {problem}" for problem in problems))
            # What is there is what the next step starts from, or each would tell of the same.
            self.ground.arena.remember(seen.rows(self.ground.arena.daemons))


@dataclass
class Step:
    """An edit, a fault soon after it was pushed, the checks, and the wait for what is settled."""

    ground: Ground
    loop: Loop
    kind: str
    rng: Random
    person: Person
    words: str = ""
    faults: int = 0

    def run(self, *, verify: bool) -> list[str]:
        """What was violated."""
        arena = self.ground.arena
        made = edit(arena.declared, self.rng, self.rng.randint(1, 4))
        arena.declared = made.after
        self.words = ", ".join(made.words)
        self.ground.push(made.after, self.words)
        time.sleep(self.rng.choice([0.0, 0.2, 0.5, 1.0, 2.0]))
        struck = KINDS[self.kind].strike(self.ground, self.loop, self.rng)
        self.faults, self.words = struck.faults, f"{struck.words} | {self.words}"
        problems = checks.at_once(arena, made, seen.rows(arena.daemons), struck.excuse)
        problems += self._recover(made, struck)
        if self.loop.ended:
            problems.append(f"ENDED: the loop is there no more, see {self.loop.log}")
            self.loop.start()
        return problems + (list(self._chain()) if verify else [])

    def _recover(self, made: Edit, struck: Struck) -> Iterator[str]:
        """What settles by itself, what a person does where only a person can, and what settles then."""
        for _ in range(ASKED):
            left: list[dict[str, Any]] = []
            yield from self.converge(made, struck.excuse, struck.codes | self.ground.forgotten | self.ground.tripped, left)
            if not left or (struck.undo is not None and {row["code"] for row in left} & struck.codes):
                break
            # What a person then does with his own hands has no intent.
            places = {(row["host"], row["ref"]) for row in left}
            struck.excuse.changed |= {row.uuid for row in seen.ours(seen.rows(self.ground.arena.daemons)) if (row.host, row.ref) in places}
            yield from self.person.answer(_asked(left))
            self.ground.tripped -= {row["code"] for row in left}
        if struck.undo is not None:
            struck.undo()
            yield from self.converge(made, struck.excuse, self.ground.forgotten, [])
        found = seen.rows(self.ground.arena.daemons)
        self.ground.arena.remember(found)

    def converge(self, made: Edit, excuse: Excuse, codes: frozenset[str], left: list[dict[str, Any]]) -> Iterator[str]:
        """Wait until all is as declared, or until only refusals are ``left`` that the fault explains. What must always hold is held to."""
        arena, began = self.ground.arena, time.monotonic()
        while True:
            found = seen.rows(arena.daemons)
            wrong = checks.at_once(arena, made, found, excuse)
            if wrong:
                yield from wrong
                return
            status, said = arena.run("plan", "--json") if self.ground.followed() else (1, "the checkout is behind")
            if status == 0:
                open_still = checks.settled(arena, seen.rows(arena.daemons), excuse)
                if not open_still:
                    left.clear()
                    return
                said = "; ".join(open_still)
            elif status != 1:
                document = json.loads(said)
                left[:] = document["refusals"]
                if left and not document["actions"] and {row["code"] for row in left} <= codes - PASSING:
                    return
            if time.monotonic() > began + PATIENT:
                self._read_log()
            if time.monotonic() > began + SETTLES:
                yield f"NOT CONVERGED: plan gave {status}: {_short(said)}"
                left.clear()
                return
            time.sleep(LOOK)

    def _read_log(self) -> None:
        """What a step that failed says is to be typed on a host; what was typed already is not there any more."""
        with suppress(LabError):
            self.person.clear_away(self.loop.log.read_text(encoding="utf-8", errors="replace")[-READ:])

    def _chain(self) -> Iterator[str]:
        status, said = self.ground.arena.run("history", "--verify")
        if status:
            yield f"CHAIN: history --verify gave {status}: {said}"


def _asked(left: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a person answers: each refusal by itself, but the circuit once, for it is one for all that it holds back."""
    circuit = [row for row in left if row["code"] == CIRCUIT]
    return [row for row in left if row["code"] != CIRCUIT] + circuit[:1]


def _short(said: str) -> str:
    """Of a plan what is to be done and what is refused."""
    try:
        document = json.loads(said)
    except ValueError:
        return said
    acts = [f"{row['action']} {row['kind']}/{row['name']} ({row['reason']})" for row in document["actions"]]
    refused = [f"{row['code']} {row['ref']} {row['cause']}" for row in document["refusals"]]
    return f"{acts}, refused {refused}, unseen {document['unseen']}"

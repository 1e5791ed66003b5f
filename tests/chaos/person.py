"""The person who is asked when a fault left something that no program may decide: types what the refusal says, and approves."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyotp

from reconciler.app import approvers
from reconciler.app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.arena import Arena

REFUSED = 3
_ON_A_HOST = re.compile(r"next: on (\w+): rmdir (/\S+), then unsandbox apply")


@dataclass
class Person:
    """Somebody at the keyboard of one arena."""

    arena: Arena
    codes: list[str] = field(default_factory=list)
    enrolled: int = 0

    def answer(self, refusals: Iterable[dict[str, Any]]) -> Iterator[str]:
        """Type the command that each refusal names; what it answers where it did not help."""
        for row in refusals:
            words = shlex.split(row["unblock"], comments=True)
            if words[0] == "lxc":
                self.arena.daemon(row["host"]).lxc(*words[1:])
            elif "accept" in words:
                yield from self._accept(row["code"], row["ref"])
            else:
                yield f"NO WAY OUT of {row['code']} {row['ref']}: {row['unblock']!r} is not a command that unblocks"

    def clear_away(self, said: str) -> bool:
        """Type what a failed step says is to be typed on a host, where it says so; ``rmdir`` takes nothing away that holds anything."""
        found = set(_ON_A_HOST.findall(said))
        for host, folder in found:
            self.arena.daemon(host).inside("rmdir", folder)
        return bool(found)

    def _accept(self, code: str, ref: str) -> Iterator[str]:
        words = ("accept", code, ref, "--yes")
        status, said = self.arena.run(*words)
        if status == REFUSED:  # it lets something be destroyed, which wants a code
            status, said = self.arena.run(*words, *self._as(), code=self.codes.pop())
        if status and "nothing is refused with" not in said:  # it may have settled by itself meanwhile
            yield f"NO WAY OUT of {code} {ref}: {' '.join(words)} gave {status}: {said}"

    def approve(self) -> None:
        """Have the plan shown, approve it, and carry it out."""
        plan = str(self.arena.fleet.root / "plan.json")
        self.arena.run("plan", "--out", plan)
        self.arena.run("approve", plan, *self._as(), code=self.codes.pop())
        self.arena.run("apply", plan, "--yes")

    def _as(self) -> tuple[str, str]:
        """Who approves; enrolled where no recovery code is left, since none of those waits for the next half minute."""
        if not self.codes:
            settings = Settings(self.arena.fleet.root, self.arena.state, self.arena.fleet.root / "config", actor="person@desk")
            self.enrolled += 1
            made = approvers.new_enrolment(settings, f"person-{self.enrolled}")
            approvers.enrol(settings, made, pyotp.TOTP(made.secret).now())
            self.codes = list(made.recovery)
        return "--approver", f"person-{self.enrolled}"

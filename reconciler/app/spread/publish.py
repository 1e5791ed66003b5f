"""Publishing an image: brought to one host, copied from there to all others, tried on each, and only then what its alias points at there.

Hosts do not wait for one another, and what goes wrong on one is told of that one. Publishing again goes on where it was left: what is there
is not brought again, and what serves already is not tried again.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.app.doors import Doors
from reconciler.app.repository import load_desired
from reconciler.app.spread.crowd import crowd
from reconciler.app.spread.subject import built_of, file_of, subject_of
from reconciler.app.spread.trial import TrialStopped, try_image
from reconciler.app.spread.writes import Writes
from reconciler.app.writer import writing
from reconciler.engine.refuse.images import MoveQuestion
from reconciler.engine.table.images import MOVE_RULES
from reconciler.errors import HostError, LeaseHeld, Refused, Unreachable
from reconciler.lxd.gallery import alias_target, image
from reconciler.model.images import SERVED, image_marks
from reconciler.model.plan import ImportImage, MarkImage
from reconciler.model.rules import ask
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.settings import Settings
    from reconciler.app.spread.bench import Subject
    from reconciler.app.spread.trial import Progress
    from reconciler.lxd.connect import Door
    from reconciler.model.recipe import Built
    from reconciler.model.resources import Host
    from reconciler.model.trial import Trial

SERVES, ALREADY, FAILED, LOST = "serves", "served already", "failed", "out of reach"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one host stands to the image. ``came`` is how the image came there: file, host, through us or held."""

    host: str
    state: str
    came: str = ""
    seconds: float = 0.0
    why: str = ""
    hint: str = ""
    trial: Trial | None = None
    before: str = ""
    """The fingerprint that the alias pointed at; "" where there was no alias."""

    @property
    def serves(self) -> bool:
        """Whether the alias points at the image there."""
        return self.state in {SERVES, ALREADY}


@dataclass(frozen=True, slots=True)
class Published:
    """What came of it, host by host."""

    built: Built
    standings: tuple[Standing, ...]

    @property
    def whole(self) -> bool:
        """Whether every host serves it."""
        return all(standing.serves for standing in self.standings)


def publish(settings: Settings, name: str, hosts: tuple[str, ...], progress: Progress, stop: threading.Event) -> Published:
    """Spread the image that was built last. Before anything is done: ``UsageError``, ``ManifestError``, ``LeaseHeld`` or ``StateError``."""
    desired = load_desired(settings)
    built = built_of(settings, name)
    subject, picked = subject_of(settings, built), crowd(desired, hosts)
    env = desired.policy.environment

    def tell(text: str) -> None:
        progress("", text)

    with Doors(settings) as doors, writing(settings, doors, picked, env, tell), Journal(settings.state_dir / FILE_NAME) as journal:
        work = _Spreading(doors, Writes(settings, journal, name, desired.commit.id), env, built, subject, progress, stop)
        return Published(built, work.over(picked))


class _Spreading:
    """One image on its way. Hosts that have it are whom the next ones copy it from."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it is spread with, each from another room
        self, doors: Doors, writes: Writes, env: str, built: Built, subject: Subject, progress: Progress, stop: threading.Event
    ) -> None:
        self._doors = doors
        self._writes = writes
        self._marks = image_marks(env, built.name)
        self._built = built
        self._subject = subject
        self._progress = progress
        self._stop = stop
        self._holders: list[Host] = []
        self._first = threading.Event()
        """Set when a host has the image, or none of those tried first could take it."""

    def over(self, hosts: Sequence[Host]) -> tuple[Standing, ...]:
        """Each host in a thread of its own. The first that can be reached gets the file; the others wait until one has it."""
        with ThreadPoolExecutor(len(hosts), thread_name_prefix="publish") as pool:
            return tuple(pool.map(lambda host: self._standing(host, ahead=host is hosts[0]), hosts))

    def _standing(self, host: Host, *, ahead: bool) -> Standing:
        began, before = time.monotonic(), ""
        try:
            door = self._doors.open(host)
            before = alias_target(door, self._built.name)
            if before == self._built.fingerprint and self._is_served(door):
                self._has(host)
                return Standing(host.name, ALREADY, "held", before=before)
            came = self._bring(door, host, ahead=ahead)
            return self._tried(door, came, before, began)
        except TrialStopped:
            return Standing(host.name, FAILED, why="stopped before it was tried to the end", hint=self._again, before=before)
        except (HostError, LeaseHeld, Refused) as error:
            state = LOST if isinstance(error, Unreachable) else FAILED
            return Standing(host.name, state, seconds=time.monotonic() - began, why=error.message, hint=self._again, before=before)
        finally:
            self._first.set()

    @property
    def _again(self) -> str:
        return f"unsandbox images publish {self._built.name}"

    def _is_served(self, door: Door) -> bool:
        found = image(door, self._built.fingerprint)
        return found is not None and bool(found.served)

    def _has(self, host: Host) -> None:
        self._holders.append(host)
        self._first.set()

    def _bring(self, door: Door, host: Host, *, ahead: bool) -> str:
        """By copy where another host has it, else from the file."""
        if not ahead:
            self._first.wait()
        source = next((self._doors.open(holder) for holder in self._holders if holder is not host), None)
        copy_from = source.host.name if source else ""
        call = ImportImage(self._built.fingerprint, "", file_of(self._built), copy_from, self._marks)
        began = time.monotonic()
        came = self._writes.make(door, call, source=source)
        self._has(host)
        where = f"from {copy_from}" if came == "host" else {"held": "is there already"}.get(came, "from the file")
        self._progress(host.name, f"the image came {where} in {time.monotonic() - began:.1f} s" if came != "held" else f"the image {where}")
        return came

    def _tried(self, door: Door, came: str, before: str, began: float) -> Standing:
        """The alias moves only for a trial of this very image on this very host that passed."""
        host, fingerprint = door.host.name, self._built.fingerprint
        trial = try_image(door, self._writes, self._subject, self._progress, self._stop)
        no = ask(MOVE_RULES[0], self._again, MoveQuestion(fingerprint, host, trial))
        seconds = time.monotonic() - began
        if no is not None:
            told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
            why = f"{MOVE_RULES[0].code}: {no.cause} ({told})"
            return Standing(host, FAILED, came, seconds, why, no.unblock, trial, before)
        self._writes.make(door, ImportImage(fingerprint, self._built.name, file_of(self._built), "", self._marks))
        self._writes.make(door, MarkImage(fingerprint, {SERVED: stamp()}))
        return Standing(host, SERVES, came, time.monotonic() - began, trial=trial, before=before)

"""Taking images from hosts that nothing needs: every rule is asked of one look, and under the lease of another before anything goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.doors import Doors
from reconciler.app.repository import load_desired
from reconciler.app.spread.crowd import crowd
from reconciler.app.spread.places import place_of, places
from reconciler.app.spread.writes import Writes
from reconciler.app.writer import writing
from reconciler.engine.refuse.images import AwayQuestion
from reconciler.engine.table.images import AWAY_RULES
from reconciler.errors import HostError, LeaseHeld, Refused
from reconciler.model.cluster import by_endpoint
from reconciler.model.plan import DeleteImage
from reconciler.model.rules import ask
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.settings import Settings
    from reconciler.app.spread.places import Place
    from reconciler.model.images import HeldImage
    from reconciler.model.resources import Desired
    from reconciler.model.rules import No


@dataclass(frozen=True, slots=True)
class Weighed:
    """One image on one host. ``code`` and ``no`` of the rule that keeps it, "" and None where it may go."""

    host: str
    image: HeldImage
    code: str = ""
    no: No | None = None
    gone: bool = False
    failed: str = ""
    """Why it is still there although every rule let it go; "" where none of that is so."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Every image of every host, and the hosts that could not be seen with why."""

    images: tuple[Weighed, ...]
    unseen: tuple[tuple[str, str], ...]

    @property
    def free(self) -> tuple[Weighed, ...]:
        """Those that may go, or went."""
        return tuple(weighed for weighed in self.images if weighed.no is None)


def weigh(settings: Settings, hosts: tuple[str, ...] = ()) -> Collected:
    """What might go, and why the rest stays. Changes nothing."""
    desired = load_desired(settings)
    with Doors(settings) as doors:
        found = places(desired, crowd(desired, hosts), doors)
    return Collected(tuple(weighed for place in found for weighed in _weigh(desired, place)), _unseen(found))


def take_away(settings: Settings, hosts: tuple[str, ...], tell: Callable[[str], None]) -> Collected:
    """Delete what may go. Raises ``LeaseHeld``, ``StateError`` or ``ManifestError`` before anything is done."""
    desired = load_desired(settings)
    picked = crowd(desired, hosts)
    groups = by_endpoint(desired.hosts)
    env = desired.policy.environment
    with Doors(settings) as doors, writing(settings, doors, picked, env, tell), Journal(settings.state_dir / FILE_NAME) as journal:
        done: list[Weighed] = []
        seen: list[Place] = []
        for host in picked:
            seen.append(place_of(host, groups[host.endpoint], doors))
            for weighed in _weigh(desired, seen[-1]):
                writes = Writes(settings, journal, weighed.image.family or "unknown", desired.commit.id)
                done.append(weighed if weighed.no else _take(doors, writes, seen[-1], weighed))
        return Collected(tuple(done), _unseen(seen))


def _take(doors: Doors, writes: Writes, place: Place, weighed: Weighed) -> Weighed:
    """The last look is the call's own: an alias or a mark that came meanwhile leaves it where it is."""
    call = DeleteImage(weighed.image.fingerprint, weighed.image.properties)
    try:
        writes.make(doors.open(place.host), call)
    except (HostError, LeaseHeld, Refused) as error:
        return Weighed(weighed.host, weighed.image, failed=error.message)
    return Weighed(weighed.host, weighed.image, gone=True)


def _weigh(desired: Desired, place: Place) -> list[Weighed]:
    pins = {image.fingerprint: str(image.source) for image in desired.images}
    found = []
    for image in place.held:
        question = AwayQuestion(image, place.host.name, desired.policy.environment, place.views, place.held, pins)
        found.append(_answered(place.host.name, image, question))
    return found


def _answered(host: str, image: HeldImage, question: AwayQuestion) -> Weighed:
    for rule in AWAY_RULES:
        no = ask(rule, "unsandbox images list --hosts", question)
        if no is not None:
            return Weighed(host, image, rule.code, no)
    return Weighed(host, image)


def _unseen(found: tuple[Place, ...] | list[Place]) -> tuple[tuple[str, str], ...]:
    return tuple((place.host.name, place.why) for place in found if place.why)

"""Which host holds which image: what its alias points at there, and how many instances were made from each."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.observe import code_of, views_of
from reconciler.app.repository import load_desired
from reconciler.app.spread.crowd import crowd
from reconciler.errors import HostError
from reconciler.lxd.gallery import images
from reconciler.model.cluster import by_endpoint
from reconciler.model.world import Grade, unseen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.app.settings import Settings
    from reconciler.model.images import HeldImage
    from reconciler.model.resources import Desired, Host
    from reconciler.model.world import HostView


@dataclass(frozen=True, slots=True)
class Place:
    """One host, or all members of one cluster, which share their images."""

    host: Host
    views: tuple[HostView, ...]
    held: tuple[HeldImage, ...]

    @property
    def why(self) -> str:
        """Why it was not seen in full; "" where it was."""
        return "; ".join(reason for view in self.views if view.grade is not Grade.COMPLETE for reason in view.why)

    @property
    def used(self) -> Mapping[str, int]:
        """Fingerprint -> instances that were made from it, whoever's they are."""
        return Counter(row.image for view in self.views for row in view.instances if row.image)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias -> the fingerprint that it points at."""
        return {alias: image.fingerprint for image in self.held for alias in image.aliases}


def look(settings: Settings, names: tuple[str, ...] = ()) -> tuple[Desired, tuple[Place, ...]]:
    """What every active host holds. Changes nothing. A host that cannot be seen is a place that says why."""
    desired = load_desired(settings)
    with Doors(settings) as doors:
        return desired, places(desired, crowd(desired, names), doors)


def places(desired: Desired, hosts: Sequence[Host], doors: Doors) -> tuple[Place, ...]:
    """One place an endpoint, all looked at at once."""
    groups = by_endpoint(desired.hosts)
    with ThreadPoolExecutor(len(hosts), thread_name_prefix="images") as pool:
        return tuple(pool.map(lambda host: place_of(host, groups[host.endpoint], doors), hosts))


def place_of(host: Host, group: Sequence[Host], doors: Doors) -> Place:
    """One look at the instances and the images of ``host``; images that cannot be listed make the host unseen."""
    views = views_of(tuple(group), doors, {})
    if any(view.grade is Grade.UNSEEN for view in views) or all(view.project is None for view in views):
        return Place(host, views, ())
    try:
        return Place(host, views, images(doors.open(host)))
    except HostError as error:
        blind = unseen(host.name, f"{error.code}: {error.message}", now(), code_of(error, host))
        return Place(host, (*views, blind), ())

"""Who leads: the leases of all hosts, taken in one order for everybody, kept while the loop runs, waited for while another holds them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reconciler.app.lease import Nonces
from reconciler.app.shortage import shortage_of
from reconciler.app.writer import LOCK_FILE
from reconciler.engine.foundation import foundation
from reconciler.engine.lease import Held, judge
from reconciler.errors import HostError, LeaseHeld, StateError, UnsandboxError
from reconciler.lxd.lease import sight, take
from reconciler.model.cluster import by_endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.doors import Doors
    from reconciler.app.settings import Settings
    from reconciler.app.telemetry import Telemetry
    from reconciler.engine.lease import Sighting
    from reconciler.lxd.lease import Claim, Lease
    from reconciler.model.resources import Desired, Host

    Changed = Callable[[str, str], None]
    """(host, why): whether we may write on the host changed."""

LOOK = 0.7
"""Seconds between two looks at a lease that another holds."""
CALM = 2.0
"""Seconds between two checks of the leases that are ours; no request is made for them."""
AT_ONCE = 16


class Leading(threading.Thread):
    """Takes, keeps and waits for leases. A host that is reached and whose lease is another's keeps us from every host after it in order.

    So of two that want the same hosts one gets them all: whoever holds the first that both can reach.
    """

    def __init__(self, settings: Settings, doors: Doors, ttl: float, telemetry: Telemetry, changed: Changed) -> None:
        super().__init__(name="leading", daemon=True)
        self._settings = settings
        self._doors = doors
        self._ttl = ttl
        self._telemetry = telemetry
        self._changed = changed
        self._nonces = Nonces(settings, settings.state_dir / LOCK_FILE, ttl)
        self._desired: Desired | None = None
        self._claims: dict[str, Claim] = {}
        self._sightings: dict[str, tuple[Sighting, ...]] = {}
        self._held: dict[str, Lease] = {}
        """By endpoint, as are claims and sightings: members of a cluster share its lease."""
        self._endpoints: dict[str, str] = {}
        """Host -> endpoint."""
        self._told: dict[str, str] = {}
        self._wake = threading.Event()
        self._ending = False
        self.moved = 0
        """Changes whenever a round goes on."""
        self._broken = ""
        """Why the last round failed; "" where it did not."""

    def follow(self, desired: Desired) -> None:
        """These are the hosts from here on."""
        self._endpoints = {host.name: host.endpoint for host in desired.hosts}
        self._desired = desired
        self._wake.set()

    def leads(self, host: str) -> bool:
        """Whether we hold the lease of ``host`` at this moment, which is that of its cluster where it is a member of one."""
        lease = self._held.get(self._endpoints.get(host, host))
        return lease is not None and not lease.lost

    def run(self) -> None:
        """Go round until the end; at the end give everything back."""
        while not self._ending:
            self._wake.clear()
            missing = self._go_round()
            self._wake.wait(LOOK if missing else CALM)
        self._give_back(list(self._held))

    def close(self) -> None:
        """End, and give the leases back."""
        self._ending = True
        self._wake.set()

    def _go_round(self) -> bool:
        """A round, whatever breaks in it: without this thread nobody would ever lead again. Whether something is missing."""
        self.moved += 1
        try:
            missing = self._round(self._desired) if self._desired else False
        except UnsandboxError as error:
            broken = error.message
        except Exception as error:  # noqa: BLE001 - the next round comes, and it is told
            short = shortage_of(error)
            broken = short.message if short else f"a round broke: {type(error).__name__}"
        else:
            self._broken = ""
            return missing
        if broken != self._broken:
            self._telemetry.note("lease-round-failed", "", broken)
        self._broken = broken
        return True

    def _round(self, desired: Desired) -> bool:
        """Look at what is not ours, and take what may be taken. Whether something is missing."""
        hosts = sorted((group[0] for group in by_endpoint(desired.hosts).values()), key=lambda host: host.endpoint)
        self._drop({host.endpoint for host in hosts})
        missing = [host for host in hosts if host.endpoint not in self._held]
        reached = self._sight_all(missing, desired)
        for position, host in enumerate(hosts):
            if host.endpoint in self._held or host.endpoint not in reached:
                continue
            self.moved += 1
            if not self._try(host):
                # Another leads: what comes after it in order is for the other as well.
                self._give_back([later.endpoint for later in hosts[position:] if later.endpoint in self._held])
                break
        return len(self._held) < len(hosts)

    def _drop(self, declared: set[str]) -> None:
        """Leave hosts that are not declared any more, and forget leases that were lost."""
        self._give_back([name for name in self._held if name not in declared])
        for name, lease in list(self._held.items()):
            if lease.lost:
                del self._held[name]
                lease.release()
                self._tell(name, "lost", lease.lost)

    def _sight_all(self, hosts: list[Host], desired: Desired) -> set[str]:
        """One look at each; the endpoints of those that answered."""
        new = [host for host in hosts if host.endpoint not in self._claims]
        if new:
            self._claims |= self._nonces.claims((host.endpoint, foundation(host, desired.policy).objects[0]) for host in new)
        if not hosts:
            return set()
        with ThreadPoolExecutor(min(AT_ONCE, len(hosts)), thread_name_prefix="lease") as pool:
            return {name for name in pool.map(self._sight, hosts) if name}

    def _sight(self, host: Host) -> str:
        self.moved += 1
        try:
            seen = sight(self._doors.open(host), self._claims[host.endpoint])
        except HostError as error:
            self._sightings.pop(host.endpoint, None)
            self._tell(host.endpoint, "unreachable", error.message)
            return ""
        # The first that told this state and the last: how long it has stood still is between the two.
        same = [one for one in self._sightings.get(host.endpoint, ()) if one.seen == seen.seen]
        self._sightings[host.endpoint] = (same[0], seen) if same else (seen,)
        return host.endpoint

    def _try(self, host: Host) -> bool:
        """Take the lease of ``host`` where it may be taken; whether it is ours."""
        sightings, claim = self._sightings[host.endpoint], self._claims[host.endpoint]
        verdict = judge(sightings, claim.mine)
        last = sightings[-1].seen
        if isinstance(verdict, Held):
            self._tell(host.endpoint, "standby", f"held by {last.who}" if last else "held")
            return False
        try:
            lease = take(self._doors.open(host), claim, last)
            self._keep(host.endpoint, claim, lease)
        except (HostError, LeaseHeld, StateError) as error:
            self._tell(host.endpoint, "standby" if isinstance(error, LeaseHeld) else "unreachable", error.message)
            return not isinstance(error, LeaseHeld)
        finally:
            self._claims.pop(host.endpoint, None)
            self._sightings.pop(host.endpoint, None)
        self._doors.permit(host.endpoint, lease)
        self._held[host.endpoint] = lease
        self._tell(host.endpoint, "leader", f"term {lease.term}")
        return True

    def _keep(self, endpoint: str, claim: Claim, lease: Lease) -> None:
        """Write down whose it is. One that cannot be written down is given back: we would renew it and never write under it."""
        try:
            self._nonces.taken([(endpoint, claim)])
        except StateError:
            lease.release()
            raise

    def _give_back(self, names: list[str]) -> None:
        leases = {name: self._held.pop(name) for name in names}
        for name in leases:
            self._doors.permit(name, None)
        if not leases:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(leases)), thread_name_prefix="lease") as pool:
            list(pool.map(lambda lease: lease.release(), leases.values()))
        for name in leases:
            self._tell(name, "none", "given back")

    def _tell(self, endpoint: str, state: str, detail: str) -> None:
        before = self._told.get(endpoint, "")
        if before == state:
            return
        self._told[endpoint] = state
        for host in [name for name, place in self._endpoints.items() if place == endpoint] or [endpoint]:
            self._telemetry.lease(host, state, detail)
            self._changed(host, f"lease: {state}" if not before else f"lease: {state} after {before}")

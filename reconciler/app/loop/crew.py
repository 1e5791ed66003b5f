"""A worker for each host and a listener for each endpoint: they come and go with the hosts that are declared."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from reconciler.app.loop.ears import Ears
from reconciler.app.loop.wakes import MET
from reconciler.app.loop.worker import Worker
from reconciler.model.cluster import by_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.app.loop.hostpass import Shared
    from reconciler.model.hints import Hint
    from reconciler.model.resources import Host

LISTENING = 1.0
"""Seconds within which a host's events are listened to, as a rule, which is what wakes its worker first."""
LOOKING = 1.0
"""Seconds for the looks that are under way at the end: most end within, and nothing is lost with the others."""


class Crew:
    """Safe for threads."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._workers: dict[str, Worker] = {}
        self._parted: dict[str, Worker] = {}
        """Those whose last pass may still go on."""
        self._ears: dict[str, Ears] = {}
        """By endpoint: members of a cluster are heard through one stream."""
        self._guard = threading.Lock()

    def follow(self, hosts: Iterable[Host], why: str) -> None:
        """These hosts from here on, all woken. One that is reached otherwise than before gets another worker, once the one it had ended."""
        wanted = {host.name: host for host in hosts}
        self._shared.telemetry.hosts(wanted)
        with self._guard:
            parted = {name: worker for name, worker in self._workers.items() if wanted.get(name) != worker.host}
            self._parted = {name: worker for name, worker in self._parted.items() if worker.is_alive()}
            for name, worker in parted.items():
                self._part(name, worker)
            for name, host in wanted.items():
                if name in self._workers:
                    self._workers[name].wakes.wake(why)
                else:
                    self._meet(host, self._parted.get(name))
            self._listen(by_endpoint(wanted.values()))

    def wake(self, host: str, why: str, after: float = 0.0) -> None:
        """Have ``host`` looked at, ``after`` so many seconds."""
        worker = self._workers.get(host)
        if worker is not None:
            worker.wakes.wake(why, after)

    def wake_all(self, why: str) -> None:
        """Have every host looked at."""
        for name in list(self._workers):
            self.wake(name, why)

    def dead(self) -> list[threading.Thread]:
        """Threads that ended though their hosts are declared."""
        dead = [thread for thread in self._threads() if thread.ident is not None and not thread.is_alive()]
        # Of a host that parts they are taken out first and end then.
        return [thread for thread in dead if thread in self._threads()]

    def _threads(self) -> list[threading.Thread]:
        return [*self._workers.copy().values(), *self._ears.copy().values()]

    def close(self, end: float) -> bool:
        """End them all; whether what they were at had come to its end by ``end``, a time of the monotonic clock.

        A look is left: a host that hangs, or a cluster without a majority, takes its time over one, which leads to nothing more.
        """
        with self._guard:
            for ears in self._ears.values():
                ears.close()
            for worker in self._workers.values():
                worker.close()
            every = [*self._workers.values(), *self._parted.values()]
            _join(every, min(end, time.monotonic() + LOOKING))
            _join([worker for worker in every if worker.acts], end)
            return not any(worker.acts for worker in every)

    def listen_at(self, endpoint: str, address: str) -> None:
        """This address answers for the cluster ``endpoint``: whom the others left tells nothing of them."""
        # Without the guard, which is held while workers are waited for: it is a worker that calls.
        ears = self._ears.get(endpoint)
        if ears is not None:
            ears.move(address)

    def _meet(self, host: Host, before: Worker | None) -> None:
        worker = self._workers[host.name] = Worker(host, self._shared, before)
        # A look before somebody listens would have to be made once more.
        worker.wakes.wake(MET, LISTENING)
        try:
            worker.start()
        except RuntimeError:
            # A machine that is out of threads. Whoever gave us the hosts tries again, and then the host is met as if for the first time.
            self._workers.pop(host.name).close()
            raise

    def _listen(self, groups: Mapping[str, tuple[Host, ...]]) -> None:
        for endpoint in [endpoint for endpoint, ears in self._ears.items() if groups.get(endpoint) != ears.hosts]:
            self._ears.pop(endpoint).close()
        for endpoint, group in groups.items():
            if endpoint not in self._ears:
                ears = Ears(group, self._shared.doors, self._heard, self._shared.telemetry)
                ears.start()
                # One that could not be started is not there: the next try makes another.
                self._ears[endpoint] = ears

    def _part(self, name: str, worker: Worker) -> None:
        self._parted[name] = self._workers.pop(name)
        worker.part()
        self._shared.memory.views.pop(name, None)
        self._shared.memory.refused.pop(name, None)
        self._shared.doors.forget(worker.host.endpoint)

    def _heard(self, host: str, hint: Hint | None) -> None:
        if hint is None:
            self.wake(host, "a gap in its event stream: what was told in it is lost")
        elif self._shared.memory.hints.hear(host, hint):
            self.wake(host, f"{hint.action} {hint.instance}".strip())


def _join(workers: Iterable[Worker], end: float) -> None:
    for worker in workers:
        worker.join(max(0.0, end - time.monotonic()))

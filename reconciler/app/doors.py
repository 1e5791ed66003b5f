"""Open doors to hosts, kept for the length of one use case. They are for reading, but for a host on which a lease was taken."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from reconciler.lxd.connect import Door

if TYPE_CHECKING:
    from types import TracebackType

    from reconciler.app.settings import Settings
    from reconciler.errors import HostError
    from reconciler.lxd.certificate import ClientCertificate
    from reconciler.lxd.connect import Observer
    from reconciler.lxd.permit import Permit
    from reconciler.model.resources import Host


class Doors:
    """One open door a host, made when first asked for. Safe for threads: two that ask for one host get the same door.

    Hosts that are members of one cluster share its connection, its permit and its fate: these are kept by ``Host.endpoint``.
    """

    def __init__(self, settings: Settings, observer: Observer | None = None) -> None:
        """``observer`` hears of every request through every door."""
        self._settings = settings
        self._observer = observer
        self._doors: dict[str, Door] = {}
        """By endpoint."""
        self._views: dict[str, Door] = {}
        """Of members of a cluster, by host."""
        self._left: dict[str, str] = {}
        """Endpoint -> the address that failed last."""
        self._permits: dict[str, Permit] = {}
        self._shut: dict[str, HostError] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for door in self._doors.values():
            door.close()

    def open(self, host: Host) -> Door:
        """The door to ``host``, under its permit where it has one. Raises a ``HostError`` where there is none."""
        endpoint = host.endpoint
        with self._guard:
            if endpoint in self._shut:
                raise self._shut[endpoint]
            lock = self._locks.setdefault(endpoint, threading.Lock())
        with lock:
            if endpoint not in self._doors:
                self._doors[endpoint] = Door.open(
                    host,
                    self._certificate(host),
                    connect_timeout=self._settings.connect_timeout,
                    read_timeout=self._settings.read_timeout,
                    after=self._left.get(endpoint, ""),
                )
                self._doors[endpoint].observer = self._observer
            door, permit = self._door(host), self._permits.get(endpoint)
            return door.under(permit) if permit else door

    def _door(self, host: Host) -> Door:
        shared = self._doors[host.endpoint]
        if host.cluster is None:
            return shared
        return self._views.setdefault(host.name, shared.to(host))

    def leave(self, host: Host, address: str) -> None:
        """The next door to ``host`` is opened anew, at the address after ``address``, which answers no more. Once, whoever else says so."""
        with self._guard:
            lock = self._locks.setdefault(host.endpoint, threading.Lock())
        with lock:
            door = self._doors.get(host.endpoint)
            if door is not None and door.address == address:
                self._take_out(host.endpoint)
                self._left[host.endpoint] = address

    def forget(self, endpoint: str) -> None:
        """The next one who asks for a door to ``endpoint`` gets one made anew. Who has one, such as a lease, may go on through it."""
        with self._guard:
            lock = self._locks.setdefault(endpoint, threading.Lock())
        with lock:
            self._take_out(endpoint)

    def _take_out(self, endpoint: str) -> None:
        """Close the door to ``endpoint``, which keeps no connection from here on. Under the lock of the endpoint."""
        door = self._doors.pop(endpoint, None)
        for name in [name for name, view in list(self._views.items()) if view.host.endpoint == endpoint]:
            self._views.pop(name, None)
        if door is not None:
            door.close()

    def permit(self, endpoint: str, permit: Permit | None) -> None:
        """Doors to ``endpoint`` that are asked for from here on may write as ``permit`` says; None takes that back."""
        with self._guard:
            if permit is None:
                self._permits.pop(endpoint, None)
            else:
                self._permits[endpoint] = permit

    def shut(self, endpoint: str, error: HostError) -> None:
        """Nothing is asked of ``endpoint`` any more: ``open`` raises ``error``."""
        with self._guard:
            self._shut[endpoint] = error

    def term(self, endpoint: str) -> str:
        """Of the lease under which ``endpoint`` is written on; "" where it is not."""
        permit = self._permits.get(endpoint)
        return permit.term if permit else ""

    def _certificate(self, host: Host) -> ClientCertificate | None:
        if not any(address.startswith("https:") for address in host.addresses):
            return None
        # cryptography takes longer to import than a whole plan takes to make, and a unix socket needs none of it.
        from reconciler.lxd.certificate import load_or_make  # noqa: PLC0415

        return load_or_make(self._settings.config_dir)

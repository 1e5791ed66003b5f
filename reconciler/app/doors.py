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
    """One open door a host, made when first asked for. Safe for threads: two that ask for one host get the same door."""

    def __init__(self, settings: Settings, observer: Observer | None = None) -> None:
        """``observer`` hears of every request through every door."""
        self._settings = settings
        self._observer = observer
        self._doors: dict[str, Door] = {}
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
        with self._guard:
            if host.name in self._shut:
                raise self._shut[host.name]
            lock = self._locks.setdefault(host.name, threading.Lock())
        with lock:
            if host.name not in self._doors:
                self._doors[host.name] = Door.open(
                    host,
                    self._certificate(host),
                    connect_timeout=self._settings.connect_timeout,
                    read_timeout=self._settings.read_timeout,
                )
                self._doors[host.name].observer = self._observer
            door, permit = self._doors[host.name], self._permits.get(host.name)
            return door.under(permit) if permit else door

    def forget(self, host: str) -> None:
        """The next one who asks for a door to ``host`` gets one made anew; who has one keeps it."""
        with self._guard:
            self._doors.pop(host, None)

    def permit(self, host: str, permit: Permit | None) -> None:
        """Doors to ``host`` that are asked for from here on may write as ``permit`` says; None takes that back."""
        with self._guard:
            if permit is None:
                self._permits.pop(host, None)
            else:
                self._permits[host] = permit

    def shut(self, host: str, error: HostError) -> None:
        """Nothing is asked of ``host`` any more: ``open`` raises ``error``."""
        with self._guard:
            self._shut[host] = error

    def term(self, host: str) -> str:
        """Of the lease under which ``host`` is written on; "" where it is not."""
        permit = self._permits.get(host)
        return permit.term if permit else ""

    def _certificate(self, host: Host) -> ClientCertificate | None:
        if not host.address.startswith("https:"):
            return None
        # cryptography takes longer to import than a whole plan takes to make, and a unix socket needs none of it.
        from reconciler.lxd.certificate import load_or_make  # noqa: PLC0415

        return load_or_make(self._settings.config_dir)

"""The loop in the form that Prometheus reads. Labels are hosts, codes, and words of ours: never an object, whose number has no bound."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

from reconciler.app.telemetry_gauges import Gauges
from reconciler.model.changes import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from reconciler.app.telemetry_present import Present

KINDS = 100
"""Kinds of call and of note at most; one more is ``other``."""
OTHER = "other"
_PASS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_CALL = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ACTIONS = {action.value for action in Action}


class Metrics:
    """Counts, over a registry of its own."""

    def __init__(self, present: Present, dropped: Callable[[], int]) -> None:
        # A second series beside each, which says when it began; nobody asks that.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client gives it no type
        self.registry = CollectorRegistry()
        self._seen: dict[str, set[str]] = {}
        to = self.registry
        self._passes = Counter("unsandbox_passes", "Passes that ended, by what came of them.", ["host", "result"], registry=to)
        self._pass_seconds = Histogram("unsandbox_pass_seconds", "How long a pass over a host took.", ["host"], buckets=_PASS, registry=to)
        self._actions = Counter("unsandbox_actions", "Actions that ended.", ["host", "action", "outcome"], registry=to)
        self._notes = Counter("unsandbox_notes", "Notes of the loop, such as a gap in the events.", ["kind"], registry=to)
        self._call_seconds = Histogram("unsandbox_lxd_call_seconds", "How long LXD took to answer.", ["kind"], buckets=_CALL, registry=to)
        self._calls = Counter("unsandbox_lxd_calls", "Requests to LXD, by ok or the code of the error.", ["host", "outcome"], registry=to)
        self._of_hosts = self._passes, self._pass_seconds, self._actions, self._calls
        self._hosts: set[str] = set()
        self.registry.register(Gauges(present, time.monotonic, dropped))
        ProcessCollector(registry=self.registry)

    def only(self, hosts: Collection[str]) -> None:
        """Forget the series of every other host."""
        for host in self._hosts.difference(hosts):
            self._hosts.discard(host)
            for family in self._of_hosts:
                family.remove_by_labels({"host": host})

    def ended(self, host: str, result: str, seconds: float) -> None:
        """A pass ended."""
        self._hosts.add(host)
        self._passes.labels(host, result).inc()
        self._pass_seconds.labels(host).observe(seconds)

    def acted(self, host: str, action: str, outcome: str) -> None:
        """An action ended."""
        self._hosts.add(host)
        self._actions.labels(host, action if action in _ACTIONS else OTHER, outcome).inc()

    def noted(self, kind: str) -> None:
        """A note was told."""
        self._notes.labels(self._bounded("note", kind)).inc()

    def called(self, host: str, kind: str, seconds: float, outcome: str) -> None:
        """A request was answered, or was not."""
        self._hosts.add(host)
        self._call_seconds.labels(self._bounded("call", kind)).observe(seconds)
        self._calls.labels(host, self._bounded("outcome", outcome)).inc()

    def _bounded(self, of: str, word: str) -> str:
        seen = self._seen.setdefault(of, set())
        if word in seen:
            return word
        if len(seen) >= KINDS:
            return OTHER
        seen.add(word)
        return word

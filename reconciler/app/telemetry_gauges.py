"""What is at the moment of a scrape. A host that left, or a refusal that is gone, leaves no series behind."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from reconciler.model.world import Grade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

    from reconciler.app.telemetry_present import Now, Present

LEASES = ("leader", "standby", "lost", "unreachable", "none")
Samples = list[tuple[list[str], float]]

HOST: tuple[tuple[str, str, list[str], Callable[[Now, float], Iterable[tuple[list[str], float]]]], ...] = (
    (
        "unsandbox_host_grade",
        "How far the last look at a host may be trusted: 1 at its grade.",
        ["grade"],
        lambda now, _: [([grade.value], float(now.grade == grade.value)) for grade in Grade] if now.grade else [],
    ),
    (
        "unsandbox_host_complete_age_seconds",
        "Seconds since a host was last seen in full; +Inf where it never was.",
        [],
        lambda now, at: [([], at - now.complete if now.complete is not None else math.inf)],
    ),
    (
        "unsandbox_lease",
        "Who may write on a host: 1 at the state of this process.",
        ["state"],
        lambda now, _: [([state], float(now.lease == state)) for state in LEASES] if now.lease else [],
    ),
    ("unsandbox_queue_waiting", "Actions that wait.", [], lambda now, _: [([], now.waiting)]),
    (
        "unsandbox_queue_running",
        "Actions that are carried out at the moment.",
        [],
        lambda now, _: [([], max(now.running, len(now.acting)))],
    ),
    (
        "unsandbox_limit",
        "How much may be done on a host at once, as it is at present.",
        ["of"],
        lambda now, _: [(["creates"], now.creates), (["changes"], now.changes)],
    ),
    ("unsandbox_differences", "Objects that differed from what is declared in the last pass.", [], lambda now, _: [([], now.differing)]),
    ("unsandbox_drift", "Fields that were changed by somebody else, as they were last told.", [], lambda now, _: [([], len(now.drift))]),
    (
        "unsandbox_refusals",
        "Refusals that stand after the last pass, by code.",
        ["code"],
        lambda now, _: [([code], count) for code, count in sorted(now.codes().items())],
    ),
    (
        "unsandbox_events_connected",
        "1 where LXD's stream of events is heard.",
        [],
        lambda now, _: [([], float(now.connected))] if now.connected is not None else [],
    ),
    (
        "unsandbox_pass_running_seconds",
        "How long the pass under way has taken so far; 0 where there is none.",
        [],
        lambda now, at: [([], at - now.began if now.began is not None else 0)],
    ),
)
"""Name, meaning, labels beside the host, and the values of one host at a time."""


class Gauges(Collector):
    """Made anew from ``present`` for each scrape. ``clock`` is the monotonic one."""

    def __init__(self, present: Present, clock: Callable[[], float], dropped: Callable[[], int]) -> None:
        self._present = present
        self._clock = clock
        self._dropped = dropped

    def collect(self) -> Iterator[Metric]:
        """Every family, with the hosts that there are."""
        at = self._clock()
        with self._present.lock:
            families = [*self._of_hosts(at), *self._of_text(at)]
            beat = at - self._present.beat
        yield from families
        yield _one("unsandbox_beat_age_seconds", "Seconds since the loop last gave a sign.", beat)
        yield CounterMetricFamily("unsandbox_events_dropped", "Events that did not fit into the events file.", value=self._dropped())
        info = GaugeMetricFamily("unsandbox_build_info", "The version that runs.", labels=["version"])
        info.add_metric([version("unsandbox")], 1)
        yield info

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks for no scrape."""
        return []

    def _of_hosts(self, at: float) -> Iterator[Metric]:
        for name, meaning, labels, values in HOST:
            family = GaugeMetricFamily(name, meaning, labels=["host", *labels])
            for host, now in sorted(self._present.hosts.items()):
                for more, value in values(now, at):
                    family.add_metric([host, *more], value)
            yield family

    def _of_text(self, at: float) -> Iterator[Metric]:
        text = self._present.text
        info = GaugeMetricFamily("unsandbox_text_info", "Which manifests hold: 1 at their commit.", labels=["commit", "dirty"])
        if text.commit is not None:
            info.add_metric([text.commit.id, str(text.commit.dirty).lower()], 1)
        yield info
        yield _one("unsandbox_text_readable", "1 where the manifests could be read the last time.", float(not text.error))
        age = at - text.read if text.read is not None else math.inf
        yield _one("unsandbox_text_age_seconds", "Seconds since the manifests were last read; +Inf where they never were.", age)


def _one(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)

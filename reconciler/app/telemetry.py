"""What the loop tells of itself: one object that it calls, whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from reconciler.app.events import Event, Report
    from reconciler.errors import UnsandboxError
    from reconciler.model.changes import Refusal
    from reconciler.model.resources import Commit
    from reconciler.model.world import HostView


class Telemetry:
    """Safe for threads. Nothing here raises, waits for a reader, or holds the loop up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def pass_began(self, pass_id: str, host: str, why: str) -> None:
        """A pass over ``host`` begins; ``why`` names what woke it."""

    def pass_ended(
        self, pass_id: str, host: str, seconds: float, changes: int, refusals: tuple[Refusal, ...], report: Report | None
    ) -> None:
        """A pass ended. ``changes`` counts what differed; ``refusals`` are those of this host; ``report`` None: nothing was carried out."""

    def pass_failed(self, pass_id: str, host: str, error: UnsandboxError, seconds: float) -> None:
        """A pass ended before it could decide or act."""

    def seen(self, view: HostView) -> None:
        """A host was looked at."""

    def action(self, pass_id: str, event: Event) -> None:
        """Something that an executor tells while it runs."""

    def queue(self, host: str, waiting: int, running: int, creates: float, changes: float) -> None:
        """How much work waits and runs on ``host``, and its limits: creates and state changes at once."""

    def lease(self, host: str, state: str, detail: str) -> None:
        """The lease of ``host``: leader, standby, lost, unreachable or none."""

    def text(self, commit: Commit | None, error: str) -> None:
        """The manifests were read: which commit, or why they could not be."""

    def note(self, kind: str, host: str, detail: str) -> None:
        """Anything else worth a line: event-gap, reconnected, reload, draining and the like."""

    def call(self, host: str, kind: str, seconds: float, outcome: str) -> None:
        """One request to LXD: its method and path template, and ``ok`` or the code of its error."""

    def drift(self, host: str, lines: Sequence[str]) -> None:
        """What differs on ``host`` from what is declared, one line a field."""

    def beat(self) -> None:
        """The loop is alive."""

    def close(self) -> None:
        """Write what is left and end. It may be called twice."""

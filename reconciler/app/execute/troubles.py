"""What fails beside the runs, kept until it goes well again, so that a run that is refused can say why."""

from __future__ import annotations

from reconciler.app.execute.strictjson import shown
from reconciler.errors import UnsandboxError

MOST_SHOWN = 200
"""Characters of one trouble that are told."""


class Troubles:
    """The last failure of each kind of work. Safe for threads: each call is one move of a dict."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def add(self, work: str, error: Exception) -> None:
        """``work`` failed. Of what is no error of ours only the kind is told, for its text may hold anything."""
        self._found[work] = shown(error.message if isinstance(error, UnsandboxError) else type(error).__name__)[:MOST_SHOWN]

    def over(self, work: str) -> None:
        """``work`` went well."""
        self._found.pop(work, None)

    @property
    def last(self) -> str:
        """One of those that last; "" where there is none."""
        return next(iter(tuple(self._found.values())[-1:]), "")

"""The journal: what was about to be done, what came of it, who approved it, and the ledger that decisions read.

An intent is on disk (WAL, ``synchronous=FULL``) before its call is made, its outcome right after, each with its entry in the chain.
Losing the file loses history and makes decisions stricter; it never loses a container. It grows with every call; ``cut`` bounds it.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.model.records import Intent, Outcome
from reconciler.store.cut import CuttingFile
from reconciler.store.file import FILE_NAME
from reconciler.store.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.records import PowerRecord
    from reconciler.store.chain import Op
    from reconciler.store.verify import Soundness

__all__ = ["FILE_NAME", "Journal"]

_COLUMNS = tuple(field.name for field in fields(Intent))


class Journal(CuttingFile):
    """Intents, passes and notes, over the ledger, over one file. Every method may raise ``StateError``."""

    def begin_pass(self, pass_id: str, *, plan: str, actor: str, commit: str, at: str) -> None:
        """Record that a pass began. ``at`` is ISO 8601 in UTC, here and everywhere below."""
        row = {"id": pass_id, "plan": plan, "actor": actor, "commit": commit, "started_at": at}
        self._write(at, "pass", ("add", "passes", row))

    def end_pass(self, pass_id: str, *, result: str, at: str) -> None:
        """Record how a pass ended."""
        self._write(at, "pass-ended", ("set", "passes", {"id": pass_id, "result": result, "ended_at": at}))

    def intend(self, intent: Intent) -> None:
        """Put the intent on disk. Returns only when it is there; a ``StateError`` means: do not make the call."""
        self._write(intent.at, "intent", ("add", "intents", {name: getattr(intent, name) for name in _COLUMNS}))

    def record(  # noqa: PLR0913 - an outcome and all that follows from it are one write
        self,
        intent_id: str,
        outcome: Outcome,
        *,
        detail: str,
        at: str,
        uuid: str = "",
        power: PowerRecord | None = None,
        gone: bool = False,
    ) -> None:
        """Record what came of an intent, with the ``power`` that it set on the instance ``uuid``, or that this is ``gone`` now.

        All or nothing: a process that is killed leaves an intent that dangles, or everything that follows from its call.
        """
        row = {"id": intent_id, "outcome": outcome.value, "detail": _writable(detail), "ended_at": at}
        ops: list[Op] = [("set", "intents", row)]
        if power is not None and uuid and not gone:
            ops.append(("put", "powers", {"uuid": uuid, "power": power.power, "writer": power.writer.value, "at": at}))
        tables = ("known", "powers") if gone else ()
        self._change(at, "outcome", lambda: [*ops, *(("drop", name, {"uuid": uuid}) for name in tables if self._holds(name, uuid))])

    def note(self, kind: str, *, by: str, subject: str, detail: str, at: str) -> None:
        """Record a person's act, such as an approval. Never a secret: history shows it."""
        row = {"id": uuid4().hex, "at": at, "kind": kind, "by": by, "subject": subject, "detail": _writable(detail)}
        self._write(at, kind, ("add", "notes", row))

    def dangling(self) -> tuple[Intent, ...]:
        """Intents without an outcome, oldest first: it is not known whether their calls were made."""
        return tuple(self._intents("where outcome is null or outcome = 'unknown' order by rowid", {}))

    def check(self) -> str:
        """What SQLite finds wrong with the file; "" where it is sound."""
        (row,) = self._rows("pragma quick_check(1)", {})
        found = next(iter(row.values()))
        return "" if found == "ok" else str(found)

    def verify(self, kept: str = "") -> Soundness:
        """Hold the chain and every table against each other. ``kept`` is a head's hash that was kept elsewhere."""
        with self._reading() as connection:
            return verify(connection, kept)

    def entries(self, ref: str | None, limit: int) -> tuple[Intent, ...]:
        """The newest ``limit`` intents, newest first, of one reference or of all."""
        where = "where ref = :ref" if ref else "where :ref = ''"
        return tuple(self._intents(f"{where} order by rowid desc limit :limit", {"ref": ref or "", "limit": limit}))

    def _intents(self, where: str, values: Mapping[str, str | int]) -> Iterator[Intent]:
        for row in self._rows(f"select * from intents {where}", values):  # noqa: S608 - our own words, values are bound
            texts = {name: row[name] or "" for name in _COLUMNS if name != "outcome"}
            try:
                outcome = Outcome(row["outcome"]) if row["outcome"] else None
            except ValueError as error:
                raise self._foreign(error) from error
            yield Intent(**texts, outcome=outcome)


def _writable(text: str) -> str:
    """A host's words may hold half a character, which SQLite refuses; an outcome must not be lost to it."""
    return text.encode(errors="replace").decode()

"""What decisions read of the past, and what passes write down for the next: the ledger."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.model.records import Applied, Certified, Deed, Known, Ledger, Outcome, PowerRecord, Writer
from reconciler.store.file import JournalFile
from reconciler.store.schema import TABLES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from reconciler.store.chain import Op

DEEDS = timedelta(hours=1)
"""How far back the ledger's deeds go."""
_LAST = "last"
_KNOWN = ", ".join(f'"{field.name}"' for field in fields(Known))
_NOT_DONE = "(outcome is null or outcome in ('failed', 'skipped', 'unknown'))"
_COUNTED = ("done", "failed", "unknown")
"""Outcomes that make an intent a deed. An unknown one, or none at all, counts as done: it may have been made."""


class LedgerFile(JournalFile):
    """The tables behind ``Ledger``. ``at`` is ISO 8601 in UTC everywhere; ``by`` is who did it."""

    def ledger(self, now: datetime) -> Ledger:
        """All that decisions may know of the past at ``now``; ``open_questions`` are left to ``app.settle``, which sees the hosts."""
        try:
            with self._reading() as connection:
                return _ledger(connection, now)
        except (ValueError, TypeError) as error:
            raise self._foreign(error) from error

    def power_set(self, uuid: str, power: str, writer: Writer, at: str) -> None:
        """Remember who set the power state of an instance last."""
        self._write(at, "power", ("put", "powers", {"uuid": uuid, "power": power, "writer": writer.value, "at": at}))

    def session_ended(self, uid: str, ref: str, at: str) -> None:
        """Remember that a session reached its end, so that it is not created again."""
        self._write(at, "ended", ("put", "ended", {"uid": uid, "ref": ref, "at": at}))

    def known(self) -> dict[str, Known]:
        """The objects as last certified, by uuid."""
        with self._reading() as connection:
            return _known(connection)

    def certify(self, host: Certified, objects: Sequence[Known], gone: Sequence[str], *, at: str) -> bool:
        """Write what a pass certified of one host, and forget the uuids in ``gone``. Writes only what differs; False where nothing did."""

        def decide() -> list[Op]:
            known = _known(self._connection, "where host = ?", host.host)
            ops: list[Op] = [("put", "known", asdict(item)) for item in objects if known.get(item.uuid) != item]
            ops += [("drop", "known", {"uuid": uuid}) for uuid in gone if self._knows(uuid)]
            before = _certified(self._connection).get(host.host)
            return [*ops, ("put", "certified", asdict(host))] if before != host else ops

        return self._change(at, "certified", decide)

    def know(self, item: Known, *, at: str) -> None:
        """Certify one object that a person took in; its host stays as certified as it was."""
        self._write(at, "known", ("put", "known", asdict(item)))

    def forget_known(self, uuid: str, *, at: str) -> None:
        """Forget one object, such as one that was released."""

        def decide() -> list[Op]:
            return [("drop", "known", {"uuid": uuid})] if self._knows(uuid) else []

        self._change(at, "forgotten", decide)

    def _knows(self, uuid: str) -> bool:
        return self._connection.execute("select 1 from known where uuid = ?", (uuid,)).fetchone() is not None

    def applied(self, applied: Applied, *, at: str) -> None:
        """Remember the last apply that was carried out to its end."""
        row = {"id": _LAST, **asdict(applied), "approval": int(applied.approval), "signatures": int(applied.signatures)}
        self._change(at, "applied", lambda: [("put", "applied", row)] if _applied(self._connection) != applied else [])

    def open_circuit(self, why: str, *, at: str, by: str = "") -> None:
        """Open the circuit; one that is open already keeps its first reason."""
        row = {"id": _LAST, "why": why, "by": by, "at": at}
        self._change(at, "circuit-opened", lambda: [] if _circuit(self._connection) else [("put", "circuit", row)])

    def close_circuit(self, *, at: str, by: str) -> None:
        """Close the circuit: a person's act, so ``by`` is in the chain."""
        row = {"id": _LAST, "why": "", "by": by, "at": at}
        self._change(at, "circuit-closed", lambda: [("put", "circuit", row)] if _circuit(self._connection) else [])

    def accept(self, acceptance: Mapping[str, str]) -> None:
        """Record a person's acceptance; the keys are the columns of ``accepted``."""
        missing = set(TABLES["accepted"].columns) ^ set(acceptance)
        if missing:
            raise ValueError(f"an acceptance has other fields than the table: {', '.join(sorted(missing))}")
        self._write(acceptance["at"], "accepted", ("put", "accepted", dict(acceptance)))

    def plan_used(self, plan: str) -> bool:
        """Whether the plan was carried out already."""
        return bool(self._rows("select plan from used_plans where plan = :plan", {"plan": plan}))

    def use_plan(self, plan: str, *, by: str, at: str) -> bool:
        """Use the plan up. False where somebody did so before: a plan is used once."""

        def decide() -> list[Op]:
            used = self._connection.execute("select 1 from used_plans where plan = ?", (plan,)).fetchone()
            return [] if used else [("add", "used_plans", {"plan": plan, "by": by, "at": at})]

        return self._change(at, "plan-used", decide)


def _iso(moment: datetime) -> str:
    """In the form in which the journal writes times, so that they compare as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _ledger(connection: sqlite3.Connection, now: datetime) -> Ledger:
    """Raises ``ValueError`` or ``TypeError`` where a row holds what was never written."""
    powers = connection.execute("select uuid, power, writer from powers")
    accepted = connection.execute("select digest from accepted where until > ?", (_iso(now),))
    return Ledger(
        powers={uuid: PowerRecord(power, Writer(writer)) for uuid, power, writer in powers},
        ended=frozenset(uid for (uid,) in connection.execute("select uid from ended")),
        known=_known(connection),
        certified=_certified(connection),
        deeds=_deeds(connection, _iso(now - DEEDS)),
        accepted=frozenset(digest for (digest,) in accepted),
        begun=_begun(connection),
        ending=_ending(connection),
        applied=_applied(connection),
        circuit=_circuit(connection),
    )


def _known(connection: sqlite3.Connection, where: str = "", *values: str) -> dict[str, Known]:
    rows = connection.execute(f"select {_KNOWN} from known {where} order by uuid", values)  # noqa: S608 - our own words, values are bound
    return {item.uuid: item for item in (Known(*row) for row in rows)}


def _certified(connection: sqlite3.Connection) -> dict[str, Certified]:
    rows = connection.execute('select host, server_name, "count" from certified order by host')
    return {host: Certified(host, name, int(count)) for host, name, count in rows}


def _applied(connection: sqlite3.Connection) -> Applied | None:
    row = connection.execute('select "commit", inputs, tool, approval, signatures from applied where id = ?', (_LAST,)).fetchone()
    return Applied(row[0], row[1], row[2], approval=bool(row[3]), signatures=bool(row[4])) if row else None


def _circuit(connection: sqlite3.Connection) -> str:
    row = connection.execute("select why from circuit where id = ?", (_LAST,)).fetchone()
    return str(row[0]) if row else ""


def _deeds(connection: sqlite3.Connection, since: str) -> tuple[Deed, ...]:
    rows = connection.execute(
        'select at, call, "action", ref, host, owner, uuid, outcome, paths from intents where at >= ? order by rowid', (since,)
    )
    return tuple(_deed(row) for row in rows if (row[7] or Outcome.UNKNOWN) in _COUNTED)


def _begun(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """What was made under the same plan by a later try was made, whatever came of the first."""
    rows = connection.execute(
        f"""select host, instance, plan from intents as one where call = 'CreateInstance' and {_NOT_DONE}
        and not exists (select 1 from intents where ref = one.ref and plan = one.plan and call = one.call and outcome = 'done')"""  # noqa: S608 - our own words
    )
    return frozenset((host, instance, plan) for host, instance, plan in rows)


def _ending(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute(f"select uuid from intents where call = 'DeleteInstance' and {_NOT_DONE}")  # noqa: S608 - our own words
    return frozenset(uuid for (uuid,) in rows if uuid)


def _deed(row: Sequence[str | None]) -> Deed:
    at, call, action, ref, host, owner, uuid, outcome, paths = (value or "" for value in row)
    return Deed(
        datetime.fromisoformat(at), call, action, ref, host, owner, uuid, done=outcome != Outcome.FAILED, paths=tuple(paths.split())
    )

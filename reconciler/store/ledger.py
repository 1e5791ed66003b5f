"""What decisions read of the past, and what passes write down for the next: the ledger."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.store import past
from reconciler.store.file import JournalFile
from reconciler.store.past import LAST
from reconciler.store.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reconciler.model.records import Applied, Certified, Known, Ledger, Writer
    from reconciler.store.chain import Op


class LedgerFile(JournalFile):
    """The tables behind ``Ledger``. ``at`` is ISO 8601 in UTC everywhere; ``by`` is who did it."""

    def ledger(self, now: datetime) -> Ledger:
        """All that decisions may know of the past at ``now``; ``open_questions`` are left to ``app.settle``, which sees the hosts."""
        try:
            with self._reading() as connection:
                return self._hold().ledger(connection, now)
        except (ValueError, TypeError) as error:
            raise self._foreign(error) from error

    def power_set(self, uuid: str, power: str, writer: Writer, at: str) -> None:
        """Remember who set the power state of an instance last."""
        self._write(at, "power", ("put", "powers", {"uuid": uuid, "power": power, "writer": writer.value, "at": at}))

    def session_ended(self, uid: str, ref: str, at: str) -> None:
        """Remember that a session reached its end, so that it is not created again."""
        self._write(at, "ended", ("put", "ended", {"uid": uid, "ref": ref, "at": at}))

    def known(self) -> Mapping[str, Known]:
        """The objects as last certified, by uuid."""
        with self._reading():
            return self._hold().known.given()

    def certify(self, host: Certified, objects: Sequence[Known], gone: Sequence[str], *, at: str) -> bool:
        """Write what a pass certified of one host, and forget the uuids in ``gone``. Writes only what differs; False where nothing did.

        Where nothing differs no transaction is begun either.
        """

        def decide() -> list[Op]:
            held = self._hold()
            ops: list[Op] = [("put", "known", asdict(item)) for item in objects if held.known.get(item.uuid) != item]
            ops += [("drop", "known", {"uuid": uuid}) for uuid in gone if held.known.get(uuid)]
            return ops if held.certified.get(host.host) == host else [*ops, ("put", "certified", asdict(host))]

        with self._reading():
            differs = bool(decide())
        return differs and self._change(at, "certified", decide)

    def know(self, item: Known, *, at: str) -> None:
        """Certify one object that a person took in; its host stays as certified as it was."""
        self._write(at, "known", ("put", "known", asdict(item)))

    def forget_known(self, uuid: str, *, at: str) -> None:
        """Forget one object, such as one that was released."""

        def decide() -> list[Op]:
            return [("drop", "known", {"uuid": uuid})] if self._holds("known", uuid) else []

        self._change(at, "forgotten", decide)

    def _holds(self, table: str, uuid: str) -> bool:
        return self._connection.execute(f"select 1 from {table} where uuid = ?", (uuid,)).fetchone() is not None  # noqa: S608 - our own names

    def applied(self, applied: Applied, *, at: str) -> None:
        """Remember the last apply that was carried out to its end."""
        row = {"id": LAST, **asdict(applied), "approval": int(applied.approval), "signatures": int(applied.signatures)}
        self._change(at, "applied", lambda: [("put", "applied", row)] if past.applied(self._connection) != applied else [])

    def open_circuit(self, why: str, *, at: str, by: str = "") -> None:
        """Open the circuit; one that is open already keeps its first reason."""
        row = {"id": LAST, "why": why, "by": by, "at": at}
        self._change(at, "circuit-opened", lambda: [] if past.circuit(self._connection) else [("put", "circuit", row)])

    def close_circuit(self, *, at: str, by: str) -> None:
        """Close the circuit: a person's act, so ``by`` is in the chain."""
        row = {"id": LAST, "why": "", "by": by, "at": at}
        self._change(at, "circuit-closed", lambda: [("put", "circuit", row)] if past.circuit(self._connection) else [])

    def accept(self, acceptance: Mapping[str, str]) -> None:
        """Record a person's acceptance; the keys are the columns of ``accepted``."""
        missing = set(TABLES["accepted"].columns) ^ set(acceptance)
        if missing:
            raise ValueError(f"an acceptance has other fields than the table: {', '.join(sorted(missing))}")
        self._write(acceptance["at"], "accepted", ("put", "accepted", dict(acceptance)))

    def plan_used(self, plan: str) -> bool:
        """Whether the plan was carried out already."""
        return bool(self._rows("select plan from used_plans where plan = :plan", {"plan": plan}))

    def use_plan(self, plan: str, *, by: str, at: str, until: str = "") -> bool:
        """Use the plan up. False where somebody did so before: a plan is used once. It can be applied ``until``, "" for ever."""

        def decide() -> list[Op]:
            used = self._connection.execute("select 1 from used_plans where plan = ?", (plan,)).fetchone()
            return [] if used else [("add", "used_plans", {"plan": plan, "by": by, "at": at, "until": until})]

        return self._change(at, "plan-used", decide)

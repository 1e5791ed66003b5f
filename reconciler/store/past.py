"""Reading the tables behind the ledger, each as a whole. Raises ``ValueError`` or ``TypeError`` at a row that was never written."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import TYPE_CHECKING

from reconciler.model.records import Applied, Certified, Deed, Known, Outcome, PowerRecord, Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    Call = Sequence[str | None]
    """Columns of ``CALL``."""

DEEDS = timedelta(hours=1)
"""How far back the ledger's deeds go."""
LAST = "last"
"""The key of a table of one row."""
CALL = ("at", "call", "action", "ref", "host", "owner", "uuid", "outcome", "paths")
SETTLED = ("done", "failed")
COUNTED = (*SETTLED, "unknown")
"""Outcomes that make an intent a deed. An unknown one, or none at all, counts as done: it may have been made."""
_CALL = ", ".join(f'"{column}"' for column in CALL)
_KNOWN = ", ".join(f'"{field.name}"' for field in fields(Known))
NOT_DONE = "(outcome is null or outcome in ('failed', 'skipped', 'unknown'))"
_OPEN = f"call in ('CreateInstance', 'DeleteInstance') and {NOT_DONE}"
"""As the index on them says, which is used only where it is repeated."""


def iso(moment: datetime) -> str:
    """In the form in which the journal writes times, so that they compare as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def data_version(connection: sqlite3.Connection) -> int:
    """Changes whenever another connection wrote to the file."""
    return int(connection.execute("pragma data_version").fetchone()[0])


def powers(connection: sqlite3.Connection) -> dict[str, PowerRecord]:
    """Instance uuid -> the last power that was set."""
    rows = connection.execute("select uuid, power, writer from powers order by uuid")
    return {uuid: PowerRecord(power, Writer(writer)) for uuid, power, writer in rows}


def ended(connection: sqlite3.Connection) -> dict[str, None]:
    """The uids of sessions that ended."""
    return {uid: None for (uid,) in connection.execute("select uid from ended order by uid")}


def known(connection: sqlite3.Connection) -> dict[str, Known]:
    """Instance uuid -> the object as last certified."""
    rows = connection.execute(f"select {_KNOWN} from known order by uuid")  # noqa: S608 - our own words
    return {item.uuid: item for item in (Known(*row) for row in rows)}


def certified(connection: sqlite3.Connection) -> dict[str, Certified]:
    """Host -> what was last certified of it."""
    rows = connection.execute('select host, server_name, "count" from certified order by host')
    return {host: Certified(host, name, int(count)) for host, name, count in rows}


def accepted(connection: sqlite3.Connection) -> dict[str, str]:
    """Digest -> until when it is accepted."""
    return dict(connection.execute("select digest, until from accepted order by digest"))


def applied(connection: sqlite3.Connection) -> Applied | None:
    """The last apply; None where there was none."""
    row = connection.execute('select "commit", inputs, tool, approval, signatures from applied where id = ?', (LAST,)).fetchone()
    return Applied(row[0], row[1], row[2], approval=bool(row[3]), signatures=bool(row[4])) if row else None


def circuit(connection: sqlite3.Connection) -> str:
    """Why the circuit is open; "" where it is closed."""
    row = connection.execute("select why from circuit where id = ?", (LAST,)).fetchone()
    return str(row[0]) if row else ""


def calls(connection: sqlite3.Connection, since: str) -> dict[str, Call]:
    """Id -> the intents since then, oldest first."""
    rows = connection.execute(f"select id, {_CALL} from intents where at >= ? order by rowid", (since,))  # noqa: S608 - our own words
    return {row[0]: row[1:] for row in rows}


def begun(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """What was made under the same plan by a later try was made, whatever came of the first."""
    rows = connection.execute(
        f"""select host, instance, plan from intents as one where call = 'CreateInstance' and {_OPEN}
        and not exists (select 1 from intents where ref = one.ref and plan = one.plan and call = 'CreateInstance' and outcome = 'done')"""  # noqa: S608 - our own words
    )
    return frozenset((host, instance, plan) for host, instance, plan in rows)


def ending(connection: sqlite3.Connection) -> frozenset[str]:
    """The uuids of what deleting calls were made for and never heard to be done."""
    rows = connection.execute(f"select uuid from intents where call = 'DeleteInstance' and {_OPEN}")  # noqa: S608 - our own words
    return frozenset(uuid for (uuid,) in rows if uuid)


def deed(row: Call) -> Deed:
    """A call as decisions count it."""
    at, call, action, ref, host, owner, uuid, outcome, paths = (value or "" for value in row)
    # Many calls share few of these words.
    call, action, host, owner = map(intern, (call, action, host, owner))
    return Deed(
        datetime.fromisoformat(at), call, action, ref, host, owner, uuid, done=outcome != Outcome.FAILED, paths=tuple(paths.split())
    )


def is_settled(row: Call) -> bool:
    """Whether a call is a deed of which nothing more is to be heard."""
    return row[CALL.index("outcome")] in SETTLED


def counts(row: Call) -> bool:
    """Whether a call is a deed."""
    return (row[CALL.index("outcome")] or Outcome.UNKNOWN) in COUNTED

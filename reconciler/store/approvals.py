"""Who may approve, and what was approved: one SQLite file of its own, since it alone holds secrets.

Readable by its owner only; where that is not so, or it cannot be read, nothing is approved. History is shown and this is not, so it is
no part of the journal.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

import sqlite_utils

from reconciler.errors import StateError
from reconciler.model.approvals import Approved, Approver, Challenge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

FILE_NAME = "approvals.db"
VERSION = 1
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

_TABLES = (
    """create table approvers (name text primary key, secret text not null, salt text not null, enrolled_at text not null,
    last_step integer not null, public_key text not null) strict""",
    """create table recovery (approver text not null references approvers on delete cascade, digest text not null,
    used_at text not null default '', primary key (approver, digest)) strict""",
    """create table challenges (id text primary key, binds_to text not null, made_at text not null, expires_at text not null,
    tries integer not null, last_try_at text not null, spent integer not null) strict""",
    "create table wrongs (approver text not null, at text not null) strict",
    """create table approvals (id integer primary key, binding text not null, approver text not null references approvers on delete cascade,
    at text not null, redeemed_at text not null default '') strict""",
    # Never cut: a file may be presented again at any time, whatever the clock says.
    "create table nonces (nonce text primary key, binding text not null, approver text not null, used_at text not null) strict",
)


_TAKE = "select * from approvals where binding = :binding and redeemed_at = '' and at > :since and at <= :now order by id limit 1"


class Approvals:
    """The file, open. Read and write inside ``changing``. Every method may raise ``StateError``, whose text holds no secret."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made by us first, as SQLite would make it readable by whom the umask lets; its WAL takes the mode over.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
            _is_private(path)
            self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
            self._db = sqlite_utils.Database(self._connection)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; it cannot be used afterwards."""
        with self._lock:
            self._db.close()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All that happens inside is one change: nobody else reads or writes in between, and an error undoes it whole."""
        with self._lock:
            try:
                self._connection.execute("begin immediate")
                yield
                self._connection.execute("commit")
            except sqlite3.Error as error:
                raise self._unusable(error) from error
            finally:
                if self._connection.in_transaction:
                    # A failed rollback leaves nothing behind: the change was never committed.
                    with suppress(sqlite3.Error):
                        self._connection.execute("rollback")

    def approvers(self, now: datetime) -> tuple[Approver, ...]:
        """Everybody who is enrolled, by name."""
        return tuple(self._approver(row, now) for row in self._rows("select * from approvers order by name"))

    def approver(self, name: str, now: datetime) -> Approver | None:
        """One person; None where nobody of that name is enrolled."""
        row = self._row("select * from approvers where name = :name", name=name)
        return self._approver(row, now) if row else None

    def secret(self, name: str) -> str:
        """The secret of somebody's clock codes, base32; "" where there is none."""
        row = self._row("select secret from approvers where name = :name", name=name)
        return str(row["secret"]) if row else ""

    def salt(self, name: str) -> bytes:
        """What somebody's recovery codes are hashed with; empty where there is none."""
        row = self._row("select salt from approvers where name = :name", name=name)
        return bytes.fromhex(str(row["salt"])) if row else b""

    def enrol(self, approver: Approver, *, secret: str, salt: bytes, recovery: Sequence[str]) -> None:
        """Add a person. ``recovery`` are digests."""
        row = (approver.name, secret, salt.hex(), _text(approver.enrolled_at), approver.last_step, approver.public_key)
        self._do("insert into approvers values (?, ?, ?, ?, ?, ?)", *row)
        for digest in recovery:
            self._do("insert into recovery (approver, digest) values (?, ?)", approver.name, digest)

    def remove(self, name: str) -> None:
        """Take a person out, with every approval of theirs that was not used."""
        self._do("delete from approvers where name = ?", name)

    def set_public_key(self, name: str, public_key: str) -> None:
        """What approval files of this person are to be signed with from here on."""
        self._do("update approvers set public_key = ? where name = ?", public_key, name)

    def set_last_step(self, name: str, step: int) -> None:
        """Codes up to this step are spent."""
        self._do("update approvers set last_step = ? where name = ?", step, name)

    def recovery(self, name: str, digest: str) -> bool | None:
        """Whether a recovery code was used; None where the digest is that of none."""
        row = self._row("select used_at from recovery where approver = :name and digest = :digest", name=name, digest=digest)
        return bool(row["used_at"]) if row else None

    def use_recovery(self, name: str, digest: str, at: datetime) -> None:
        """A recovery code works once."""
        self._do("update recovery set used_at = ? where approver = ? and digest = ?", _text(at), name, digest)

    def count_wrong(self, name: str, at: datetime) -> None:
        """Remember a wrong code given in somebody's name."""
        self._do("delete from wrongs where at < ?", _text(at - DAY))
        self._do("insert into wrongs values (?, ?)", name, _text(at))

    def challenge(self, challenge_id: str) -> Challenge | None:
        """One challenge; None where there is none."""
        row = self._row("select * from challenges where id = :id", id=challenge_id)
        return _challenge(row) if row else None

    def open_challenge(self, binding: str, now: datetime) -> Challenge | None:
        """The one about ``binding`` that can still be answered, or whose tries are used up and whose time is not."""
        statement = "select * from challenges where binds_to = :binding and spent = 0 and expires_at > :now order by rowid desc limit 1"
        row = self._row(statement, binding=binding, now=_text(now))
        return _challenge(row) if row else None

    def put_challenge(self, challenge: Challenge) -> None:
        """Add a challenge, or write one anew."""
        last = _text(challenge.last_try_at) if challenge.last_try_at else ""
        row = (challenge.id, challenge.binds_to, _text(challenge.made_at), _text(challenge.expires_at), challenge.tries, last)
        self._do("delete from challenges where expires_at < ?", _text(challenge.made_at - DAY))
        self._do("insert or replace into challenges values (?, ?, ?, ?, ?, ?, ?)", *row, int(challenge.spent))

    def approve(self, approved: Approved) -> None:
        """Record a person's yes, to be taken once."""
        self._do("delete from approvals where at < ?", _text(approved.at - DAY))
        self._do("insert into approvals (binding, approver, at) values (?, ?, ?)", approved.binding, approved.by, _text(approved.at))

    def waits(self, binding: str, *, since: datetime, now: datetime) -> bool:
        """Whether ``take`` would find one."""
        return self._row(_TAKE, binding=binding, since=_text(since), now=_text(now)) is not None

    def take(self, binding: str, *, since: datetime, now: datetime) -> Approved | None:
        """Use up one approval of ``binding`` that was given after ``since`` and not after ``now``; None where there is none."""
        row = self._row(_TAKE, binding=binding, since=_text(since), now=_text(now))
        if row is None:
            return None
        self._do("update approvals set redeemed_at = ? where id = ?", _text(now), row["id"])
        return Approved(str(row["approver"]), binding, _time(row["at"]))

    def nonce_used(self, nonce: str) -> bool:
        """Whether an approval file with this nonce was used."""
        return self._row("select nonce from nonces where nonce = :nonce", nonce=nonce) is not None

    def use_nonce(self, nonce: str, approved: Approved) -> None:
        """An approval file works once."""
        self._do("insert into nonces values (?, ?, ?, ?)", nonce, approved.binding, approved.by, _text(approved.at))

    def _prepare(self) -> None:
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        self._connection.execute("pragma foreign_keys=on")
        self._connection.execute("pragma secure_delete=on")
        with self.changing():
            version = int(self._connection.execute("pragma user_version").fetchone()[0])
            if version > VERSION:
                raise StateError(f"{self.path} was written by a later version of unsandbox", hint="use the version that wrote it")
            if version == 0:
                for statement in _TABLES:
                    self._connection.execute(statement)
                self._connection.execute(f"pragma user_version = {VERSION}")

    def _approver(self, row: Mapping[str, object], now: datetime) -> Approver:
        name = str(row["name"])
        wrong = self._row(
            "select count(*) as number from wrongs where approver = :name and at > :since", name=name, since=_text(now - HOUR)
        )
        left = self._row("select count(*) as number from recovery where approver = :name and used_at = ''", name=name)
        return Approver(
            name, _time(row["enrolled_at"]), _number(row["last_step"]), _count(wrong), _count(left), public_key=str(row["public_key"])
        )

    def _rows(self, statement: str, **values: str) -> list[dict[str, object]]:
        return list(self._db.query(statement, values))

    def _row(self, statement: str, **values: str) -> dict[str, object] | None:
        return next(iter(self._rows(statement, **values)), None)

    def _do(self, statement: str, *values: object) -> None:
        self._connection.execute(statement, values)

    def _unusable(self, error: Exception) -> StateError:
        return StateError(f"{self.path} cannot be used, so nothing is approved: {error}", hint=f"ls -l {self.path}")


def _is_private(path: Path) -> None:
    """Raises ``StateError`` where somebody else could have read or written the secrets."""
    found = path.stat()
    if found.st_mode & 0o077:
        raise StateError(
            f"{path} can be opened by others ({found.st_mode & 0o777:03o}), so its secrets may be known and nothing is approved",
            hint=f"chmod 600 {path}  # and enrol again whoever may have been read",
        )
    if found.st_uid not in {0, os.geteuid()}:
        raise StateError(f"{path} belongs to another user ({found.st_uid}), so nothing in it is an approval", hint=f"ls -l {path}")


def _challenge(row: Mapping[str, object]) -> Challenge:
    return Challenge(
        id=str(row["id"]),
        binds_to=str(row["binds_to"]),
        made_at=_time(row["made_at"]),
        expires_at=_time(row["expires_at"]),
        tries=_number(row["tries"]),
        last_try_at=_time(row["last_try_at"]) if row["last_try_at"] else None,
        spent=bool(row["spent"]),
    )


def _text(moment: datetime) -> str:
    """In one form, so that times compare as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def _number(value: object) -> int:
    return int(str(value))


def _count(row: Mapping[str, object] | None) -> int:
    return _number(row["number"]) if row else 0

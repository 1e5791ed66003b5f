"""The file that tells who may approve: its privacy, its changes, and the people in it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.errors import StateError
from reconciler.files import OWNER_ONLY, make_folder
from reconciler.model.approvals import Approver
from reconciler.store.sqlite import SqliteFile, next_command, reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

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


class ApproversFile(SqliteFile):
    """The people who may approve. Read and write inside ``changing``. Every method may raise ``StateError``, whose text holds no secret."""

    def __init__(self, path: Path) -> None:
        try:
            make_folder(path.parent)
            # Made by us first, as SQLite would make it readable by whom the umask lets; its WAL takes the mode over.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY))
            _is_private(path)
            super().__init__(path)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, error) from error

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All that happens inside is one change: nobody else reads or writes in between, and an error undoes it whole."""
        try:
            with self._lock, self._transaction("immediate"):
                yield
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error

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
        row = (approver.name, secret, salt.hex(), as_text(approver.enrolled_at), approver.last_step, approver.public_key)
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
        self._do("update recovery set used_at = ? where approver = ? and digest = ?", as_text(at), name, digest)

    def count_wrong(self, name: str, at: datetime) -> None:
        """Remember a wrong code given in somebody's name."""
        self._do("delete from wrongs where at < ?", as_text(at - DAY))
        self._do("insert into wrongs values (?, ?)", name, as_text(at))

    def _prepare(self) -> None:
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
            "select count(*) as number from wrongs where approver = :name and at > :since", name=name, since=as_text(now - HOUR)
        )
        left = self._row("select count(*) as number from recovery where approver = :name and used_at = ''", name=name)
        return Approver(
            name, as_time(row["enrolled_at"]), as_number(row["last_step"]), _count(wrong), _count(left), public_key=str(row["public_key"])
        )

    def _rows(self, statement: str, **values: str) -> list[dict[str, object]]:
        try:
            return list(self._db.query(statement, values))
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error

    def _row(self, statement: str, **values: str) -> dict[str, object] | None:
        return next(iter(self._rows(statement, **values)), None)

    def _do(self, statement: str, *values: object) -> None:
        self._connection.execute(statement, values)


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


def _unusable(path: Path, error: Exception) -> StateError:
    hint = next_command(path, error, "everybody must be enrolled again")
    return StateError(f"{path} cannot be used, so nothing is approved: {reason(error)}", hint=hint)


def as_text(moment: datetime) -> str:
    """In one form, so that times compare as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def as_time(text: object) -> datetime:
    """What ``as_text`` wrote."""
    return datetime.fromisoformat(str(text))


def as_number(value: object) -> int:
    """A column that holds a whole number."""
    return int(str(value))


def _count(row: Mapping[str, object] | None) -> int:
    return as_number(row["number"]) if row else 0

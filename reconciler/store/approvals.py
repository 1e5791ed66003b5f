"""Who may approve, and what was approved: one SQLite file of its own, since it alone holds secrets.

Readable by its owner only; where that is not so, or it cannot be read, nothing is approved. History is shown and this is not, so it is
no part of the journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.approvals import Approved, Challenge
from reconciler.store.approvers import DAY, ApproversFile, as_number, as_text, as_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

FILE_NAME = "approvals.db"
_TAKE = "select * from approvals where binding = :binding and redeemed_at = '' and at > :since and at <= :now order by id limit 1"


class Approvals(ApproversFile):
    """What was asked, answered and used up, over who may approve."""

    def challenge(self, challenge_id: str) -> Challenge | None:
        """One challenge; None where there is none."""
        row = self._row("select * from challenges where id = :id", id=challenge_id)
        return _challenge(row) if row else None

    def open_challenge(self, binding: str, now: datetime) -> Challenge | None:
        """The one about ``binding`` that can still be answered, or whose tries are used up and whose time is not."""
        statement = "select * from challenges where binds_to = :binding and spent = 0 and expires_at > :now order by rowid desc limit 1"
        row = self._row(statement, binding=binding, now=as_text(now))
        return _challenge(row) if row else None

    def put_challenge(self, challenge: Challenge) -> None:
        """Add a challenge, or write one anew."""
        last = as_text(challenge.last_try_at) if challenge.last_try_at else ""
        row = (challenge.id, challenge.binds_to, as_text(challenge.made_at), as_text(challenge.expires_at), challenge.tries, last)
        self._do("delete from challenges where expires_at < ?", as_text(challenge.made_at - DAY))
        self._do("insert or replace into challenges values (?, ?, ?, ?, ?, ?, ?)", *row, int(challenge.spent))

    def approve(self, approved: Approved) -> None:
        """Record a person's yes, to be taken once."""
        self._do("delete from approvals where at < ?", as_text(approved.at - DAY))
        self._do("insert into approvals (binding, approver, at) values (?, ?, ?)", approved.binding, approved.by, as_text(approved.at))

    def waits(self, binding: str, *, since: datetime, now: datetime) -> bool:
        """Whether ``take`` would find one."""
        return self._row(_TAKE, binding=binding, since=as_text(since), now=as_text(now)) is not None

    def take(self, binding: str, *, since: datetime, now: datetime) -> Approved | None:
        """Use up one approval of ``binding`` that was given after ``since`` and not after ``now``; None where there is none."""
        row = self._row(_TAKE, binding=binding, since=as_text(since), now=as_text(now))
        if row is None:
            return None
        self._do("update approvals set redeemed_at = ? where id = ?", as_text(now), row["id"])
        return Approved(str(row["approver"]), binding, as_time(row["at"]))

    def nonce_used(self, nonce: str) -> bool:
        """Whether an approval file with this nonce was used."""
        return self._row("select nonce from nonces where nonce = :nonce", nonce=nonce) is not None

    def use_nonce(self, nonce: str, approved: Approved) -> None:
        """An approval file works once."""
        self._do("insert into nonces values (?, ?, ?, ?)", nonce, approved.binding, approved.by, as_text(approved.at))


def _challenge(row: Mapping[str, object]) -> Challenge:
    return Challenge(
        id=str(row["id"]),
        binds_to=str(row["binds_to"]),
        made_at=as_time(row["made_at"]),
        expires_at=as_time(row["expires_at"]),
        tries=as_number(row["tries"]),
        last_try_at=as_time(row["last_try_at"]) if row["last_try_at"] else None,
        spent=bool(row["spent"]),
    )

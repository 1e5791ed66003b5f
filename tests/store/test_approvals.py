from __future__ import annotations

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError
from reconciler.model.approvals import Approved, Approver, Challenge
from reconciler.store.approvals import FILE_NAME, Approvals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ANNA = Approver("anna", NOW, last_step=10, wrong=0, recovery_left=2, public_key="")
SINCE = NOW - timedelta(minutes=5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Approvals]:
    with Approvals(tmp_path / "state" / FILE_NAME) as opened:
        with opened.changing():
            opened.enrol(ANNA, secret="S" * 32, salt=b"salt", recovery=("d1", "d2"))
        yield opened


def test_a_person_comes_back_as_enrolled(store: Approvals) -> None:
    assert store.approvers(NOW) == (ANNA,)
    assert (store.secret("anna"), store.salt("anna")) == ("S" * 32, b"salt")
    assert store.approver("bert", NOW) is None
    assert (store.secret("bert"), store.salt("bert")) == ("", b"")


def test_wrong_codes_count_for_an_hour(store: Approvals) -> None:
    for minutes in (0, 30, 59, 61):
        store.count_wrong("anna", NOW - timedelta(minutes=minutes))
    # Those of a clock that was ahead count too.
    store.count_wrong("anna", NOW + timedelta(hours=5))
    store.count_wrong("bert", NOW)
    assert [found.wrong for found in store.approvers(NOW)] == [4]


def test_a_recovery_code_is_used_once(store: Approvals) -> None:
    assert (store.recovery("anna", "d1"), store.recovery("anna", "d9"), store.recovery("bert", "d1")) == (False, None, None)
    store.use_recovery("anna", "d1", NOW)
    assert (store.recovery("anna", "d1"), store.recovery("anna", "d2")) == (True, False)
    assert [found.recovery_left for found in store.approvers(NOW)] == [1]


def test_a_challenge_is_found_while_it_is_open(store: Approvals) -> None:
    made = Challenge("c1", "plan:a", NOW, NOW + timedelta(minutes=5), tries=2, last_try_at=NOW)
    store.put_challenge(made)
    assert store.challenge("c1") == made == store.open_challenge("plan:a", NOW)
    assert store.open_challenge("plan:b", NOW) is None
    assert store.open_challenge("plan:a", made.expires_at) is None
    store.put_challenge(Challenge("c1", "plan:a", NOW, NOW + timedelta(minutes=5), spent=True))
    assert store.open_challenge("plan:a", NOW) is None
    assert store.challenge("c2") is None


def test_an_approval_is_taken_once_and_in_its_time(store: Approvals) -> None:
    given = Approved("anna", "plan:a", NOW)
    store.approve(given)
    assert store.take("plan:b", since=SINCE, now=NOW) is None
    assert store.take("plan:a", since=NOW, now=NOW + timedelta(minutes=5)) is None
    assert store.take("plan:a", since=SINCE, now=NOW - timedelta(seconds=1)) is None
    assert store.take("plan:a", since=SINCE, now=NOW) == given
    assert store.take("plan:a", since=SINCE, now=NOW) is None


def test_who_is_removed_approves_nothing(store: Approvals) -> None:
    store.approve(Approved("anna", "plan:a", NOW))
    store.remove("anna")
    assert store.take("plan:a", since=SINCE, now=NOW) is None
    assert store.approvers(NOW) == ()
    assert store.recovery("anna", "d1") is None


def test_only_one_of_many_takes_an_approval(store: Approvals) -> None:
    """Over files of their own, as processes would."""
    for _ in range(3):
        with store.changing():
            store.approve(Approved("anna", "plan:a", NOW))

    def take(_: int) -> Approved | None:
        with Approvals(store.path) as own, own.changing():
            return own.take("plan:a", since=SINCE, now=NOW)

    with ThreadPoolExecutor(12) as pool:
        taken = [found for found in pool.map(take, range(24)) if found]
    assert len(taken) == 3


def test_an_error_inside_a_change_undoes_all_of_it(store: Approvals) -> None:
    def torn() -> None:
        with store.changing():
            store.approve(Approved("anna", "plan:a", NOW))
            store.set_last_step("anna", 99)
            raise ZeroDivisionError

    def doubled() -> None:
        with store.changing():
            store.set_last_step("anna", 99)
            store.enrol(ANNA, secret="T" * 32, salt=b"", recovery=())

    with pytest.raises(ZeroDivisionError):
        torn()
    assert store.take("plan:a", since=SINCE, now=NOW) is None
    assert store.approvers(NOW) == (ANNA,)
    with pytest.raises(StateError):
        doubled()
    assert store.approvers(NOW) == (ANNA,)


def test_the_file_is_for_its_owner_alone(store: Approvals) -> None:
    store.count_wrong("anna", NOW)
    files = list(store.path.parent.iterdir())
    assert len(files) > 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    store.path.chmod(0o640)
    with pytest.raises(StateError, match="can be opened by others") as caught:
        Approvals(store.path)
    assert "chmod 600" in caught.value.hint


def test_what_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"not a database" * 100)
    path.chmod(0o600)
    with pytest.raises(StateError, match="nothing is approved"):
        Approvals(path)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(StateError, match="nothing is approved"):
        Approvals(path)
    with pytest.raises(StateError):
        Approvals(path / FILE_NAME)


def test_a_file_of_a_later_version_is_left_alone(store: Approvals) -> None:
    with sqlite3.connect(store.path) as connection:
        connection.execute("pragma user_version = 2")
    connection.close()
    with pytest.raises(StateError, match="later version"):
        Approvals(store.path)


def test_writes_are_on_disk_before_they_count(store: Approvals) -> None:
    assert [list(row.values()) for row in store._rows("pragma synchronous")] == [[2]]  # noqa: SLF001 - the setting has no other sign
    assert [list(row.values()) for row in store._rows("pragma journal_mode")] == [["wal"]]  # noqa: SLF001 - as above

"""Files of ours: whole or not there, for their owner alone, and read without a word of what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.errors import StateError, UsageError
from reconciler.files import AS_UMASK, open_lock, read_json, write_new, write_over

if TYPE_CHECKING:
    from pathlib import Path


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_what_is_written_is_for_its_owner_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("before")
    old.chmod(0o644)
    write_over(old, "after")
    write_new(tmp_path / "new", b"bytes")
    write_over(tmp_path / "shown", "", mode=AS_UMASK)
    assert modes(tmp_path) == {"old": 0o600, "new": 0o600, "shown": 0o644}
    assert (old.read_text(), (tmp_path / "new").read_bytes()) == ("after", b"bytes")


def test_what_is_there_is_not_replaced_by_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("theirs")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "there", "ours")
    assert modes(tmp_path).keys() == {"there"}
    assert (tmp_path / "there").read_text() == "theirs"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    write_over(tmp_path / "link", "ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert (tmp_path / "link").read_text() == "ours"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_over(tmp_path / "folder", "text")
    assert modes(tmp_path).keys() == {"folder"}


def test_a_lock_that_cannot_be_opened_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match=r"file/x\.lock cannot be opened: "):
        open_lock(tmp_path / "file" / "x.lock")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"hunter2", "is no key: it is not JSON"),
        (b"\xff\xfe", "is no key: it is not JSON"),
        (b"[" * 100_000, "is no key: it is not JSON"),
        (b'["hunter2"]', "is no key: it is not a JSON object"),
        (b" " * 200_000, "is no key: it is larger than any"),
    ],
)
def test_a_file_of_another_kind_is_named_and_not_shown(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        read_json(path, "key", most=150_000, hint="make one")
    assert str(raised.value) == f"{path} {why}"
    assert raised.value.hint == "make one"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the key .*absent cannot be read: No such file or directory"):
        read_json(tmp_path / "absent", "key", most=9, hint="make one")
    with pytest.raises(UsageError, match="Is a directory"):
        read_json(tmp_path, "key", most=9**9, hint="make one")

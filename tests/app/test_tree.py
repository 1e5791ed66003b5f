"""What is left out of a reading would be ended, so nothing is left out without a word."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.app.repository import read_repository
from reconciler.app.tree import read_tree
from reconciler.errors import GitError, ManifestError
from tests.app.test_repository import git, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

FILES = ("inventory/h.yaml", "manifests/a.yaml", "manifests/team/b.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "fleet"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("a: 1\n")
    return root


@pytest.fixture
def committed(root: Path) -> Path:
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    return root


def refused(root: Path) -> tuple[str, str, str]:
    """File, code and message of the one finding of reading ``root``."""
    with pytest.raises(ManifestError) as caught:
        read_repository(root, None)
    (finding,) = caught.value.findings
    assert finding.hint, "it says how to go on"
    return finding.file, finding.code, finding.message


def folder_elsewhere(root: Path) -> str:
    (root / "shared").mkdir()
    (root / "manifests" / "more").symlink_to("../shared")
    return "manifests/more"


def link_to_nowhere(root: Path) -> str:
    (root / "manifests" / "gone.yaml").symlink_to("absent.yaml")
    return "manifests/gone.yaml"


def link_beside(root: Path) -> str:
    (root / "shared.yaml").write_text("a: 1\n")
    (root / "manifests" / "more.yaml").symlink_to("../shared.yaml")
    return "manifests/more.yaml"


def folder_that_is_not_there(root: Path) -> str:
    (root / "state").symlink_to("/nonexistent/state")
    return "state"


def folder_that_is_a_file(root: Path) -> str:
    (root / "state").write_text("a: 1\n")
    return "state"


def pipe(root: Path) -> str:
    os.mkfifo(root / "manifests" / "p.yaml")
    return "manifests/p.yaml"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (folder_elsewhere, "a link to a folder is not read"),
        (link_to_nowhere, "a link that leads nowhere cannot be read"),
        (link_beside, "a link that leads out of what is read is not read"),
        (folder_that_is_not_there, "cannot be read: No such file or directory"),
        (folder_that_is_a_file, "cannot be read: Not a directory"),
        (pipe, "neither a file nor a folder"),
    ],
)
def test_what_cannot_be_read_is_found(root: Path, make: Callable[[Path], str], told: str) -> None:
    assert tuple(names(root)) == FILES
    where = make(root)
    assert refused(root) == (where, "D02", told)


def test_a_folder_that_may_not_be_listed_is_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root nothing is forbidden, so the answer of the kernel is told here."""
    listed = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("team"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert refused(root) == ("manifests/team", "D02", "cannot be read: Permission denied")


def test_a_link_to_a_file_that_is_read_is_read(committed: Path) -> None:
    (committed / "manifests" / "link.yaml").symlink_to("team/b.yaml")
    assert "manifests/link.yaml" in names(committed)


def test_what_requests_asked_for_may_lie_on_another_disk(root: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "s.yaml").write_text("a: 1\n")
    (root / "state").symlink_to(tmp_path / "disk")
    assert "state/s.yaml" in names(root)


def test_a_whole_folder_behind_a_link_is_in_no_commit(committed: Path) -> None:
    (committed / "manifests").rename(committed / "real")
    (committed / "manifests").symlink_to("real")
    git(committed, "add", ".")
    git(committed, "commit", "-qm", "moved")
    assert refused(committed)[:2] == ("manifests", "D02")


def test_a_sparse_checkout_is_not_taken_for_a_small_one(committed: Path) -> None:
    git(committed, "sparse-checkout", "set", "--no-cone", "/*", "!/manifests/team")
    assert not (committed / "manifests" / "team").exists()
    assert git(committed, "status", "--porcelain") == "", "to git this is clean"
    assert refused(committed)[:2] == ("manifests/team/b.yaml", "D01")


def test_a_submodule_that_is_not_checked_out_is_not_taken_for_an_empty_folder(committed: Path, tmp_path: Path) -> None:
    git(committed, "-c", "protocol.file.allow=always", "submodule", "add", "-q", _fresh(tmp_path / "team"), "manifests/sub")
    git(committed, "commit", "-qam", "with a submodule")
    assert "manifests/sub/c.yaml" in names(committed)
    git(tmp_path, "clone", "-q", str(committed), "copy")
    assert git(tmp_path / "copy", "status", "--porcelain") == "", "to git this is clean"
    assert refused(tmp_path / "copy")[:2] == ("manifests/sub", "D01")


def _fresh(root: Path) -> str:
    root.mkdir()
    (root / "c.yaml").write_text("a: 1\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    return str(root)


def test_a_change_in_a_submodule_is_in_no_commit_even_where_git_is_told_to_ignore_it(committed: Path, tmp_path: Path) -> None:
    git(committed, "-c", "protocol.file.allow=always", "submodule", "add", "-q", _fresh(tmp_path / "team"), "manifests/sub")
    git(committed, "commit", "-qam", "with a submodule")
    git(committed, "config", "submodule.manifests/sub.ignore", "all")
    assert read_repository(committed, None)[1].dirty is False
    (committed / "manifests" / "sub" / "c.yaml").write_text("a: 2\n")
    assert read_repository(committed, None)[1].dirty is True


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_is_told_not_to_look_at_is_in_no_commit(committed: Path, flag: str) -> None:
    git(committed, "update-index", flag, "manifests/a.yaml")
    (committed / "manifests" / "a.yaml").write_text("a: 2\n")
    assert git(committed, "status", "--porcelain") == "", "to git this is clean"
    assert read_repository(committed, None)[1].dirty is True


def test_a_manifest_that_git_ignores_is_in_no_commit_and_a_note_is_none(committed: Path) -> None:
    (committed / ".git" / "info" / "exclude").write_text("*.local.yaml\n.notes\n")
    (committed / "manifests" / ".notes").write_text("x")
    assert read_repository(committed, None)[1].dirty is False
    (committed / "manifests" / "mine.local.yaml").write_text("a: 1\n")
    assert read_repository(committed, None)[1].dirty is True


def test_of_a_folder_that_git_ignores_what_is_read_counts_and_an_image_does_not(committed: Path) -> None:
    (committed / ".git" / "info" / "exclude").write_text("manifests/files/\n")
    (committed / "manifests" / "files").mkdir()
    (committed / "manifests" / "files" / "starter.tar.gz").write_text("x")
    assert read_repository(committed, None)[1].dirty is False
    (committed / "manifests" / "files" / "mine.yaml").write_text("a: 1\n")
    assert read_repository(committed, None)[1].dirty is True


def test_before_the_first_commit_everything_is_in_none(root: Path) -> None:
    git(root, "init", "-q")
    _, commit = read_repository(root, None)
    assert (commit.id, commit.dirty) == ("", True)


def test_a_checkout_that_moves_while_it_is_read_is_not_named_after_either_commit(committed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_and_pull(root: Path, folders: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        yield from read_tree(root, folders)
        git(committed, "commit", "-q", "--allow-empty", "-m", "two")

    monkeypatch.setattr("reconciler.app.repository.read_tree", read_and_pull)
    with pytest.raises(GitError, match="while it was being read"):
        read_repository(committed, None)

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from reconciler.app.repository import read_repository
from reconciler.app.tree import MAX_FILE
from reconciler.errors import GitError, ManifestError

if TYPE_CHECKING:
    from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "manifests" / "files").mkdir(parents=True)
    (tmp_path / "inventory").mkdir()
    (tmp_path / "manifests" / "a.yaml").write_text("a: 1\n")
    (tmp_path / "manifests" / "files" / "run.sh").write_text("true\n")
    (tmp_path / "inventory" / "h.yaml").write_text("h: 1\n")
    (tmp_path / "elsewhere.yaml").write_text("not: read\n")
    return tmp_path


def names(root: Path, rev: str | None = None) -> list[str]:
    return [file.path for file in read_repository(root, rev)[0]]


def test_only_the_three_folders_are_read(root: Path) -> None:
    (root / "manifests" / ".hidden.yaml").write_text("x")
    (root / "manifests" / "a.yaml~").write_text("x")
    assert names(root) == ["inventory/h.yaml", "manifests/a.yaml", "manifests/files/run.sh"]


def test_outside_git_there_is_a_digest_and_no_commit(root: Path) -> None:
    _, before = read_repository(root, None)
    assert (before.id, before.dirty) == ("", False)
    (root / "manifests" / "a.yaml").write_text("a: 2\n")
    assert read_repository(root, None)[1].digest != before.digest


def test_a_commit_is_read_without_touching_the_checkout(root: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    clean_files, clean = read_repository(root, None)
    assert (clean.id, clean.dirty) == (git(root, "rev-parse", "HEAD"), False)
    (root / "manifests" / "b.yaml").write_text("b: 1\n")
    assert read_repository(root, None)[1].dirty is True
    (root / "manifests" / "a.yaml").write_text("a: 9\n")
    files, commit = read_repository(root, "HEAD")
    assert (files, commit) == (clean_files, clean)
    assert (root / "manifests" / "a.yaml").read_text() == "a: 9\n"


def test_a_repository_below_the_top_of_its_git(root: Path) -> None:
    git(root, "init", "-q")
    below = root / "deep" / "er"
    below.mkdir(parents=True)
    (below / "manifests").mkdir()
    (below / "manifests" / "x.yaml").write_text("x: 1\n")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    assert names(below) == names(below, "HEAD") == ["manifests/x.yaml"]


@pytest.mark.parametrize("rev", ["no-such", "HEAD", "--help", "HEAD:manifests/a.yaml"])
def test_a_revision_that_is_none(root: Path, rev: str) -> None:
    git(root, "init", "-q")
    with pytest.raises(GitError):
        read_repository(root, rev)


def test_a_file_that_is_not_text_is_found_by_line(root: Path) -> None:
    (root / "manifests" / "bad.yaml").write_bytes(b"ok: 1\nbad: \xff\n")
    with pytest.raises(ManifestError) as caught:
        read_repository(root, None)
    (finding,) = caught.value.findings
    assert (finding.file, finding.line, finding.column) == ("manifests/bad.yaml", 2, 6)


def test_a_large_yaml_is_refused(root: Path) -> None:
    (root / "manifests" / "big.yaml").write_text("x" * (MAX_FILE + 1))
    with pytest.raises(ManifestError, match="larger"):
        read_repository(root, None)


def test_a_tarball_for_an_image_is_not_text_and_not_read(root: Path) -> None:
    (root / "manifests" / "files" / "starter.tar.gz").write_bytes(b"\x1f\x8b\xff" * 2_000_000)
    assert "manifests/files/starter.tar.gz" not in names(root)


def test_a_link_that_leads_out_is_refused(root: Path) -> None:
    (root / "manifests" / "out.yaml").symlink_to("/etc/passwd")
    with pytest.raises(ManifestError, match="leads out"):
        read_repository(root, None)


def test_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such folder"):
        read_repository(tmp_path / "absent", None)

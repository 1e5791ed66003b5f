"""Files of requests: whole or not at all, never one over another."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.app.repository import read_repository
from reconciler.app.settings import Settings
from reconciler.app.statefiles import only_author, path_of, take_away, with_file, without_file, write_manifest
from reconciler.errors import Refused, StateError
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.load import load
from reconciler.manifest.write import manifest_text
from reconciler.model.names import Kind, Ref

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.manifest.yamltext import Plain

WEB = Ref(Kind.SERVICE, "web")
ODD = ["on", "0x1f", "1:30", "null", "~", " lead", "- a", "a: b", "#", "é\u2028\t", "12", "1e3", "'", '"', "", "line\nline\n", "*x", "{a}"]


def test_what_is_written_is_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    text = manifest_text(WEB, "ab" * 16, "", {"owner": "team", "image": "starter"})
    write_manifest(tmp_path, SourceFile(path_of(WEB), text))
    files, _ = read_repository(tmp_path, None)
    assert [(file.path, file.text) for file in files] == [("state/service-web.yaml", text)]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["service-web.yaml"]
    # Values of variables are secrets.
    assert (tmp_path / path_of(WEB)).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    write_manifest(tmp_path, SourceFile(path_of(WEB), "first"))
    with pytest.raises(Refused, match="exists already"):
        write_manifest(tmp_path, SourceFile(path_of(WEB), "second"))
    assert (tmp_path / path_of(WEB)).read_text() == "first"
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["service-web.yaml"]


def test_of_many_that_write_one_name_one_wins(tmp_path: Path) -> None:
    won: list[int] = []
    start = threading.Barrier(8)

    def write(number: int) -> None:
        start.wait()
        try:
            write_manifest(tmp_path, SourceFile(path_of(WEB), str(number)))
            won.append(number)
        except Refused:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(number) for number in won] == [(tmp_path / path_of(WEB)).read_text()]


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(StateError, match=r"state/service-web\.yaml cannot be written"):
        write_manifest(tmp_path, SourceFile(path_of(WEB), "text"))


def test_what_is_gone_is_taken_away(tmp_path: Path) -> None:
    write_manifest(tmp_path, SourceFile(path_of(WEB), "text"))
    take_away(tmp_path, path_of(WEB))
    take_away(tmp_path, path_of(WEB))
    assert not (tmp_path / path_of(WEB)).exists()


def test_the_text_as_it_is_going_to_be() -> None:
    one, two = SourceFile("manifests/a.yaml", "a"), SourceFile(path_of(WEB), "b")
    assert with_file((one,), two) == (one, two)
    assert with_file((one, two), SourceFile(two.path, "c")) == (one, SourceFile(two.path, "c"))
    assert without_file((one, two), two.path) == (one,)


def test_authors_wait_for_each_other(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "state-dir", tmp_path)
    order: list[str] = []

    def second() -> None:
        with only_author(settings):
            order.append("second")

    with only_author(settings):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("value", ODD)
def test_whatever_a_value_is_it_comes_back_as_text(value: str) -> None:
    """The writer quotes what the strict reader would take for something else."""
    spec: dict[str, Plain] = {"owner": "team", "image": "starter", "env": {"VALUE": value}, "bootstrap": {"inline": value or "true"}}
    documents = load([SourceFile(path_of(WEB), manifest_text(WEB, "ab" * 16, "", spec))])
    read = documents.items[0].spec.model_dump()
    assert read["env"] == {"VALUE": value}
    assert read["bootstrap"]["inline"] == (value or "true")

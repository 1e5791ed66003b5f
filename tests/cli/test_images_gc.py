"""``images gc`` on this machine: what goes, what stays, and when nothing is touched; and when a build says that the cache is large."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from reconciler.app.images.cache import MUCH, Cache
from tests.cli.conftest import one_error
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Shell

RECIPE = "name: small\ndescription: of a test\nbase: {debootstrap: bookworm}\nfiles: rootfs\n"
BYTES = 10_000
NEEDED, PINNED, NAMED = ("small-111111111111-" + digit * 12 + ".tar.zst" for digit in "abc")
OLD = "small-111111111111-dddddddddddd.tar.zst"
FACTS = {"name": "small", "fingerprint": "a" * 64, "file": NEEDED, "size": 1, "architecture": "x86_64"}
MANIFEST = """\
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: {name}}}
spec: {{alias: {name}, fingerprint: {fingerprint}, file: images/.build/{file}}}
"""


@pytest.fixture
def wanted(repository: Shell) -> list[str]:
    """Digests of the layers of the one recipe, the lowest first. In the repository are images that are needed, pinned and neither."""
    builds = "images/.build"
    repository.write(
        {"images/small/recipe.yaml": RECIPE, "images/small/rootfs/etc/motd": "hello\n", f"{builds}/small.json": json.dumps(FACTS)}
    )
    repository.write({f"{builds}/{name}": "x" * BYTES for name in (NEEDED, PINNED, NAMED, OLD)})
    repository.write(
        {
            # One by its fingerprint alone, under another name; one by the name of its file.
            "manifests/one.yaml": MANIFEST.format(name="one", fingerprint="b" * 64, file="elsewhere.tar.zst"),
            "manifests/two.yaml": MANIFEST.format(name="two", fingerprint="e" * 64, file=NAMED),
        }
    )
    return [layer["digest"] for layer in json.loads(repository.run("images", "show", "small", "--json").stdout)["layers"]]


def cache(shell: Shell) -> Cache:
    return Cache(shell.root / "images/.build/cache")


def layer(shell: Shell, digest: str, below: str = "") -> Path:
    """A whole layer, as a build leaves it."""
    upper = shell.root / "upper"
    upper.mkdir()
    (upper / "file").write_bytes(os.urandom(BYTES))
    store = cache(shell)
    store.layers.mkdir(parents=True, exist_ok=True)
    store.keep(upper, digest, below, "a layer")
    return store.layers / store.name(digest)


def test_what_nobody_names_goes_and_the_rest_stays(repository: Shell, wanted: list[str]) -> None:
    low, high = (layer(repository, digest, below) for digest, below in zip(wanted, ["", wanted[0]], strict=True))
    unknown = layer(repository, "f" * 64)
    over = layer(repository, "e" * 64, "f" * 64)
    above = layer(repository, "d" * 64, wanted[1])
    repository.write({"images/.build/cache/debs/one.deb": "x" * BYTES})
    told = json.loads(repository.run("images", "gc", "--json").stdout)
    assert [path.is_dir() for path in (low, high, unknown, over, above)] == [True, True, False, False, False]
    assert (told["layers"], told["files"], sorted(told["kept"])) == (3, [OLD], sorted([PINNED, NAMED]))
    assert {path.name for path in (repository.root / "images/.build").glob("*.zst")} == {NEEDED, PINNED, NAMED}
    assert not list(cache(repository).folder.glob("debs/*"))
    # Three layers and one download, each of whole blocks, and the image's file.
    assert BYTES * 5 <= told["bytes"] <= BYTES * 5 + 4 * 8192
    assert {path.stem for path in cache(repository).layers.glob("*.json")} == {low.name, high.name}
    again = repository.run("images", "gc").stdout
    assert "Dropped 0 layers and 0 files: 0.0 MiB (0 bytes)." in again
    assert f"kept, for a manifest pins it: {PINNED}" in again


def test_a_layer_whose_lower_one_nobody_names_goes_with_it(repository: Shell, wanted: list[str]) -> None:
    """What was made over another base is not what the recipe says, whatever its own digest."""
    layer(repository, "f" * 64)
    high = layer(repository, wanted[1], "f" * 64)
    assert json.loads(repository.run("images", "gc", "--json").stdout)["layers"] == 2
    assert not high.exists()


def test_a_layer_without_its_note_is_none(repository: Shell, wanted: list[str]) -> None:
    half = layer(repository, wanted[0])
    half.with_suffix(".json").write_text("{")
    assert json.loads(repository.run("images", "gc", "--json").stdout)["layers"] == 1
    assert not half.exists()


def test_nothing_goes_while_a_build_is_at_work(repository: Shell, wanted: list[str]) -> None:
    kept = [layer(repository, digest) for digest in (wanted[0], "f" * 64)]
    lock = cache(repository).folder / "lock"
    lock.touch(mode=0o600)
    handle = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        refused = repository.run("images", "gc")
    finally:
        os.close(handle)
    assert refused.returncode == 1
    assert "another build is at work" in one_error(refused)["message"]
    assert all(path.is_dir() for path in kept)
    assert (repository.root / "images/.build" / OLD).is_file()


@pytest.mark.parametrize("broken", ["images/small/recipe.yaml", "manifests/one.yaml"])
def test_nothing_goes_where_not_everything_can_be_read(repository: Shell, wanted: list[str], broken: str) -> None:
    """A recipe or a manifest that cannot be read may name anything."""
    kept = [layer(repository, digest) for digest in (wanted[0], "f" * 64)]
    (repository.root / broken).write_text("name: [\n")
    assert repository.run("images", "gc").returncode == 1
    assert all(path.is_dir() for path in kept)
    assert (repository.root / "images/.build" / OLD).is_file()


@pytest.mark.parametrize(("size", "said"), [(MUCH - (1 << 20), False), (MUCH + (1 << 20), True)])
def test_a_build_says_that_the_cache_is_large(repository: Shell, size: int, *, said: bool) -> None:
    shutil.copytree(REPOSITORY / "images/starter", repository.root / "images/starter")
    layer(repository, "f" * 64)
    note = cache(repository).layers / ("f" * 16 + ".json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "size": size}))
    done = repository.run("images", "build", "starter")
    assert done.returncode == 0, done.stderr
    assert ("24.0 GiB; to drop what no recipe names: unsandbox images gc --cache" in done.stderr) is said

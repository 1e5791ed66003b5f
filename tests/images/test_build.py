"""Real builds: what an image holds, what is taken again, and what a failure or a kill leaves."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.app.images.room import EPOCH, INSIDE
from tests.images.conftest import SLIM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.images.conftest import Workshop

OVER = f"base: {{image: {SLIM}}}\n"


@pytest.fixture(scope="module")
def root(slim: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image unpacked."""
    into = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "--zstd", "-xf", slim.builds / slim.facts(SLIM)["file"], "-C", into], check=True)
    return into / "rootfs"


def test_the_facts_are_those_of_the_file(slim: Workshop) -> None:
    facts = slim.facts(SLIM)
    file = slim.builds / facts["file"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == facts["fingerprint"]
    assert file.stat().st_size == facts["size"]
    plain = subprocess.run(["zstd", "-dc", file], capture_output=True, check=True).stdout
    assert hashlib.sha256(plain).hexdigest() == facts["content"]
    assert {path.name for path in slim.builds.iterdir()} >= {facts["file"], facts["packages"]}


def test_the_tarball_is_in_order_and_of_one_time(slim: Workshop) -> None:
    listing = subprocess.run(
        ["tar", "--zstd", "--full-time", "--numeric-owner", "--utc", "-tvf", slim.builds / slim.facts(SLIM)["file"]],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    latest = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(EPOCH))
    assert all(" ".join(line.split()[3:5]) <= latest for line in listing)
    assert listing[0].endswith("metadata.yaml")


def test_nothing_of_this_machine_or_this_day_is_in_it(root: Path) -> None:
    sites = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True).stdout.split()
    hosts = {site.split("/")[2] for site in sites if site.count("/") >= 2}
    proxies = {value for name, value in os.environ.items() if "proxy" in name.lower() and value}
    text = b"".join(path.read_bytes() for folder in ("etc", "var") for path in (root / folder).rglob("*") if _plain(path))
    assert not [word for word in hosts | proxies if word.encode() in text]
    for gone in ("etc/hostname", "etc/resolv.conf", "etc/apt/sources.list", "usr/sbin/policy-rc.d", "var/lib/systemd/random-seed"):
        assert not (root / gone).exists(), gone
    for empty in ("var/log", "var/lib/apt/lists", "var/cache/apt", "dev", "run", "tmp", "usr/local/share/ca-certificates"):
        assert not [path for path in (root / empty).rglob("*") if not path.is_dir()], empty
    assert not (root / "etc/machine-id").exists() or not (root / "etc/machine-id").read_bytes()


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def test_every_package_is_listed_with_its_version(slim: Workshop, root: Path) -> None:
    listed = json.loads((slim.builds / slim.facts(SLIM)["packages"]).read_text())
    assert (listed["bomFormat"], listed["specVersion"]) == ("CycloneDX", "1.5")
    status = (root / "var/lib/dpkg/status").read_text()
    assert {row["name"] for row in listed["components"]} == {line[9:] for line in status.splitlines() if line.startswith("Package: ")}
    assert all(row["version"] and row["purl"].startswith("pkg:deb/debian/") for row in listed["components"])


def test_an_image_that_is_there_is_not_built_again(slim: Workshop) -> None:
    before = slim.facts(SLIM)
    assert "is there" in slim.build(SLIM).stdout
    assert slim.facts(SLIM) == before


@pytest.mark.slow
def test_a_language_at_the_end_makes_one_layer(slim: Workshop, workshop: Workshop) -> None:
    del slim
    workshop.recipe("more", OVER + "languages: [lua]\n")
    done = json.loads(workshop.build("more", "--json").stdout)["images"][0]
    # The cache may know the layer from another run of these tests.
    assert done["made"] <= 1
    assert done["layers"][-1]["name"] == "lua"
    assert [layer["digest"] for layer in done["layers"][:-1]] == [layer["digest"] for layer in workshop_layers(workshop)]


def workshop_layers(workshop: Workshop) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(workshop.run("show", SLIM, "--json").stdout)["layers"]
    return found


@pytest.mark.slow
def test_a_package_that_does_not_exist_leaves_the_image_as_it_was(slim: Workshop, workshop: Workshop) -> None:
    del slim
    workshop.recipe("mine", OVER + "script: a.sh\n", a_sh="echo one >/etc/one\n")
    workshop.build("mine")
    before, layers = workshop.facts("mine"), workshop.layers()
    workshop.recipe("mine", OVER + "packages: {debian: [no-such-package-anywhere]}\n")
    said = workshop.build("mine", expect=1).stderr
    assert "error [build-failed]: mine was not built: packages: fetching no-such-package-anywhere failed" in said
    assert "Unable to locate package no-such-package-anywhere" in said
    assert workshop.facts("mine") == before
    assert workshop.layers() == layers
    assert (workshop.builds / before["file"]).is_file()


def test_a_script_that_fails_says_its_last_words_and_leaves_the_image_before(slim: Workshop, workshop: Workshop) -> None:
    del slim
    workshop.recipe("mine", OVER + "script: a.sh\n", a_sh="echo one >/etc/one\n")
    workshop.build("mine")
    before, layers = workshop.facts("mine"), workshop.layers()
    workshop.recipe("mine", OVER + "script: a.sh\n", a_sh="echo about to fail\nexit 3\n")
    said = workshop.build("mine", expect=1).stderr
    assert "script a.sh failed with 3" in said
    assert "about to fail" in said
    assert (workshop.facts("mine"), workshop.layers()) == (before, layers)
    assert (workshop.builds / before["file"]).is_file()


def test_a_kill_in_the_middle_leaves_nothing(slim: Workshop, workshop: Workshop) -> None:
    del slim
    layers = workshop.layers()
    workshop.recipe("mine", OVER + "script: a.sh\n", a_sh="echo half >/etc/half\nexec sleep 4321.5\n")
    build = subprocess.Popen([*workshop.command("build", "mine", "--cache", str(workshop.cache))], stderr=subprocess.PIPE)
    _until(lambda: _asleep() != [])
    refused = workshop.build("mine", expect=1).stderr
    assert "another build is at work" in refused
    build.send_signal(signal.SIGKILL)
    build.communicate()
    _until(lambda: _asleep() == [])
    assert str(workshop.cache) not in Path("/proc/self/mounts").read_text()
    assert workshop.layers() == layers
    assert not (workshop.builds / "mine.json").exists()
    workshop.recipe("mine", OVER + "script: a.sh\n", a_sh="test ! -e /etc/half\n")
    workshop.build("mine")
    assert list((workshop.cache / "work").iterdir()) == []


def _asleep() -> list[Path]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] if path.read_bytes() == b"sleep\x004321.5\x00" else []
        except OSError:
            continue
    return found


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_runs_inside_has_no_network_and_nothing_of_our_environment(
    slim: Workshop, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    del slim
    monkeypatch.setenv("A_SECRET", "hush")
    workshop.recipe("mine", OVER + "script: a.sh\n", a_sh="env >/etc/env\ncat /proc/net/dev >/etc/dev\n")
    workshop.build("mine")
    tar = ["tar", "--zstd", "-xOf", workshop.builds / workshop.facts("mine")["file"]]
    told, devices = (
        subprocess.run([*tar, f"rootfs/etc/{name}"], capture_output=True, text=True, check=True).stdout for name in ("env", "dev")
    )
    assert {line.split("=")[0] for line in told.splitlines()} - {"_", "PWD", "SHLVL", "OLDPWD"} == {line.split("=")[0] for line in INSIDE}
    assert "hush" not in told
    assert [line.split(":")[0].strip() for line in devices.splitlines()[2:]] == ["lo"]


def test_a_recipe_over_a_server_of_images_that_is_out_of_reach_is_skipped_in_words(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LXD_CONF", str(workshop.root / "lxc"))
    (workshop.root / "lxc").mkdir()
    (workshop.root / "lxc/config.yml").write_text(
        "default-remote: local\nremotes:\n  nowhere: {addr: 'https://127.0.0.1:9', protocol: simplestreams, public: true}\n"
    )
    workshop.recipe("far", "base: {simplestreams: alpine/3.20}\n")
    said = workshop.build("far", expect=1).stderr
    assert "error [build-out-of-reach]: far was not built: no server of images that has alpine/3.20 answers; asked were" in said
    assert "nowhere" in said

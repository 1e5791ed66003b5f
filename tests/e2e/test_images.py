"""Images on three real hosts, through the real command: published, tried, counted, taken away, and what a cut does to that."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.bulky import bulky

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.fleet import Fleet
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

RECIPE = "name: starter\ndescription: busybox\nbase: {{scratch: build.py}}\nsmoke: [sh, -c, '{smoke}']\n"
IMAGE = """\
apiVersion: unsandbox/v1
kind: Image
metadata: {name: starter}
spec:
  recipe: starter
  fingerprint: FINGERPRINT  # what the last publish said
  file: manifests/files/starter.tar.gz
"""


def declare(fleet: Fleet, smoke: str = "true") -> None:
    """A recipe, and a manifest that names it and pins the image of before."""
    fleet.write("images/starter/build.py", "")
    fleet.write("images/starter/recipe.yaml", RECIPE.format(smoke=smoke))
    base = (fleet.root / "manifests/base.yaml").read_text()
    if "alias: starter" in base:
        fleet.write("manifests/base.yaml", base.rpartition("---\n")[0])
        fleet.write("manifests/images.yaml", IMAGE.replace("FINGERPRINT", fleet.starter.fingerprint))


def built(fleet: Fleet, number: int, size: int = 0) -> str:
    """Another build of the recipe, with its facts; its fingerprint."""
    folder = fleet.root / "images/.build"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"starter-{number}.tar.gz"
    fingerprint = bulky(fleet.starter.tarball, file, size + number)
    facts = {
        "name": "starter", "recipe": "a" * 64, "content": hashlib.sha256(file.name.encode()).hexdigest(), "fingerprint": fingerprint,
        "file": file.name, "size": file.stat().st_size, "architecture": "x86_64", "built_at": "2026-01-01T00:00:00Z", "layers": [],
        "packages": "",
    }  # fmt: skip
    (folder / "starter.json").write_text(json.dumps(facts))
    return fingerprint


def aliases(fleet: Fleet) -> dict[str, str]:
    """Host -> what the alias points at there."""
    found = {}
    for daemon in fleet.daemons:
        rows = daemon.query("GET", "/1.0/images/aliases?recursion=1&project=unsandbox")
        found[daemon.name] = next((row["target"] for row in rows if row["name"] == "starter"), "")
    return found


def held(daemon: Daemon) -> list[str]:
    return sorted(row["fingerprint"] for row in daemon.query("GET", "/1.0/images?recursion=1&project=unsandbox"))


def states(document: dict[str, Any]) -> dict[str, str]:
    return {row["host"]: row["state"] for row in document["hosts"]}


def test_a_bad_image_leaves_the_one_before_where_it_is(single: Fleet) -> None:
    declare(single)
    first = built(single, 1)
    assert "served by 1 of 1 hosts" in single.run("images", "publish", "starter").out
    declare(single, smoke="exit 3")
    built(single, 2)
    ran = single.run("images", "publish", "starter", expect=4)
    assert "E09" in ran.out
    assert aliases(single) == {"h1": first}
    rows = single.run("images", "gc", "--hosts", "--json").json["images"]
    assert sorted(row["code"] for row in rows) == ["", "E03"]


@pytest.mark.slow
def test_an_image_is_published_used_and_taken_away(fleet: Fleet) -> None:
    declare(fleet)
    fleet.services({f"web-{name}": f"placement: {{host: {name}}}" for name in ("h1", "h2", "h3")})
    fleet.run("apply", "--yes")
    assert set(aliases(fleet).values()) == {""}
    first = built(fleet, 1)
    told = fleet.run("images", "publish", "starter", "--json").json
    assert states(told) == dict.fromkeys(("h1", "h2", "h3"), "serves")
    assert sorted(row["came"] for row in told["hosts"]) == ["file", "host", "host"]
    assert told["pin"][0]["new"] == first
    assert aliases(fleet) == dict.fromkeys(("h1", "h2", "h3"), first)
    assert "pins" not in fleet.run("images", "publish", "starter", "--pin").out
    text = (fleet.root / "manifests/images.yaml").read_text()
    assert f"  fingerprint: {first}  # what the last publish said\n" in text
    assert "file: images/.build/starter-1.tar.gz\n" in text
    assert states(fleet.run("images", "publish", "starter", "--json").json) == dict.fromkeys(("h1", "h2", "h3"), "served already")
    refused_a_bad_one(fleet, first)
    third = built(fleet, 3)
    fleet.run("images", "publish", "starter", "--pin")
    collected(fleet, first, third)


def refused_a_bad_one(fleet: Fleet, serving: str) -> None:
    """A failed test leaves the alias where it is and the manifest as it is, and says so."""
    declare(fleet, smoke="echo it is broken >&2; exit 3")
    second = built(fleet, 2)
    ran = fleet.run("images", "publish", "starter", "--pin", "--host", "h1", expect=4)
    assert "E09" in ran.out
    assert "it is broken" in ran.out
    assert "left as it is" in ran.err
    assert aliases(fleet) == dict.fromkeys(("h1", "h2", "h3"), serving)
    assert second in held(fleet.daemons[0])
    assert second not in (fleet.root / "manifests/images.yaml").read_text()
    assert fleet.run("images", "test", "starter", expect=4).out.count("it ended with 3: it is broken") == 1
    declare(fleet)
    assert "passed" in fleet.run("images", "test", "starter").out


def collected(fleet: Fleet, first: str, third: str) -> None:
    """What is in use, served, pinned, or for a rollback stays; the one that failed its tests goes, and only when told to."""
    places = fleet.run("images", "list", "--hosts", "--json").json["hosts"]
    assert all(place["aliases"] == {"starter": third} and place["seen"] for place in places)
    before = {daemon.name: held(daemon) for daemon in fleet.daemons}
    rows = fleet.run("images", "gc", "--hosts", "--json").json["images"]
    codes = {(row["host"], row["fingerprint"]): row["code"] for row in rows}
    starter = fleet.starter.fingerprint
    assert {codes[host, starter] for host in before} == {"E05"}
    assert {codes[host, third] for host in before} == {"E03"}
    assert {codes[host, first] for host in before} == {"E06"}
    free = [row["fingerprint"] for row in rows if not row["code"]]
    assert len(free) == 1
    assert {daemon.name: held(daemon) for daemon in fleet.daemons} == before
    done = fleet.run("images", "gc", "--hosts", "--yes", "--json").json["images"]
    assert [row["fingerprint"] for row in done if row["gone"]] == free
    assert held(fleet.daemons[0]) == sorted({starter, first, third})
    assert "DeleteImage" in fleet.run("history").out
    assert fleet.run("plan", expect=None).status in {0, 3}


@pytest.mark.slow
def test_a_test_that_is_stopped_or_killed_leaves_nothing_for_long(single: Fleet) -> None:
    declare(single, smoke="sleep 25")
    single.services({"web": ""})
    single.run("apply", "--yes")
    built(single, 1)
    killed = single.start("images", "test", "starter")
    (left,) = trials(single, killed)
    killed.kill()
    killed.communicate()
    assert trials(single) == [left]
    assert single.run("plan", "--json").json["actions"] == []
    stopped = single.start("images", "test", "starter")
    while trials(single, stopped) == [left]:
        time.sleep(0.1)
    stopped.terminate()
    _, err = stopped.communicate(timeout=120)
    assert f"{left} was left by a test" in err
    assert stopped.returncode == 130
    assert trials(single) == []
    assert single.run("plan", "--json").json["actions"] == []


def trials(fleet: Fleet, running: subprocess.Popen[str] | None = None) -> list[str]:
    """Containers of tests; with a test that is running, those that there are when there are any."""
    deadline = time.monotonic() + 60
    while True:
        rows = fleet.daemons[0].query("GET", "/1.0/instances?recursion=1&project=unsandbox")
        found = sorted(row["name"] for row in rows if row["config"].get("user.unsandbox.trial") and row["status"] == "Running")
        if found or running is None:
            return found
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_a_host_that_is_cut_off_half_way_never_serves_half_an_image(fleet: Fleet) -> None:
    over_https(fleet)
    declare(fleet)
    fleet.services({f"web-{name}": f"placement: {{host: {name}}}" for name in ("h1", "h2", "h3")})
    fleet.run("apply", "--yes")
    fingerprint = built(fleet, 1, 24_000_000)
    source, _, third = fleet.daemons
    source.inside("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", "40mbit", "burst", "64kbit", "latency", "400ms")
    try:
        publishing = fleet.start("--timeout", "5", "images", "publish", "starter", "--json")
        half_way(third, publishing)
        third.cut()
        out, err = publishing.communicate(timeout=180)
    finally:
        source.inside("tc", "qdisc", "del", "dev", "eth0", "root")
    assert publishing.returncode == 4, err
    told = json.loads(out)
    assert states(told) == {"h1": "serves", "h2": "serves", "h3": "out of reach"}
    assert [row["next"] for row in told["hosts"] if not row["serves"]] == ["unsandbox images publish starter"]
    assert aliases(fleet) == {"h1": fingerprint, "h2": fingerprint, "h3": ""}
    assert fingerprint not in held(third)
    third.heal()
    deadline = time.monotonic() + 120
    while states(fleet.run("images", "publish", "starter", "--json", expect=None).json).get("h3") not in {"serves", "served already"}:
        assert time.monotonic() < deadline
    assert aliases(fleet) == dict.fromkeys(("h1", "h2", "h3"), fingerprint)
    assert all(not place["why"] for place in fleet.run("images", "show", "starter", "--hosts", "--json").json["hosts"])


def over_https(fleet: Fleet) -> None:
    """Take the hosts in anew by their addresses: a cut then goes between us and a host as well."""
    for daemon in fleet.daemons:
        (fleet.root / f"inventory/{daemon.name}.yaml").unlink()
        fleet.environ["UNSANDBOX_TRUST_TOKEN"] = daemon.trust_token("test")
        fleet.run("hosts", "add", daemon.url, "--name", daemon.name, "--location", daemon.name, "--fingerprint", daemon.fingerprint)


def half_way(daemon: Daemon, publishing: subprocess.Popen[str]) -> None:
    """Wait until LXD tells that part of an image came."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and publishing.poll() is None:
        running = daemon.query("GET", "/1.0/operations?recursion=1&project=unsandbox").get("running") or ()
        told = [str((item.get("metadata") or {}).get("download_progress", "")) for item in running]
        if any(10 <= int(text.split("%")[0].split()[-1]) < 60 for text in told if "%" in text):
            return
        time.sleep(0.05)
    publishing.kill()
    raise AssertionError(f"no copy is half way: {publishing.communicate()}")

"""The same containers by other hands: raw API calls, Ansible's lxd_container, pyinfra's lxd.container, and the lxc client in a loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.daemon import Daemon

PROJECT = "unsandbox"
AT_ONCE = 8
ANSIBLE = "ansible==11.*"
RIVALS = Path(".bench")
STARTED, FROZEN = "started", "frozen"
LISTED = {STARTED: "RUNNING", FROZEN: "FROZEN"}


def bodies(daemon: Daemon) -> list[dict[str, Any]]:
    """The creating calls of what runs there now, so that every rival makes the same containers."""
    rows = daemon.query("GET", f"/1.0/instances?recursion=1&project={PROJECT}")
    return [
        {
            "name": row["name"],
            "type": "container",
            "profiles": [],
            "source": {"type": "image", "fingerprint": row["config"]["volatile.base_image"]},
            "config": {key: value for key, value in row["config"].items() if not key.startswith(("volatile.", "image."))},
            "devices": row["devices"],
        }
        for row in rows
    ]


def remove(daemon: Daemon, names: list[str]) -> None:
    """Delete instances, protected ones too."""

    def one(name: str) -> None:
        target = f"/1.0/instances/{name}"
        daemon.query("PATCH", f"{target}?project={PROJECT}", {"config": {"security.protection.delete": "false"}})
        daemon.query("PUT", f"{target}/state?project={PROJECT}", {"action": "stop", "force": True, "timeout": 30})
        daemon.query("DELETE", f"{target}?project={PROJECT}")

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(one, names))


def raw(daemon: Daemon, wanted: list[dict[str, Any]]) -> None:
    """The floor: create and start, eight at once, one connection a call, nothing checked.

    Creates take turns, as they do in ours: LXD 5.0 breaks isolated containers that are created at the same moment (decision 0009), and it
    creates no more of them a second eight at once than one at a time.
    """
    creating = Lock()

    def one(body: dict[str, Any]) -> None:
        with creating:
            daemon.query("POST", f"/1.0/instances?project={PROJECT}", body)
        daemon.query("PUT", f"/1.0/instances/{body['name']}/state?project={PROJECT}", {"action": "start", "timeout": 30})

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(one, wanted))


def lxc_loop(daemon: Daemon, wanted: list[dict[str, Any]], state: str = STARTED) -> None:
    """What a shell script does: ask for each, make it or bring it to the state."""
    for body in wanted:
        told = _lxc(daemon, "list", f"^{body['name']}$", "--format", "csv", "--columns", "s").strip()
        if not told:
            _launch(daemon, body)
        elif told != LISTED[state]:
            _lxc(daemon, "start" if state == STARTED else "pause", body["name"])


def _lxc(daemon: Daemon, *arguments: str) -> str:
    return subprocess.run(
        ["lxc", *arguments, "--project", PROJECT],
        env={**os.environ, "LXD_DIR": str(daemon.directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
    ).stdout


def _launch(daemon: Daemon, body: dict[str, Any]) -> None:
    config = [word for key, value in body["config"].items() for word in ("-c", f"{key}={value}")]
    root, nic = body["devices"]["root"], body["devices"]["eth0"]
    _lxc(daemon, "init", body["source"]["fingerprint"], body["name"], "--no-profiles", "-s", root["pool"], *config)
    _lxc(daemon, "config", "device", "set", body["name"], "root", f"size={root['size']}")
    given = [f"{key}={value}" for key, value in nic.items() if key != "type"]
    _lxc(daemon, "config", "device", "add", body["name"], "eth0", nic["type"], *given)
    _lxc(daemon, "start", body["name"])


def pyinfra(daemon: Daemon, wanted: list[dict[str, Any]], state: str = STARTED) -> None:
    """The deploy beside this file, run with the local connector. What all share of config and devices is in the default profile."""
    folder = RIVALS.absolute() / "lxc"
    folder.mkdir(parents=True, exist_ok=True)
    remotes = {"local": {"addr": "unix://", "project": PROJECT}}
    (folder / "config.yml").write_text(json.dumps({"default-remote": "local", "remotes": remotes}))
    (folder / "work.json").write_text(json.dumps({"wanted": [{**body, "config": _own(body)} for body in wanted], "state": state}))
    environment = {**os.environ, "LXD_DIR": str(daemon.directory), "LXD_CONF": str(folder), "BENCH_WORK": str(folder / "work.json")}
    command = [str(Path(sys.executable).with_name("pyinfra")), "-y", "@local", str(Path(__file__).with_name("deploy.py"))]
    subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)


def _own(body: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in body["config"].items() if key.startswith("user.")}


@contextmanager
def default_profile(daemon: Daemon, body: dict[str, Any]) -> Iterator[None]:
    """Inside the block the project's default profile gives what every container has in common, and afterwards nothing again."""
    target = f"/1.0/profiles/default?project={PROJECT}"
    config = {key: value for key, value in body["config"].items() if not key.startswith("user.")}
    nic = {key: value for key, value in body["devices"]["eth0"].items() if key != "ipv6.address"}
    daemon.query("PUT", target, {"config": config, "devices": {"root": body["devices"]["root"], "eth0": nic}})
    try:
        yield
    finally:
        daemon.query("PUT", target, {"config": {}, "devices": {}})


def ansible(daemon: Daemon, wanted: list[dict[str, Any]], state: str = STARTED) -> None:
    """A playbook with a task of lxd_container for each, run with the local connection."""
    RIVALS.mkdir(exist_ok=True)
    tasks = [
        {
            "name": body["name"],
            "community.general.lxd_container": {
                "name": body["name"],
                "project": PROJECT,
                "state": state,
                "type": "container",
                "profiles": [],
                "source": body["source"],
                "config": body["config"],
                "devices": body["devices"],
                "url": f"unix:{daemon.socket}",
                "snap_url": f"unix:{daemon.socket}",
                "ignore_volatile_options": True,
                "wait_for_container": True,
            },
        }
        for body in wanted
    ]
    play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    (RIVALS / "play.json").write_text(json.dumps(play))
    python = RIVALS / "ansible" / "bin"
    environment = {
        **os.environ,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": str((python / "python").absolute()),
        "LC_ALL": "C.UTF-8",
    }
    subprocess.run(
        [str(python / "ansible-playbook"), "-i", "localhost,", str(RIVALS / "play.json")], env=environment, check=True, capture_output=True
    )


def install_ansible() -> None:
    """Ansible in an environment of its own, from PyPI, once."""
    folder = RIVALS / "ansible"
    if (folder / "bin" / "ansible-playbook").exists():
        return
    RIVALS.mkdir(exist_ok=True)
    venv.create(folder, with_pip=True, clear=True)
    subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", ANSIBLE], check=True, stdout=sys.stderr)

"""Empty a daemon between tests, without stopping it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.lab.daemon import POOL
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.daemon import Daemon

ABSENT = 404
PATIENCE = 20.0


def clean_daemon(daemon: Daemon) -> None:
    """Remove every instance, protected ones too, and every project, network, ACL, image, profile and volume but what a bare daemon has.

    The pool `unsandbox`, the server's configuration and its trusted certificates stay.
    """
    daemon.heal()
    daemon.start()
    instances = daemon.query("GET", "/1.0/instances?recursion=1&all-projects=true")
    _each(lambda instance: _remove_instance(daemon, instance), instances)
    projects = [project["name"] for project in daemon.query("GET", "/1.0/projects?recursion=1")]
    for project in sorted(projects, key=lambda name: name == "default"):  # default last: others may use what it holds
        _empty_project(daemon, project)
    for project in projects:
        if project != "default":
            _delete(daemon, f"/1.0/projects/{quote(project)}")
    for pool in daemon.query("GET", "/1.0/storage-pools?recursion=1"):
        if pool["name"] != POOL:
            _delete(daemon, f"/1.0/storage-pools/{quote(pool['name'])}")


def _each(action: Callable[[dict[str, Any]], None], items: list[dict[str, Any]]) -> None:
    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(action, items))


def _delete(daemon: Daemon, target: str) -> None:
    try:
        daemon.query("DELETE", target)
    except QueryError as error:
        if error.status != ABSENT:
            raise


def _remove_instance(daemon: Daemon, instance: dict[str, Any]) -> None:
    name, project = quote(instance["name"]), f"?project={quote(instance['project'])}"
    if instance["config"].get("security.protection.delete") == "true":
        daemon.query("PATCH", f"/1.0/instances/{name}{project}", {"config": {"security.protection.delete": ""}})
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if daemon.query("GET", f"/1.0/instances/{name}{project}")["status"] != "Stopped":
                daemon.query("PUT", f"/1.0/instances/{name}/state{project}", {"action": "stop", "force": True, "timeout": 30})
            daemon.query("DELETE", f"/1.0/instances/{name}{project}")
        except QueryError as error:
            if error.status == ABSENT:
                return
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # it is stopping by itself, or an operation of the last test is still at it
        else:
            return


def _empty_project(daemon: Daemon, project: str) -> None:
    suffix = f"project={quote(project)}"
    config = daemon.query("GET", f"/1.0/projects/{quote(project)}")["config"]
    own = {feature.removeprefix("features.") for feature, value in config.items() if value == "true"}
    if project == "default" or "images" in own:
        _each(lambda image: _delete(daemon, f"/1.0/images/{image['fingerprint']}?{suffix}"), _list(daemon, "images", suffix))
    if project == "default" or "profiles" in own:
        _remove_profiles(daemon, suffix)
    if project == "default" or "storage.volumes" in own:
        for volume in _list(daemon, f"storage-pools/{POOL}/volumes/custom", suffix):
            _delete(daemon, f"/1.0/storage-pools/{POOL}/volumes/custom/{quote(volume['name'])}?{suffix}")
    if project == "default" or "networks" in own:
        for network in _list(daemon, "networks", suffix):
            if network["managed"]:
                _delete(daemon, f"/1.0/networks/{quote(network['name'])}?{suffix}")
        for acl in _list(daemon, "network-acls", suffix):
            _delete(daemon, f"/1.0/network-acls/{quote(acl['name'])}?{suffix}")


def _remove_profiles(daemon: Daemon, suffix: str) -> None:
    for profile in _list(daemon, "profiles", suffix):
        if profile["name"] == "default":
            daemon.query("PUT", f"/1.0/profiles/default?{suffix}", {"config": {}, "devices": {}, "description": profile["description"]})
        else:
            _delete(daemon, f"/1.0/profiles/{quote(profile['name'])}?{suffix}")


def _list(daemon: Daemon, noun: str, suffix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.query("GET", f"/1.0/{noun}?recursion=1&{suffix}")
    return found

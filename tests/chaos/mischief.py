"""What a bystander does between two steps: to containers of ours, under names of ours, and to his own."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.chaos import seen
from tests.chaos.arena import stranger
from tests.chaos.checks import Excuse
from tests.e2e.fleet import PROJECT
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.chaos.arena import Arena
    from tests.chaos.seen import Row
    from tests.lab.daemon import Daemon

TRIES = 4
PROTECTED = "security.protection.delete"


@dataclass
class Done:
    """What he did, the refusals that it explains, what it excuses, and how a person undoes it."""

    words: str = ""
    codes: frozenset[str] = frozenset()
    excuse: Excuse = field(default_factory=Excuse)
    undo: Callable[[], None] | None = None


def play(arena: Arena, rng: Random) -> Done:
    """One seeded act. ``words`` is empty where LXD was busy with the object to the end."""
    act = rng.choice(ACTS)
    victims = [row for row in seen.ours(seen.rows(arena.daemons)) if row.ref.removeprefix("Service/") in arena.declared.services]
    done = Done()
    for _ in range(TRIES):
        try:
            act(arena, rng.choice(victims), done)
            break
        except QueryError:
            time.sleep(0.1)
    return done


def _path(name: str, *more: str) -> str:
    return "/".join(("/1.0/instances", name, *more)) + f"?project={PROJECT}"


def _remove(daemon: Daemon, row: Row, excuse: Excuse) -> None:
    excuse.gone.add(row.uuid)
    daemon.query("PATCH", _path(row.name), {"config": {PROTECTED: "false"}})
    if daemon.query("GET", _path(row.name))["status"] != "Stopped":
        daemon.query("PUT", _path(row.name, "state"), {"action": "stop", "force": True, "timeout": 20})
    daemon.query("DELETE", _path(row.name))


def delete(arena: Arena, row: Row, done: Done) -> None:
    """One of ours, by force."""
    _remove(arena.daemon(row.host), row, done.excuse)
    done.words = f"deleted {row.place}"


def recreate(arena: Arena, row: Row, done: Done) -> None:
    """One of ours is deleted, and the name given to another."""
    _remove(arena.daemon(row.host), row, done.excuse)
    done.codes = frozenset({"I01", "I03"})
    _put(arena, row.host, row.name, done)
    done.words = f"recreated {row.place}"


def squat(arena: Arena, row: Row, done: Done) -> None:
    """A name that a service will want, on a host where it could go."""
    done.codes = frozenset({"I01", "O14"})
    _put(arena, row.host, f"svc-s{arena.declared.born:03}", done)
    done.words = f"took svc-s{arena.declared.born:03} on {row.host}"


def copy(arena: Arena, row: Row, done: Done) -> None:
    """A copy of one of ours, marks and all."""
    marks = {key: value for key, value in row.config.items() if key.startswith(seen.MARK)}
    done.codes = frozenset({"I06", "I12", "O13", "O14", "O15"})
    _put(arena, row.host, f"{row.name}-copy", done, marks)
    done.words = f"copied {row.place}"


def _put(arena: Arena, host: str, name: str, done: Done, config: dict[str, str] | None = None) -> None:
    stranger(arena.daemon(host), name, PROJECT, config)
    (made,) = [row for row in seen.rows([arena.daemon(host)]) if (row.project, row.name) == (PROJECT, name)]
    done.excuse.made.add(made.uuid)
    arena.foreign[made.uuid] = made

    def undo() -> None:
        arena.foreign.pop(made.uuid)
        arena.daemon(host).query("DELETE", _path(name))

    done.undo = undo


def rename(arena: Arena, row: Row, done: Done) -> None:
    """One of ours that is stopped gets another name."""
    if row.status != "Stopped":
        return freeze(arena, row, done)
    daemon, name = arena.daemon(row.host), f"{row.name}-renamed"
    daemon.query("POST", _path(row.name), {"name": name})
    done.excuse.changed.add(row.uuid)
    done.codes = frozenset({"I01", "I04"})
    done.words = f"renamed {row.place}"

    def undo() -> None:
        if any(there.name == name for there in seen.rows([daemon])):
            daemon.query("POST", _path(name), {"name": row.name})

    done.undo = undo
    return None


def freeze(arena: Arena, row: Row, done: Done) -> None:
    """One of ours that runs is frozen; one that does not is edited."""
    if row.status != "Running":
        return alter(arena, row, done)
    daemon = arena.daemon(row.host)
    daemon.query("PUT", _path(row.name, "state"), {"action": "freeze", "timeout": 20})
    # The intents that would explain it may be cut from the journal by then, and it is not ours.
    done.excuse.changed.add(row.uuid)
    done.codes = frozenset({"S01"})
    done.words = f"froze {row.place}"
    service = arena.declared.services[row.ref.removeprefix("Service/")]

    def undo() -> None:
        if service.power == "running" and daemon.query("GET", _path(row.name))["status"] == "Frozen":
            daemon.query("PUT", _path(row.name, "state"), {"action": "unfreeze", "timeout": 20})

    done.undo = undo
    return None


def alter(arena: Arena, row: Row, done: Done) -> None:
    """A limit of one of ours is written by hand."""
    arena.daemon(row.host).query("PATCH", _path(row.name), {"config": {"limits.memory": "40MiB"}})
    done.words = f"altered {row.place}"


def unmark(arena: Arena, row: Row, done: Done) -> None:
    """The marks of one of ours are taken away."""
    daemon = arena.daemon(row.host)
    found: dict[str, Any] = daemon.query("GET", _path(row.name))
    marks = {key: value for key, value in found["config"].items() if key.startswith(seen.MARK)}
    bare = {key: value for key, value in found["config"].items() if key not in marks}
    done.excuse.changed.add(row.uuid)
    daemon.query("PUT", _path(row.name), {**found, "config": bare})
    done.codes = frozenset({"I01", "O07"})
    done.words = f"unmarked {row.place}"
    done.undo = lambda: daemon.query("PATCH", _path(row.name), {"config": marks})


def own(arena: Arena, row: Row, done: Done) -> None:
    """He works on what is his, in our project."""
    daemon = arena.daemon(row.host)
    daemon.query("PATCH", _path("svc-alien"), {"config": {"user.owner": f"somebody else, after {row.name}"}})
    for found in seen.rows([daemon]):
        if found.uuid in arena.foreign:
            arena.foreign[found.uuid] = found
    done.words = f"edited his own on {row.host}"


ACTS = (delete, recreate, squat, copy, rename, freeze, alter, unmark, own)

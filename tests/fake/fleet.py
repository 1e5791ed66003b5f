"""Many hosts with many instances each, in one process of their own: ``python -m tests.fake.fleet FOLDER HOSTS EACH``.

It writes one line of JSON when it listens (host name -> socket and fingerprint), then carries out lines of its standard input and answers
each with how many instances it touched: ``stop SHARE`` and ``edit SHARE`` change every n-th one behind our back,
``one-stop SHARE`` does so on the first host alone. Rows are kept as they are
sent, and only what was written to is made anew (``State.keeps``).
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.engine.foundation import foundation
from reconciler.engine.spec import instance_spec
from reconciler.model import marks
from reconciler.model.names import instance_name
from reconciler.model.resources import Policy
from tests.bench import worlds
from tests.fake.fake import Fake
from tests.fake.rows import IDMAP
from tests.fake.state import Instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.resources import Host, Workload

CREATED = "2025-12-31T00:00:00Z"
BY_HAND = {"limits.memory": "96MiB"}


@dataclass(frozen=True, slots=True)
class Place:
    """One host of the fleet, as an inventory needs it."""

    name: str
    socket: str
    fingerprint: str

    def host(self, number: int) -> Host:
        """It as the inventory's ``number``-th host."""
        return worlds.host(number, self.name, f"unix:{self.socket}", self.fingerprint)


def workloads(name: str, number: int, each: int) -> list[Workload]:
    """What lives on the ``number``-th host, whose name is ``name``: the same values whoever asks."""
    return [worlds.service(number * each + slot, name) for slot in range(each)]


def raise_host(folder: Path, number: int, each: int) -> Fake:
    """A prepared host with ``each`` instances that run as they are declared. It listens on its socket."""
    fake = Fake(folder / f"h{number:03}", f"h{number:03}").listen(tls=False, poll=1.0)
    place = Place(fake.name, str(fake.socket), fake.fingerprint).host(number)
    ground = foundation(place, Policy())
    for item in ground.objects[1:-1]:
        noun = {"network-acl": "network-acls", "network": "networks"}.get(item.kind)
        if noun:
            fake.query("POST", f"/1.0/{noun}", {"name": item.name, **item.body})
    fake.query("POST", "/1.0/projects", {"name": place.project, **ground.objects[-1].body})
    fake.hold_image(worlds.IMAGE, place.project)
    fake.state.projects[place.project].instances = {item.name: item for item in _instances(place, number, each)}
    fake.state.keeps = True
    return fake


def _instances(place: Host, number: int, each: int) -> Iterator[Instance]:
    policy = Policy()
    for workload in workloads(place.name, number, each):
        spec = instance_spec(workload, place, policy, isolated=True, commit="c0ffee")
        config = {**spec.config, marks.INTENT: "0" * 32, **_volatile(workload)}
        name = instance_name(workload.ref)
        yield Instance(name, config, {key: dict(device) for key, device in spec.devices.items()}, [], False, CREATED, "Running")  # noqa: FBT003


def _volatile(workload: Workload) -> dict[str, str]:
    """What LXD adds to the config of an instance that runs."""
    tail = workload.uid[-12:]
    return {
        "image.os": "starter",
        "image.release": "1",
        "volatile.base_image": workload.image,
        "volatile.cloud-init.instance-id": f"11111111-0000-4000-8000-{tail}",
        "volatile.eth0.host_name": f"veth{tail[-8:]}",
        "volatile.eth0.hwaddr": f"00:16:3e:{tail[-6:-4]}:{tail[-4:-2]}:{tail[-2:]}",
        "volatile.idmap.base": "0",
        "volatile.idmap.current": IDMAP,
        "volatile.idmap.next": IDMAP,
        "volatile.last_state.idmap": "[]",
        "volatile.last_state.power": "RUNNING",
        "volatile.uuid": f"00000000-0000-4000-8000-{tail}",
    }


def change(fakes: Iterable[Fake], verb: str, share: float) -> int:
    """Stop, or edit by hand, every n-th instance of each host, so that about ``share`` of all are not as declared. How many."""
    count = 0
    for fake in fakes:
        project = fake.state.projects[worlds.PROJECT]
        names = sorted(project.instances)
        for name in names[:: max(1, round(1 / share))]:
            target = f"/1.0/instances/{name}"
            if verb == "stop":
                fake.query("PUT", f"{target}/state?project={worlds.PROJECT}", {"action": "stop", "force": True, "timeout": 5})
            else:
                fake.query("PATCH", f"{target}?project={worlds.PROJECT}", {"config": BY_HAND})
            count += 1
    return count


def main(folder: Path, hosts: int, each: int) -> None:
    """Serve until standard input ends."""
    fakes = [raise_host(folder, number, each) for number in range(hosts)]
    _say([[fake.name, str(fake.socket), fake.fingerprint] for fake in fakes])
    for line in sys.stdin:
        verb, _, share = line.strip().partition(" ")
        # ``one-stop`` is about the first host alone.
        _say(change(fakes[:1] if verb.startswith("one-") else fakes, verb.removeprefix("one-"), float(share)))
    for fake in fakes:
        fake.close()


def _say(told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""What the chaos repository declares, and seeded edits of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.e2e.fleet import Fleet

FEWEST, MOST = 9, 14
FEWEST_CELLS, MOST_CELLS = 1, 4
RESTING = 8
"""Services in grace, beyond which none is named anew: what is there does not grow with time, and names come back."""
POWERS = {"running": "Running", "frozen": "Frozen", "hibernated": "Stopped"}
"""Power in a manifest -> LXD's status."""
DESTROYS = 6
"""The budget of one pass."""

HOURLY = "destroysPerHour: 9999, destroysPerHost: 9999, destroysPerOwner: 9999, replacesPerHour: 9999, freezesPerHour: 9999, flaps: 9999"
"""A campaign does in an hour what a fleet does in a year."""

POLICY = """\
apiVersion: unsandbox/v1
kind: Policy
metadata: {{name: fleet}}
spec:
  environment: chaos
  approval: 'off'
  grace: {{services: {grace}}}
  limits: {{destroys: {destroys}, destroyShare: 1.0, replaces: 20, {hourly}}}
"""


@dataclass(frozen=True)
class Service:
    """One service. ``network`` decides whether an edit of it replaces the container; ``memory`` is MiB."""

    power: str = "hibernated"
    memory: int = 64
    env: int = 0
    network: str = "zerotrust"

    @property
    def lives(self) -> bool:
        """Whether it has processes, running or frozen."""
        return self.power != "hibernated"

    def spec(self, name: str) -> str:
        """Its spec in flow form, beyond owner and image. Two variables tell it from others: all but the same would be a rename."""
        env = f"IS: {name}, OF: {name}" + (f", NUMBER: '{self.env}'" if self.env else "")
        return f"state: {self.power}, network: {self.network}, replace: allowed, resources: {{memory: {self.memory}MiB}}, env: {{{env}}}"


@dataclass(frozen=True)
class Declared:
    """The whole repository in short. ``resting`` left the manifests while the policy has a grace; ``born`` counts names ever given."""

    services: dict[str, Service] = field(default_factory=dict)
    cells: int = 2
    grace: bool = False
    resting: dict[str, Service] = field(default_factory=dict)
    born: int = 0

    def write(self, fleet: Fleet) -> None:
        """Write the manifests."""
        fleet.write("manifests/policy.yaml", POLICY.format(destroys=DESTROYS, grace="24h" if self.grace else "0s", hourly=HOURLY))
        fleet.services({name: service.spec(name) for name, service in self.services.items()})
        fleet.pool("warm", f"size: {self.cells}, resources: {{memory: 32MiB}}")


def first(grace: bool) -> Declared:
    """Twelve services, four of them alive, and a pool."""
    powers = ["running", "running", "running", "frozen", *["hibernated"] * 8]
    services = {f"s{number:03}": Service(power) for number, power in enumerate(powers)}
    return Declared(services, grace=grace, born=len(services))


@dataclass(frozen=True)
class Edit:
    """A declared state after an edit, the words for it, and the services whose container it replaces."""

    after: Declared
    words: tuple[str, ...]
    replaced: frozenset[str] = frozenset()


def edit(before: Declared, rng: Random, size: int) -> Edit:
    """``size`` seeded changes, each of another object where there are enough."""
    current, words, replaced, touched = before, list[str](), set[str](), set[str]()
    while len(words) < size:
        change = rng.choice(CHANGES)
        names = sorted(set(current.services) - touched)
        made = change(current, names, rng)
        if made is None:
            continue
        current, name, word = made
        touched.add(name)
        words.append(f"{word} {name}")
        if word == "replace":
            replaced.add(name)
    return Edit(current, tuple(words), frozenset(replaced))


Made = tuple[Declared, str, str] | None


def _with(current: Declared, name: str, service: Service, word: str) -> Made:
    return replace(current, services={**current.services, name: service}), name, word


def _add(current: Declared, _names: list[str], rng: Random) -> Made:
    if len(current.services) >= MOST or len(current.resting) >= RESTING:
        return None
    name = f"s{current.born:03}"
    power = rng.choices(["hibernated", "running", "frozen"], [8, 1, 1])[0]
    return _with(replace(current, born=current.born + 1), name, Service(power), f"add {power}")


def _remove(current: Declared, names: list[str], rng: Random) -> Made:
    if len(current.services) <= FEWEST or not names:
        return None
    name = rng.choice(names)
    left = {key: value for key, value in current.services.items() if key != name}
    resting = {**current.resting, name: current.services[name]} if current.grace else {}
    return replace(current, services=left, resting=resting), name, "remove"


def _bring_back(current: Declared, _names: list[str], rng: Random) -> Made:
    if not current.resting:
        return None
    name = rng.choice(sorted(current.resting))
    resting = {key: value for key, value in current.resting.items() if key != name}
    return _with(replace(current, resting=resting), name, current.resting[name], "bring back")


def _resize(current: Declared, names: list[str], rng: Random) -> Made:
    return _vary(current, names, rng, "resize", lambda service: replace(service, memory=48 + (service.memory - 32) % 64))


def _env(current: Declared, names: list[str], rng: Random) -> Made:
    return _vary(current, names, rng, "env", lambda service: replace(service, env=service.env + 1))


def _power(current: Declared, names: list[str], rng: Random) -> Made:
    living = [name for name in names if current.services[name].lives]
    turned = {"running": "frozen", "frozen": "running"}
    return _vary(current, living, rng, "freeze or thaw", lambda service: replace(service, power=turned[service.power]))


def _replace(current: Declared, names: list[str], rng: Random) -> Made:
    still = [name for name in names if not current.services[name].lives]
    turned = {"zerotrust": "semitrusted", "semitrusted": "zerotrust"}
    return _vary(current, still, rng, "replace", lambda service: replace(service, network=turned[service.network]))


def _vary(current: Declared, names: list[str], rng: Random, word: str, change: Callable[[Service], Service]) -> Made:
    if not names:
        return None
    name = rng.choice(names)
    return _with(current, name, change(current.services[name]), word)


def _pool(current: Declared, _names: list[str], rng: Random) -> Made:
    cells = rng.choice([number for number in range(FEWEST_CELLS, MOST_CELLS + 1) if number != current.cells])
    return replace(current, cells=cells), "warm", f"size {cells} of pool"


CHANGES = (_add, _add, _remove, _remove, _bring_back, _resize, _env, _power, _power, _replace, _pool)

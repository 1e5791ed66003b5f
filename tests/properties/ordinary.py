"""Fifty ordinary edits of a repository, each as a change of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIERS = """\
apiVersion: unsandbox/v1
kind: Tier
metadata: {name: small}
spec: {vcpu: 1, memory: 64MiB, disk: 128MiB, processes: 100}
---
apiVersion: unsandbox/v1
kind: Tier
metadata: {name: large}
spec: {vcpu: 2, memory: 512MiB, disk: 1GiB, processes: 400}
"""
KEYS = """\
apiVersion: unsandbox/v1
kind: Key
metadata: {name: team}
spec: {publicId: unsb-pk-aaaa-bbbb-cccc-dddd, tier: small}
---
apiVersion: unsandbox/v1
kind: Key
metadata: {name: batch}
spec: {publicId: unsb-pk-eeee-bbbb-cccc-dddd, tier: large}
"""
IMAGES = """\
apiVersion: unsandbox/v1
kind: Image
metadata: {name: starter}
spec: {alias: starter, fingerprint: FINGERPRINT, file: manifests/files/starter.tar.gz}
"""
POLICY = """\
apiVersion: unsandbox/v1
kind: Policy
metadata: {name: fleet}
spec: {environment: test, approval: "off"}
"""
NAMES = (
    *("api", "auth", "blog", "cache", "chat", "docs", "feed", "geo", "hooks"),
    *("jobs", "mail", "news", "pay", "queue", "rank", "search", "shop", "web"),
)


@dataclass
class Repository:
    """The files of a fleet below ``root``. ``services`` is name -> lines of the spec, each name in a file of its own unless moved."""

    root: Path
    fingerprint: str
    hosts: dict[str, str]
    """Name -> lines of the spec."""
    services: dict[str, dict[str, str]] = field(default_factory=dict)
    pools: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    """More words of a service's metadata."""
    files: dict[str, str] = field(default_factory=dict)
    """Service -> file, where it is not the usual one."""
    others: dict[str, str] = field(default_factory=dict)
    """Files that are what they are."""
    form: Callable[[str], str] = str
    """What is made of each file's text before it is written."""

    def start(self) -> None:
        for number, name in enumerate(NAMES):
            self.services[name] = {
                "owner": "batch" if number % 3 == 0 else "team",
                "image": "starter",
                "ports": f"[{8000 + number}]",
                "env": f"{{NAME: {name}, TOKEN: secret-{number}}}",
                "placement": f"{{host: {sorted(self.hosts)[number % len(self.hosts)]}}}",
            }
        self.pools = {"warm": "{image: starter, tier: small, size: 3}", "wide": "{image: starter, tier: small, size: {min: 2, max: 6}}"}
        self.others = {
            "manifests/tiers.yaml": TIERS,
            "manifests/keys.yaml": KEYS,
            "manifests/images.yaml": IMAGES.replace("FINGERPRINT", self.fingerprint),
            "manifests/policy.yaml": POLICY,
        }
        self.write()

    def write(self) -> None:
        for folder in ("inventory", "manifests"):
            for path in (self.root / folder).rglob("*.yaml"):
                path.unlink()
        texts = dict(self.others)
        for name, spec in self.hosts.items():
            texts[f"inventory/{name}.yaml"] = self._document("Host", name, spec)
        for name, words in self.services.items():
            file = self.files.get(name, f"manifests/services/{name}.yaml")
            spec = "{" + ", ".join(f"{key}: {value}" for key, value in words.items()) + "}"
            document = self._document("Service", name, spec, self.metadata.get(name, ""))
            texts[file] = f"{texts[file]}---\n{document}" if file in texts else document
        for name, spec in self.pools.items():
            texts[f"manifests/pools/{name}.yaml"] = self._document("Pool", name, spec)
        for file, text in texts.items():
            path = self.root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.form(text))

    def _document(self, kind: str, name: str, spec: str, more: str = "") -> str:
        return f"apiVersion: unsandbox/v1\nkind: {kind}\nmetadata: {{name: {name}{', ' + more if more else ''}}}\nspec: {spec}\n"


def nothing(_: Repository) -> None:
    """Every file as it was."""


def several(*edits: Callable[[Repository], None]) -> Callable[[Repository], None]:
    """More than one edit in one commit."""

    def edit(repository: Repository) -> None:
        for one in edits:
            one(repository)

    return edit


def label(name: str, words: str) -> Callable[[Repository], None]:
    """The labels of a service."""

    def edit(repository: Repository) -> None:
        repository.metadata[name] = f"labels: {words}"

    return edit


def no_pool(name: str) -> Callable[[Repository], None]:
    """A pool that leaves."""

    def edit(repository: Repository) -> None:
        del repository.pools[name]

    return edit


def first(file: str, document: str) -> Callable[[Repository], None]:
    """One more document, before those of one of the other files."""

    def edit(repository: Repository) -> None:
        repository.others[file] = f"{document}---\n{repository.others[file]}"

    return edit


def put(name: str, **words: str) -> Callable[[Repository], None]:
    """Write or change words of a service."""

    def edit(repository: Repository) -> None:
        repository.services.setdefault(name, {}).update({key: value for key, value in words.items() if value})
        for key, value in words.items():
            if not value:
                repository.services[name].pop(key, None)

    return edit


def drop(*names: str) -> Callable[[Repository], None]:
    """Services that leave."""

    def edit(repository: Repository) -> None:
        for name in names:
            del repository.services[name]
            repository.metadata.pop(name, None)
            repository.files.pop(name, None)

    return edit


def rename(before: str, after: str) -> Callable[[Repository], None]:
    """One name for another, with ``moved``."""

    def edit(repository: Repository) -> None:
        repository.services[after] = repository.services.pop(before)
        repository.metadata[after] = f"moved: {before}"

    return edit


def forget_names(repository: Repository) -> None:
    """What was moved is at home under its name."""
    repository.metadata = {name: words for name, words in repository.metadata.items() if not words.startswith("moved")}


def move(file: str, *names: str) -> Callable[[Repository], None]:
    """Documents into another file."""

    def edit(repository: Repository) -> None:
        repository.files.update(dict.fromkeys(names, file))

    return edit


def home(repository: Repository) -> None:
    """Each document back into a file of its own."""
    repository.files.clear()


def reorder(repository: Repository) -> None:
    """The same documents in another order."""
    repository.services = dict(reversed(repository.services.items()))


def shape(form: Callable[[str], str]) -> Callable[[Repository], None]:
    """Another form of the same text."""

    def edit(repository: Repository) -> None:
        repository.form = form

    return edit


def commented(text: str) -> str:
    return "# written by hand\n" + re.sub(r"^(kind: .*)$", r"\1  # what it is", text, flags=re.MULTILINE)


def quoted(text: str) -> str:
    return re.sub(r"^kind: (.*)$", r'kind: "\1"', text, flags=re.MULTILINE)


def host(name: str, **words: str) -> Callable[[Repository], None]:
    """Change a host's words."""

    def edit(repository: Repository) -> None:
        inner = repository.hosts[name].strip("{}")
        for key, value in words.items():
            inner = re.sub(rf", {key}: [^,{{}}]*", "", inner) + (f", {key}: {value}" if value else "")
        repository.hosts[name] = "{" + inner + "}"

    return edit


def text(file: str, before: str, after: str) -> Callable[[Repository], None]:
    """A few characters of one of the other files."""

    def edit(repository: Repository) -> None:
        if before not in repository.others[file]:
            raise AssertionError(f"{before!r} is not in {file}")
        repository.others[file] = repository.others[file].replace(before, after)

    return edit


def pool(name: str, spec: str) -> Callable[[Repository], None]:
    """A pool of that form."""

    def edit(repository: Repository) -> None:
        repository.pools[name] = spec

    return edit


HUGE = """\
apiVersion: unsandbox/v1
kind: Tier
metadata: {name: huge}
spec: {vcpu: 4, memory: 1GiB, disk: 1GiB, processes: 800}
"""
GUEST = """\
apiVersion: unsandbox/v1
kind: Key
metadata: {name: guest}
spec: {publicId: unsb-pk-ffff-bbbb-cccc-dddd, tier: small}
"""
NEW = {"owner": "team", "image": "starter"}

EDITS: tuple[tuple[str, Callable[[Repository], None]], ...] = (
    ("nothing", nothing),
    ("add a service", put("alpha", **NEW, ports="[9001]")),
    ("add another that may live anywhere", put("beta", **NEW, env="{MODE: beta}")),
    ("resize the memory of one", put("api", resources="{memory: 96MiB}")),
    ("resize its processors too", put("api", resources="{memory: 96MiB, vcpu: 2}")),
    ("grow a disk", put("blog", resources="{disk: 256MiB}")),
    ("freeze one", put("docs", state="frozen")),
    ("freeze two more", several(put("feed", state="frozen"), put("geo", state="frozen"))),
    ("wake one", put("docs", state="running")),
    ("put one to sleep", put("jobs", state="hibernated")),
    ("wake it again", put("jobs", state="running")),
    ("change a variable", put("auth", env="{NAME: auth, TOKEN: another}")),
    ("add a variable", put("chat", env="{NAME: chat, TOKEN: secret-4, MODE: fast}")),
    ("take a variable away", put("chat", env="{NAME: chat, TOKEN: secret-4}")),
    ("add labels", label("mail", "{role: post}")),
    ("change a label", label("mail", "{role: letters}")),
    ("open a port", put("web", ports="[8017, 8443]")),
    ("give a domain", put("web", domains="[www.example.org]")),
    ("give that domain to another", several(put("web", domains=""), put("shop", domains="[www.example.org]"))),
    ("rename one with moved", rename("news", "press")),
    ("forget what it was called", forget_names),
    ("rename two with moved", several(rename("pay", "billing"), rename("rank", "score"))),
    ("remove one", drop("hooks")),
    ("move one file", move("manifests/all/queue.yaml", "queue")),
    ("gather several in one file", move("manifests/many.yaml", "api", "auth", "blog", "cache")),
    ("reorder all documents", reorder),
    ("split the file again", home),
    ("write comments", shape(commented)),
    ("quote the kinds", shape(quoted)),
    ("back to the plain form", shape(str)),
    ("lock one", put("search", locked="true")),
    ("resize the locked one", put("search", resources="{memory: 80MiB}")),
    ("unlock it", put("search", locked="false")),
    ("grow a pool", pool("warm", "{image: starter, tier: small, size: 5}")),
    ("shrink a pool", pool("warm", "{image: starter, tier: small, size: 2}")),
    ("let a pool grow by itself", pool("wide", "{image: starter, tier: small, size: {min: 2, max: 9}}")),
    ("a new pool", pool("fresh", "{image: starter, tier: small, size: 1}")),
    ("empty that pool", pool("fresh", "{image: starter, tier: small, size: 0, allowZero: true}")),
    ("remove that pool", no_pool("fresh")),
    ("cordon a host", host("h3", state="cordoned")),
    ("add one while it is cordoned", put("gamma", **NEW, env="{MODE: gamma}")),
    ("open it again", host("h3", state="active")),
    ("a new tier", first("manifests/tiers.yaml", HUGE)),
    ("resize the tier that few use", text("manifests/tiers.yaml", "processes: 400}\n", "processes: 500}\n")),
    ("a new key", first("manifests/keys.yaml", GUEST)),
    ("a service of the new key", put("delta", owner="guest", image="starter", ports="[9009]")),
    ("widen the limits of the policy", text("manifests/policy.yaml", 'approval: "off"', 'approval: "off", limits: {replaces: 3}')),
    ("make one anew in another network", put("cache", network="semitrusted", replace="allowed")),
    ("add a bootstrap", put("queue", bootstrap='{inline: "echo ready > /root/ready"}')),
    ("change the bootstrap", put("queue", bootstrap='{inline: "echo steady > /root/ready"}')),
    ("remove two", drop("beta", "delta")),
    ("declare one of them again", put("delta", owner="guest", image="starter", ports="[9009]")),
)
"""What it is called, and what it does to the files. In this order: each stands on those before it."""

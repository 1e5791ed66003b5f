"""Ordinary edits of the text itself: of what ``unsandbox init`` writes, of the examples, and of a fleet's worth of services beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from reconciler.manifest.scaffold import Options, host_manifest, scaffold
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    Texts = dict[str, str]
    Edit = Callable[[Texts], None]

PINS = {"local": "a1" * 32, "second": "b2" * 32, "third": "c3" * 32, "lent": "d4" * 32}
IMAGES = ("1f" * 32, "2e" * 32)
OPTIONS = Options(
    host_address="unix:/run/lxd.socket",
    fingerprint=PINS["local"],
    image_fingerprint=IMAGES[0],
    image_file="manifests/files/one.tar.gz",
    environment="shop",
)
APPS = ("api", "blog", "cart", "chat", "docs", "feed", "geo", "jobs", "mail", "news", "pay", "rank", "search", "stock", "tax", "wiki")
CAPACITY = "  capacity: {instances: 100}\n"
"""Who has several hosts states what each can hold; without it nothing is placed by itself (F04)."""
TEXT = "manifests/services.yaml"
POOLS = "manifests/pools.yaml"
KEYS = "manifests/keys.yaml"
POLICY = "manifests/policy.yaml"
MORE = "manifests/examples.yaml"


def app(name: str) -> str:
    """The file of one of the apps."""
    return f"manifests/apps/{name}.yaml"


def start() -> Texts:
    """Every file of the repository before the first edit."""
    texts = dict(scaffold(OPTIONS))
    texts["manifests/files/one.tar.gz"] = "an image"
    texts["inventory/local.yaml"] += CAPACITY
    examples = (REPOSITORY / "manifests" / "examples" / "workloads.yaml").read_text(encoding="utf-8")
    texts[MORE] = examples.replace("name: web\n", "name: front\n").replace("name: warm\n", "name: spare\n")
    for host in ("second", "third"):
        texts[f"inventory/{host}.yaml"] = host_text(host, "there" if host == "third" else "here")
    texts[KEYS] += document("Tier", "large", "{vcpu: 2, memory: 256MiB, disk: 512MiB, processes: 400}")
    texts[KEYS] += document("Key", "batch", "{publicId: unsb-pk-aaaa-bbbb-cccc-dddd, tier: large}")
    for number, name in enumerate(APPS):
        host, owner = ("local", "second", "third")[number % 3], "batch" if number % 4 == 0 else "team"
        texts[app(name)] = document(
            "Service",
            name,
            f"{{owner: {owner}, image: starter, ports: [{8000 + number}], env: {{NAME: {name}}}, placement: {{host: {host}}}}}",
        ).removeprefix("---\n")
    return texts


def document(kind: str, name: str, spec: str) -> str:
    """One more document of a file."""
    return f"---\napiVersion: unsandbox/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec: {spec}\n"


def host_text(name: str, location: str) -> str:
    """An entry of the inventory as ``unsandbox hosts add`` writes it."""
    address = f"https://192.0.2.{sorted(PINS).index(name) + 1}:8443"
    return host_manifest(name=name, address=address, fingerprint=PINS[name], location=location) + CAPACITY


def nothing(_: Texts) -> None:
    """Every file as it was."""


def several(*edits: Edit) -> Edit:
    """Edits that are one commit."""

    def edit(texts: Texts) -> None:
        for one in edits:
            one(texts)

    return edit


def swap(path: str, before: str, after: str) -> Edit:
    """A few characters for others."""

    def edit(texts: Texts) -> None:
        if texts[path].count(before) != 1:
            raise AssertionError(f"{before!r} is not once in {path}:\n{texts[path]}")
        texts[path] = texts[path].replace(before, after)

    return edit


def spec(name: str, words: str) -> Edit:
    """More words in the spec of an app."""
    return swap(app(name), "spec: {", f"spec: {{{words}, ")


def write(path: str, text: str) -> Edit:
    """A file, whatever it was."""

    def edit(texts: Texts) -> None:
        texts[path] = text

    return edit


def append(path: str, text: str) -> Edit:
    """More text at the end of a file, which may be new."""

    def edit(texts: Texts) -> None:
        texts[path] = texts.get(path, "") + text

    return edit


def remove(*paths: str) -> Edit:
    """Files that go."""

    def edit(texts: Texts) -> None:
        for path in paths:
            del texts[path]

    return edit


def move(before: str, after: str) -> Edit:
    """The same text under another path."""

    def edit(texts: Texts) -> None:
        texts[after] = texts.pop(before)

    return edit


def form(path: str, change: Callable[[str], str]) -> Edit:
    """The same documents, written otherwise."""

    def edit(texts: Texts) -> None:
        texts[path] = change(texts[path])

    return edit


def rename(before: str, after: str) -> Edit:
    """Another name for an app, in a file of that name."""
    return several(
        move(app(before), app(after)),
        swap(app(after), f"  name: {before}\n", f"  name: {after}\n  moved: {before}\n"),
    )


def reordered(text: str) -> str:
    return "---\n".join(reversed(text.split("---\n")))


def dumped(text: str) -> str:
    """As a tool would write it: sorted keys, block style, no comments."""
    return yaml.safe_dump_all([item for item in yaml.safe_load_all(text) if item], sort_keys=True)


def gathered(*names: str) -> Edit:
    """Several apps in one file."""

    def edit(texts: Texts) -> None:
        texts["manifests/apps/all.yml"] = "---\n".join(texts.pop(app(name)) for name in names)

    return edit


def scattered(*names: str) -> Edit:
    """Each of them in a file of its own again."""

    def edit(texts: Texts) -> None:
        for name, text in zip(names, texts.pop("manifests/apps/all.yml").split("---\n"), strict=True):
            texts[app(name)] = text

    return edit


VAULT = "  name: vault\nspec:\n  owner: team\n  image: starter\n"
SCRIPT = "#!/bin/sh\necho ready > /root/ready\n"
GUEST = document("Key", "guest", "{publicId: unsb-pk-eeee-bbbb-cccc-dddd, tier: small, parent: team}")
SECOND_IMAGE = document("Image", "later", f"{{alias: later, fingerprint: {IMAGES[1]}, file: manifests/files/two.tar.gz}}")
SESSION = document("Session", "trial", "{owner: team, image: starter, ttl: 8h}").removeprefix("---\n")
WARM = "  size: 2                 # or {min: 2, max: 10}\n"

EDITS: tuple[tuple[str, Edit], ...] = (
    ("the first apply", nothing),
    ("write about the fleet", append("README.md", "\nAsk anna before you delete anything.\n")),
    ("write a comment", form(TEXT, lambda text: "# The shop's own services.\n" + text)),
    ("reorder the documents of a file", form(TEXT, reordered)),
    ("let a tool write the file", form(MORE, dumped)),
    ("end lines as on another system", form(app("api"), lambda text: text.replace("\n", "\r\n"))),
    ("end them as before", form(app("api"), lambda text: text.replace("\r\n", "\n"))),
    ("begin a file with a byte order mark", form(app("blog"), lambda text: "\ufeff" + text)),
    ("leave a file with nothing but a comment", write("manifests/later.yaml", "# nothing here yet\n")),
    ("take that file away", remove("manifests/later.yaml")),
    ("move a file with two services", move(TEXT, "manifests/own/services.yaml")),
    ("move it back", move("manifests/own/services.yaml", TEXT)),
    ("name a file .yml", move("manifests/images.yaml", "manifests/images.yml")),
    ("gather four apps in one file", gathered("cart", "chat", "docs", "feed")),
    ("give each its own file again", scattered("cart", "chat", "docs", "feed")),
    ("add a host", write("inventory/lent.yaml", host_text("lent", "away").replace("  state", "  partner: acme\n  state"))),
    ("add a service there", append(TEXT, document("Service", "edge", "{owner: batch, image: starter, placement: {location: away}}"))),
    ("say what that host calls itself", swap("inventory/lent.yaml", "  partner: acme\n", "  partner: acme\n  serverName: lent\n")),
    ("say what a host can hold", swap("inventory/second.yaml", "{instances: 100}", "{instances: 120, vcpu: 64, memory: 64GiB}")),
    ("label a host", swap("inventory/third.yaml", "  name: third\n", "  name: third\n  labels: {rack: b7}\n")),
    ("cordon a host", swap("inventory/third.yaml", "state: active  ", "state: cordoned")),
    ("resize what is on it", spec("docs", "resources: {memory: 96MiB, vcpu: 2}")),
    ("open it again", swap("inventory/third.yaml", "state: cordoned", "state: active")),
    ("free a service of its host", swap(app("tax"), ", placement: {host: third}", "")),
    ("grow a disk and allow more processes", spec("blog", "resources: {disk: 256MiB, processes: 200}")),
    ("label two", several(*(swap(app(name), f"name: {name}\n", f"name: {name}\n  labels: {{team: a}}\n") for name in ("cart", "chat")))),
    ("add a variable", swap(app("feed"), "{NAME: feed}", "{NAME: feed, MODE: 'fast', HOME_PAGE: 'https://example.org/?a=${b}'}")),
    ("take it away", swap(app("feed"), ", MODE: 'fast', HOME_PAGE: 'https://example.org/?a=${b}'", "")),
    ("give a domain and a port", several(spec("geo", "domains: [geo.example.org]"), swap(app("geo"), "[8006]", "[8006, 443]"))),
    ("freeze one and put one to sleep", several(spec("jobs", "state: frozen"), spec("mail", "state: hibernated"))),
    ("wake both", several(swap(app("jobs"), "state: frozen, ", ""), swap(app("mail"), "state: hibernated", "state: running"))),
    ("leave the power of one to its use", spec("news", "power: idle")),
    ("lock one", spec("pay", "locked: true")),
    ("resize the locked one and unlock it", swap(app("pay"), "locked: true", "locked: false, resources: {memory: 80MiB}")),
    ("rename one", rename("rank", "score")),
    ("rename it again", several(rename("score", "ratings"), swap(app("ratings"), "  moved: rank\n", ""))),
    ("forget what it was called", swap(app("ratings"), "  moved: score\n", "")),
    ("rename and resize one at once", several(rename("wiki", "pages"), spec("pages", "resources: {memory: 96MiB}"))),
    ("add a script", several(write("manifests/files/ready.sh", SCRIPT), spec("stock", "bootstrap: {file: manifests/files/ready.sh}"))),
    ("change the script", append("manifests/files/ready.sh", "echo steady\n")),
    ("enlarge a pool", swap(POOLS, WARM, "  size: {min: 4, max: 10}\n")),
    ("shrink it", swap(POOLS, "{min: 4, max: 10}", "1")),
    ("empty it on purpose", swap(POOLS, "size: 1", "size: 0\n  allowZero: true")),
    ("take a pool away", remove(POOLS)),
    ("add a session", write("manifests/trial.yaml", SESSION)),
    ("let it live longer", swap("manifests/trial.yaml", "8h", "24h")),
    ("end it before its time", remove("manifests/trial.yaml")),
    ("pin another image", several(append("manifests/images.yml", SECOND_IMAGE), write("manifests/files/two.tar.gz", "another image"))),
    ("add a service of it", append(TEXT, document("Service", "fresh", "{owner: team, image: later, placement: {host: local}}"))),
    ("make one anew from it", swap(TEXT, VAULT, VAULT.replace("starter", "later\n  replace: allowed"))),
    ("allow that no more", swap(TEXT, "  replace: allowed\n", "")),
    ("a new tier, and a key of it", append(KEYS, document("Tier", "huge", "{vcpu: 4, memory: 1GiB, disk: 2GiB, processes: 900}") + GUEST)),
    ("resize the tier of a few", swap(KEYS, "processes: 400}", "processes: 500}")),
    ("let a key be valid for a while", swap(KEYS, "tier: large}", "tier: large, validUntil: '2031-01-01T00:00:00Z'}")),
    ("let containers reach a network", swap(POLICY, "egress: []  ", "egress: [{destination: 203.0.113.0/24, ports: 443}]  ")),
    ("keep what leaves for longer", append(POLICY, "  grace: {services: 48h}\n")),
    ("remove two", remove(app("search"), app("tax"))),
    ("take one of them back", write(app("search"), start()[app("search")])),
)
"""What it is called, and what it does to the files. In this order: each stands on those before it."""

STILL = frozenset(
    {
        "write about the fleet",
        "write a comment",
        "reorder the documents of a file",
        "let a tool write the file",
        "end lines as on another system",
        "end them as before",
        "begin a file with a byte order mark",
        "leave a file with nothing but a comment",
        "take that file away",
        "move a file with two services",
        "move it back",
        "name a file .yml",
        "gather four apps in one file",
        "give each its own file again",
        "add a host",
        "say what that host calls itself",
        "say what a host can hold",
        "label a host",
        "cordon a host",
        "open it again",
        "free a service of its host",
        "forget what it was called",
        "take a pool away",
        "pin another image",
        "allow that no more",
        "a new tier, and a key of it",
        "let a key be valid for a while",
        "keep what leaves for longer",
    }
)
"""Edits that touch no host."""

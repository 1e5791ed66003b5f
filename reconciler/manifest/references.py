"""Names that point at other manifests: found, or a finding with the nearest right name."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from difflib import get_close_matches
from ipaddress import IPv4Interface, IPv4Network
from typing import TYPE_CHECKING

from reconciler.errors import Finding
from reconciler.manifest.parts import spec_of
from reconciler.manifest.schema import (
    MAX_SCRIPT,
    BootstrapSpec,
    HostSpec,
    KeySpec,
    ResourcesSpec,
    ServiceSpec,
    SessionSpec,
    TierSpec,
)
from reconciler.manifest.yamltext import dotted
from reconciler.model.names import Kind
from reconciler.model.resources import Bootstrap, Resources

if TYPE_CHECKING:
    from reconciler.manifest.documents import Document, Documents

LIMITS = ("vcpu", "memory", "disk", "processes")
SMALLEST_MEMORY = SMALLEST_DISK = 16 * 1024 * 1024


class Index:
    """Documents by kind and name, and the findings of looking things up."""

    def __init__(self, documents: Documents) -> None:
        self._files = documents.files
        self._kinds: dict[Kind, dict[str, Document]] = defaultdict(dict)
        self.items = documents.items
        """Every document, in the order of files; a reference that is declared twice is in it twice."""
        for document in documents.items:
            self._kinds[document.ref.kind].setdefault(document.ref.name, document)
        self._locations = {spec_of(item, HostSpec).location for item in self.of(Kind.HOST)}
        self.findings: list[Finding] = []

    def of(self, kind: Kind) -> list[Document]:
        """Every document of a kind, sorted by name."""
        return [self._kinds[kind][name] for name in sorted(self._kinds[kind])]

    def find(self, document: Document | None, message: str, *path: str | int, hint: str = "", code: str = "D02") -> None:
        """Add a finding at ``path`` of ``document``, or about the whole repository."""
        if document is None:
            self.findings.append(Finding("inventory", 0, 0, "", message, hint, code))
            return
        line, column = document.place(*path)
        self.findings.append(Finding(document.source.file, line, column, dotted(path), message, hint, code))

    def get(self, kind: Kind, name: str | None) -> Document | None:
        """The document ``kind/name``; None where there is none, which ``checks`` finds."""
        return self._kinds[kind].get(name) if name else None

    def refer(self, document: Document, kind: Kind, name: str, *path: str | int) -> None:
        """A finding where there is no document ``kind/name``."""
        if name not in self._kinds[kind]:
            self._dangling(document, f"{kind}/{name}", name, sorted(self._kinds[kind]), *path)

    def location(self, document: Document, name: str, *path: str | int) -> None:
        """A location exists where a host stands at it."""
        if name not in self._locations:
            self._dangling(document, f"location {name}", name, sorted(self._locations), *path)

    def _dangling(self, document: Document, what: str, name: str, known: list[str], *path: str | int) -> None:
        near = get_close_matches(name, known, 1, 0.5)
        mean = f"; did you mean {near[0]}?" if near else ""
        self.find(document, f"there is no {what}{mean}", *path, hint=f"known: {', '.join(known) or 'none'}", code="D11")

    def tier_of(self, key: Document | None) -> Document | None:
        """The tier of a key; a dangling one is found where keys are checked."""
        return self._kinds[Kind.TIER].get(spec_of(key, KeySpec).tier) if key else None

    def resources(self, document: Document, spec: ResourcesSpec, tier: Document | None) -> Resources | None:
        """Limits, what is left out taken from ``tier``. A size that is absent altogether is a finding: no limit is never meant."""
        base = spec_of(tier, TierSpec) if tier else None
        if tier is None and isinstance(document.spec, ServiceSpec | SessionSpec) and document.spec.owner not in self._kinds[Kind.KEY]:
            return None  # the missing owner is a finding already, and its tier would have given these
        values: dict[str, int | None] = {name: getattr(spec, name) or (getattr(base, name) if base else None) for name in LIMITS}
        missing = [name for name, value in values.items() if value is None]
        if missing:
            where = "and no tier gives it" if tier is None else ""
            self.find(
                document,
                f"{', '.join(missing)} is not given {where}".strip(),
                "spec",
                "resources",
                hint="write spec.resources or name a tier",
                code="D05",
            )
            return None
        given = {name: value for name, value in values.items() if value is not None}
        for name, smallest in (("memory", SMALLEST_MEMORY), ("disk", SMALLEST_DISK)):
            if given[name] < smallest:
                self.find(document, f"{given[name]} bytes is below the smallest that starts, 16MiB", "spec", "resources", name)
        return Resources(**given)

    def bootstrap(self, document: Document, spec: BootstrapSpec | None) -> Bootstrap | None:
        """The script and its digest; its file must be one that was read."""
        if spec is None:
            return None
        text = spec.inline if spec.file is None else self._files.get(spec.file)
        if text is None:
            hint = "the path starts at the repository's root and lies below manifests/, inventory/ or state/"
            self.find(document, f"there is no file {spec.file}", "spec", "bootstrap", "file", hint=hint)
            return None
        if len(text) > MAX_SCRIPT:
            self.find(document, f"the script is longer than {MAX_SCRIPT} characters", "spec", "bootstrap")
        return Bootstrap(text, f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")

    def circles(self, document: Document) -> bool:
        """Whether a key is its own ancestor."""
        seen, name = set(), spec_of(document, KeySpec).parent
        while name and name not in seen:
            seen.add(name)
            above = self._kinds[Kind.KEY].get(name)
            name = spec_of(above, KeySpec).parent if above else None
        return document.ref.name in seen

    def check_hosts(self) -> None:
        """No two entries for one project of one LXD, but for members of one cluster; a subnet is a private network of our own."""
        first: dict[tuple[str, str], Document] = {}
        for document in self.of(Kind.HOST):
            spec = spec_of(document, HostSpec)
            for key in ((spec.address, spec.project), (spec.fingerprint, spec.project)):
                other = first.setdefault(key, document)
                if other is not document and not _together(document, other):
                    self.find(document, f"the same LXD and project as {other.ref} at {other.source}", "spec", "address")
                    break
            subnet = self._bridge(document, spec.subnet, "subnet", "10.231.0.1/20")
            uplink = self._bridge(document, spec.uplink, "uplink", "10.230.255.1/28")
            if subnet and uplink and subnet.overlaps(uplink):
                self.find(document, f"it overlaps the subnet {spec.subnet}", "spec", "uplink", hint="10.230.255.1/28")

    def _bridge(self, document: Document, text: str, field: str, hint: str) -> IPv4Network | None:
        """The network that a bridge of the host stands in; None where it is none."""
        try:
            bridge = IPv4Interface(text)
        except ValueError as error:
            self.find(document, f"not an address with prefix: {error}", "spec", field, hint=hint)
            return None
        if not bridge.network.is_private or bridge.ip == bridge.network.network_address:
            self.find(document, "it must be a private network, with the bridge's own address in it", "spec", field, hint=hint)
        return bridge.network


def _together(one: Document, other: Document) -> bool:
    ours, theirs = spec_of(one, HostSpec).cluster, spec_of(other, HostSpec).cluster
    return ours is not None and theirs is not None and ours.name == theirs.name

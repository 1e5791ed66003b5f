"""Names that are told apart in a manifest and nowhere else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reconciler.manifest.parts import spec_of
from reconciler.manifest.schema import HostSpec, KeySpec, ServiceSpec
from reconciler.model.names import Kind

if TYPE_CHECKING:
    from reconciler.manifest.documents import Document
    from reconciler.manifest.references import Index


def check_domains(index: Index) -> None:
    """A domain belongs to one service, whatever the case of its letters."""
    first: dict[str, Document] = {}
    for document in index.of(Kind.SERVICE):
        domains = spec_of(document, ServiceSpec).domains
        for number, domain in enumerate(domains):
            folded = domain.casefold()
            other = first.setdefault(folded, document)
            if other is not document or folded in {earlier.casefold() for earlier in domains[:number]}:
                index.find(document, f"{domain} belongs to {other.ref} at {other.source} already", "spec", "domains", number, code="D17")


def check_public_ids(index: Index) -> None:
    """A public id is one key's: who asks with it would be two owners, and is then taken for nobody."""
    first: dict[str, Document] = {}
    for document in index.of(Kind.KEY):
        other = first.setdefault(spec_of(document, KeySpec).public_id, document)
        if other is not document:
            index.find(document, f"{other.ref} at {other.source} has this public id already", "spec", "publicId", code="D17")


def check_bridges(index: Index) -> None:
    """Two projects of one LXD have bridges of their own; Linux leaves so few letters that names are cut, and could meet."""
    first: dict[tuple[str, str], Document] = {}
    for document in index.of(Kind.HOST):
        spec = spec_of(document, HostSpec)
        other = first.setdefault((spec.fingerprint, short(spec.project)), document)
        if other is not document and spec_of(other, HostSpec).project != spec.project:
            told = f"the bridges of project {spec.project} would have the names of those of {other.ref} at {other.source}"
            index.find(document, told, "spec", "project", hint="another name for the project", code="D17")


def short(project: str) -> str:
    """What is left of a project's name in the names of its bridges."""
    return hashlib.sha256(project.encode()).hexdigest()[:8]

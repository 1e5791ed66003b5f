"""Which live object a manifest means: by uid, and by the name it had before."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from reconciler.manifest.parts import spec_of
from reconciler.manifest.schema import PolicySpec, PoolSpec
from reconciler.model.names import Kind, Ref, cell_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.manifest.documents import Document
    from reconciler.manifest.references import Index

LIVING = frozenset({Kind.SERVICE, Kind.SESSION})


def uid_of(environment: str, ref: Ref, given: str = "") -> str:
    """The uid that is given, or the one made from environment, kind and name."""
    return given or hashlib.sha256(f"{environment}/{ref}".encode()).hexdigest()[:32]


def moved_uid_of(environment: str, document: Document) -> str:
    """The uid it has under the name it had before; "" where it always had this one."""
    return uid_of(environment, Ref(document.ref.kind, document.moved), document.uid) if document.moved else ""


def check_former_names(index: Index) -> frozenset[Ref]:
    """One former name belongs to one manifest, and to none while it is declared. Gives those that were found."""
    moved: dict[Ref, list[Document]] = defaultdict(list)
    for document in index.items:
        if document.moved:
            moved[Ref(document.ref.kind, document.moved)].append(document)
    declared = {document.ref: document for document in index.items}
    found = set()
    for before, documents in moved.items():
        rivals: Sequence[Document] = [declared[before], *documents] if before in declared else documents
        for document in documents:
            rival = next((rival for rival in rivals if rival is not document), None)
            if rival is not None:
                told = f"{before} is claimed at {rival.source} as well"
                index.find(document, told, "metadata", "moved", hint="one name, one object", code="I12")
                found.add(document.ref)
    return frozenset(found)


def check_uids(index: Index, found: frozenset[Ref]) -> None:
    """One uid belongs to one manifest, given or made from a name. What is in ``found`` is not told again."""
    first: dict[str, Document] = {}
    given = {document.uid for document in index.items if document.uid}
    for document, uid in _claims(index, given):
        other = first.setdefault(uid, document)
        if other.ref == document.ref or {other.ref, document.ref} & found:
            continue
        key = "uid" if document.uid else "moved" if document.moved else "name"
        index.find(document, f"{other.ref} at {other.source} has the same uid", "metadata", key, hint="one uid, one object", code="I12")


def _claims(index: Index, given: set[str]) -> Iterator[tuple[Document, str]]:
    policies = index.of(Kind.POLICY)
    environment = spec_of(policies[0], PolicySpec).environment if policies else PolicySpec().environment
    for document in index.items:
        if document.ref.kind in LIVING:
            claims = {uid_of(environment, document.ref, document.uid), moved_uid_of(environment, document)} - {""}
            yield from ((document, uid) for uid in sorted(claims))
        elif document.uid:
            yield document, document.uid
    if given:
        # A uid made from a cell's name can meet no other but one that was written.
        yield from _cells(index, environment, given)


def _cells(index: Index, environment: str, given: set[str]) -> Iterator[tuple[Document, str]]:
    for document in index.of(Kind.POOL):
        made = (uid_of(environment, cell_ref(document.ref.name, slot)) for slot in range(spec_of(document, PoolSpec).size.max))
        yield from ((document, uid) for uid in made if uid in given)

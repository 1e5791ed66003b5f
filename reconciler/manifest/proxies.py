"""Services that are the proxy of a host: one a host, set up by the policy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest.parts import spec_of
from reconciler.manifest.schema import PolicySpec, ServiceSpec
from reconciler.model.names import Kind
from reconciler.model.resources import NetworkMode

if TYPE_CHECKING:
    from reconciler.manifest.documents import Document
    from reconciler.manifest.references import Index


def check_proxies(index: Index) -> None:
    """D12: a proxy whose policy names nothing, whose host is not named or has one, or that brings a script of its own."""
    policies = index.of(Kind.POLICY)
    terms = spec_of(policies[0], PolicySpec).proxy if policies else None
    first: dict[str, Document] = {}
    for document in index.of(Kind.SERVICE):
        spec = spec_of(document, ServiceSpec)
        if spec.network != NetworkMode.PROXY.value:
            continue
        if terms is None:
            index.find(document, "the policy says nothing of a proxy", "spec", "network", hint="write spec.proxy in the Policy", code="D12")
        if spec.bootstrap is not None:
            index.find(document, "a proxy is set up by the policy", "spec", "bootstrap", hint="leave bootstrap out", code="D12")
        _alone(index, document, spec.placement.host, first)


def _alone(index: Index, document: Document, host: str | None, first: dict[str, Document]) -> None:
    if host is None:
        hint = "placement: {host: NAME}"
        index.find(document, "a proxy is the proxy of one host, which is not named", "spec", "placement", hint=hint, code="D12")
        return
    other = first.setdefault(host, document)
    if other is not document:
        told = f"{other.ref} at {other.source} is the proxy of Host/{host} already"
        index.find(document, told, "spec", "placement", "host", hint="keep one of them", code="D12")

"""What the manifests hold, or every finding in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.plan import commit_text

if TYPE_CHECKING:
    from reconciler.cli.render.screen import Line
    from reconciler.errors import ManifestError
    from reconciler.model.resources import Desired


def counts(desired: Desired) -> dict[str, int]:
    """How many resources of each kind; cells are counted in their pools."""
    refs = [
        resource.ref
        for group in (desired.workloads, desired.pools, desired.images, desired.tiers, desired.keys, desired.hosts)
        for resource in group
    ]
    return dict(sorted(Counter(ref.kind.value for ref in refs).items()))


def valid_lines(desired: Desired) -> list[Line]:
    """One line: what there is, of which commit."""
    words = ", ".join(f"{count} {kind}" for kind, count in counts(desired).items())
    return [(("Valid: ", "good"), (words, ""), (f" · {commit_text(desired.commit)}", "dim"))]


def valid_document(desired: Desired) -> dict[str, object]:
    """Counts as JSON values."""
    commit = desired.commit
    return {"valid": True, "commit": commit.id, "dirty": commit.dirty, "counts": counts(desired), "findings": []}


def finding_document(error: ManifestError) -> dict[str, object]:
    """Every finding as JSON values."""
    return {"valid": False, "findings": [asdict(finding) for finding in error.findings]}

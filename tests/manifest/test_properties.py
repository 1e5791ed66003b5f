"""Whatever is written, reading it ends in documents or in findings, never in anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.compile import compile_desired
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.load import load
from reconciler.model.resources import Commit
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    import random

EXAMPLE = "\n---\n".join(path.read_text() for path in sorted((REPOSITORY / "manifests" / "examples").glob("*.yaml")))


def read(text: str) -> None:
    try:
        compile_desired(load([SourceFile("manifests/it.yaml", text)]), Commit("", dirty=False, digest=""))
    except ManifestError as error:
        assert error.findings  # noqa: PT017 - any other error is what this looks for
        assert all(finding.message for finding in error.findings)  # noqa: PT017


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text(text: str) -> None:
    read(text)


@given(st.randoms(use_true_random=False), st.text(max_size=5), st.integers(1, 6))
@settings(max_examples=300, deadline=None)
def test_a_manifest_with_something_else_in_places(order: random.Random, noise: str, times: int) -> None:
    text = EXAMPLE
    for _ in range(times):
        start = order.randrange(len(text))
        text = text[:start] + noise + text[start + order.randrange(12) :]
    read(text)

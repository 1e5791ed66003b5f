"""Pinning an image in its manifest: two values change and nothing else."""

from __future__ import annotations

import pytest

from reconciler.manifest.pin import pin

OLD, NEW = "a" * 64, "b" * 64
TEXT = f"""\
# images of the fleet, größer
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: golden}}   # the big one
spec:
  recipe: golden
  fingerprint: "{OLD}"  # pinned in March
---
kind: Image
apiVersion: unsandbox/v1
metadata:
  name: starter
spec: {{recipe: starter, file: old.tar.gz, fingerprint: {OLD}}}
"""


def test_comments_and_order_stay() -> None:
    text, edits = pin("manifests/images.yaml", TEXT, "golden", {"fingerprint": NEW, "file": "new.tar.gz"})
    assert text == TEXT.replace(f'"{OLD}"', NEW)
    assert [(edit.line, edit.path, edit.old, edit.new) for edit in edits] == [(7, "spec.fingerprint", OLD, NEW)]


def test_a_file_that_is_named_goes_with_it() -> None:
    text, edits = pin("manifests/images.yaml", TEXT, "starter", {"fingerprint": NEW, "file": "new.tar.gz"})
    assert text == TEXT.replace(f"file: old.tar.gz, fingerprint: {OLD}", f"file: new.tar.gz, fingerprint: {NEW}")
    assert {edit.line for edit in edits} == {13}


@pytest.mark.parametrize(("name", "value"), [("golden", OLD), ("nobody", NEW)])
def test_what_is_pinned_already_or_is_not_there_changes_nothing(name: str, value: str) -> None:
    assert pin("manifests/images.yaml", TEXT, name, {"fingerprint": value}) == (TEXT, ())

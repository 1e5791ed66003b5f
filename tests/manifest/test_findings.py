"""Case tables: text in, every finding with its place out. ``base`` files stand around each case unless it says ``alone``."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.compile import compile_desired
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.load import load
from reconciler.model.resources import Commit, Desired
from tests.cases.loader import cases
from tests.e2e.fleet import BASE, HEAD

COMMIT = Commit("", dirty=False, digest="0" * 64)
HOST = HEAD.format(kind="Host", name="h1") + "  {address: 'unix:/run/lxd.socket', fingerprint: " + "b" * 64 + ", location: here}\n"
AROUND = {"manifests/base.yaml": BASE.format(fingerprint="a" * 64), "inventory/h1.yaml": HOST}


def desired_of(case: dict[str, Any]) -> Desired:
    files = {} if case.get("alone") else dict(AROUND)
    if "text" in case:
        files["manifests/it.yaml"] = case["text"]
    if "spec" in case:
        kind = case.get("kind", "Service")
        files["manifests/it.yaml"] = HEAD.format(kind=kind, name=case.get("of", "web")) + f"  {case['spec']}\n"
    files |= case.get("files", {})
    return compile_desired(load(SourceFile(path, text) for path, text in files.items()), COMMIT)


@pytest.mark.parametrize("case", cases("manifest"))
def test_what_is_found(case: dict[str, Any]) -> None:
    if "findings" not in case and "codes" not in case:
        assert desired_of(case)
        return
    with pytest.raises(ManifestError) as caught:
        desired_of(case)
    if "findings" in case:
        assert [str(finding) for finding in caught.value.findings] == case["findings"]
    if "codes" in case:
        assert [finding.code for finding in caught.value.findings] == case["codes"]
    if "hint" in case:
        assert case["hint"] in {finding.hint for finding in caught.value.findings}
    for secret in case.get("never", ()):
        assert secret not in str(caught.value) + "".join(finding.hint for finding in caught.value.findings)

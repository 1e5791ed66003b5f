"""The rules about the text: one that breaks is a finding with its code, and nothing is applied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest import load as loading
from reconciler.manifest.checks import INDEX_RULES, TEXT_RULES, check_all
from reconciler.manifest.documents import Documents, SourceFile
from reconciler.manifest.reading import NOTHING, READ_RULES, Flaw, code_of
from reconciler.manifest.references import Index
from reconciler.model.rules import FAILED_CAUSE, No, Rule, ask
from tests.cases.loader import cases
from tests.manifest.test_findings import desired_of


def broken(*_: object) -> No | None:
    raise RuntimeError("the check could not be made")


@pytest.mark.parametrize("rule", INDEX_RULES, ids=lambda rule: rule.code)
def test_a_rule_over_all_manifests_that_breaks_is_a_finding(rule: Rule[[Index]]) -> None:
    index = Index(Documents((), {}))
    check_all(index, (replace(rule, check=broken),))
    assert [finding.code for finding in index.findings] == [rule.code]
    assert FAILED_CAUSE in index.findings[0].message


@pytest.mark.parametrize("rule", READ_RULES, ids=lambda rule: rule.code)
def test_a_rule_about_a_flaw_that_breaks_takes_the_flaw(rule: Rule[[Flaw]]) -> None:
    assert code_of(Flaw("string_type", ("spec", "image"), "it must be text"), (replace(rule, check=broken),)) == rule.code


def test_a_count_that_cannot_be_taken_is_no_repository() -> None:
    assert ask(replace(NOTHING, check=broken), "unsandbox init DIR", 3) is not None


def test_a_reader_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_up(path: str, text: str) -> object:
        raise RecursionError(f"{path} of {len(text)} characters")

    monkeypatch.setattr(loading, "parse", gives_up)
    with pytest.raises(ManifestError) as caught:
        loading.load([SourceFile("manifests/a.yaml", "{}")])
    assert [finding.code for finding in caught.value.findings] == ["D02"]


@pytest.mark.parametrize("rule", TEXT_RULES, ids=lambda rule: rule.code)
def test_each_code_has_a_case_that_refuses_and_one_that_allows(rule: Rule[[Index]]) -> None:
    told = [param.values[0] for param in cases("manifest")]
    named = [case for case in told if isinstance(case, dict) and str(case["name"]).startswith(f"{rule.code} ")]
    assert any(rule.code in case.get("codes", ()) for case in named)
    allowing = [case for case in named if "codes" not in case and "findings" not in case]
    assert allowing
    for case in allowing:
        assert desired_of(case)

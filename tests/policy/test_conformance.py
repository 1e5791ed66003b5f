from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.conformance import ARTIFACT, PROGRAMS, Judgement, Ran, Stage
from reconciler.model.language import Check, Language, MemoryClass, TimeClass
from reconciler.policy.conformance import EXIT, PROBE, REAL, TO_STDERR, conforms, judge
from tests.cases.loader import cases

LANGUAGE = Language("toy", "Toy", source="main.toy", run=("toy", "main.toy"), time=TimeClass.QUICK, memory=MemoryClass.SMALL)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _good(*, compiled: bool) -> dict[str, Ran]:
    built = Stage(0) if compiled else None
    failed = Stage(1, stderr=b"main.toy:2: expected )\n")
    return {
        "probe": Ran(built, Stage(EXIT, _lines(*PROBE.values()), _lines(TO_STDERR)), ARTIFACT[1]),
        "real": Ran(built, Stage(0, _lines(*REAL))),
        "broken": Ran(failed, None) if compiled else Ran(None, failed),
    }


def _stage(before: Stage | None, change: dict[str, Any] | None) -> Stage | None:
    if change is None:
        return None
    values = {**change}
    for stream in ("stdout", "stderr"):
        if stream in values:
            values[stream] = _lines(*values[stream])
    if "raw" in values:
        values["stdout"] = values.pop("raw").encode("latin-1") + values.pop("rest", "").encode()
    return replace(before or Stage(0), **values)


def _changed(ran: dict[str, Ran], target: str, change: dict[str, Any] | None) -> None:
    program, _, stage = target.partition(".")
    before = ran[program]
    if change and "artifact" in change:
        artifact = change["artifact"]
        ran[program] = replace(before, artifact=artifact.encode() if artifact is not None else None)
    elif stage:
        ran[program] = replace(before, compiled=_stage(before.compiled, change))
    else:
        ran[program] = replace(before, ran=_stage(before.ran, change))


@pytest.mark.parametrize("case", cases("conformance"))
def test_each_check_fails_for_what_it_is_there_to_find(case: dict[str, Any]) -> None:
    language = replace(LANGUAGE, compile=("toyc", "main.toy")) if case.get("compiled") else LANGUAGE
    ran = _good(compiled=bool(case.get("compiled")))
    for target, change in case.get("instead", {}).items():
        _changed(ran, target, change)
    for program in case.get("without", ()):
        del ran[program]
    judgements = judge(language, ran)
    assert [judgement.check for judgement in judgements] == list(Check)
    found = {judgement.check.value: judgement.why for judgement in judgements if not judgement.passed}
    assert found.keys() == case["fails"].keys(), found
    for check, why in case["fails"].items():
        assert why in found[check]
    assert conforms(language, judgements) is (not found)


def test_every_check_has_a_result_that_fails_it() -> None:
    """A check that no case fails could be one that cannot fail."""
    failed = {check for parameters in cases("conformance") for check in parameters.values[0]["fails"]}  # type: ignore[index]
    assert failed == {check.value for check in Check}


def test_a_language_counts_only_with_every_check_passed() -> None:
    judgements = judge(LANGUAGE, _good(compiled=False))
    assert conforms(LANGUAGE, judgements)
    assert not conforms(LANGUAGE, judgements[:-1])
    assert not conforms(LANGUAGE, (*judgements[:-1], Judgement(Check.BROKEN, "it was taken")))
    assert not conforms(replace(LANGUAGE, unavailable="nobody packs it"), judgements)
    assert not conforms(replace(LANGUAGE, without=((Check.ARGS, "it knows none"),)), judgements)
    assert not conforms(LANGUAGE, ())


def test_an_answer_is_shown_cut() -> None:
    ran = _good(compiled=False) | {"real": Ran(None, Stage(0, b"x" * 1_000_000 + b"\n"))}
    why = next(judgement.why for judgement in judge(LANGUAGE, ran) if judgement.check is Check.REAL)
    assert len(why) < 300


stages = st.none() | st.builds(Stage, st.none() | st.integers(-1, 255), st.binary(max_size=80), st.binary(max_size=80), st.floats(0, 1e9))


@given(st.dictionaries(st.sampled_from(PROGRAMS), st.builds(Ran, stages, stages, st.none() | st.binary(max_size=20))), st.booleans())
def test_whatever_comes_back_every_check_is_judged(ran: dict[str, Ran], compiled: bool) -> None:
    language = replace(LANGUAGE, compile=("toyc",) if compiled else ())
    judgements = judge(language, ran)
    assert [judgement.check for judgement in judgements] == list(Check)
    assert not conforms(language, judgements)

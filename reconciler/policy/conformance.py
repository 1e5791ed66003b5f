"""Whether a language in an image keeps the contract: each check from what its programs gave back, byte for byte.

What was not run, or was ended from outside, has failed every check that needed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.conformance import ARGUMENTS, ARTIFACT, INPUT, STDIN, VARIABLE, Judgement
from reconciler.model.language import MIB, Check

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.conformance import Ran, Stage
    from reconciler.model.language import Language

HELLO = "hello"
PROBE = {
    Check.HELLO: HELLO,
    Check.STDIN: "stdin=" + "|".join(STDIN.decode().splitlines()),
    Check.FILE: "file=" + INPUT[1].decode().strip(),
    Check.ARGS: "args=" + "|".join(ARGUMENTS),
    Check.ENV: "env=" + VARIABLE[1],
    Check.UTF8: "utf8=Grüße 世界 🚀",
}
"""The lines that ``probe`` writes to stdout, in this order and no other."""
TO_STDERR = "to stderr"
EXIT = 7
REAL = ("sorted 2 71716 139927", "distinct 998", "most 513 14", "checksum 465185", "loop 400001")
SHOWN = 120
"""Characters of an answer that a judgement repeats."""


def judge(language: Language, ran: Mapping[str, Ran]) -> tuple[Judgement, ...]:
    """Every check in the order of the matrix. ``ran`` by the name of the program; one that is missing was not run."""
    return tuple(_judgements(language, ran))


def conforms(language: Language, judgements: tuple[Judgement, ...]) -> bool:
    """Whether the language counts: it can be had, every check was judged, each passed, and none is left out by nature."""
    judged = {judgement.check for judgement in judgements}
    return not language.unavailable and not language.without and judged == set(Check) and all(judgement.passed for judgement in judgements)


def _judgements(language: Language, ran: Mapping[str, Ran]) -> Iterator[Judgement]:
    probe = ran.get("probe")
    lost = _not_come_to(language, probe, "probe")
    for number, (check, line) in enumerate(PROBE.items()):
        yield Judgement(check, lost or _line(_stage(probe), number, line))
    yield Judgement(Check.STDERR, lost or _stderr(_stage(probe)))
    yield Judgement(Check.ARTIFACT, lost or _artifact(probe.artifact if probe else None))
    yield Judgement(Check.EXIT, lost or _exit(_stage(probe), EXIT))
    real = ran.get("real")
    yield Judgement(Check.REAL, _not_come_to(language, real, "real") or _real(_stage(real)))
    yield Judgement(Check.BROKEN, _broken(language, ran.get("broken")))


def _not_come_to(language: Language, ran: Ran | None, program: str) -> str:
    """Why a program that must compile and run gave nothing to judge, or took more than its language is allowed; "" where neither."""
    if ran is None:
        return f"{program} was not run"
    if language.compile:
        if ran.compiled is None:
            return f"{program} was not compiled"
        if ran.compiled.exit != 0:
            return f"{program} does not compile: {_ending(ran.compiled)}{_said(ran.compiled)}"
    if ran.ran is None:
        return f"{program} was not run"
    return next((found for stage in (ran.compiled, ran.ran) if stage for found in [_overspent(language, stage)] if found), "")


def _overspent(language: Language, stage: Stage) -> str:
    if stage.exit is None:
        return f"it did not end by itself: {stage.ended or 'not known why'}"
    if stage.seconds > language.time.seconds:
        return f"it took {stage.seconds:.1f} s; {language.time} allows {language.time.seconds} s"
    if stage.peak is not None and stage.peak > language.memory.size:
        return f"it held {stage.peak // MIB} MiB; {language.memory} allows {language.memory.size // MIB} MiB"
    return ""


def _stage(ran: Ran | None) -> Stage:
    if ran is None or ran.ran is None:
        raise ValueError("nothing was run")
    return ran.ran


def _lines(data: bytes) -> list[str]:
    """Lines as text; what comes after the last newline is no line, and shows that it is none."""
    *lines, rest = data.decode("utf-8", "backslashreplace").split("\n")
    return [*lines, f"{rest} (no newline)"] if rest else lines


def _line(stage: Stage, number: int, wanted: str) -> str:
    lines = _lines(stage.stdout)
    if number >= len(lines) or lines[number] != wanted:
        return f"line {number + 1} of stdout is {_show(lines[number]) if number < len(lines) else 'missing'}, not {wanted!r}"
    last = number == len(PROBE) - 1
    return f"stdout goes on: {_show(lines[number + 1])}" if last and len(lines) > len(PROBE) else ""


def _stderr(stage: Stage) -> str:
    return "" if _lines(stage.stderr) == [TO_STDERR] else f"stderr is {_show(stage.stderr)}, not the line {TO_STDERR!r}"


def _artifact(artifact: bytes | None) -> str:
    if artifact is None:
        return f"there is no {ARTIFACT[0]}"
    return "" if artifact == ARTIFACT[1] else f"{ARTIFACT[0]} holds {_show(artifact)}, not {ARTIFACT[1].decode()!r}"


def _exit(stage: Stage, wanted: int) -> str:
    return "" if stage.exit == wanted else f"it ended with {stage.exit}, not {wanted}"


def _real(stage: Stage) -> str:
    if stage.exit != 0:
        return f"it {_ending(stage)}{_said(stage)}"
    lines = _lines(stage.stdout)
    for number, wanted in enumerate(REAL):
        if number >= len(lines) or lines[number] != wanted:
            return f"line {number + 1} is {_show(lines[number]) if number < len(lines) else 'missing'}, not {wanted!r}"
    if len(lines) > len(REAL):
        return f"stdout goes on: {_show(lines[len(REAL)])}"
    return f"stderr is not empty: {_show(stage.stderr)}" if stage.stderr else ""


def _broken(language: Language, ran: Ran | None) -> str:
    """It must fail where it is compiled, or where it is run if there is no compilation, and say something of it."""
    stage = (ran.compiled if language.compile else ran.ran) if ran else None
    if ran is None or stage is None:
        return "broken was not run"
    if stage.exit is None:
        return f"it did not end by itself: {stage.ended or 'not known why'}"
    if stage.exit == 0:
        return "it was taken for a program that holds"
    if not (stage.stdout + stage.stderr).strip():
        return f"it {_ending(stage)} and said nothing"
    if any(HELLO in _lines(each.stdout) for each in (ran.compiled, ran.ran) if each):
        return f"a part of it was run: it wrote {HELLO!r}"
    return ""


def _ending(stage: Stage) -> str:
    return f"ended with {stage.exit}" if stage.exit is not None else f"was ended: {stage.ended or 'not known why'}"


def _said(stage: Stage) -> str:
    words = (stage.stderr.strip() or stage.stdout.strip()).decode("utf-8", "backslashreplace").splitlines()
    return f": {_show(words[0])}" if words else ", without a word"


def _show(answer: str | bytes) -> str:
    text = answer.decode("utf-8", "backslashreplace") if isinstance(answer, bytes) else answer
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")

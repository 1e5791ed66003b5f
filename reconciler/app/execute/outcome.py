"""What came of a run: the word of its runner beside what we know ourselves, and everything that is in doubt."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.app.execute.strictjson import shown
from reconciler.app.execute.talk import fit
from reconciler.model.run import Ending, Receipt, RunResult, Stage, Times

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.app.execute.spec import Dispatch
    from reconciler.app.execute.talk import Hearing
    from reconciler.model.execute import Cell

LIMITS = frozenset({Ending.TIMEOUT, Ending.MEMORY, Ending.OUTPUT})


class Over(NamedTuple):
    """How a run ended on our side: the runner's own word counts where there is no ``why``."""

    ending: Ending
    why: str = ""


def outcome(what: Dispatch, hearing: Hearing, over: Over, took: float, where: tuple[str, Cell]) -> RunResult:
    """The result of a run that ``took`` so many seconds. ``where``: the name of its language, and its cell."""
    language, cell = where
    end = hearing.end if hearing.end is not None and not over.why else {}
    artifacts, refused = fit(hearing.artifacts)
    cpu = (end.get("user_us", 0) + end.get("system_us", 0)) / 1e6
    return RunResult(
        ending=over.ending,
        language=language,
        stage=Stage(end.get("stage", Stage.RUN)),
        exit_code=end.get("code"),
        signal=end.get("signal"),
        stdout=bytes(hearing.stdout),
        stderr=bytes(hearing.stderr),
        truncated=tuple(end.get("truncated", ())),
        artifacts=artifacts,
        refused=(*refused, *((shown(name), shown(why)) for name, why in end.get("refused", ()))),
        times=_times(end.get("times", {}), took),
        cpu=cpu,
        peak=end.get("peak", 0),
        cell=cell.ref,
        host=cell.host,
        receipt=Receipt(
            code_sha256=sha256(what.files[0]).hexdigest(),
            output_sha256=hearing.sha256,
            agrees=bool(end),
            output=hearing.output,
            cpu=cpu,
            killed=end.get("left", 0),
            processes=end.get("processes", -1),
            mounts=end.get("mounts", -1),
            doubts=_doubts(end, over),
        ),
    )


def _doubts(end: Mapping[str, Any], over: Over) -> tuple[str, ...]:
    """Everything that was not as it should be. Text of the runner's is shown as far as it can be."""
    found = [over.why] if over.why else []
    if over.ending in LIMITS:
        found.append(f"a limit was hit: {over.ending}")
    elif end.get("starved"):
        found.append("a process was killed for want of memory")
    if end.get("left"):
        found.append(f"processes that the program left: {end['left']}")
    found += map(shown, end.get("doubts", ()))
    return tuple(found)


def _times(told: Mapping[str, int], took: float) -> Times:
    """Those of the runner; what it does not account for is the way to it and back."""
    seconds = {name: value / 1e6 for name, value in told.items()}
    way = max(0.0, took - seconds.get("all", took))
    named = {name: seconds.get(name, 0.0) for name in ("compile", "run", "collect", "wipe")}
    return Times(start=way + seconds.get("sandbox", 0.0), **named)

"""Trying an image: its smoke test, then each of its languages held to the contract, in one container without a network."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.app.spread.bench import bench
from reconciler.lxd.inside import run_command
from reconciler.lxd.workbench import Order, work
from reconciler.model.conformance import ARGUMENTS, ARTIFACT, VARIABLE, Ran
from reconciler.model.plan import RunCommand
from reconciler.model.trial import Trial, Tried
from reconciler.policy.conformance import conforms, judge

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from reconciler.app.spread.bench import Subject
    from reconciler.app.spread.writes import Writes
    from reconciler.lxd.connect import Door
    from reconciler.model.conformance import Stage
    from reconciler.model.language import Language

    Progress = Callable[[str, Tried | str], None]
    """Hears of a host what goes on there, or a language that was tried to its end."""

SMOKE_SECONDS = 60
ROOT = 0
"""uid of the smoke test: only root can try another account."""
VERSION_SECONDS = 30
VERSION_SHOWN = 60
"""Characters of a version."""


class TrialStopped(Exception):
    """Somebody asked to stop before every language was tried. The container is gone."""


def try_image(door: Door, writes: Writes, subject: Subject, progress: Progress, stop: threading.Event | None = None) -> Trial:
    """Try it on the host of ``door``, which has it. Only under the lease. Raises a ``HostError``, or ``TrialStopped`` after ``stop``."""
    began, host = time.monotonic(), door.host.name

    def tell(text: str) -> None:
        progress(host, text)

    with bench(door, writes, subject, tell) as (name, ready):
        smoke = _smoke(door, name, subject)
        tried = []
        _heed(stop)
        for language in () if smoke else subject.languages:
            tried.append(_try(door, name, subject, language))
            progress(host, tried[-1])
            _heed(stop)
    return Trial(subject.image, subject.fingerprint, host, time.monotonic() - began, ready, smoke, tuple(tried))


def _heed(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise TrialStopped


def _smoke(door: Door, name: str, subject: Subject) -> str:
    if not subject.smoke:
        return ""
    stage, _ = work(door, name, ROOT, Order(subject.smoke, SMOKE_SECONDS, fresh=True))
    # What root made there would be in the way of who comes next.
    run_command(door, RunCommand(name, ("/bin/sh", "-c", "rm -rf /tmp/* /tmp/.[!.]*"), SMOKE_SECONDS))
    if stage.exit == 0:
        return ""
    said = (stage.stderr.strip() or stage.stdout.strip()).decode("utf-8", "backslashreplace").splitlines()
    ending = stage.ended or f"it ended with {stage.exit}"
    return f"{ending}: {said[-1][:120]}" if said else ending


def _try(door: Door, name: str, subject: Subject, language: Language) -> Tried:
    ran = {program: _run(door, name, subject.uid, language, text) for program, text in _programs(subject, language)}
    judgements = judge(language, ran)
    stages = [stage for one in ran.values() for stage in (one.compiled, one.ran) if stage is not None]
    cold = sum(stage.seconds for one in list(ran.values())[:1] for stage in (one.compiled, one.ran) if stage is not None)
    return Tried(
        language=language.name,
        title=language.title,
        version=_version(door, name, subject.uid, language),
        cold=cold,
        peak=max((stage.peak for stage in stages if stage.peak is not None), default=None),
        judgements=judgements,
        excused=tuple(check.value for check, _ in language.without),
        counts=conforms(language, judgements),
    )


def _programs(subject: Subject, language: Language) -> list[tuple[str, str]]:
    """``probe`` first: what is measured of it is measured cold."""
    named = ("probe", "real", "broken")
    return [(program, subject.programs[language.name, program]) for program in named if (language.name, program) in subject.programs]


def _run(door: Door, name: str, uid: int, language: Language, text: str) -> Ran:
    """Compile and run one program in a world of its own."""
    environment = {**dict(language.environment), VARIABLE[0]: VARIABLE[1]}
    seconds = language.time.seconds
    compiled: Stage | None = None
    if language.compile:
        compiled, _ = work(
            door, name, uid, Order(language.compile, seconds, fresh=True, name=language.source, text=text, environment=environment)
        )
        if compiled.exit != 0:
            return Ran(compiled)
    order = Order(
        (*language.run, *ARGUMENTS),
        seconds,
        fresh=not language.compile,
        name=language.source,
        text=text,
        stdin=True,
        artifact=ARTIFACT[0],
        environment=environment,
    )
    ran, artifact = work(door, name, uid, order)
    return Ran(compiled, ran, artifact)


def _version(door: Door, name: str, uid: int, language: Language) -> str:
    if not language.version:
        return ""
    stage, _ = work(door, name, uid, Order(language.version, VERSION_SECONDS, environment=dict(language.environment)))
    lines = (stage.stdout.strip() or stage.stderr.strip()).decode("utf-8", "backslashreplace").splitlines()
    return " ".join(lines[0].split())[:VERSION_SHOWN] if lines else ""

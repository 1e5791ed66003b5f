"""Creating and destroying by request: a manifest in ``state/`` comes or goes, and the reconciler follows it like any other."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.access import grant, write_down
from reconciler.app.apply import apply
from reconciler.app.clearance import Terms
from reconciler.app.planning import make
from reconciler.app.statefiles import only_author, path_of, read_back, take_away, with_file, without_file, write_manifest
from reconciler.engine.select import Scope
from reconciler.errors import InputError, LeaseHeld, ManifestError, OperationFailed, Refused, StalePlan
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.load import load
from reconciler.manifest.write import manifest_text
from reconciler.model.changes import ENDING, Action
from reconciler.model.names import Kind
from reconciler.model.tenancy import Answer, Caller, Method, Request
from reconciler.policy.lineage import line_below

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.app.access import Granted
    from reconciler.app.events import Report
    from reconciler.app.planning import Made
    from reconciler.app.repository import Edit
    from reconciler.app.settings import Settings
    from reconciler.manifest.yamltext import Plain
    from reconciler.model.names import Ref
    from reconciler.model.plan import PlannedAction
    from reconciler.model.tenancy import Wanted


LATER = "another writer is at work; a pass will follow"


def create(settings: Settings, caller: Caller, ref: Ref, wanted: Wanted, *, body_digest: str = "") -> Answer:
    """Declare it as the caller's key's own, and make it.

    Raises ``Denied``, ``InputError``, ``Refused``, ``LeaseHeld``, ``OperationFailed``. Nothing is declared where the plan would refuse it.
    """
    request = Request(caller, Method.CREATE, ref, body_digest)
    grant(settings, request)
    with only_author(settings):
        granted = grant(settings, request)
        _check_domains(granted, wanted)
        file = SourceFile(path_of(ref), _text(granted, wanted))
        made = _planned(granted, partial(with_file, file=file))
        if not _steps(made, {Action.CREATE}):
            raise _refused(granted, made)
        write_manifest(settings.root, file)
    report = _follow(granted, made, partial(take_away, settings.root, file.path))
    if report is None:
        return Answer(request.method, ref, "", "", "", f"declared in {file.path}; {LATER}")
    if report.failed or report.skipped:
        raise OperationFailed(f"{ref} is declared and not made yet: {_told(report)}", hint="unsandbox apply")
    return Answer(request.method, ref, report.done[-1].host, "", "running", f"declared in {file.path}")


def destroy(settings: Settings, caller: Caller, ref: Ref, *, body_digest: str = "") -> Answer:
    """Take its manifest away, with a person's approval. It rests in quarantine first, where its kind has a grace.

    Raises ``Denied``, ``Refused``, ``LeaseHeld`` or ``OperationFailed``. The manifest stays where the plan would refuse the end.
    """
    request = Request(caller, Method.DESTROY, ref, body_digest)
    approver = grant(settings, request).subject.approver
    with only_author(settings):
        granted = grant(settings, request, approver=approver)
        path = _own_file(granted)
        made = _planned(granted, partial(without_file, path=path))
        ends = _steps(made, ENDING)
        if granted.subject.rows and not ends and path:
            raise _refused(granted, made)
        before = read_back(settings.root, path) if path else None
        if before:
            take_away(settings.root, before.path)
    report = _follow(granted, made, partial(write_manifest, settings.root, before) if before else _nothing)
    if report is not None and (report.failed or report.skipped):
        raise OperationFailed(f"{ref} is no longer declared and not ended yet: {_told(report)}", hint="unsandbox apply")
    host, row = granted.subject.rows[0] if granted.subject.rows else ("", None)
    note = f"{_end(granted, ends) if report else LATER}, approved by {approver or 'policy'}"
    return Answer(request.method, ref, host, row.uuid if row else "", "", note)


def _check_domains(granted: Granted, wanted: Wanted) -> None:
    """Before the manifests are held together, which would tell whose a domain is."""
    taken = {domain for workload in granted.subject.desired.workloads for domain in workload.domains} & set(wanted.domains)
    if taken:
        raise InputError(f"{', '.join(sorted(taken))} is taken", hint="choose another domain")


def _text(granted: Granted, wanted: Wanted) -> str:
    subject = granted.subject
    lineage = line_below(subject.place[0]) if subject.place else ""
    # A name that was used before is not the same object again.
    return manifest_text(subject.request.ref, uuid4().hex, lineage, _spec(subject.request.ref, subject.key.ref.name, wanted))


def _spec(ref: Ref, owner: str, wanted: Wanted) -> Mapping[str, Plain]:
    shared: dict[str, Plain] = {"owner": owner, "image": wanted.image, "network": wanted.network}
    if ref.kind is Kind.SESSION:
        if wanted.env or wanted.ports or wanted.domains or wanted.script:
            raise InputError("a session has no variables, ports, domains or script", hint="ask for a service")
        return shared | {"shell": wanted.shell, "ttl": f"{wanted.ttl}s"}
    if wanted.shell or wanted.ttl:
        raise InputError("a service has no shell and no ttl", hint="ask for a session")
    script: Plain = {"inline": wanted.script} if wanted.script else {}
    return shared | {"env": dict(wanted.env), "ports": list(wanted.ports), "domains": list(wanted.domains), "bootstrap": script}


def _planned(granted: Granted, edit: Edit) -> Made:
    ref = granted.subject.request.ref
    try:
        return make(granted.settings, Scope(targets=(str(ref),)), edit=edit)
    except ManifestError as error:
        raise _own_findings(error, ref) from error


def _own_findings(error: ManifestError, ref: Ref) -> InputError:
    """The findings of the caller's own text, without a word of anybody else's."""
    told = [f"{finding.path}: {finding.message}" for finding in error.findings if finding.file == path_of(ref)]
    return InputError("; ".join(told) or "with it the manifests as a whole would not hold", hint="mend the request")


def _own_file(granted: Granted) -> str:
    """The file that declares it and nothing else; "" where nothing declares it any more."""
    declared = granted.subject.declared
    if declared is None:
        return ""
    path = declared.source.file
    # Rule A13 let nothing through that git declares, so this is a file in state/.
    if path != path_of(declared.ref) or len(load([read_back(granted.settings.root, path)]).items) != 1:
        raise Refused(f"{path} was not written by a request", hint=f"edit {declared.source}, then: unsandbox apply")
    return path


def _steps(made: Made, actions: set[Action] | frozenset[Action]) -> list[PlannedAction]:
    return [action for action in made.plan.actions if Action(action.action) in actions]


def _refused(granted: Granted, made: Made) -> Refused:
    """What the plan says against it. A key is told the cause alone: the evidence speaks of hosts, files and other people's objects."""
    request = granted.subject.request
    found = next((refusal for refusal in made.plan.refusals if refusal.ref == str(request.ref)), None)
    refusal = found or next(iter(made.plan.refusals), None)
    if refusal is None:
        return Refused(f"{request.method} {request.ref}: the plan has no such step", hint=f"unsandbox explain {request.ref}")
    write_down(granted.settings, request, refusal)
    if request.caller.operator:
        evidence = ", ".join(f"{name}: {value}" for name, value in refusal.evidence)
        return Refused(f"{request.method} {request.ref}: {refusal.cause} ({evidence})", hint=refusal.unblock, rule=refusal.code)
    cause = found.cause if found else "what it stands on is refused"
    return Refused(f"{request.method} {request.ref}: {cause}", hint=f"ask the operators about {refusal.code}", rule=refusal.code)


def _end(granted: Granted, ends: list[PlannedAction]) -> str:
    if not granted.subject.rows:
        return "no longer declared, it was not made yet"
    return "in quarantine" if not ends or ends[-1].action == Action.QUARANTINE else "gone"


def _follow(granted: Granted, made: Made, undo: Callable[[], None]) -> Report | None:
    """Carry the plan out; None where another writer is at work, who or whose next pass reads what is declared.

    Where the plan as a whole is refused, what was declared is put back as it was.
    """
    terms = Terms(uncommitted=True, approver=granted.subject.approver)
    try:
        return apply(made, granted.settings, lambda _event: None, threading.Event(), terms)
    except LeaseHeld:
        return None
    except (Refused, StalePlan):
        undo()
        raise


def _nothing() -> None:
    """Nothing was taken away, so nothing is to be put back."""


def _told(report: Report) -> str:
    return "; ".join(event.detail for event in (*report.failed, *report.skipped))

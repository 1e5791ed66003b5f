"""A request for a run, as it comes from outside: whose it is, and whether every part of it is within its limits."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.errors import Denied, UsageError
from reconciler.model.names import Kind, Ref
from reconciler.model.run import MIB, MOST_OUTPUT, SECONDS, VCPUS
from reconciler.model.tenancy import Method, Request
from reconciler.model.world import Observed
from reconciler.policy.access import ACCESS_RULES, judge, status_of
from reconciler.policy.paths import bad_names
from reconciler.policy.subject import Subject
from reconciler.runner import machine

if TYPE_CHECKING:
    from reconciler.model.resources import Desired
    from reconciler.model.run import RunRequest
    from reconciler.model.tenancy import Caller

MOST_CODE = 16 * MIB
MOST_STDIN = machine.MOST_STDIN
MOST_INPUT = 40 * MIB
"""Bytes of all input files together."""
MOST_FILES = 256
MOST_WORDS = 512
MOST_TOLD = 48 * 1024
"""Bytes of all arguments, variables and names of files together, as JSON: a runner is told them in one frame."""
LONGEST_PATIENCE = 60.0
DIGITS = 32
"""Hex digits that stand for an owner: no two keys share them."""
HELP = "unsandbox exec --help"
MOST_KEY = 200
"""Characters of an idempotency key."""
_OWNER = re.compile(r"[0-9a-f]{8,64}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_CALLER_RULES = tuple(rule for rule in ACCESS_RULES if not rule.methods)
"""Those about who asks. What is asked for is nobody's yet: a run is the caller's own from its first moment."""


def owner_of(caller: Caller, desired: Desired) -> str:
    """The digest that stands for ``caller`` on cells and jobs. Raises ``Denied`` where it is not known who asks (A01, A02, A03, A15)."""
    at = now()
    # The rules of access speak of an object; these look at the caller alone.
    request = Request(caller, Method.READ, Ref(Kind.SESSION, "run"))
    refusal = judge(Subject(request, desired, Observed({}, at)), _CALLER_RULES)
    if refusal is not None:
        told = ", ".join(f"{name}: {value}" for name, value in refusal.evidence)
        raise Denied(f"{refusal.cause} ({told})", hint=refusal.unblock, rule=refusal.code, status=status_of(refusal.code))
    return _stands_for("key" if caller.key else "operator", caller.name)


def owner_of_operator(actor: str) -> str:
    """The same digest, of a person whose name was looked at already."""
    return _stands_for("operator", actor)


def _stands_for(kind: str, name: str) -> str:
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:DIGITS]


def check(request: RunRequest) -> None:
    """Every limit. Raises ``UsageError`` that names the first field which does not hold, and both values."""
    if not _OWNER.fullmatch(request.owner):
        # Nobody's claim opens a cell, so each that was tried would be spent.
        raise UsageError("owner: it is not what Executor.owner answers", hint=HELP)
    _within("seconds", request.seconds, SECONDS)
    _within("vcpu", request.vcpu, VCPUS)
    _within("output", request.output, (0, MOST_OUTPUT))
    _within("accepts", request.accepts, (0, LONGEST_PATIENCE))
    _within("code: bytes", len(request.code), (0, MOST_CODE))
    _within("stdin: bytes", len(request.stdin), (0, MOST_STDIN))
    if request.args or request.environment:
        _check_words(request)
    if request.files:
        _check_files(request)
    if request.args or request.environment or request.files:
        told = [request.args, request.environment, [file.name for file in request.files]]
        _within("args, environment and names of files: bytes", len(json.dumps(told)), (0, MOST_TOLD))


def check_key(key: str) -> None:
    """Raises ``UsageError`` for an idempotency key that cannot be kept."""
    _within("key: characters", len(key), (0, MOST_KEY))
    if not key.isprintable():
        raise UsageError("key: it holds characters that cannot be shown", hint=HELP)


def digest_of(request: RunRequest) -> str:
    """Equal for two requests that ask for the same."""
    told = [
        *(hashlib.sha256(data).hexdigest() for data in (request.code, request.stdin)),
        [request.language, request.file_name, list(request.args), sorted(request.environment), request.network.value, request.pool],
        [request.seconds, request.vcpu, request.output, request.artifacts],
        sorted((file.name, hashlib.sha256(file.data).hexdigest()) for file in request.files),
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def summary_of(request: RunRequest, language: str) -> str:
    """What is stored of a request: never what its owner wrote, which may hold secrets."""
    told = {
        "language": language,
        "code_sha256": hashlib.sha256(request.code).hexdigest(),
        "seconds": request.seconds,
        "vcpu": request.vcpu,
        "network": request.network.value,
    }
    return json.dumps(told)


def _within(what: str, value: float, bounds: tuple[float, float]) -> None:
    # Also refuses what is no number at all: nothing compares to it.
    if not bounds[0] <= value <= bounds[1]:
        raise UsageError(f"{what}: {value} is not from {bounds[0]} to {bounds[1]}", hint=HELP)


def _check_words(request: RunRequest) -> None:
    pairs = [("args", word) for word in request.args]
    for name, value in request.environment:
        if not _VARIABLE.fullmatch(name):
            raise UsageError(f"environment: {name[:40]!a} is no name of a variable", hint=HELP)
        pairs.append((f"environment.{name}", f"{name}={value}"))
    if len(request.args) > MOST_WORDS or len(request.environment) > MOST_WORDS:
        raise UsageError(f"args and environment: more than {MOST_WORDS} of one", hint=HELP)
    for where, word in pairs:
        _check_word(where, word)


def _check_word(where: str, word: str) -> None:
    if "\0" in word:
        raise UsageError(f"{where}: it holds a NUL", hint=HELP)
    try:
        word.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{where}: it is not Unicode text", hint=HELP) from error


def _check_files(request: RunRequest) -> None:
    _within("files: number", len(request.files), (0, MOST_FILES))
    _within("files: bytes", sum(len(file.data) for file in request.files), (0, MOST_INPUT))
    bad = bad_names(file.name for file in request.files)
    if bad is not None:
        code, no = bad
        told = ", ".join(f"{name}: {value}" for name, value in no.evidence)
        raise UsageError(f"files: {code}: {no.cause} ({told})", hint=no.unblock)

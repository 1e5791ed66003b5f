"""Every error a user can meet, as one tree.

::

    UnsandboxError                 exit  http
    |-- InputError                    1   400  what was typed or written is wrong
    |   |-- ManifestError             1   400  one or many findings, each with file:line:column
    |   |-- UsageError                1   400  options or references of a command
    |   |-- GitError                  1   400  a revision or repository that cannot be read
    |   |-- UnknownLanguage           1   400  a language that the catalogue does not know, or that the text does not tell
    |   `-- UnavailableLanguage       1   400  a language that it knows and that no image can hold
    |-- Refused                       3   409  a rule said no (rules are values; this is for commands that must stop)
    |   |-- Denied                    3   403  a rule of access said no to a request; each rule has an HTTP status of its own
    |   |-- Overloaded                3   429  a run would begin later than its caller accepts; it says when to ask again
    |   `-- NotServed                 3   409  no pool runs such a thing, or a key was used for another request
    |-- StalePlan                     5   409  the world or the manifests moved since the plan was made
    |-- LeaseHeld                     6   409  another writer holds the lease
    |-- HostError                     4   502  one host did not do what was asked
    |   |-- Unreachable               4   504  no connection, or none within the deadline
    |   |   `-- NoQuorum              4   503  the database of its cluster has no majority: nothing can be written, and little be read
    |   |-- WrongIdentity             4   502  the host answered with another certificate or name
    |   |-- NotTrusted                4   502  the host does not know our client certificate
    |   |-- NotFound                  4   404  the object is not there
    |   |-- Conflict                  4   409  the object exists, is busy, or moved (LXD 409 and 412)
    |   |-- Rejected                  4   502  LXD said no to the request (4xx)
    |   |-- HostBusy                  4   503  database is locked, or the host is overloaded; worth another try
    |   |-- OperationFailed           4   502  LXD began the operation and it failed
    |   |   `-- Forgotten             4   502  LXD forgot how it ended; it may have done it, or do it yet
    |   `-- Malformed                 4   502  the answer is not what LXD promises
    |-- NoResult                      4   409  a job that ended without a result: lost, cancelled before it began, or never let in
    |-- BuildFailed                   1   500  an image could not be built; the one before it is as it was
    |   `-- OutOfReach                1   504  what it is made over cannot be had on this machine
    |-- StateError                    1   500  the journal or another local file cannot be used
    |-- Exhausted                     1   503  this machine gives us no more memory, threads or open files
    `-- Defect                        1   500  an invariant of ours broke

Each error carries a stable ``code``, the ``exit_status`` of the command, the ``http_status`` of the shim, whether another try makes sense
(``retryable``) and a ``hint``: the next command to type.
"""

from __future__ import annotations

from dataclasses import dataclass


class UnsandboxError(Exception):
    """Base of the tree. ``str(error)`` is what happened, on what, and why; ``hint`` is the next command to type."""

    code = "error"
    exit_status = 1
    http_status = 500
    retryable = False
    default_hint = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint


class InputError(UnsandboxError):
    """What was typed or written is wrong."""

    code = "input"
    http_status = 400
    default_hint = "unsandbox validate"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong in one place of a file. ``line`` and ``column`` count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    code: str = "D02"
    """Of the refusal that this means: by default, that the file does not hold."""

    def __str__(self) -> str:
        """``file:line:column: path: message``, the form editors and terminals can jump to."""
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        return f"{where}:{path} {self.message}"


class ManifestError(InputError):
    """Every finding of every file of one reading, so that they are mended in one go."""

    code = "manifest"

    def __init__(self, findings: tuple[Finding, ...], *, hint: str = "") -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings), hint=hint)


class UsageError(InputError):
    """Options or references of a command do not fit."""

    code = "usage"
    default_hint = "unsandbox --help"


class GitError(InputError):
    """A revision or a repository cannot be read."""

    code = "git"
    default_hint = "git log --oneline"


class UnknownLanguage(InputError):
    """No language of the catalogue is meant, or more than one may be."""

    code = "unknown-language"
    default_hint = "unsandbox languages"


class UnavailableLanguage(InputError):
    """A language of the catalogue that no image can hold; the message says why."""

    code = "unavailable-language"
    default_hint = "unsandbox languages"


class Refused(UnsandboxError):
    """A rule said no and the command cannot go on without it."""

    code = "refused"
    exit_status = 3
    http_status = 409
    default_hint = "unsandbox plan"

    def __init__(self, message: str, *, hint: str = "", rule: str = "") -> None:
        super().__init__(f"{rule}: {message}" if rule else message, hint=hint)
        self.rule = rule
        """The rule's code; "" where no rule of a table spoke."""


class Denied(Refused):
    """A rule of access said no to a request. Nothing in it says more than the caller may know."""

    code = "denied"
    http_status = 403
    default_hint = "ask for what your key owns"

    def __init__(self, message: str, *, hint: str = "", rule: str = "", status: int = 403, challenge: str = "") -> None:
        super().__init__(message, hint=hint, rule=rule)
        self.http_status = status
        self.challenge = challenge
        """Id of the challenge that a person's code answers; "" where no code helps."""


class Overloaded(Refused):
    """A run that is not let in, or whose caller's patience ended before it began. Nothing of it was begun."""

    code = "overloaded"
    http_status = 429
    retryable = True
    default_hint = "unsandbox pools"

    def __init__(self, message: str, *, hint: str = "", rule: str = "", retry: int = 1) -> None:
        super().__init__(f"{message}; ask again in {retry} s", hint=hint, rule=rule)
        self.retry = retry
        """Whole seconds after which it is worth asking again."""


class NotServed(Refused):
    """No pool runs such a thing, or the key of a request was used for another one."""

    code = "not-served"
    default_hint = "unsandbox pools"


class StalePlan(UnsandboxError):
    """The world or the manifests moved since the plan was made."""

    code = "stale-plan"
    exit_status = 5
    http_status = 409
    default_hint = "unsandbox plan --out plan.json"


class LeaseHeld(UnsandboxError):
    """Another writer is at work; it is named in the message, with the time until which it may be."""

    code = "lease-held"
    exit_status = 6
    http_status = 409
    default_hint = "unsandbox status"


class HostError(UnsandboxError):
    """One host did not do what was asked."""

    code = "host"
    exit_status = 4
    http_status = 502
    default_hint = "unsandbox doctor"


class Unreachable(HostError):
    """No connection, or no answer within the deadline."""

    code = "host-unreachable"
    http_status = 504
    retryable = True


class NoQuorum(Unreachable):
    """The host answers and its cluster's database has no majority. What was asked may still be done when it has one again."""

    code = "no-quorum"
    http_status = 503
    default_hint = "lxc cluster list"


class WrongIdentity(HostError):
    """The host answered with another certificate or server name than the inventory pins."""

    code = "host-identity"
    default_hint = "unsandbox hosts"


class NotTrusted(HostError):
    """The host does not know our client certificate."""

    code = "host-not-trusted"
    default_hint = "unsandbox hosts add URL"


class NotFound(HostError):
    """The object is not there."""

    code = "not-found"
    http_status = 404
    default_hint = "unsandbox status"


class Conflict(HostError):
    """The object exists already, is busy, or moved since it was read (LXD 409 and 412)."""

    code = "conflict"
    http_status = 409
    default_hint = "unsandbox plan"


class Rejected(HostError):
    """LXD said no to the request."""

    code = "rejected"


class HostBusy(HostError):
    """The host is overloaded or its database is locked; worth another try."""

    code = "host-busy"
    http_status = 503
    retryable = True


class OperationFailed(HostError):
    """LXD began the operation and it failed; the message holds LXD's own word."""

    code = "operation-failed"


class Forgotten(OperationFailed):
    """LXD forgot how the operation ended, and nothing shows it yet. It may have been done, or be done a moment later."""

    code = "operation-forgotten"


class Malformed(HostError):
    """The answer is not of the form LXD promises."""

    code = "malformed"


class BuildFailed(UnsandboxError):
    """An image could not be built. Nothing half made is left, and the image before it is as it was."""

    code = "build-failed"
    default_hint = "less images/.build/build.log"


class OutOfReach(BuildFailed):
    """What an image is made over cannot be had on this machine: nothing of the recipe is wrong."""

    code = "build-out-of-reach"
    http_status = 504
    retryable = True


class NoResult(UnsandboxError):
    """A job that ended without a result; the message says how."""

    code = "no-result"
    exit_status = 4
    http_status = 409
    default_hint = "unsandbox jobs"


class StateError(UnsandboxError):
    """The journal or another local file cannot be used."""

    code = "state"
    default_hint = "unsandbox doctor"


class Exhausted(UnsandboxError):
    """This machine gives us no more memory, threads or open files."""

    code = "exhausted"
    http_status = 503
    retryable = True
    default_hint = "ulimit -a  # of a service: systemctl show -p MemoryMax,TasksMax,LimitAS,LimitNOFILE unsandbox"


class Defect(UnsandboxError):
    """An invariant of ours broke: a defect of this program, to be reported."""

    code = "defect"
    default_hint = "report this with the output of: unsandbox doctor --json"

"""The form of every rule: a stable code, a check that answers with a no or nothing, and the words that explain it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

FAILED_CAUSE = "the check itself failed, and what cannot be checked is refused"


@dataclass(frozen=True, slots=True)
class No:
    """A rule's no. ``evidence`` holds name and value pairs, both sides of the comparison; ``unblock`` is a command to type.

    ``root`` names the one thing that several objects are refused for, such as a profile: refusals of one root are told as one.
    """

    cause: str
    evidence: tuple[tuple[str, str], ...]
    unblock: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class Rule(Generic[P]):
    """``title`` is the one-line cause, ``why`` the sentences behind it. A check that raises counts as a no.

    ``acceptable``: a person who has seen the evidence may accept it with ``unsandbox accept``, for exactly that evidence.
    """

    code: str
    title: str
    check: Callable[P, No | None] = field(repr=False)
    why: str = ""
    acceptable: bool = False


def ask(rule: Rule[P], unblock: str, /, *args: P.args, **kwargs: P.kwargs) -> No | None:
    """The rule's answer. A check that breaks is a no, whatever broke it; ``unblock`` is then the next command to type."""
    try:
        return rule.check(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - a check that cannot answer must refuse, so nothing may pass here
        return failed(rule.title, error, unblock)


def failed(check: str, error: Exception, unblock: str) -> No:
    """The no of a check that broke. Of the error only its type is told: its message may hold a secret."""
    return No(FAILED_CAUSE, (("check", check), ("failed", type(error).__name__)), unblock)

"""Which refusal a flaw in one document means: rules about what was written, asked in order; the first counts."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.rules import No, Rule, ask

SIZES = frozenset({"size", "min", "max"})
LIMITS = frozenset({"vcpu", "memory", "disk", "processes"})
HEAD = frozenset({"kind", "apiVersion"})
VALIDATE = "unsandbox validate"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one node. ``kind`` is the schema's word for it, or ours; ``written`` whether the node holds a value."""

    kind: str
    path: tuple[str | int, ...]
    message: str
    written: bool = True


def unknown_form(flaw: Flaw) -> No | None:
    """D10: another apiVersion, a kind or a field that this version does not know."""
    if flaw.kind != "extra_forbidden" and not (len(flaw.path) == 1 and flaw.path[0] in HEAD):
        return None
    return _no("this version does not know it", flaw)


def size_not_meant(flaw: Flaw) -> No | None:
    """D05: a size that is missing or empty, or 0 where nobody says that it is meant."""
    about_size = bool(flaw.path) and (flaw.path[-1] in LIMITS or (flaw.path[-1] in SIZES and "size" in flaw.path))
    if flaw.kind == "zero" or (about_size and (flaw.kind == "missing" or not flaw.written)):
        return _no("a size is missing, or 0 and not said to be meant", flaw)
    return None


def not_readable(flaw: Flaw) -> No | None:
    """D02: anything else that keeps a file from being read whole."""
    return _no("the file does not hold", flaw)


def _no(cause: str, flaw: Flaw) -> No:
    return No(cause, (("node", ".".join(str(part) for part in flaw.path) or "the document"), ("flaw", flaw.kind)), VALIDATE)


def no_documents(count: int) -> No | None:
    """D01: there is no manifest at all."""
    if count:
        return None
    cause = "no manifests found here; an empty repository is never taken for an empty world"
    return No(cause, (("documents", "0"), ("wanted", "1 or more")), "unsandbox init DIR")


NOTHING: Rule[[int]] = Rule(
    "D01",
    "No manifest at all",
    no_documents,
    "A folder that is missing or empty is far more often a failed checkout than a wish to end everything.",
)

READ_RULES: tuple[Rule[[Flaw]], ...] = (
    Rule(
        "D10",
        "A kind, version or field that this version does not know",
        unknown_form,
        "It may be of a newer version, whose meaning would be lost. Nothing is applied before every document is understood.",
    ),
    Rule(
        "D05",
        "A size that is missing, or 0 and not said to be meant",
        size_not_meant,
        "Nothing is not none: 0 needs allowZero.",
    ),
    Rule(
        "D02",
        "A file that does not hold",
        not_readable,
        "While one file cannot be read whole, what it declares is not known.",
    ),
)
"""The last one speaks for every flaw that none before it knows."""


def code_of(flaw: Flaw, rules: tuple[Rule[[Flaw]], ...] = READ_RULES) -> str:
    """The code of the first rule that takes the flaw for its own; one whose check breaks takes it too."""
    return next((rule.code for rule in rules if ask(rule, VALIDATE, flaw) is not None), rules[-1].code)

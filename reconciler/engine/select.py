"""Narrowing changes to what was asked for with --target, --exclude and --only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.model.changes import Action, Changes, Reason

if TYPE_CHECKING:
    from reconciler.model.changes import Change, Refusal

GROUND = frozenset({Action.PREPARE, Action.IMPORT})
"""What others stand on: kept for as long as something that needs it is kept."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Patterns over ``Kind/name`` (``*`` and ``?`` allowed, case matters not) and actions. Empty means all."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    only: tuple[Action, ...] = ()

    def words(self) -> tuple[str, ...]:
        """The scope as a plan records it."""
        return (
            *(f"target={text}" for text in self.targets),
            *(f"exclude={text}" for text in self.excludes),
            *(f"only={action.value}" for action in self.only),
        )

    @classmethod
    def parse(cls, words: tuple[str, ...]) -> Scope:
        """Read what ``words`` wrote. Raises ``ValueError``."""
        parts: dict[str, list[str]] = {"target": [], "exclude": [], "only": []}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or name not in parts:
                raise ValueError(f"{word!r} is no part of a scope")
            parts[name].append(value)
        return cls(tuple(parts["target"]), tuple(parts["exclude"]), tuple(Action(value) for value in parts["only"]))

    def covers(self, ref: str) -> bool:
        """Whether the patterns let ``Kind/name`` in."""
        if self.targets and not _any(ref, self.targets):
            return False
        return not _any(ref, self.excludes)


def _any(ref: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(ref.lower(), pattern.lower()) for pattern in patterns)


def select(changes: Changes, scope: Scope) -> Changes:
    """Changes inside ``scope``. Preparing a host and importing an image stay while a kept change needs them, or where asked for."""
    if not scope.words():
        return changes
    kept = [change for change in changes.items if change.action not in GROUND and _wanted(change, scope)]
    needing = {change.host for change in kept if change.action in {Action.CREATE, Action.REPLACE}}
    images = {(change.host, change.wanted.image) for change in kept if change.wanted}
    ground = [change for change in changes.items if change.action in GROUND and _grounded(change, scope, needing, images)]
    order = {id(change): number for number, change in enumerate(changes.items)}
    items = tuple(sorted([*kept, *ground], key=lambda change: order[id(change)]))
    return replace(changes, items=items, doubts=tuple(doubt for doubt in changes.doubts if _asked(doubt, scope)))


def _asked(doubt: Refusal, scope: Scope) -> bool:
    return scope.covers(doubt.ref) and (not scope.only or not doubt.action or doubt.action in scope.only)


def _wanted(change: Change, scope: Scope) -> bool:
    return scope.covers(str(change.ref)) and (not scope.only or change.action in scope.only or change.action is Action.KEEP)


def _grounded(change: Change, scope: Scope, needing: set[str], images: set[tuple[str, str]]) -> bool:
    asked = scope.covers(str(change.ref)) and (not scope.only or change.action in scope.only)
    if asked and (scope.targets or scope.only or change.reason is Reason.FOUNDATION_DIFFERS):
        return True
    bearing = [host for host in needing if change.is_ground_of(host)]
    if change.action is Action.PREPARE:
        return bool(bearing)
    return change.image is not None and any((host, change.image.fingerprint) in images for host in bearing)

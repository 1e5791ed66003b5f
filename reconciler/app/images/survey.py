"""Recipes beside what was built of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.images.facts import read_facts
from reconciler.app.images.places import builds, recipes

if TYPE_CHECKING:
    from reconciler.app.images.recipes import Course
    from reconciler.app.settings import Settings
    from reconciler.model.recipe import Built


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipe. ``built`` is the image that is there, None where there is none."""

    course: Course
    built: Built | None

    @property
    def standing(self) -> str:
        """``built``, ``changed`` where the recipe is another than that of the image, or ``not built``."""
        if self.built is None:
            return "not built"
        # The starter's own program writes facts that name no recipe.
        return "built" if self.built.recipe in {"", self.course.digest} else "changed"


def survey(settings: Settings) -> tuple[Entry, ...]:
    """Every recipe. Raises ``UsageError`` or ``ManifestError`` where one cannot be read."""
    return tuple(look(settings, name) for name in recipes(settings).names)


def look(settings: Settings, name: str) -> Entry:
    """One recipe. Raises ``UsageError`` where there is none, or as ``survey``."""
    return Entry(recipes(settings).course(name), read_facts(builds(settings), name))

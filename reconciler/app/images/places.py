"""Where recipes, builds and layers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.images.build import Builder
from reconciler.app.images.cache import FOLDER as CACHE
from reconciler.app.images.cache import Cache
from reconciler.app.images.facts import FOLDER as BUILDS
from reconciler.app.images.recipes import Recipes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.app.images.build import Stage
    from reconciler.app.settings import Settings

LOG = "build.log"


def recipes(settings: Settings) -> Recipes:
    """The recipes of the repository."""
    return Recipes(settings.root)


def builds(settings: Settings) -> Path:
    """The folder with every image that was built, and its facts."""
    return settings.root.resolve() / BUILDS


def cache(settings: Settings, place: Path | None) -> Cache:
    """The cache of layers: where it was asked for, else beside the builds."""
    return Cache((place or builds(settings) / CACHE).resolve())


def builder(settings: Settings, place: Path | None, tell: Callable[[Stage], None]) -> Builder:
    """A builder of the repository's recipes, which tells its stages."""
    folder = builds(settings)
    return Builder(recipes(settings), folder, cache(settings, place), folder / LOG, tell)

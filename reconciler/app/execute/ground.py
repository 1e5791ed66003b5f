"""What runs are decided by: what is declared, which languages there are, and what each pool has for a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from reconciler.app.images.recipes import Recipes
from reconciler.app.languages import BYTES, read_languages
from reconciler.app.repository import load_desired, read_repository
from reconciler.errors import InputError, NotServed
from reconciler.model.names import Kind, pool_of
from reconciler.policy.languages import by_name, detect
from reconciler.policy.serving import Offer, Wish, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.app.settings import Settings
    from reconciler.model.language import Language, Languages
    from reconciler.model.resources import Desired, Image, Pool, Workload
    from reconciler.model.run import RunRequest

CHOICES = 256
"""Names of languages, and wishes, whose answer is kept."""


@dataclass(frozen=True)
class Ground:
    """Read at one moment; a repository that was changed is another ground."""

    desired: Desired
    languages: Languages
    offers: tuple[Offer, ...]
    _named: Callable[[str], Language] = field(init=False, repr=False, compare=False)
    _serving: Callable[[Wish], Offer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Keep what is asked again and again: a run must not wait for the same answer twice."""
        object.__setattr__(self, "_named", lru_cache(CHOICES)(lambda name: by_name(self.languages, name).language))
        object.__setattr__(self, "_serving", lru_cache(CHOICES)(self._chosen))

    def language(self, request: RunRequest) -> Language:
        """The language of a request. Raises ``UnknownLanguage`` or ``UnavailableLanguage``."""
        if request.language:
            return self._named(request.language)
        text = request.code[:BYTES].decode("utf-8", "replace")
        return detect(self.languages, file=request.file_name, text=text).language

    def offer(self, request: RunRequest, language: Language) -> Offer:
        """The pool that a request goes to. Raises ``NotServed``."""
        return self._serving(Wish(language.name, request.network, request.vcpu, request.pool))

    def _chosen(self, wish: Wish) -> Offer:
        found = serving(wish, self.offers)
        if isinstance(found, Offer):
            return found
        code, no = found
        told = ", ".join(f"{name}: {value}" for name, value in no.evidence)
        raise NotServed(f"{no.cause} ({told})", hint=no.unblock, rule=code)


def read_ground(settings: Settings, before: Ground | None = None) -> Ground:
    """The repository as it is; ``before`` where not a letter of it changed. Raises ``ManifestError``, ``GitError``, ``UsageError``."""
    if before is not None and read_repository(settings.root, None)[1].digest == before.desired.commit.digest:
        return before
    desired = load_desired(settings)
    return Ground(desired, read_languages(settings.root), offers_of(desired, settings.root))


def offers_of(desired: Desired, root: Path) -> tuple[Offer, ...]:
    """What each pool has for a run."""
    images, recipes = {image.ref.name: image for image in desired.images}, Recipes(root)
    cells = {pool_of(item.ref): item for item in desired.workloads if item.ref.kind is Kind.CELL}
    return tuple(
        _offer(pool, cell, images.get(cell.image_name), recipes)
        for pool in desired.pools
        if (cell := cells.get(pool.ref.name) or next(iter(pool.spare), None)) is not None
    )


def _offer(pool: Pool, cell: Workload, image: Image | None, recipes: Recipes) -> Offer:
    languages, untold = _languages(image, recipes)
    limits = cell.resources
    return Offer(pool.ref.name, languages, cell.network, limits.vcpu, limits.memory, pool.maximum, pool.terms, untold)


def _languages(image: Image | None, recipes: Recipes) -> tuple[frozenset[str], str]:
    """What an image holds, and why that is not known where it is not."""
    if image is None:
        return frozenset(), "its image is not declared"
    if not image.recipe:
        return frozenset(image.languages), "" if image.languages else f"Image/{image.ref.name} names no languages"
    try:
        return frozenset(row.name for row in recipes.languages(image.recipe)), ""
    except InputError as error:
        return frozenset(), f"its recipe cannot be read: {error.message}"

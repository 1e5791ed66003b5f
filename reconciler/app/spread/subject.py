"""What is tried of an image: its languages with their programs, read from the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.images.facts import FOLDER, read_facts
from reconciler.app.images.places import builds, recipes
from reconciler.app.spread.bench import Subject
from reconciler.errors import UsageError
from reconciler.model.conformance import PROGRAMS
from reconciler.model.recipe import BaseKind

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.images.recipes import Recipes
    from reconciler.app.settings import Settings
    from reconciler.model.language import Language
    from reconciler.model.recipe import Built, Recipe

CONFORMANCE = "images/conformance"
MOST = 64 * 1024
"""Bytes of the longest program: it is handed over as an argument."""
UID = 1000


def built_of(settings: Settings, name: str) -> Built:
    """The facts of the image as it was built last. Raises ``UsageError`` where there is no such recipe or it was never built."""
    recipes(settings).course(name)
    built = read_facts(builds(settings), name)
    if built is None:
        raise UsageError(f"{name} is not built", hint=f"unsandbox images build {name}")
    return built


def file_of(built: Built) -> str:
    """Its file, from the repository's root."""
    return f"{FOLDER}/{built.file}"


def subject_of(settings: Settings, built: Built, only: tuple[str, ...] = ()) -> Subject:
    """All of the image, or ``only`` some of its languages. Raises ``UsageError``."""
    known = recipes(settings)
    languages = known.languages(built.name)
    unknown = [name for name in only if name not in {row.name for row in languages}]
    if unknown:
        held = ", ".join(row.name for row in languages) or "none"
        raise UsageError(f"{built.name} does not hold {', '.join(unknown)}; it holds {held}", hint=f"unsandbox images show {built.name}")
    picked = tuple(row for row in languages if not only or row.name in only)
    programs = {(row.name, program): _program(settings.root, row, program) for row in picked for program in PROGRAMS}
    chain = _chain(known, built.name)
    account = next((recipe.account for recipe in chain if recipe.account), None)
    smoke = () if only else chain[0].smoke
    return Subject(built.name, built.fingerprint, picked, programs, smoke, account.uid if account else UID)


def _chain(known: Recipes, name: str) -> list[Recipe]:
    """The recipe, and those that it is made over."""
    recipe = known.course(name).recipe
    return [recipe, *(_chain(known, recipe.base.value) if recipe.base.kind is BaseKind.IMAGE else ())]


def _program(root: Path, language: Language, program: str) -> str:
    found = sorted((root / CONFORMANCE / language.name).glob(f"{program}.*"))
    where = f"{CONFORMANCE}/{language.name}/{program}.*"
    if len(found) != 1:
        raise UsageError(f"{language.name}: {len(found)} files are {where}, where one must be", hint=f"ls {CONFORMANCE}/{language.name}")
    try:
        if found[0].stat().st_size > MOST:
            raise UsageError(f"{found[0]} is longer than {MOST} bytes", hint=f"ls -l {found[0]}")
        return found[0].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{found[0]} cannot be read: {error}", hint=f"file {found[0]}") from error

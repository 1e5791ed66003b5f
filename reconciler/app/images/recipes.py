"""Recipes on disk: ``images/<name>/recipe.yaml`` with the files beside it, and the layers that they come to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from reconciler.app.languages import read_languages
from reconciler.errors import UsageError
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.recipe import read_recipe
from reconciler.model.language import Language, Languages
from reconciler.model.recipe import BaseKind, Layer, Recipe
from reconciler.policy.recipe import layers_of, recipe_digest

IMAGES = "images"
RECIPE = "recipe.yaml"
INITS = Path(__file__).with_name("inits")
"""A folder for each init: what is laid over the root for it."""
MOST = 1 << 20
"""Bytes of the largest recipe."""


@dataclass(frozen=True, slots=True)
class Course:
    """A recipe with everything that it comes to: its layers, lowest first, and the digest of it all."""

    recipe: Recipe
    layers: tuple[Layer, ...]
    digest: str


class Recipes:
    """Every recipe below ``root``, read when it is asked for."""

    def __init__(self, root: Path) -> None:
        # Commands that work on a layer run in another folder.
        self._root = root.resolve()
        self._catalogue: Languages | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of every folder that holds a recipe."""
        return tuple(sorted(path.parent.name for path in (self._root / IMAGES).glob(f"*/{RECIPE}")))

    def folder(self, name: str) -> Path:
        """Where a recipe's files lie."""
        return self._root / IMAGES / name

    def course(self, name: str, above: tuple[str, ...] = ()) -> Course:
        """One recipe with its layers. Raises ``UsageError`` where there is none, or a ``ManifestError`` with what is wrong in it."""
        if name in above:
            raise UsageError(
                f"recipes lead back to themselves: {' -> '.join((*above, name))}", hint=f"edit {IMAGES}/{name}/{RECIPE} (base)"
            )
        recipe = self._read(name)
        below: tuple[Layer, ...] = ()
        if recipe.base.kind is BaseKind.IMAGE:
            below = self.course(recipe.base.value, (*above, name)).layers
        needs = [(row.name, row.packages) for row in self._languages(recipe)]
        layers = layers_of(recipe, needs, self._digests(recipe), below)
        return Course(recipe, layers, recipe_digest(recipe, layers))

    def languages(self, name: str) -> tuple[Language, ...]:
        """Every language in the image of a recipe, those of the images below it first. Raises as ``course`` does."""
        course = self.course(name)
        below = self.languages(course.recipe.base.value) if course.recipe.base.kind is BaseKind.IMAGE else ()
        return (*below, *(row for row in self._languages(course.recipe) if row not in below))

    def _read(self, name: str) -> Recipe:
        if name not in self.names:
            near = get_close_matches(name, self.names, 1)
            raise UsageError(f"there is no recipe {name}" + (f"; did you mean {near[0]}?" if near else ""), hint="unsandbox images list")
        recipe = read_recipe(_source(self._root, f"{IMAGES}/{name}/{RECIPE}"), name)
        if recipe.base.kind is BaseKind.IMAGE and self._read(recipe.base.value).base.kind is BaseKind.SCRATCH:
            raise UsageError(
                f"{name} is made over {recipe.base.value}, which is finished by its own program",
                hint=f"edit {IMAGES}/{name}/{RECIPE} (base)",
            )
        return recipe

    def _languages(self, recipe: Recipe) -> list[Language]:
        if not recipe.languages and not recipe.every_language:
            return []
        if self._catalogue is None:
            self._catalogue = read_languages(self._root)
        rows = [self._language(recipe.name, name) for name in recipe.languages]
        if recipe.every_language:
            rows += [row for row in self._catalogue.available if row not in rows]
        return rows

    def _language(self, recipe: str, name: str) -> Language:
        catalogue = self._catalogue or Languages(())
        row = catalogue.named(name)
        where = f"edit {IMAGES}/{recipe}/{RECIPE} (languages)"
        if row is None:
            near = get_close_matches(name, [row.name for row in catalogue.rows], 1)
            raise UsageError(f"{recipe}: there is no language {name}" + (f"; did you mean {near[0]}?" if near else ""), hint=where)
        if row.unavailable:
            raise UsageError(f"{recipe}: {name} cannot be had: {row.unavailable}", hint=where)
        return row

    def _digests(self, recipe: Recipe) -> dict[str, str]:
        """The digest of each file or folder that the recipe names."""
        folder = self.folder(recipe.name)
        named = {"files": recipe.files, "deploy": recipe.deploy, "script": recipe.script}
        if recipe.base.kind is BaseKind.SCRATCH:
            # Its program may read whatever lies beside it.
            named["scratch"] = "."
        places = {key: folder / name for key, name in named.items() if name}
        if recipe.init:
            places["init"] = INITS / recipe.init
        try:
            return {key: tree_digest(place) for key, place in places.items()}
        except OSError as error:
            raise UsageError(f"{recipe.name}: {error.filename} cannot be read: {error.strerror}", hint=f"ls -l {folder}") from error


def tree_digest(path: Path) -> str:
    """SHA-256 over a file or everything in a folder: names, contents, links and who may run it. Raises ``OSError``."""
    whole = hashlib.sha256()
    for item in [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]:
        if "__pycache__" in item.parts:
            continue
        name = item.relative_to(path).as_posix()
        if item.is_symlink():
            said = f"link {item.readlink()}"
        elif item.is_dir():
            said = "folder"
        else:
            said = f"file {item.stat().st_mode & 0o111 != 0} {hashlib.sha256(item.read_bytes()).hexdigest()}"
        whole.update(f"{name}\0{said}\0".encode())
    return whole.hexdigest()


def _source(root: Path, path: str) -> SourceFile:
    place = root / path
    try:
        if place.stat().st_size > MOST:
            raise UsageError(f"{path} is larger than any such file", hint=f"ls -l {path}")
        return SourceFile(path, place.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8", hint=f"file {path}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=f"ls -l {path}") from error

"""Building an image: its layers one over the other, then the file. What is half done is never seen by anybody else."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.app.clock import stamp
from reconciler.app.images.facts import read_facts, write_facts
from reconciler.app.images.make import make
from reconciler.app.images.pack import list_packages, pack, tidy
from reconciler.app.images.room import Room
from reconciler.app.images.scratch import run_program
from reconciler.errors import BuildFailed, StateError, UsageError
from reconciler.files import make_folder
from reconciler.model.recipe import BaseKind, Built, Layer, LayerFact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.app.images.cache import Cache
    from reconciler.app.images.recipes import Course, Recipes

SHOWN = 12
"""Digits of the recipe's digest in the name of a file."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a build, told when it begins (``seconds`` None) and when it ended; ``number`` counts from 1."""

    image: str
    number: int
    total: int
    name: str
    seconds: float | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build came to. ``current`` where the image was there already; ``made`` and ``taken`` count layers."""

    built: Built
    current: bool
    made: int
    taken: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds into ``folder`` with the layers of ``cache``; what commands say goes to ``log``."""

    recipes: Recipes
    folder: Path
    cache: Cache
    log: Path
    tell: Callable[[Stage], None]

    def build(self, name: str, *, fresh: bool = False) -> Outcome:
        """Build one image, or say that it is there. ``fresh`` makes every layer anew. Raises ``BuildFailed``; the image before it stays."""
        start = time.monotonic()
        course = self.recipes.course(name)
        try:
            make_folder(self.folder)
            present = _current(self.folder, course)
            if present is not None and not fresh:
                return Outcome(present, current=True, made=0, taken=len(present.layers), seconds=time.monotonic() - start)
            with self.cache.held():
                return self._build(course, fresh=fresh, start=start)
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            why = "the disk is full" if full else f"{error.filename or self.folder}: {error.strerror}"
            hint = "unsandbox images gc" if full else f"ls -ld {self.folder}"
            raise BuildFailed(f"{name} was not built: {why}", hint=hint) from error
        except BuildFailed as error:
            error.message = f"{name} was not built: {error.message}"
            error.args = (error.message,)
            raise

    def _build(self, course: Course, *, fresh: bool, start: float) -> Outcome:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        if course.recipe.base.kind is BaseKind.SCRATCH:
            built = self._scratch(course)
            return Outcome(built, current=False, made=1, taken=0, seconds=time.monotonic() - start)
        if fresh:
            redone = {layer.digest for layer in course.layers}
            self.cache.drop(lambda digest: digest not in redone)
        facts, made = self._layers(course)
        built = self._pack(course, facts)
        return Outcome(built, current=False, made=made, taken=len(facts) - made, seconds=time.monotonic() - start)

    def _layers(self, course: Course) -> tuple[tuple[LayerFact, ...], int]:
        facts: list[LayerFact] = []
        made = 0
        total = len(course.layers) + 1
        for number, layer in enumerate(course.layers, 1):
            stage = Stage(course.recipe.name, number, total, layer.name)
            fact = self.cache.fact(layer.digest)
            if fact is not None:
                self.tell(Stage(stage.image, number, total, layer.name, 0.0, cached=True))
            else:
                with self._timed(stage):
                    fact = self._layer(layer, course.layers[: number - 1])
                made += 1
            facts.append(fact)
        return tuple(facts), made

    def _layer(self, layer: Layer, below: tuple[Layer, ...]) -> LayerFact:
        with self.cache.work() as work:
            room = self._room(work, below)
            make(room, layer, self.recipes.folder(layer.recipe), self.cache.folder)
            return self.cache.keep(room.upper, layer.digest, below[-1].digest if below else "", layer.name)

    def _pack(self, course: Course, facts: tuple[LayerFact, ...]) -> Built:
        total = len(course.layers) + 1
        with self._timed(Stage(course.recipe.name, total, total, "packing")), self.cache.work() as work:
            room = self._room(work, course.layers)
            tidy(room)
            list_packages(room, course.recipe.name, work / "packages.json")
            packed = pack(room, course, work / "image")
            stem = f"{course.recipe.name}-{course.digest[:SHOWN]}-{packed.fingerprint[:SHOWN]}"
            built = Built(
                name=course.recipe.name,
                recipe=course.digest,
                content=packed.content,
                fingerprint=packed.fingerprint,
                file=f"{stem}.tar.zst",
                size=packed.size,
                architecture=platform.machine(),
                built_at=stamp(),
                layers=facts,
                packages=f"{stem}.sbom.json",
            )
            for made, name in ((work / "packages.json", built.packages), (work / "image", built.file)):
                _move(made, self.folder / name)
            # Last: whoever reads the facts finds everything that they name.
            write_facts(self.folder, built)
            return built

    def _room(self, work: Path, below: tuple[Layer, ...]) -> Room:
        room = Room(self.cache.layers, tuple(self.cache.name(layer.digest) for layer in below), work, self.log, self.cache.folder / "debs")
        room.prepare()
        return room

    @contextmanager
    def _timed(self, stage: Stage) -> Iterator[None]:
        self.tell(stage)
        start = time.monotonic()
        yield
        self.tell(replace(stage, seconds=time.monotonic() - start))

    def _scratch(self, course: Course) -> Built:
        with self._timed(Stage(course.recipe.name, 1, 1, course.layers[0].name)), self.cache.work() as work:
            program = self.recipes.folder(course.recipe.name) / course.recipe.base.value
            finished = run_program(program, work, self.log)
            built = replace(finished, recipe=course.digest, built_at=stamp(), packages="")
            _move(work / built.file, self.folder / built.file)
            write_facts(self.folder, built)
            return built


def _current(folder: Path, course: Course) -> Built | None:
    """The image that is there, if it is of this recipe and its file is whole."""
    try:
        built = read_facts(folder, course.recipe.name)
    except (UsageError, StateError):
        return None
    if built is None or built.recipe != course.digest:
        return None
    file = folder / built.file
    return built if file.is_file() and file.stat().st_size == built.size else None


def _move(made: Path, place: Path) -> None:
    """Into place, whole. The cache may be on another file system."""
    part = place.with_name(f".{place.name}.part")
    shutil.move(made, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(place)

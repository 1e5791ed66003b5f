"""Recipes to layers: what is made in which order, and the digest that says when it need not be made again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.model.recipe import BaseKind, Layer, LayerKind, Packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.recipe import Recipe

RULES = "3"
"""Part of every digest. Another way of making layers is another number, so that no layer made the old way is taken."""

INIT_PACKAGES = {
    "cell": Packages(debian=("busybox-static",)),
    "systemd": Packages(debian=("systemd-sysv", "dbus", "iproute2", "busybox-static")),
}
"""What each init is made of, beside files of ours. A static busybox runs the cell's, and asks for an address in both."""


def layers_of(
    recipe: Recipe, needs: Sequence[tuple[str, Packages]], digests: Mapping[str, str], below: tuple[Layer, ...] = ()
) -> tuple[Layer, ...]:
    """Every layer of an image, the lowest first; those of its base image are ``below``.

    ``needs`` holds each language with its packages in the recipe's order. ``digests`` are of the recipe's files: ``files``, ``deploy``,
    ``script``, of the base's program under ``scratch`` and of our own under ``init``. What seldom changes and everybody shares lies lowest.
    A language whose packages are all there already makes no layer.
    """
    stack = _Stack(recipe.name, list(below))
    if recipe.base.kind is not BaseKind.IMAGE:
        program = digests.get("scratch", "") if recipe.base.kind is BaseKind.SCRATCH else ""
        stack.add(LayerKind.BASE, f"{recipe.base.kind} {recipe.base.value}", program, base=recipe.base)
    if recipe.account:
        stack.add(LayerKind.ACCOUNT, f"account {recipe.account.name}", account=recipe.account)
    if recipe.init:
        stack.add(LayerKind.INIT, f"init {recipe.init}", digests["init"], source=recipe.init, packages=INIT_PACKAGES[recipe.init])
    stack.install("packages", recipe.packages)
    for name, packages in needs:
        stack.install(name, packages)
    for kind, source in ((LayerKind.FILES, recipe.files), (LayerKind.DEPLOY, recipe.deploy), (LayerKind.SCRIPT, recipe.script)):
        if source:
            stack.add(kind, f"{kind} {source}", digests[kind], source=source)
    return tuple(stack.layers)


def recipe_digest(recipe: Recipe, layers: Sequence[Layer]) -> str:
    """The digest of everything that an image is declared to hold. What is said about it beside that does not count."""
    return _digest(recipe.name, layers[-1].digest)


def missing(present: Packages, wanted: Packages) -> Packages:
    """What of ``wanted`` is not in ``present``, in its order and each once."""
    return Packages(
        *(
            tuple(dict.fromkeys(name for name in new if name not in old))
            for new, old in ((wanted.debian, present.debian), (wanted.pypi, present.pypi), (wanted.npm, present.npm))
        )
    )


class _Stack:
    """Layers so far. ``add`` takes the digest of what comes from outside of the recipe's text."""

    def __init__(self, recipe: str, layers: list[Layer]) -> None:
        self._recipe = recipe
        self.layers = layers

    def install(self, name: str, packages: Packages) -> None:
        present = Packages(
            debian=tuple(name for layer in self.layers for name in layer.packages.debian),
            pypi=tuple(name for layer in self.layers for name in layer.packages.pypi),
            npm=tuple(name for layer in self.layers for name in layer.packages.npm),
        )
        lacking = missing(present, packages)
        if lacking:
            self.add(LayerKind.PACKAGES, name, packages=lacking)

    def add(self, kind: LayerKind, name: str, outside: str = "", **what: object) -> None:
        below = self.layers[-1].digest if self.layers else ""
        layer = Layer(kind, name, "", self._recipe, **what)  # type: ignore[arg-type]
        said = {key: value for key, value in asdict(layer).items() if key not in {"name", "recipe"}}
        self.layers.append(Layer(kind, name, _digest(RULES, below, said, outside), self._recipe, **what))  # type: ignore[arg-type]


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

"""Recipes: what is taken, and what is said of those that do not hold."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.recipe import read_recipe
from reconciler.model.recipe import Account, Base, BaseKind, Packages
from tests.conftest import REPOSITORY

HEAD = "name: small\ndescription: a small one\n"
BASE = "base: {debootstrap: bookworm}\n"


def read(text: str) -> object:
    return read_recipe(SourceFile("images/small/recipe.yaml", text), "small")


def test_everything_that_a_recipe_can_say() -> None:
    text = HEAD + BASE + (
        "user: {name: runner}\ninit: cell\n"
        "packages: {debian: [g++, libc6-dev], pypi: [hy==1.0.0], npm: ['@a/b@1.2.3', typescript@5.4.0]}\n"
        "languages: [c, all]\nfiles: rootfs\ndeploy: deploy.py\nscript: setup.sh\nsmoke: [sh, -c, 'true']\n"
    )  # fmt: skip
    recipe = read_recipe(SourceFile("images/small/recipe.yaml", text), "small")
    assert recipe.base == Base(BaseKind.DEBOOTSTRAP, "bookworm")
    assert recipe.packages == Packages(("g++", "libc6-dev"), ("hy==1.0.0",), ("@a/b@1.2.3", "typescript@5.4.0"))
    assert (recipe.languages, recipe.every_language) == (("c",), True)
    assert recipe.account == Account("runner", 1000)
    assert (recipe.init, recipe.files, recipe.deploy, recipe.script) == ("cell", "rootfs", "deploy.py", "setup.sh")
    assert recipe.smoke == ("sh", "-c", "true")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "images/small/recipe.yaml: a recipe is one document, not 0"),
        (HEAD + BASE + "---\n" + HEAD + BASE, "images/small/recipe.yaml: a recipe is one document, not 2"),
        (HEAD, "recipe.yaml:1:1: base: is missing"),
        (HEAD + "base: {}\n", "recipe.yaml:3:1: base: write exactly one of debootstrap, simplestreams, image and scratch"),
        (HEAD + "base: {image: a, scratch: b}\n", "recipe.yaml:3:1: base: write exactly one of"),
        (HEAD + BASE + "langauges: [c]\n", "recipe.yaml:4:1: langauges: unknown key; did you mean languages?"),
        (HEAD + "base: {debotstrap: x}\n", "recipe.yaml:3:8: base.debotstrap: unknown key; did you mean debootstrap?"),
        (HEAD + BASE + "languages: [all, c]\n", "languages names each once, and all stands last"),
        (HEAD + BASE + "languages: [c, c]\n", "languages names each once, and all stands last"),
        (HEAD + BASE + "init: upstart\n", "recipe.yaml:4:1: init: 'upstart' is not accepted"),
        (HEAD + BASE + "script: ../other/x.sh\n", "recipe.yaml:4:1: script: not of the accepted form"),
        (HEAD + BASE + "files: .git\n", "recipe.yaml:4:1: files: not of the accepted form"),
        (HEAD + BASE + "packages: {debian: ['-o=x']}\n", "packages.debian[0]: not of the accepted form"),
        (HEAD + BASE + "packages: {pypi: [hy]}\n", "packages.pypi[0]: not of the accepted form"),
        (HEAD + BASE + "packages: {npm: ['typescript@latest']}\n", "packages.npm[0]: not of the accepted form"),
        (HEAD + BASE + "user: {name: runner, uid: 0}\n", "recipe.yaml:4:22: user.uid: "),
        (HEAD + "base: {scratch: build.py}\ninit: cell\n", "what scratch writes is finished: leave out init"),
        (HEAD.replace("small\n", "other\n", 1) + BASE, "recipe.yaml:1:1: name: the recipe in small/ is named small"),
        ("- a\n", "images/small/recipe.yaml:1:1: "),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "images").glob("*/recipe.yaml")), ids=lambda path: path.parent.name)
def test_our_own_recipes_hold(path: object) -> None:
    folder = path.parent.name  # type: ignore[attr-defined]
    recipe = read_recipe(SourceFile(str(path), path.read_text()), folder)  # type: ignore[attr-defined]
    assert recipe.name == folder

"""Layers of images: their order, and what their digests hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.recipe import Account, Base, BaseKind, Layer, LayerKind, Packages, Recipe
from reconciler.policy.recipe import layers_of, missing, recipe_digest

DIGESTS = {"init": "a", "files": "b", "deploy": "c", "script": "d", "scratch": "e"}
DEBIAN = Base(BaseKind.DEBOOTSTRAP, "bookworm")
FULL = Recipe(
    "full",
    "everything at once",
    DEBIAN,
    packages=Packages(debian=("netbase",)),
    files="rootfs",
    deploy="deploy.py",
    script="setup.sh",
    account=Account("runner", 1000),
    init="cell",
)
NEEDS = [("c", Packages(debian=("gcc",))), ("cpp", Packages(debian=("gcc", "g++"))), ("again", Packages(debian=("g++",)))]

names = st.text("abcdef", min_size=1, max_size=4)
needs = st.lists(st.tuples(names, st.builds(Packages, st.lists(names, min_size=1, max_size=3).map(tuple))), max_size=6)


def digests(layers: tuple[Layer, ...]) -> list[str]:
    return [layer.digest for layer in layers]


def test_what_seldom_changes_lies_lowest_and_a_language_brings_only_what_is_not_there() -> None:
    layers = layers_of(FULL, NEEDS, DIGESTS)
    assert [layer.name for layer in layers] == [
        "debootstrap bookworm",
        "account runner",
        "init cell",
        "packages",
        "c",
        "cpp",
        "files rootfs",
        "deploy deploy.py",
        "script setup.sh",
    ]
    assert layers[5].packages == Packages(debian=("g++",))


def test_an_image_over_another_begins_with_its_layers() -> None:
    below = layers_of(replace(FULL, name="lower"), NEEDS[:1], DIGESTS)
    over = layers_of(Recipe("over", "more", Base(BaseKind.IMAGE, "lower")), NEEDS, {}, below)
    assert over[: len(below)] == below
    assert [(layer.name, layer.packages.debian) for layer in over[len(below) :]] == [("cpp", ("g++",))]


@pytest.mark.parametrize("changed", ["init", "files", "deploy", "script"])
def test_another_file_makes_its_layer_and_those_over_it_anew(changed: str) -> None:
    before, after = layers_of(FULL, NEEDS, DIGESTS), layers_of(FULL, NEEDS, {**DIGESTS, changed: "x"})
    first = next(number for number, layer in enumerate(before) if layer.kind is LayerKind(changed))
    assert digests(before)[:first] == digests(after)[:first]
    assert not set(digests(before)[first:]) & set(digests(after))


@pytest.mark.parametrize(
    "other",
    [
        replace(FULL, base=Base(BaseKind.DEBOOTSTRAP, "trixie")),
        replace(FULL, account=Account("runner", 1001)),
        replace(FULL, account=Account("worker", 1000)),
        replace(FULL, packages=Packages(debian=("netbase", "procps"))),
        replace(FULL, packages=Packages(debian=("netbase",), npm=("typescript@1.0.0",))),
        replace(FULL, script=""),
    ],
)
def test_another_recipe_has_another_digest(other: Recipe) -> None:
    before, after = layers_of(FULL, NEEDS, DIGESTS), layers_of(other, NEEDS, DIGESTS)
    assert recipe_digest(FULL, before) != recipe_digest(other, after)


def test_what_is_said_beside_the_content_makes_nothing_anew() -> None:
    other = replace(FULL, description="other words", smoke=("true",))
    before, after = layers_of(FULL, NEEDS, DIGESTS), layers_of(other, NEEDS, DIGESTS)
    assert recipe_digest(FULL, before) == recipe_digest(other, after)


def test_the_program_of_a_scratch_image_is_in_its_digest() -> None:
    scratch = Recipe("bare", "bare", Base(BaseKind.SCRATCH, "build.py"))
    assert digests(layers_of(scratch, [], {"scratch": "1"})) != digests(layers_of(scratch, [], {"scratch": "2"}))


@given(needs, st.tuples(names, st.builds(Packages, st.lists(names, min_size=1, max_size=3).map(tuple))))
def test_a_language_at_the_end_makes_at_most_one_layer(before: list[tuple[str, Packages]], one: tuple[str, Packages]) -> None:
    plain = Recipe("plain", "plain", DEBIAN)
    old, new = layers_of(plain, before, {}), layers_of(plain, [*before, one], {})
    assert new[: len(old)] == old
    assert len(new) - len(old) == bool(missing(Packages(tuple(name for layer in old for name in layer.packages.debian)), one[1]))


@given(needs)
def test_no_package_is_installed_twice_and_none_is_left_out(wanted: list[tuple[str, Packages]]) -> None:
    layers = layers_of(Recipe("plain", "plain", DEBIAN), wanted, {})
    installed = [name for layer in layers for name in layer.packages.debian]
    assert len(installed) == len(set(installed))
    assert set(installed) == {name for _, packages in wanted for name in packages.debian}


@given(needs, st.integers(min_value=0, max_value=5), names)
def test_digests_of_different_stacks_differ(wanted: list[tuple[str, Packages]], at: int, name: str) -> None:
    plain = Recipe("plain", "plain", DEBIAN)
    other = [*wanted[:at], (name, Packages(debian=(f"{name}-only-here",))), *wanted[at:]]
    old, new = layers_of(plain, wanted, {}), layers_of(plain, other, {})
    assert len(set(digests(new))) == len(new)
    assert old[-1].digest not in digests(new) or len(old) <= min(at, len(wanted)) + 1

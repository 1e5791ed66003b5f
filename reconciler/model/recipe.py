"""Recipes of images and what a build leaves: what is declared, the layers it comes to, the facts of the file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BaseKind(StrEnum):
    """What an image is made over. The value beside it says which one."""

    DEBOOTSTRAP = "debootstrap"
    """A suite, from the mirror that this machine's apt is set up with."""
    SIMPLESTREAMS = "simplestreams"
    """An alias on a server of images that the lxc client of this machine knows."""
    IMAGE = "image"
    """Another recipe of ours: its layers are taken as they are."""
    SCRATCH = "scratch"
    """A program in the recipe's folder that writes the finished file."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Names of packages a registry; those of PyPI (``name==version``) and npm (``name@version``) carry their version."""

    debian: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.debian or self.pypi or self.npm)


NOTHING = Packages()


@dataclass(frozen=True, slots=True)
class Base:
    """What an image is made over."""

    kind: BaseKind
    value: str


@dataclass(frozen=True, slots=True)
class Account:
    """The account that work runs under."""

    name: str
    uid: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """One image as declared."""

    name: str
    description: str
    base: Base
    packages: Packages = NOTHING
    languages: tuple[str, ...] = ()
    """In the order of their layers."""
    every_language: bool = False
    """Whether every other language of the catalogue that can be had comes after them."""
    files: str = ""
    """A folder in the recipe's folder, laid over the root; "" for none."""
    deploy: str = ""
    """A pyinfra deploy in the recipe's folder, run from outside over the image's root; "" for none."""
    script: str = ""
    """A script in the recipe's folder, run as root inside; "" for none."""
    account: Account | None = None
    init: str = ""
    """``cell``, ``systemd``, or "" where the base has its own."""
    smoke: tuple[str, ...] = ()
    """Command that ends with 0 in a container of the image; () where it is enough that one starts."""


class LayerKind(StrEnum):
    """What making a layer means."""

    BASE = "base"
    PACKAGES = "packages"
    ACCOUNT = "account"
    INIT = "init"
    FILES = "files"
    DEPLOY = "deploy"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer to be made over those before it. Layers of the same digest hold the same."""

    kind: LayerKind
    name: str
    digest: str
    recipe: str
    """The recipe in whose folder its files lie."""
    base: Base | None = None
    packages: Packages = NOTHING
    account: Account | None = None
    source: str = ""
    """File or folder in the recipe's folder; of an init its name."""


@dataclass(frozen=True, slots=True)
class LayerFact:
    """One layer that is in an image. ``size`` is in bytes, as the files are in the cache."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Built:
    """The facts of one image that was built. Digests are SHA-256 in 64 hex digits."""

    name: str
    recipe: str
    """Digest of everything that the recipe says and names: the same recipe has the same one, on any day."""
    content: str
    """Digest of the image before it is compressed: the same content has the same one, whatever compressed it."""
    fingerprint: str
    """Digest of the file, which is how LXD knows the image."""
    file: str
    """Name of the file, in the folder that holds the facts."""
    size: int
    """Of the file, in bytes."""
    architecture: str
    built_at: str
    """ISO 8601, UTC."""
    layers: tuple[LayerFact, ...]
    packages: str
    """Name of the file that lists every package with its version, in the same folder; "" for none."""

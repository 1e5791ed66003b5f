"""Recipes of images: ``images/<name>/recipe.yaml`` to a ``Recipe``, or every finding with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from reconciler.errors import Finding, ManifestError
from reconciler.manifest.fields import Name, Strict
from reconciler.manifest.wording import findings_of
from reconciler.manifest.yamltext import parse
from reconciler.model.recipe import Account, Base, BaseKind, Packages, Recipe

if TYPE_CHECKING:
    from reconciler.manifest.documents import SourceFile

DEBIAN = r"^[a-z0-9][a-z0-9+.-]+$"
PYPI = r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*$"
NPM = r"^(@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*@[0-9][A-Za-z0-9.+-]*$"
SUITE = r"^[a-z][a-z0-9-]{1,40}$"
ALIAS = r"^[a-z0-9][a-z0-9._-]{0,40}(/[a-z0-9._-]{1,40}){0,3}$"
INSIDE = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}$"
ACCOUNT = r"^[a-z_][a-z0-9_-]{0,30}$"
FIRST_UID, LAST_UID = 1000, 59_999
MOST_SMOKE = 32
EVERY = "all"

Inside = Annotated[str, Field(pattern=INSIDE)]
"""Name of a file or folder in the recipe's own folder."""


def _listed(value: object) -> object:
    return [value] if value == EVERY else value


class BaseSpec(Strict):
    """What the image is made over: exactly one of these."""

    debootstrap: Annotated[str, Field(pattern=SUITE)] | None = Field(
        default=None, description="Suite, such as bookworm, from the mirror that this machine's apt is set up with."
    )
    simplestreams: Annotated[str, Field(pattern=ALIAS)] | None = Field(
        default=None, description="Alias, such as alpine/3.20, on a server of images that the lxc client of this machine knows."
    )
    image: Name | None = Field(default=None, description="Another recipe of ours, whose layers are taken as they are.")
    scratch: Inside | None = Field(default=None, description="Program in the recipe's folder that writes the finished file.")

    @model_validator(mode="after")
    def _one(self) -> BaseSpec:
        if len(self.model_fields_set) != 1:
            raise ValueError("write exactly one of debootstrap, simplestreams, image and scratch")
        return self


class PackagesSpec(Strict):
    """Packages by registry. Their versions are those of the mirror for Debian, and written for the others."""

    debian: list[Annotated[str, Field(pattern=DEBIAN)]] = Field(default=[], description="Names of Debian packages.")
    pypi: list[Annotated[str, Field(pattern=PYPI)]] = Field(default=[], description="name==version, wheels only.")
    npm: list[Annotated[str, Field(pattern=NPM)]] = Field(default=[], description="name@version; install scripts are not run.")


class AccountSpec(Strict):
    """The account that work runs under."""

    name: Annotated[str, Field(pattern=ACCOUNT)] = Field(description="Its name; the home folder is /home/NAME.")
    uid: Annotated[int, Field(ge=FIRST_UID, le=LAST_UID)] = Field(default=FIRST_UID, description="Its number, of user and group.")


class RecipeSpec(Strict):
    """One image as code."""

    name: Name = Field(description="Name of the image, that of the recipe's folder.")
    description: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="What it is for, in a line.")
    base: BaseSpec = Field(description="What it is made over.")
    packages: PackagesSpec = Field(default=PackagesSpec(), description="Packages beside those that the languages need.")
    languages: Annotated[list[Annotated[str, Field(max_length=40)]], BeforeValidator(_listed)] = Field(
        default=[],
        description="Names from images/languages.yaml, one layer each, in this order. all, as the last, is every other one.",
    )
    user: AccountSpec | None = Field(default=None, description="Account that work runs under.")
    init: Literal["cell", "systemd"] | None = Field(
        default=None, description="First process: cell for pool cells, systemd for services; left out, the base's own."
    )
    files: Inside | None = Field(default=None, description="Folder in the recipe's folder that is laid over the root.")
    deploy: Inside | None = Field(default=None, description="pyinfra deploy in the recipe's folder, run over the root.")
    script: Inside | None = Field(default=None, description="Script in the recipe's folder, run as root inside, without a network.")
    smoke: list[str] = Field(default=[], max_length=MOST_SMOKE, description="Command that must end with 0 in a container of it.")

    @model_validator(mode="after")
    def _finished(self) -> RecipeSpec:
        more = self.model_fields_set - {"name", "description", "base", "smoke"}
        if self.base.scratch and more:
            raise ValueError(f"what scratch writes is finished: leave out {', '.join(sorted(more))}")
        if EVERY in self.languages[:-1] or len(set(self.languages)) != len(self.languages):
            raise ValueError("languages names each once, and all stands last")
        return self


def read_recipe(file: SourceFile, folder: str) -> Recipe:
    """The recipe in a file of the folder ``folder``. Raises ``ManifestError`` with every finding."""
    documents = list(parse(file.path, file.text.removeprefix("\ufeff")))
    if len(documents) != 1:
        raise ManifestError((Finding(file.path, 0, 0, "", f"a recipe is one document, not {len(documents)}"),))
    parsed = documents[0]
    if parsed.findings:
        raise ManifestError(tuple(parsed.findings))
    # The wording speaks of places below a key; a recipe has no such key, so its places are moved below an empty one.
    places = {("", *path): place for path, place in parsed.places.items()}
    try:
        spec = RecipeSpec.model_validate(parsed.value)
    except ValidationError as error:
        found = findings_of(error, RecipeSpec, file.path, "", places)
        raise ManifestError(
            tuple(Finding(one.file, one.line, one.column, one.path.removeprefix("."), one.message, one.hint) for one in found)
        ) from None
    if spec.name != folder:
        line, column = parsed.places[("name",)]
        raise ManifestError((Finding(file.path, line, column, "name", f"the recipe in {folder}/ is named {folder}", f"name: {folder}"),))
    return _recipe(spec)


def _recipe(spec: RecipeSpec) -> Recipe:
    kind, value = next((key, value) for key, value in spec.base.model_dump().items() if value is not None)
    return Recipe(
        name=spec.name,
        description=spec.description,
        base=Base(BaseKind(kind), value),
        packages=Packages(tuple(spec.packages.debian), tuple(spec.packages.pypi), tuple(spec.packages.npm)),
        languages=tuple(name for name in spec.languages if name != EVERY),
        every_language=EVERY in spec.languages,
        files=spec.files or "",
        deploy=spec.deploy or "",
        script=spec.script or "",
        account=Account(spec.user.name, spec.user.uid) if spec.user else None,
        init=spec.init or "",
        smoke=tuple(spec.smoke),
    )

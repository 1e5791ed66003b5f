"""What one row of the catalogue of languages may say. Descriptions here are those of its reference."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from reconciler.manifest.fields import ENV_KEY, Strict
from reconciler.model.language import Check, MemoryClass, TimeClass

LINE = r"^[^\x00-\x1f\x7f]{1,300}$"
ARGUMENT = r"^[^\x00-\x08\x0b-\x1f\x7f]{1,2000}$"
NAME = r"^[a-z][a-z0-9]{0,31}$"
ALIAS = r"^[a-z0-9][a-z0-9+#._-]{0,31}$"
EXTENSION = r"^\.[A-Za-z0-9][A-Za-z0-9+_-]{0,15}$"
SHEBANG = r"^[A-Za-z][A-Za-z0-9+_.-]{0,31}$"
SOURCE = r"^[A-Za-z][A-Za-z0-9_-]{0,63}(\.[A-Za-z0-9]{1,15})?$"
DEBIAN = r"^[a-z0-9][a-z0-9+.-]{1,99}$"
PYPI = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}==[0-9][A-Za-z0-9.+!-]{0,39}$"
NPM = r"^(@[a-z0-9][a-z0-9._-]{0,99}/)?[a-z0-9][a-z0-9._-]{0,99}@[0-9]+\.[0-9]+\.[0-9]+([-+][A-Za-z0-9.-]{1,39})?$"


def _of(kind: type[TimeClass | MemoryClass | Check], value: object) -> object:
    members: dict[str, TimeClass | MemoryClass | Check] = {member.value: member for member in kind}
    if not isinstance(value, str) or value not in members:
        raise ValueError(f"{str(value)[:60]!r} is not accepted: write one of {', '.join(members)}")
    return members[value]


Text = Annotated[str, Field(pattern=LINE)]
Command = list[Annotated[str, Field(pattern=ARGUMENT)]]
Time = Annotated[TimeClass, BeforeValidator(lambda value: _of(TimeClass, value)), WithJsonSchema({"enum": list(TimeClass)})]
Memory = Annotated[MemoryClass, BeforeValidator(lambda value: _of(MemoryClass, value)), WithJsonSchema({"enum": list(MemoryClass)})]
Known = Annotated[Check, BeforeValidator(lambda value: _of(Check, value))]

TIMES = ", ".join(f"{member.value} {member.seconds} s" for member in TimeClass)
MEMORIES = ", ".join(f"{member.value} {member.size // 1024**2} MiB" for member in MemoryClass)


class PackagesSpec(Strict):
    """What an image installs for it."""

    debian: list[Annotated[str, Field(pattern=DEBIAN)]] = Field(
        default=[], description="Debian packages; the suite of the image pins them."
    )
    pypi: list[Annotated[str, Field(pattern=PYPI)]] = Field(default=[], description="Packages of the Python index, as name==version.")
    npm: list[Annotated[str, Field(pattern=NPM)]] = Field(default=[], description="Packages of npm, as name@version.")


class LanguageSpec(Strict):
    """One language: how it is recognised, installed, compiled and run."""

    name: Annotated[str, Field(pattern=NAME)] = Field(description="What it is called: lower-case letters and digits.")
    title: Text = Field(description="Its name as people write it.")
    aliases: list[Annotated[str, Field(pattern=ALIAS)]] = Field(default=[], description="Other names that are taken for it, in lower case.")
    extensions: list[Annotated[str, Field(pattern=EXTENSION)]] = Field(default=[], description="Ends of file names, with the dot.")
    shebangs: list[Annotated[str, Field(pattern=SHEBANG)]] = Field(
        default=[], description="Interpreters after #! or env, without a version: python3.11 is python."
    )
    source: Annotated[str, Field(pattern=SOURCE)] = Field(default="", description="File that the code is written to, in an empty folder.")
    compile: Command = Field(default=[], description="Command that makes a program of the source, run in its folder; often there is none.")
    run: Command = Field(default=[], description="Command that runs the program, in the same folder; the program's arguments are appended.")
    packages: PackagesSpec = Field(default=PackagesSpec(), description="What an image installs for it, beside what every image has.")
    repl: Command = Field(default=[], description="Command that reads and answers line by line.")
    version: Command = Field(default=[], description="Command that tells the version.")
    environment: dict[Annotated[str, Field(pattern=ENV_KEY)], Text] = Field(default={}, description="Variables for all its commands.")
    time: Time = Field(
        default=TimeClass.NORMAL, description=f"How long compiling, and running, may take in the tests of an image: {TIMES}."
    )
    memory: Memory = Field(default=MemoryClass.MEDIUM, description=f"Memory that its processes may hold at their peak: {MEMORIES}.")
    hints: Annotated[list[Text], Field(max_length=8)] = Field(
        default=[], description="Regular expressions for one line of text that hardly any other language could hold; asked last."
    )
    over: list[Annotated[str, Field(pattern=NAME)]] = Field(
        default=[], description="Languages whose lines its programs may hold as well: where a hint of its own fits, theirs do not count."
    )
    without: dict[Known, Text] = Field(
        default={}, description="Checks of the tests of images that it cannot pass by its nature, each with why. Then it is not counted."
    )
    unavailable: str = Field(default="", pattern=r"^[^\x00-\x1f\x7f]{0,300}$", description="Why it cannot be had; then it is refused.")

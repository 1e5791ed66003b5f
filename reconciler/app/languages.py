"""The catalogue of languages of a repository, and which of them a file is in."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.languages import load_languages
from reconciler.policy.languages import READ, Detected, detect, meant

if TYPE_CHECKING:
    from typing import BinaryIO

    from reconciler.model.language import Language, Languages

CATALOGUE = "images/languages.yaml"
MOST = 1024 * 1024
BYTES = 4 * READ + 4
"""Of a file: as much as holds the characters that are asked, whatever they are."""
STDIN = "-"


def read_languages(root: Path) -> Languages:
    """The catalogue of the repository at ``root``. Raises ``UsageError`` where there is none, ``ManifestError`` where it does not hold."""
    path = root / CATALOGUE
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise UsageError(f"{path} is larger than {MOST} bytes", hint=f"ls -l {path}")
        text = content.decode("utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint="unsandbox -C DIR languages") from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: not UTF-8 text", hint=f"iconv -t UTF-8 {path}") from error
    return load_languages(SourceFile(CATALOGUE, text))


def language_named(root: Path, name: str) -> Language:
    """The row of a name or alias, whether it can be had or not. Raises as ``read_languages``, and ``UnknownLanguage``."""
    return meant(read_languages(root), name).language


def language_of(root: Path, file: str, stdin: BinaryIO) -> Detected:
    """The language of a file, or of ``stdin`` for ``-``. Raises as ``read_languages``, and ``UnknownLanguage``, ``UnavailableLanguage``."""
    languages = read_languages(root)
    if file == STDIN:
        return detect(languages, text=_text(stdin.read(BYTES)))
    try:
        with Path(file).open("rb") as content:
            return detect(languages, file=file, text=_text(content.read(BYTES)))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", hint=f"ls -l {file}") from error
    except ValueError as error:  # a NUL in the name
        raise UsageError(f"{file!r} is no name of a file: {error}", hint="unsandbox languages detect --help") from error


def _text(content: bytes) -> str:
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8", "replace")

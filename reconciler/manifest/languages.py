"""The catalogue of languages: text to ``Languages``, with every finding of the whole file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from reconciler.errors import Finding, ManifestError
from reconciler.manifest.crosschecks import cross_check
from reconciler.manifest.schema_languages import LanguageSpec
from reconciler.manifest.wording import findings_of
from reconciler.manifest.yamltext import parse
from reconciler.model.language import Language, Languages
from reconciler.model.recipe import Packages

if TYPE_CHECKING:
    from reconciler.manifest.documents import SourceFile
    from reconciler.manifest.yamltext import Parsed

HINT = "unsandbox languages"


def load_languages(file: SourceFile) -> Languages:
    """The catalogue. Raises ``ManifestError`` with all that is wrong, each with its line; a file without a row is wrong as well."""
    documents = list(parse(file.path, file.text.removeprefix("\ufeff")))
    findings = [finding for parsed in documents for finding in parsed.findings]
    rows: list[tuple[int, LanguageSpec]] = []
    if not findings:
        rows, findings = _rows(file.path, documents)
    if findings:
        raise ManifestError(tuple(findings), hint=HINT)
    return Languages(tuple(_language(row) for _, row in rows))


def _rows(path: str, documents: list[Parsed]) -> tuple[list[tuple[int, LanguageSpec]], list[Finding]]:
    value = documents[0].value if len(documents) == 1 else None
    if not isinstance(value, list) or not value:
        return [], [Finding(path, 0, 0, "", "the catalogue is one list with a row for each language", "begin each row with - name:")]
    rows: list[tuple[int, LanguageSpec]] = []
    findings: list[Finding] = []
    places = documents[0].places
    for index, item in enumerate(value):
        try:
            rows.append((index, LanguageSpec.model_validate(item)))
        except ValidationError as error:
            findings.extend(findings_of(error, LanguageSpec, path, index, places))
    return rows, findings or list(cross_check(path, rows, places))


def _language(row: LanguageSpec) -> Language:
    return Language(
        name=row.name,
        title=row.title,
        aliases=tuple(row.aliases),
        extensions=tuple(row.extensions),
        shebangs=tuple(row.shebangs),
        source=row.source,
        compile=tuple(row.compile),
        run=tuple(row.run),
        packages=Packages(tuple(row.packages.debian), tuple(row.packages.pypi), tuple(row.packages.npm)),
        repl=tuple(row.repl),
        version=tuple(row.version),
        environment=tuple(sorted(row.environment.items())),
        time=row.time,
        memory=row.memory,
        hints=tuple(row.hints),
        over=tuple(row.over),
        without=tuple(row.without.items()),
        unavailable=row.unavailable,
    )

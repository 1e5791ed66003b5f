"""Files to documents: every finding of every file at once, each with its place."""

from __future__ import annotations

import hashlib
import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from reconciler.errors import Finding, ManifestError
from reconciler.manifest.documents import Document, Documents
from reconciler.manifest.fields import Strict
from reconciler.manifest.parts import stance_of
from reconciler.manifest.reading import NOTHING, Flaw, code_of
from reconciler.manifest.schema import API_VERSION, KINDS, Metadata
from reconciler.manifest.wording import findings_of
from reconciler.manifest.yamltext import dotted, parse
from reconciler.model.names import Kind, Ref
from reconciler.model.resources import Source
from reconciler.model.rules import FAILED_CAUSE, ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.manifest.documents import Path, SourceFile
    from reconciler.manifest.yamltext import Parsed

M = TypeVar("M", bound=Strict)
TOP = ("apiVersion", "kind", "metadata", "spec")
MOVABLE = frozenset({Kind.SERVICE, Kind.SESSION})
STANDING = frozenset({Kind.SERVICE, Kind.SESSION, Kind.POOL, Kind.HOST})
"""Kinds whose metadata may say a mode and a suspension."""
STANCE = ("mode", "suspend")
YAML = (".yaml", ".yml")
MAX_DOCUMENTS = 200_000


def load(files: Iterable[SourceFile]) -> Documents:
    """Read every YAML file. Raises ``ManifestError`` with all findings of all files, or where there is no manifest at all."""
    every = sorted(files, key=lambda file: file.path)
    items: list[Document] = []
    findings: list[Finding] = []
    yaml_files = [file for file in every if file.path.lower().endswith(YAML)]
    for file in yaml_files:
        if not file.path.endswith(YAML):
            findings.append(Finding(file.path, 0, 0, "", "a name in these letters is not read", f"end it in one of {', '.join(YAML)}"))
            continue
        try:
            documents, flaws = _read(file)
        except Exception as error:  # noqa: BLE001 - a file that cannot be read must stop everything, whatever broke
            documents, flaws = [], [Finding(file.path, 0, 0, "", f"{FAILED_CAUSE}: reading it ({type(error).__name__})")]
        items.extend(documents)
        findings.extend(flaws)
    empty = None if findings else ask(NOTHING, "unsandbox init DIR", len(items))
    if empty is not None:
        findings.append(Finding("manifests", 0, 0, "", empty.cause, empty.unblock, NOTHING.code))
    if len(items) > MAX_DOCUMENTS:
        findings.append(Finding("manifests", 0, 0, "", f"more than {MAX_DOCUMENTS} documents"))
    if findings:
        raise ManifestError(tuple(findings))
    return Documents(tuple(items), {file.path: file.text for file in every})


def _read(file: SourceFile) -> tuple[list[Document], list[Finding]]:
    documents: list[Document] = []
    findings: list[Finding] = []
    for parsed in parse(file.path, file.text.removeprefix("\ufeff")):
        reader = _Document(file.path, parsed)
        document = reader.read()
        findings.extend(reader.findings)
        documents.extend([document] if document else [])
    return documents, findings


class _Document:
    def __init__(self, file: str, parsed: Parsed) -> None:
        self._file = file
        self._parsed = parsed
        self.findings = list(parsed.findings)

    def read(self) -> Document | None:
        value = self._parsed.value
        if self.findings:
            return None
        if not isinstance(value, dict):
            self._find((), "a manifest is a mapping with apiVersion, kind, metadata and spec")
            return None
        kind = self._head(value)
        if kind is None:
            return None
        before = len(self.findings)
        metadata = self._model(Metadata, value.get("metadata", {}), "metadata")
        spec = self._model(KINDS[kind], value.get("spec", {}), "spec")
        if metadata is not None and metadata.moved and kind not in MOVABLE:
            self._find(("metadata", "moved"), f"a {kind} is not a container: there is nothing to keep under another name")
        if metadata is not None and kind not in STANDING:
            self._no_stance(metadata, kind)
        for path in _nothings(value, ()) if len(self.findings) == before else ():
            self._find(path, "nothing is written", "write a value, or leave it out", written=False)
        if len(self.findings) > before or metadata is None or spec is None:
            return None
        return Document(
            ref=Ref(kind, metadata.name),
            uid=metadata.uid,
            labels=tuple(sorted(metadata.labels.items())),
            spec=spec,
            source=Source(self._file, self._parsed.line),
            places=self._parsed.places,
            lineage=metadata.lineage,
            moved=metadata.moved or "",
            digest=_digest(value),
            stance=stance_of(metadata.mode, metadata.suspend),
        )

    def _no_stance(self, metadata: Metadata, kind: Kind) -> None:
        where = "write it in spec" if kind is Kind.POLICY else "the Policy says it for everything"
        for key in STANCE:
            if key in metadata.model_fields_set:
                self._find(("metadata", key), f"not for kind {kind}", where)

    def _head(self, value: Mapping[str, object]) -> Kind | None:
        for key in value:
            if key not in TOP:
                near = get_close_matches(key, TOP, 1)
                self._find((key,), "unknown key" + (f"; did you mean {near[0]}?" if near else ""), f"accepted: {', '.join(TOP)}")
        for key in TOP:
            if key not in value:
                self._find((), f"{key} is missing")
        if "apiVersion" in value and value["apiVersion"] != API_VERSION:
            self._find(("apiVersion",), f"{value['apiVersion']!r} is not a version this program reads", f"accepted: {API_VERSION}")
        kind = value.get("kind")
        names = sorted(member.value for member in KINDS)
        if "kind" in value and kind not in names:
            near = get_close_matches(str(kind), names, 1, 0.5)
            self._find(
                ("kind",), f"{kind!r} is not a kind" + (f"; did you mean {near[0]}?" if near else ""), f"accepted: {', '.join(names)}"
            )
        return None if self.findings else Kind(str(kind))

    def _model(self, model: type[M], value: object, key: str) -> M | None:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.findings.extend(findings_of(error, model, self._file, key, self._parsed.places))
            return None

    def _find(self, path: Path, message: str, hint: str = "", *, written: bool = True) -> None:
        line, column = self._parsed.places.get(path, (self._parsed.line, 1))
        code = code_of(Flaw("", path, message, written))
        self.findings.append(Finding(self._file, line, column, dotted(path), message, hint, code))


def _nothings(value: object, path: Path) -> Iterator[Path]:
    """Every key without a value: what was to stand there is not known, and is not what a key that is left out means."""
    if value is None:
        yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        yield from _nothings(inner, (*path, key))


def _digest(value: Mapping[str, object]) -> str:
    # What may be done about an object is not what the object is: to suspend it must not make it another one.
    metadata = value.get("metadata")
    if isinstance(metadata, dict) and any(key in metadata for key in STANCE):
        value = {**value, "metadata": {key: item for key, item in metadata.items() if key not in STANCE}}
    # A date written without quotes is a date to YAML; its text tells it apart as well.
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()

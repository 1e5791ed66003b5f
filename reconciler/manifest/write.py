"""One manifest as text, for what requests ask for. What it writes is read back by the same strict reader as what people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from reconciler.manifest.schema import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.manifest.yamltext import Plain
    from reconciler.model.names import Ref

HEAD = "# Written by a request. It is taken away by one, too.\n"


def manifest_text(ref: Ref, uid: str, lineage: str, spec: Mapping[str, Plain]) -> str:
    """The manifest of ``ref``. Keys of ``spec`` without a value are left out."""
    metadata = {"name": ref.name, "uid": uid} | ({"lineage": lineage} if lineage else {})
    told = {key: value for key, value in spec.items() if value not in ("", None, [], {})}
    document = {"apiVersion": API_VERSION, "kind": ref.kind.value, "metadata": metadata, "spec": told}
    return HEAD + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that does not start with a letter: the reader takes some for numbers that this library does not."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text[:1].isascii() and text[:1].isalpha() else '"')


_Dumper.add_representer(str, _text)

"""The one loader of case tables: each YAML file of a folder is a list of cases, each with a ``name`` in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

HERE = Path(__file__).parent


def cases(folder: str) -> list[ParameterSet]:
    """Every case of every file below ``folder``, named ``file: name``, for ``pytest.mark.parametrize``.

    Raises ``ValueError`` where there is none, a case has no name, or two of one file share it: a table that is not read cannot fail.
    """
    found: list[ParameterSet] = []
    for path in sorted((HERE / folder).rglob("*.yaml")):
        table: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8")) or []
        names = [case.get("name") for case in table]
        if not all(names) or len(set(names)) != len(names):
            raise ValueError(f"{path}: every case needs a name of its own")
        found += [pytest.param(case, id=f"{path.stem}: {case['name']}") for case in table]
    if not found:
        raise ValueError(f"no cases in {HERE / folder}")
    return found

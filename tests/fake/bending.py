"""Answers, bent. Each function takes the metadata and the names of the instances that it is about, none meaning all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from collections.abc import Callable

    Names = tuple[str, ...]
    Row = dict[str, Any]


def _name_of(item: Any) -> str:
    """Of a row, or of a path as lists without recursion hold them."""
    if isinstance(item, dict):
        return str(item["name"])
    return str(item).partition("?")[0].rpartition("/")[2]


def _each(metadata: Any, names: Names, bend: Callable[[Row], Row]) -> Any:
    """Bend rows, or the one row."""
    if isinstance(metadata, dict):
        return bend(metadata) if not names or metadata["name"] in names else metadata
    return [bend(item) if isinstance(item, dict) and (not names or item["name"] in names) else item for item in metadata]


def without(metadata: Any, names: Names) -> Any:
    """Rows are left out; the last where none is named."""
    chosen = names or tuple(_name_of(item) for item in metadata[-1:])
    return [item for item in metadata if _name_of(item) not in chosen]


def hidden(metadata: Any, names: Names) -> Any:
    """Left out of the rows, of the project's users and of the volumes alike, as by a right to look that was taken away."""
    if isinstance(metadata, dict):
        return {**metadata, "used_by": [path for path in metadata.get("used_by", []) if not _is_about(path, names)]}
    return [item for item in metadata if not _is_about(item, names)]


def _is_about(item: Any, names: Names) -> bool:
    if isinstance(item, dict):
        return not names or item["name"] in names
    parts = str(item).partition("?")[0].strip("/").split("/")
    held = parts[parts.index("container") + 1] if "container" in parts else parts[-1]
    return (parts[1] == "instances" or "container" in parts) and (not names or held in names)


def hollow(metadata: Any, names: Names) -> Any:
    """As of an instance on a member that is away: status Error, no config."""
    empty: Row = {"status": "Error", "status_code": 112, "config": {}, "expanded_config": {}, "devices": {}, "expanded_devices": {}}
    return _each(metadata, names, lambda row: {**row, **empty})


def unmarked(metadata: Any, names: Names) -> Any:
    """Without ``user.*``, the marks among them."""

    def bend(row: Row) -> Row:
        return {**row, **{part: _kept(row[part], "user.") for part in ("config", "expanded_config")}}

    return _each(metadata, names, bend)


def _kept(config: dict[str, str], without: str) -> dict[str, str]:
    return {key: value for key, value in config.items() if not key.startswith(without)}


def twice(metadata: Any, names: Names) -> Any:
    """A row comes twice."""
    chosen = names or tuple(_name_of(item) for item in metadata[:1])
    return [*metadata, *(item for item in metadata if _name_of(item) in chosen)]


def renamed(metadata: Any, names: Names) -> Any:
    """Rows under other names than the project knows."""
    return _each(metadata, names, lambda row: {**row, "name": f"{row['name']}-x"})


def _with(key: str) -> Callable[[Row], Row]:
    def bend(row: Row) -> Row:
        other = str(uuid5(NAMESPACE_URL, str(row["name"])))
        return {**row, "config": {**row["config"], key: other}, "expanded_config": {**row["expanded_config"], key: other}}

    return bend


def another_uuid(metadata: Any, names: Names) -> Any:
    """Another uuid under the same name."""
    return _each(metadata, names, _with("volatile.uuid"))


def another_generation(metadata: Any, names: Names) -> Any:
    """Another generation, as after a restore."""
    return _each(metadata, names, _with("volatile.uuid.generation"))


def unknown_status(metadata: Any, names: Names) -> Any:
    """A status that no version of ours has heard of."""
    return _each(metadata, names, lambda row: {**row, "status": "Pondering", "status_code": 199})


def told(key: str, value: object) -> Callable[[Any, Names], Any]:
    """Another value in ``environment`` of ``GET /1.0``."""

    def bend(metadata: Any, _names: Names) -> Any:
        return {**metadata, "environment": {**metadata["environment"], key: value}}

    return bend


def members(status: str) -> Callable[[Any, Names], Any]:
    """Members of the cluster with another status; the last where none is named."""

    def bend(metadata: Any, names: Names) -> Any:
        chosen = names or tuple(row["server_name"] for row in metadata[-1:])
        return [{**row, "status": status} if row["server_name"] in chosen else row for row in metadata]

    return bend

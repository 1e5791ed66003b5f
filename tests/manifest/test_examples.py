"""What is committed for people to read is valid, and what is generated is current."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.repository import load_desired, read_repository
from reconciler.app.schema import write_schemas
from reconciler.app.settings import settings_from
from reconciler.manifest.compile import compile_desired
from reconciler.manifest.documents import SourceFile
from reconciler.manifest.jsonschema import json_schemas
from reconciler.manifest.load import load
from reconciler.manifest.scaffold import Options, scaffold
from reconciler.model.names import Kind
from reconciler.model.resources import Commit
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from reconciler.model.resources import Desired

ALL = Options(host_address="unix:/run/lxd.socket", fingerprint="b" * 64, image_fingerprint="a" * 64, image_file="/tmp/starter.tar.gz")  # noqa: S108


def of(options: Options) -> Desired:
    files = [SourceFile(path, text) for path, text in scaffold(options).items() if path.startswith(("manifests/", "inventory/"))]
    return compile_desired(load(files), Commit("", dirty=False, digest=""))


def test_the_examples_are_a_repository_of_their_own() -> None:
    desired = load_desired(settings_from(REPOSITORY, {}))
    assert [str(workload.ref) for workload in desired.workloads] == [
        "Cell/warm-0",
        "Cell/warm-1",
        "Service/held",
        "Service/watched",
        "Service/web",
        "Session/shell",
    ]


def test_the_committed_schemas_are_current() -> None:
    assert write_schemas(REPOSITORY / "manifests" / "schema", check=True) == ()


def test_every_field_of_every_schema_has_a_description() -> None:
    bare = [
        f"{name}: {field}"
        for name, schema in json_schemas().items()
        for part in (schema.get("properties", {}).get("spec", {}), *schema.get("$defs", {}).values())
        for field, told in part.get("properties", {}).items()
        if not told.get("description")
    ]
    assert not bare


def test_a_repository_made_with_everything_known_converges_on_two_services_and_two_cells() -> None:
    assert sorted(workload.ref.kind for workload in of(ALL).workloads) == [Kind.CELL, Kind.CELL, Kind.SERVICE, Kind.SERVICE]


def test_a_repository_made_with_nothing_known_is_valid_and_shows_how_to_go_on() -> None:
    assert of(Options()).workloads == ()
    assert "# kind: Service" in scaffold(Options())["manifests/services.yaml"]


def test_a_repository_made_with_a_host_and_no_image() -> None:
    assert [str(host.ref) for host in of(replace(ALL, image_fingerprint="")).hosts] == ["Host/local"]


def test_the_order_of_files_does_not_matter() -> None:
    files, commit = read_repository(REPOSITORY, None)
    assert compile_desired(load(files), commit) == compile_desired(load(reversed(files)), commit)


def test_cells_of_a_pool_differ_in_their_slot_only() -> None:
    cells = [workload for workload in of(ALL).workloads if workload.ref.kind is Kind.CELL]
    assert replace(cells[0], ref=cells[1].ref, uid=cells[1].uid) == cells[1]

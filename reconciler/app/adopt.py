"""Taking an existing instance in: our marks are written on it, nothing else of it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clock import stamp
from reconciler.app.doors import Doors
from reconciler.app.journaled import journaled
from reconciler.app.planning import make
from reconciler.app.writer import only_writer
from reconciler.engine.existing import field_diffs
from reconciler.engine.spec import instance_spec
from reconciler.errors import Refused
from reconciler.model import marks
from reconciler.model.names import instance_name
from reconciler.model.plan import UpdateInstance
from reconciler.model.records import Known, Writer
from reconciler.model.world import Grade
from reconciler.store.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.changes import FieldDiff
    from reconciler.model.names import Ref
    from reconciler.model.resources import Host, Workload
    from reconciler.model.world import Instance


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting would write, and what a later apply would then change to bring the instance to its manifest."""

    ref: Ref
    host: Host
    instance: Instance
    written: tuple[FieldDiff, ...]
    later: tuple[FieldDiff, ...]
    call: UpdateInstance
    commit: str


def propose(settings: Settings, ref: Ref, *, instance: str | None = None, host: str | None = None) -> Adoption:
    """Find the instance and say what would be done. Raises ``Refused`` where it is not clear that it may be taken."""
    made = make(settings)
    workload = _declared(made, ref)
    place, found = _find(made, instance or instance_name(ref), host)
    holder = _holder(made, ref)
    if holder:
        raise Refused(f"{ref} stands for {holder} already; two instances cannot be one {ref.kind}", hint=f"unsandbox release {ref}")
    mark = marks.read_marks(found.config)
    if mark is not None:
        raise Refused(
            f"{found.name} on {place.name} is marked as {mark.ref} of environment {mark.env}",
            hint=f"unsandbox release {mark.ref}" if mark.env == made.desired.policy.environment else "release it from its own repository",
        )
    spec = instance_spec(workload, place, made.desired.policy, isolated=False, commit=made.desired.commit.id)
    written = {key: value for key, value in spec.config.items() if key.startswith(marks.PREFIX)} | {
        marks.SPEC: spec.digest,
        marks.WRITER: Writer.OPERATOR.value,
        marks.INTENT: uuid4().hex,
        "security.protection.delete": "true",
    }
    diffs = field_diffs(workload, place, found, made.desired.policy)
    return Adoption(
        ref=ref,
        host=place,
        instance=found,
        written=tuple(diff for diff in diffs if _config_key(diff) in written),
        later=tuple(diff for diff in diffs if _config_key(diff) not in written),
        call=UpdateInstance(found.name, found.uuid, written),
        commit=made.desired.commit.id,
    )


def adopt(settings: Settings, adoption: Adoption) -> None:
    """Write the marks. Raises a ``HostError`` where the instance is no longer the one proposed, ``LeaseHeld`` or ``StateError``."""
    with only_writer(settings), Doors(settings) as doors:
        journaled(
            settings,
            doors.open(adoption.host),
            adoption.call,
            ref=adoption.ref,
            uuid=adoption.instance.uuid,
            commit=adoption.commit,
        )
        with Journal(settings.state_dir / FILE_NAME) as journal:
            journal.know(_known(adoption), at=stamp())


def _known(adoption: Adoption) -> Known:
    """What a person took in is certified by that; what its manifest says is not applied yet."""
    row = adoption.instance
    uid = adoption.call.config[marks.UID]
    return Known(row.uuid, str(adoption.ref), uid, adoption.host.name, row.name, row.generation, row.inherited, "")


def _config_key(diff: FieldDiff) -> str:
    return diff.path.removeprefix("config.")


def _declared(made: Made, ref: Ref) -> Workload:
    for workload in made.desired.workloads:
        if workload.ref == ref:
            return workload
    raise Refused(
        f"no manifest declares {ref}, so it would be destroyed as soon as it was ours", hint="declare it, then: unsandbox validate"
    )


def _holder(made: Made, ref: Ref) -> str:
    env = made.desired.policy.environment
    for view in made.observed.hosts.values():
        for row in view.instances:
            mark = marks.read_marks(row.config)
            if mark and mark.env == env and mark.ref == ref:
                return f"{row.name} on {view.host}"
    return ""


def _find(made: Made, name: str, host: str | None) -> tuple[Host, Instance]:
    places = [place for place in made.desired.hosts if host in {None, place.name}]
    if not places:
        raise Refused(f"no host {host} in the inventory", hint="unsandbox hosts")
    doubtful = [place.name for place in places if made.observed.hosts[place.name].grade is not Grade.COMPLETE]
    if doubtful:
        raise Refused(f"{', '.join(doubtful)} cannot be seen in full, so it is not known which {name} there is", hint="unsandbox hosts")
    found = [(place, row) for place in places for row in made.observed.hosts[place.name].instances if row.name == name]
    if not found:
        raise Refused(
            f"no instance {name} in project {places[0].project} on {', '.join(place.name for place in places)}",
            hint="unsandbox adopt REF --instance NAME --host HOST",
        )
    if len(found) > 1:
        raise Refused(f"{name} exists on {', '.join(place.name for place, _ in found)}", hint="unsandbox adopt REF --host HOST")
    return found[0]

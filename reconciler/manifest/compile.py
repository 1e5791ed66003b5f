"""Documents to ``Desired``: references resolved, tiers merged in, pools unfolded into cells. All findings at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ManifestError
from reconciler.manifest import parts
from reconciler.manifest.checks import check_all
from reconciler.manifest.clusters import check_clusters, cluster_name, clusters
from reconciler.manifest.identity import moved_uid_of, uid_of
from reconciler.manifest.references import Index
from reconciler.manifest.schema import (
    PolicySpec,
    PoolSpec,
    ServiceSpec,
    SessionSpec,
)
from reconciler.model.execute import Reuse, Terms
from reconciler.model.names import Kind, cell_ref
from reconciler.model.resources import (
    Desired,
    NetworkMode,
    Placement,
    Policy,
    Pool,
    Power,
    PowerOwner,
    Replace,
    Workload,
)

if TYPE_CHECKING:
    from reconciler.manifest.documents import Document, Documents
    from reconciler.model.names import Ref
    from reconciler.model.resources import Commit


def compile_desired(documents: Documents, commit: Commit) -> Desired:
    """Everything that should exist. Raises ``ManifestError`` with every finding."""
    compiler = _Compiler(documents, commit)
    desired = compiler.desired()
    if compiler.index.findings:
        raise ManifestError(tuple(compiler.index.findings))
    return desired


class _Compiler:
    def __init__(self, documents: Documents, commit: Commit) -> None:
        self._documents = documents
        self._commit = commit
        self.index = Index(documents)
        self._stock: dict[Ref, list[Workload]] = {}
        self._policy = self._one_policy()

    def desired(self) -> Desired:
        """All parts, each sorted by reference; findings gather in the index."""
        index = self.index
        index.check_hosts()
        check_clusters(index)
        check_all(index)
        workloads = [workload for document in self._documents.items for workload in self._workloads(document)]
        if workloads and not index.of(Kind.HOST):
            index.find(None, "no host is in the inventory, so nothing has a place to live", hint="unsandbox hosts add URL")
        together = clusters(index.of(Kind.HOST))
        return Desired(
            workloads=tuple(sorted(workloads, key=lambda workload: (workload.ref.kind, workload.ref.name))),
            pools=tuple(self._pool(document) for document in index.of(Kind.POOL)),
            images=tuple(parts.image(document) for document in index.of(Kind.IMAGE)),
            tiers=tuple(parts.tier(document) for document in index.of(Kind.TIER)),
            keys=tuple(parts.key(document) for document in index.of(Kind.KEY)),
            hosts=tuple(parts.host(document, together.get(cluster_name(document))) for document in index.of(Kind.HOST)),
            policy=self._policy,
            commit=self._commit,
        )

    def _one_policy(self) -> Policy:
        found = self.index.of(Kind.POLICY)
        spec = found[0].spec if found else None
        return parts.policy(spec, found[0].source) if isinstance(spec, PolicySpec) else Policy()

    def _workloads(self, document: Document) -> list[Workload]:
        match document.spec:
            case ServiceSpec() as spec:
                return self._service(document, spec)
            case SessionSpec() as spec:
                return self._session(document, spec)
            case PoolSpec() as spec:
                # Once for all slots: what is found about them is told once.
                self._stock[document.ref] = cells = self._cells(document, spec)
                return cells[: spec.size.min]
            case _:
                return []

    def _uid(self, ref: Ref, given: str = "") -> str:
        return uid_of(self._policy.environment, ref, given)

    def _service(self, document: Document, spec: ServiceSpec) -> list[Workload]:
        index = self.index
        key = index.get(Kind.KEY, spec.owner)
        image = index.get(Kind.IMAGE, spec.image)
        placement = Placement(spec.placement.host, spec.placement.location)
        resources = index.resources(document, spec.resources, index.tier_of(key))
        bootstrap = index.bootstrap(document, spec.bootstrap)
        if image is None or resources is None:
            return []
        return [
            Workload(
                ref=document.ref,
                uid=self._uid(document.ref, document.uid),
                moved=document.moved,
                moved_uid=moved_uid_of(self._policy.environment, document),
                document=document.digest + (bootstrap.digest if bootstrap else ""),
                owner=spec.owner,
                image=parts.fingerprint(image),
                image_name=spec.image,
                power=Power(spec.state),
                power_owner=PowerOwner(spec.power),
                network=NetworkMode(spec.network),
                resources=resources,
                placement=placement,
                source=document.source,
                env=tuple(sorted(spec.env.items())),
                ports=tuple(sorted(spec.ports)),
                domains=tuple(sorted(spec.domains)),
                labels=document.labels,
                lineage=document.lineage,
                stance=document.stance,
                bootstrap=bootstrap,
                replace=Replace(spec.replace),
                locked=spec.locked,
                nesting=spec.nesting,
                health=parts.probe(spec.health) if spec.health else None,
                restart=parts.restart(spec.restart),
            )
        ]

    def _session(self, document: Document, spec: SessionSpec) -> list[Workload]:
        index = self.index
        key = index.get(Kind.KEY, spec.owner)
        image = index.get(Kind.IMAGE, spec.image)
        placement = Placement(spec.placement.host, spec.placement.location)
        resources = index.resources(document, spec.resources, index.tier_of(key))
        if image is None or resources is None:
            return []
        return [
            Workload(
                ref=document.ref,
                uid=self._uid(document.ref, document.uid),
                moved=document.moved,
                moved_uid=moved_uid_of(self._policy.environment, document),
                document=document.digest,
                owner=spec.owner,
                image=parts.fingerprint(image),
                image_name=spec.image,
                power=Power.RUNNING,
                power_owner=PowerOwner.DECLARED,
                network=NetworkMode(spec.network),
                resources=resources,
                placement=placement,
                source=document.source,
                labels=document.labels,
                lineage=document.lineage,
                stance=document.stance,
                ttl=spec.ttl,
                shell=spec.shell,
            )
        ]

    def _cells(self, document: Document, spec: PoolSpec) -> list[Workload]:
        index = self.index
        image = index.get(Kind.IMAGE, spec.image)
        tier = index.get(Kind.TIER, spec.tier)
        resources = index.resources(document, spec.resources, tier)
        if image is None or resources is None:
            return []
        refs = [cell_ref(document.ref.name, slot) for slot in range(spec.size.max)]
        return [
            Workload(
                ref=ref,
                uid=self._uid(ref),
                document=document.digest,
                owner=spec.owner or "",
                image=parts.fingerprint(image),
                image_name=spec.image,
                power=Power.RUNNING,
                power_owner=PowerOwner.DECLARED,
                network=NetworkMode(spec.network),
                resources=resources,
                placement=Placement(location=spec.location, hosts=tuple(sorted(spec.hosts))),
                source=document.source,
                labels=document.labels,
                stance=document.stance,
            )
            for ref in refs
        ]

    def _pool(self, document: Document) -> Pool:
        spec = parts.spec_of(document, PoolSpec)
        return Pool(
            document.ref,
            spec.size.min,
            spec.size.max,
            document.source,
            document.stance,
            parts.update(spec.update),
            Terms(Reuse(spec.reuse), spec.runs, spec.idle, spec.lease),
            tuple(self._stock[document.ref][spec.size.min :]),
        )

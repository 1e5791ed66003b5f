"""The server itself: who it is, whom it trusts, what it has, who else is in its cluster."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from tests.fake.answers import Answer, Refused, etag_of, sync

if TYPE_CHECKING:
    from tests.fake.answers import Request
    from tests.fake.certificate import Certificate
    from tests.fake.state import State

ENVIRONMENT = {
    "architectures": ["x86_64", "i686"],
    "driver": "lxc",
    "driver_version": "5.0.2",
    "firewall": "nftables",
    "kernel": "Linux",
    "kernel_architecture": "x86_64",
    "kernel_features": {"idmapped_mounts": "true"},
    "kernel_version": "6.1.0",
    "os_name": "Debian GNU/Linux",
    "os_version": "12",
    "project": "default",
    "server": "lxd",
    "storage": "btrfs",
    "storage_version": "6.2",
}
PUBLIC = {"api_status": "stable", "api_version": "1.0", "public": False, "auth_methods": ["tls"]}


class Info:
    """``GET /1.0`` and what belongs to the machine."""

    def __init__(self, state: State, certificate: Certificate) -> None:
        self._state = state
        self._certificate = certificate

    def server(self, request: Request) -> Answer:
        """A stranger is told no more than the extensions, and that it is one."""
        state = self._state
        if not request.trusted:
            return sync({"api_extensions": list(state.extensions), "auth": "untrusted", **PUBLIC})
        environment = {
            **ENVIRONMENT,
            "addresses": list(state.addresses),
            "certificate": self._certificate.pem,
            "certificate_fingerprint": self._certificate.fingerprint,
            "server_clustered": bool(state.members),
            "server_name": state.name,
            "server_pid": state.process,
            "server_version": state.version,
        }
        told = {"config": dict(state.config), "api_extensions": list(state.extensions), "auth": "trusted", "environment": environment}
        return sync({**told, **PUBLIC}, etag_of(state.config))

    def certificates(self, request: Request) -> Answer:
        """Paths or rows."""
        rows = list(self._state.certificates.values())
        return sync(rows if request.deep else [f"/1.0/certificates/{row['fingerprint']}" for row in rows])

    def certificate(self, request: Request) -> Answer:
        """One."""
        found = self._state.certificates.get(request.parts[1])
        if found is None:
            raise Refused(404, "Certificate not found")
        return sync(found, etag_of(found))

    def trust(self, request: Request) -> Answer:
        """POST by somebody who is trusted: the certificate, base64 of its DER form."""
        body = request.json()
        try:
            der = base64.b64decode(str(body.get("certificate", "")), validate=True)
        except binascii.Error as error:
            raise Refused(400, f"Invalid certificate material: {error}") from error
        fingerprint = hashlib.sha256(der).hexdigest()
        if fingerprint in self._state.certificates:
            raise Refused(409, "Certificate already in trust store")
        self._state.certificates[fingerprint] = trusted_row(fingerprint, str(body.get("name", "")))
        return sync(location=f"/1.0/certificates/{fingerprint}")

    def distrust(self, request: Request) -> Answer:
        """DELETE of one."""
        self.certificate(request)
        del self._state.certificates[request.parts[1]]
        return sync({})

    def warnings(self, _request: Request) -> Answer:
        """None."""
        return sync([])

    def cluster(self, _request: Request) -> Answer:
        """Whether it is one."""
        return sync({"server_name": self._state.name if self._state.members else "", "enabled": bool(self._state.members)})

    def members(self, request: Request) -> Answer:
        """Members of the cluster. The first three vote."""
        state = self._state
        if not state.members:
            raise Refused(500, "Server is not clustered")
        if not request.deep:
            return sync([f"/1.0/cluster/members/{name}" for name in state.members])
        roles = {name: ["database"] if number < 3 else [] for number, name in enumerate(state.members)}
        return sync([_member(name, status, roles[name]) for name, status in state.members.items()])


def _member(name: str, status: str, roles: list[str]) -> dict[str, Any]:
    message = "Fully operational" if status == "Online" else f"{name} is {status.lower()}"
    return {"server_name": name, "url": f"https://{name}:8443", "roles": roles, "status": status, "message": message, "database": True}


def trusted_row(fingerprint: str, name: str) -> dict[str, Any]:
    """A trusted client."""
    return {"name": name, "type": "client", "restricted": False, "projects": [], "fingerprint": fingerprint, "certificate": ""}

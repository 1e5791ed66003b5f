"""One host hands an image on to another: the source gives out a secret for one download, the target pulls with it and checks what came.

The target is told the source's certificate, which is the one that our inventory pins. LXD takes an image in only where the SHA-256 of all
that came is its fingerprint, so a copy that was cut is no image.
"""

from __future__ import annotations

import hashlib
import ssl
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.errors import Conflict, HostError, Malformed, OperationFailed, WrongIdentity
from reconciler.lxd.connect import metadata_of
from reconciler.lxd.images import IMPORT_SECONDS, held
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.permit import Narrow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import ImportImage

PURPOSE = "handing an image on"
HTTPS = "https://"
MOST_ADDRESSES = 4
"""Of one source, tried in turn: each that cannot be reached costs the target ten seconds."""


def copy_image(source: Door, target: Door, call: ImportImage) -> None:
    """Have ``target`` pull the image from ``source``. One that is there already counts as done.

    Raises a ``HostError``: ``OperationFailed`` where the target could not pull it, by LXD's own word.
    """
    if held(target, call.fingerprint):
        return
    certificate, servers = _certificate(source), _servers(source)
    if not servers:
        raise OperationFailed(f"{source.host.name}: its LXD listens at no address that another host could pull from")
    for number, server in enumerate(servers, 1):
        try:
            _pull(source, target, call, server, certificate)
        except OperationFailed:
            if number == len(servers):
                raise
        else:
            return


def _pull(source: Door, target: Door, call: ImportImage, server: str, certificate: str) -> None:
    try:
        operation, secret = _secret(source, call.fingerprint)
    except HostError as error:
        # It is the source that did not answer: the target may be served by another way.
        raise OperationFailed(f"{source.host.name} does not hand the image on: {error.message}", hint=error.hint) from error
    origin = {
        "type": "image",
        "mode": "pull",
        "protocol": "lxd",
        "server": server,
        "certificate": certificate,
        "secret": secret,
        "fingerprint": call.fingerprint,
        "project": source.host.project,
    }
    body = {"source": origin, "properties": dict(call.properties), "public": False, "auto_update": False}
    waiting = Waiting(IMPORT_SECONDS, lambda: held(target, call.fingerprint))
    try:
        run(target, "POST", target.path("images"), body, waiting)
    except (Conflict, OperationFailed):
        # Another writer may have brought it in the meantime.
        if not held(target, call.fingerprint):
            raise
    finally:
        # A secret that was used is spent; one that was not must not lie about.
        with suppress(HostError):
            path = source.path("operations", operation, project=False)
            source.under(Narrow(PURPOSE, (("DELETE", path),))).send("DELETE", path)


def _secret(source: Door, fingerprint: str) -> tuple[str, str]:
    """The operation that stands for the secret, and the secret, which serves for one download."""
    path = source.path("images", fingerprint, "secret")
    found = metadata_of(source.under(Narrow(PURPOSE, (("POST", path),))).send("POST", path, {}), source.host.name)
    try:
        return str(found["id"]), str(found["metadata"]["secret"])
    except (KeyError, TypeError) as error:
        raise Malformed(f"{source.host.name}: what it gives for an image to be handed on is no secret") from error


def _certificate(source: Door) -> str:
    """The source's certificate (PEM), held against the pin: the target trusts nothing else."""
    environment: Mapping[str, Any] = source.metadata.get("environment") or {}
    pem = str(environment.get("certificate", ""))
    try:
        shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    except ValueError as error:
        raise Malformed(f"{source.host.name}: it does not tell its certificate") from error
    if shown != source.host.fingerprint:
        raise WrongIdentity(
            f"{source.host.name}: the certificate that it tells of is {shown}, the inventory pins {source.host.fingerprint}"
        )
    return pem


def _servers(source: Door) -> list[str]:
    """Where the source may be pulled from: where we reach it ourselves, then wherever it says that it listens."""
    environment: Mapping[str, Any] = source.metadata.get("environment") or {}
    ours = [address for address in source.host.addresses if address.startswith(HTTPS)]
    told = [f"{HTTPS}{address}" for address in environment.get("addresses") or () if isinstance(address, str)]
    return [server.rstrip("/") for server in dict.fromkeys((*ours, *told)) if _reachable(server)][:MOST_ADDRESSES]


def _reachable(server: str) -> bool:
    """Whether another machine could reach it at all."""
    try:
        name = urlsplit(server).hostname or ""
        address = ip_address(name)
    except ValueError:
        return bool(server) and "localhost" not in server
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)

"""Images and their aliases."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.fake.answers import Answer, Refused, check_etag, etag_of, sync
from tests.fake.events import stamp
from tests.fake.state import path_of

if TYPE_CHECKING:
    from tests.fake.answers import Request
    from tests.fake.operations import Operations
    from tests.fake.state import Project, State

PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"hsqs")
"""What files of gzip, zstd, xz and squashfs begin with."""
UNTOLD = "Check if project has images: fetch project: "


class Images:
    """The requests under ``/1.0/images``."""

    def __init__(self, state: State, operations: Operations) -> None:
        self._state = state
        self._operations = operations

    def _home(self, request: Request) -> Project:
        try:
            return self._state.home(request, "images")
        except Refused as refused:
            raise Refused(404, UNTOLD + refused.text) from refused

    def _found(self, request: Request) -> tuple[Project, dict[str, Any]]:
        """By fingerprint or the beginning of one."""
        home = self._home(request)
        for fingerprint, image in home.images.items():
            if fingerprint.startswith(request.parts[1]):
                return home, image
        raise Refused(404, "Image not found")

    def listed(self, request: Request) -> Answer:
        """Paths or rows. Paths are without the project, unlike those of instances."""
        home = self._home(request)
        return sync(
            [named(home, image) for image in home.images.values()]
            if request.deep
            else [f"/1.0/images/{name}" for name in sorted(home.images)]
        )

    def one(self, request: Request) -> Answer:
        """One, with its ETag."""
        home, image = self._found(request)
        return sync(named(home, image), etag_of(image))

    def take(self, request: Request) -> Answer:
        """POST of a packed file."""
        home, content = self._home(request), request.body
        told = hashlib.sha256(content).hexdigest()
        wanted = request.headers.get("x-lxd-fingerprint", told)

        def work() -> dict[str, object]:
            if wanted != told:
                raise Refused(400, f"fingerprints don't match, got {told} expected {wanted}")
            if not content.startswith(PACKED):
                raise Refused(400, "Unsupported compression")
            if told in home.images:
                raise Refused(400, "Image with same fingerprint already exists")
            home.images[told] = image_row(told, len(content), public=request.headers.get("x-lxd-public") == "1")
            home.images[told]["properties"] |= dict(parse_qsl(request.headers.get("x-lxd-properties", "")))
            self._state.blobs[told] = content
            return {"fingerprint": told, "size": str(len(content))}

        return self._operations.start(request, "Downloading image", [], work)

    def export(self, request: Request) -> Answer:
        """The file as it came."""
        _, image = self._found(request)
        content = self._state.blobs.get(image["fingerprint"], b"")
        return Answer(200, headers={"Content-Type": "application/octet-stream"}, raw=content)

    def patch(self, request: Request) -> Answer:
        """Properties that are named are set, the others stay."""
        _, image = self._found(request)
        check_etag(request, etag_of(image))
        image["properties"] |= request.json().get("properties") or {}
        return sync({})

    def delete(self, request: Request) -> Answer:
        """One that instances were made from may go."""
        home, image = self._found(request)

        def work() -> None:
            home.images.pop(image["fingerprint"], None)
            home.aliases = {name: alias for name, alias in home.aliases.items() if alias["target"] != image["fingerprint"]}

        return self._operations.start(request, "Deleting image", [], work)

    def aliases(self, request: Request) -> Answer:
        """Paths."""
        return sync([f"/1.0/images/aliases/{name}" for name in sorted(self._home(request).aliases)])

    def _alias(self, request: Request) -> tuple[Project, dict[str, Any]]:
        home = self._home(request)
        if request.parts[2] not in home.aliases:
            raise Refused(404, "Image alias not found")
        return home, home.aliases[request.parts[2]]

    def alias(self, request: Request) -> Answer:
        """One."""
        _, found = self._alias(request)
        return sync({**found, "name": request.parts[2], "type": "container"}, etag_of(found))

    def name(self, request: Request) -> Answer:
        """POST: unique."""
        home, body = self._home(request), request.json()
        name, target = str(body.get("name", "")), str(body.get("target", ""))
        if name in home.aliases:
            raise Refused(409, f'Alias "{name}" already exists')
        if target not in home.images:
            raise Refused(404, "Image not found")
        home.aliases[name] = {"description": str(body.get("description", "")), "target": target}
        return sync(location=path_of("images/aliases", name, home.name))

    def point(self, request: Request) -> Answer:
        """PUT: another target."""
        home, found = self._alias(request)
        check_etag(request, etag_of(found))
        body = request.json()
        if str(body.get("target", "")) not in home.images:
            raise Refused(404, "Image not found")
        found |= {"target": str(body["target"]), "description": str(body.get("description", ""))}
        return sync({})

    def unname(self, request: Request) -> Answer:
        """DELETE of an alias."""
        home, _ = self._alias(request)
        del home.aliases[request.parts[2]]
        return sync({})


def named(home: Project, image: dict[str, Any]) -> dict[str, Any]:
    """The row with the aliases that point at it."""
    return {**image, "aliases": [{"name": name} for name, alias in home.aliases.items() if alias["target"] == image["fingerprint"]]}


def image_row(fingerprint: str, size: int, *, public: bool = False) -> dict[str, Any]:
    """One image as LXD tells it."""
    return {
        "auto_update": False,
        "properties": {"architecture": "x86_64", "os": "starter", "release": "1"},
        "public": public,
        "expires_at": "1970-01-01T00:00:00Z",
        "profiles": ["default"],
        "architecture": "x86_64",
        "cached": False,
        "filename": "",
        "fingerprint": fingerprint,
        "size": size,
        "type": "container",
        "created_at": "1970-01-01T00:00:01Z",
        "uploaded_at": stamp(),
    }

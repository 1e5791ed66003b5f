"""A server of images on loopback, as ``lxc`` knows them by simplestreams: one image, with a root in squashfs or in a tarball."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Starter

ALIAS = "alpine/3.20"
PRODUCT = "alpine:3.20:amd64:default"
VERSION = "20260101_00:00"
PARTS = {"squashfs": ("squashfs", "combined_squashfs_sha256"), "tar.xz": ("root.tar.xz", "combined_rootxz_sha256")}
"""Kind of the root -> its name in the index, and that of the digest of both parts together."""


ACCOUNTS = {
    "addgroup": 'echo "$3:x:$2:" >>/etc/group\n',
    "adduser": 'echo "$8:x:$3:$3::/home/$8:$7" >>/etc/passwd\nmkdir -p "/home/$8"\nchown "$3:$3" "/home/$8"\n',
}
"""What Alpine's busybox has and Debian's has not, for the words that a build says them with."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the method that it overrides
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def publish(folder: Path, starter: Starter, kind: str) -> None:
    """Lay out a server that has one image: the starter's root, which says that it is Alpine."""
    files = folder / "files"
    files.mkdir(parents=True)
    unpacked = folder.parent / f"{folder.name}-unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xf", starter.tarball, "-C", unpacked], check=True)
    root = unpacked / "rootfs"
    (root / "etc/os-release").write_text('ID=alpine\nVERSION_ID=3.20.0\nPRETTY_NAME="made by a test"\n')
    for name, text in ACCOUNTS.items():
        (root / "usr/sbin" / name).write_text(f"#!/bin/sh -eu\n{text}")
        (root / "usr/sbin" / name).chmod(0o755)
    meta, body = files / "lxd.tar.xz", files / f"root.{kind}"
    subprocess.run(["tar", "-C", unpacked, "-cJf", meta, "metadata.yaml"], check=True)
    if kind == "squashfs":
        subprocess.run(["mksquashfs", root, body, "-quiet", "-no-progress"], check=True, stdout=subprocess.DEVNULL)
    else:
        subprocess.run(["tar", "-C", root, "--numeric-owner", "-cJf", body, "."], check=True)
    shutil.rmtree(unpacked)
    ftype, combined = PARTS[kind]
    whole = hashlib.sha256(meta.read_bytes() + body.read_bytes()).hexdigest()
    items = {"lxd.tar.xz": {**_item(meta, "lxd.tar.xz"), combined: whole}, ftype: _item(body, ftype)}
    product = {
        "aliases": f"{ALIAS},alpine/3.20/default", "arch": "amd64", "os": "Alpine", "release": "3.20", "release_title": "3.20",
        "versions": {VERSION: {"items": items}},
    }  # fmt: skip
    index = {"images": {"datatype": "image-downloads", "path": "streams/v1/images.json", "format": "products:1.0", "products": [PRODUCT]}}
    streams = folder / "streams/v1"
    streams.mkdir(parents=True)
    (streams / "index.json").write_text(json.dumps({"format": "index:1.0", "index": index}))
    (streams / "images.json").write_text(
        json.dumps({"content_id": "images", "datatype": "image-downloads", "format": "products:1.0", "products": {PRODUCT: product}})
    )


def _item(file: Path, ftype: str) -> dict[str, object]:
    content = file.read_bytes()
    return {"ftype": ftype, "path": f"files/{file.name}", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}

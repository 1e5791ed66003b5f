"""The contest's work as a pyinfra deploy: ``pyinfra @local deploy.py``, with what to do in the JSON file that ``BENCH_WORK`` names.

``lxd.container`` launches an instance that is not there, with an image and no more: it takes no config, no devices and no state. Config and
devices that all share come from the project's default profile, the rest and every change of state from ``server.shell``.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

from pyinfra.context import host
from pyinfra.facts.lxd import LxdContainers
from pyinfra.operations import lxd, server

work = json.loads(Path(os.environ["BENCH_WORK"]).read_text(encoding="utf-8"))
there = {row["name"]: row["status"] for row in host.get_fact(LxdContainers)}
verb, reached = {"started": ("start", "Running"), "frozen": ("pause", "Frozen")}[work["state"]]

for body in work["wanted"]:
    name = body["name"]
    lxd.container(name=f"{name} is there", id=name, image=body["source"]["fingerprint"])
    if name not in there:
        pairs = [f"{key}={value}" for key, value in body["config"].items()]
        server.shell(name=f"config of {name}", commands=[shlex.join(["lxc", "config", "set", name, *pairs])])
    elif there[name] != reached:
        server.shell(name=f"{verb} {name}", commands=[shlex.join(["lxc", verb, name])])

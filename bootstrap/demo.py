"""`make demo` and `make demo-down` after the virtual environment: python3 -m bootstrap.demo up|down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bootstrap import kernel, local_lxd, machine, objects
from bootstrap.local_lxd import BootstrapError
from bootstrap.made import Made, load, save
from bootstrap.rest import LxdError, query

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / ".demo-run"
DEMO = ROOT / ".demo"
RECORD = RUN / "made.json"
BEFORE = RUN / "packages.before"
IMAGES = ROOT / "images" / ".build"
HAS_CHANGES = 2
BEGAN = time.monotonic()


def say(text: str) -> None:
    """A heading with the seconds so far."""
    print(f"\n[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def raise_lxd(made: Made) -> Path:
    """The socket of the LXD that is there, or of one that we install or start."""
    socket = local_lxd.find(os.environ)
    if socket and not made.how:
        say(f"LXD is there ({socket}) and is used as it is")
        return socket
    if socket is None and os.environ.get("LXD_DIR"):
        raise BootstrapError(f"LXD_DIR is {os.environ['LXD_DIR']} and no LXD answers there; start it, or type: unset LXD_DIR; make demo")
    if socket is None:
        socket = _install_and_start(made)
    return socket


def _install_and_start(made: Made) -> Path:
    if not made.how:
        made.how, made.folders = local_lxd.way(), local_lxd.unused_state()
        made.settings, made.tables = kernel.settings(), kernel.tables()
        save(RECORD, made)
    if not shutil.which("lxd") and not made.subids:
        made.accounts, made.subids = machine.absent_accounts(), machine.subids()
        save(RECORD, made)
    if made.subids:
        say("LXD is not installed: installing it (bootstrap/genesis.py)")
        local_lxd.install(RUN / "genesis.log")
    say(f"starting LXD ({made.how})")
    return local_lxd.start(made.how, RUN)


def check_free(socket: Path, made: Made) -> None:
    """Say what will be changed in this LXD; refuse where a name that would be used is somebody's already."""
    if not made.project and (taken := objects.present(socket)):
        raise BootstrapError(
            f"the LXD at {socket} has {', '.join(taken)}, which this demonstration did not make; nothing was touched.\n"
            "next: LXD_DIR=/another/lxd make demo, or remove these yourself"
        )
    print("In it the demonstration makes, and touches nothing else:")
    print(f"  project {objects.PROJECT} (containers, images), networks and ACLs unsb-zero and unsb-semi", end="")
    print("" if objects.has(socket, f"/1.0/storage-pools/{objects.POOL}") else f", storage pool {objects.POOL}", flush=True)


def make_foundation(socket: Path, made: Made) -> None:
    """The storage pool, and the record that from here on the project is ours."""
    if not made.project:
        made.socket, made.project = str(socket), True
        save(RECORD, made)
    if not objects.has(socket, f"/1.0/storage-pools/{objects.POOL}"):
        made.pool = True
        save(RECORD, made)
        say(f"storage pool {objects.POOL}: {objects.make_pool(socket)}")


def build_image(made: Made) -> dict[str, str]:
    """The starter image; what starter.json says of it."""
    if not IMAGES.exists():
        made.image = True
        save(RECORD, made)
    busybox = _output("sh", str(ROOT / "bootstrap/busybox.sh")).strip()
    _output(sys.executable, str(ROOT / "images/starter/build.py"), "--busybox", busybox)
    facts: dict[str, str] = json.loads((IMAGES / "starter.json").read_text())
    say(f"image starter {facts['fingerprint'][:12]} built offline from {facts['built_from']}")
    return facts


def make_repository(socket: Path, image: dict[str, str]) -> None:
    """A repository of manifests in .demo, as `unsandbox init` writes it. One that is there is left as it is."""
    if (DEMO / "manifests").is_dir():
        say(f"the manifests in {DEMO.name}/ are used as they are")
        return
    say(f"a repository of manifests in {DEMO.name}/")
    identity = query(socket, "GET", "/1.0")["environment"]["certificate_fingerprint"]
    unsandbox("init", str(DEMO), "--host-address", f"unix:{socket}", "--fingerprint", identity, "--image-name", image["name"],
              "--image-fingerprint", image["fingerprint"], "--image-file", str(IMAGES / image["file"]))  # fmt: skip
    git = ("git", "-C", str(DEMO), "-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "What unsandbox init wrote")):
        _output(*git, *words)


def unsandbox(*arguments: str) -> int:
    """Show and run one command; return its exit status where that is 0 or `plan` saying that there are changes."""
    shown = f"unsandbox {' '.join(arguments)}".replace(f"{ROOT}/", "")
    say(f"$ {shown}")
    environment = {"UNSANDBOX_ACTOR": "demo", **os.environ, "UNSANDBOX_CONFIG_DIR": str(RUN / "config")}
    status = subprocess.run([Path(sys.executable).parent / "unsandbox", *arguments], cwd=ROOT, env=environment, check=False).returncode
    if status and not (status == HAS_CHANGES and "plan" in arguments):
        raise BootstrapError(f"{shown} ended with {status}; to take down what was made: make demo-down")
    return status


def converge() -> None:
    """The five commands of a first day."""
    here = ("-C", DEMO.name)
    unsandbox(*here, "validate")
    if unsandbox(*here, "plan") == HAS_CHANGES:
        unsandbox(*here, "apply", "--yes")
    unsandbox(*here, "status")
    if unsandbox(*here, "plan"):
        raise BootstrapError("the second plan is not empty: the world did not converge; look at it with: unsandbox -C .demo plan")


def up() -> int:
    """Everything, from what is there to converged containers. Returns the exit status."""
    made = load(RECORD)
    socket = raise_lxd(made)
    note_packages(made)
    check_free(socket, made)
    make_foundation(socket, made)
    make_repository(socket, build_image(made))
    note_packages(made)
    BEFORE.unlink(missing_ok=True)  # from here on what is installed is somebody else's
    converge()
    say("done. Change a file in .demo/manifests, then: .venv/bin/unsandbox -C .demo plan. To remove everything: make demo-down")
    return 0


def note_packages(made: Made) -> None:
    """Add to the record what was installed since demo.sh listed the packages."""
    if BEFORE.exists():
        made.packages = sorted({*made.packages, *(machine.installed() - set(BEFORE.read_text().split()))})
        save(RECORD, made)


def down() -> int:
    """Remove what the record says was made, and nothing else. Exit status 1, with the record kept, where something had to stay."""
    if not RUN.is_dir():
        print("There is no demonstration here; nothing was changed.")
        return 0
    made = load(RECORD)
    note_packages(made)
    stayed = _remove_from_lxd(made)
    if not stayed and made.how:
        local_lxd.stop(made.how, RUN)
        for name in made.folders:
            local_lxd.empty(Path(name))
        kernel.restore(made.settings, made.tables)
    if not stayed:
        stayed += _remove_from_machine(made)
    if stayed:
        print("These had to stay:", *stayed, "Mend that, then again: make demo-down", sep="\n  ")
        return 1
    for folder, ours in ((DEMO, True), (IMAGES, made.image), (ROOT / ".venv", made.venv), (RUN, True)):
        if ours:
            shutil.rmtree(folder, ignore_errors=True)
    print("The demonstration is gone.")
    return 0


def _remove_from_lxd(made: Made) -> list[str]:
    socket = Path(made.socket) if made.socket else local_lxd.find({})
    if socket is None or (not made.project and not made.how):
        return []  # ended before anything was made in an LXD
    if not local_lxd.answers(socket):
        if not made.how:
            return [f"what was made in the LXD at {socket}: it does not answer"]
        socket = local_lxd.start(made.how, RUN)
    stayed = objects.remove(socket, made)
    if made.how:
        stayed += [f"LXD itself: {name} lives in it and is not ours" for name in objects.strangers(socket)]
    return stayed


def _remove_from_machine(made: Made) -> list[str]:
    if others := machine.purge(made.packages):
        return [f"packages {', '.join(made.packages)}: these need them: {', '.join(others)}"]
    machine.remove_accounts(made.accounts)
    machine.restore_subids(made.subids)
    return []


def _output(*command: str) -> str:
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise BootstrapError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: list[str]) -> int:
    """Run one of the two."""
    if arguments not in (["up"], ["down"]):
        print(__doc__, file=sys.stderr)
        return 1
    if os.geteuid():
        print(f"demo: not root; type: sudo make demo{'-down' if arguments == ['down'] else ''}", file=sys.stderr)
        return 1
    try:
        return down() if arguments == ["down"] else up()
    except (BootstrapError, LxdError, OSError, subprocess.SubprocessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

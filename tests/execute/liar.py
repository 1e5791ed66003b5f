"""A runner that is somebody else's: it takes the place of ours in the cell, and what it says is a test's."""

LIAR = r"""
import hashlib, json, os, struct, sys, time
left = int(sys.argv[1])
while left:
    left -= len(os.read(0, min(left, 65536)))
held = None
def hold():
    global held
    held = b""
def go():
    global held
    data, held = held, None
    raw(data)
def raw(data):
    global held
    if held is not None:
        held += data
        return
    while data:
        data = data[os.write(1, data):]
def frame(kind, payload=b"", run=1):
    raw(struct.pack("!IBI", 5 + len(payload), ord(kind), run) + payload)
def say(kind, document, run=1):
    frame(kind, json.dumps(document).encode(), run)
def hello(**more):
    say("H", {"protocol": 1, "python": "3.11", "cgroup": 0, **more}, 0)
def end(out=b"", **more):
    say("X", {**END, "stdout": len(out), "sha256": hashlib.sha256(out).hexdigest(), **more})
def await_run():
    seen = b""
    while b'"zygote"' not in seen:
        seen += os.read(0, 65536)
    return seen
END = {"how": "finished", "stage": "run", "code": 0, "signal": None, "user_us": 1, "system_us": 1, "peak": 1, "times": {"all": 5},
       "left": 0, "refused": [], "stdout": 0, "stderr": 0, "truncated": [], "doubts": [], "processes": 0, "mounts": 0}
exec(sys.argv[2])
time.sleep(60)
"""

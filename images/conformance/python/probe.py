import os
import sys
from pathlib import Path

lines = sys.stdin.read().splitlines()
with open("/tmp/input/input.txt", encoding="utf-8") as file:
    first = file.readline().rstrip("\n")
print("hello")
print("stdin=" + "|".join(lines))
print("file=" + first)
print("args=" + "|".join(sys.argv[1:]))
print("env=" + os.environ["UNSANDBOX_PROBE"])
print("utf8=Grüße 世界 🚀")
print("to stderr", file=sys.stderr)
Path("/tmp/artifacts/probe.txt").write_text("artifact\n", encoding="utf-8")
sys.exit(7)

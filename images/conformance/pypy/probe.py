import os
import platform
import sys

if platform.python_implementation() != "PyPy":
    sys.exit("this is not PyPy")
with open("/tmp/input/input.txt", encoding="utf-8") as file:
    first = file.readline().rstrip("\n")
print("hello")
print("stdin=" + "|".join(line.rstrip("\n") for line in sys.stdin))
print("file=" + first)
print("args=" + "|".join(sys.argv[1:]))
print("env=" + os.environ["UNSANDBOX_PROBE"])
print("utf8=Grüße 世界 🚀")
print("to stderr", file=sys.stderr)
with open("/tmp/artifacts/probe.txt", "w", encoding="utf-8") as file:
    file.write("artifact\n")
sys.exit(7)

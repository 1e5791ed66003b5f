"""The program inside a cell: it runs what it is asked to, each time in a sandbox of its own, and tells over two pipes what came of it.

Belongs here: what runs inside the container, with the standard library of Python 3.9 and nothing else of ours, since it is sent to the cell
as one archive (`bundle`). `frames` is the language of both ends, `machine` what may be said when, `serve` the loop, `flight` one run seen
from outside its sandbox, `pipes` what goes in and comes out of it, `sandbox` how one is made and ended, `walls` what a program has behind
it, `orders` how a child does that without Python, and one file for each wall: namespaces, mounts, privileges, seccomp, limits, cgroup. What
the program says is untrusted wherever it is heard.
"""

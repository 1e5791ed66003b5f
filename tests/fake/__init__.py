"""An LXD that can be told to lie: the real protocol over a unix socket and TLS, state in memory.

Where it does not lie it does what LXD 5.0.2 does, which ``tests/contract`` holds both to. One file a noun; ``lies`` knows what can be told
wrong, ``server`` sends it. Of events it tells those of instances, profiles and
operations. Consoles and exec over websockets are not here: nothing of ours uses them.
"""

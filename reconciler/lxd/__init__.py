"""The one door to LXD: find, connect, read, write, convert, enrol, inspect.

Belongs here: every request to an LXD daemon, and the translation of its answers and errors into ours. Never here: a decision.
pylxd and requests objects never leave this room; what leaves are the frozen values of ``reconciler.model``.
"""

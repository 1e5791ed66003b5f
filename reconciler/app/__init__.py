"""Use cases, one file a noun: they read the edges, call the pure rooms, and act on what those answer.

Belongs here: the order of reading, deciding and acting. Never here: text for people (``cli``), requests (``lxd``), rules (``engine``).
"""

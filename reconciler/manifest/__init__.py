"""YAML text to ``Desired``: schema (unknown keys refused), load (file:line:column in every error), compile (references, defaults).

Belongs here: everything that can be known from the text alone. Never here: LXD, the database, decisions about change.
"""

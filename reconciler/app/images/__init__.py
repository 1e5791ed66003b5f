"""Images on this machine.

Belongs here: running a recipe's layers, packing them, the facts of what was built, the cache. Never here: what hosts do with a file.
"""

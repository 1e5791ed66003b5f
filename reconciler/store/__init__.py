"""The journal: intents, outcomes, passes and the ledger, in one SQLite file through sqlite-utils.

Belongs here: tables and their reading and writing. Never here: a decision, or a truth that exists nowhere else about a container.
"""

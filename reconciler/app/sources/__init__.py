"""Where the text comes from in a process that runs for ever.

Belongs here: following a branch of a git repository that somebody else writes to. Never here: what the text means.
"""

"""Whether a test notices when a rule is gone.

Belongs here: programs that change a copy of the sources and run tests against it. Does not belong here: tests of their own.
"""

"""The checks behind the rules.

Belongs here: functions that take a question (a change and the world, a plan, a step) and answer with a ``No`` or None; one file a subject.
Does not belong here: I/O, clocks, and the order of the rules, which is in ``engine.table``.
"""

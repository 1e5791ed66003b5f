"""The checks behind the rules, one file a question: what was seen, what is declared, who it is, how it lives, the fleet as a whole.

A check takes a change and the world and answers with a ``No`` or None. It does no I/O and reads no clock: the time is ``observed.at``.
"""

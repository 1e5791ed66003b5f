"""The tables of rules, each in order: the first no decides.

Belongs here: rows of code, title, check and the sentences that explain them.
Does not belong here: the checks themselves, which are in ``engine.refuse``.
"""

"""Every other decision: placement of work on hosts, isolation, what a secret is. Pure, like ``engine``.

Belongs here: a question with one answer that is not about the difference of two worlds. Never here: I/O, a clock, randomness.
"""

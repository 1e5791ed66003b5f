"""The loop for half an hour on three real daemons: edits and faults without an end, and what must hold after each of them.

Belongs here: faults that strike a loop, what its process and its files grow to, and the verdict. The edits, the mischief and the checks are
those of ``tests.chaos``.
"""

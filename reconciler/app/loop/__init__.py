"""The loop behind ``unsandbox run``: what wakes it, one pass a host at a time, and what is remembered between two passes.

Belongs here: threads, wakes, who leads, and how a pass goes. Does not belong here: any decision about an object; those are values of
``engine`` and ``policy``, the same that a plan by hand is made of.
"""

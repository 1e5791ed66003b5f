"""Speed, shown as ratios in one run against a stated rival or floor: ``python -m tests.bench``.

Belongs here: measurements and the worlds they need. Never here: a timed assertion in a test; machines differ and are noisy.
"""

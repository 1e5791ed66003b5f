"""Sentences with "always" and "never" in them, tried on generated worlds."""

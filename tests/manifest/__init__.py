"""YAML to ``Desired``, as text in and findings out."""

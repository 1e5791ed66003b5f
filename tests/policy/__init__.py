"""Every other decision, as values."""

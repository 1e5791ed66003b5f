"""Decisions about change, as values: tables of small worlds and what must come of them."""

"""Finds selectors: what the parameters of a rule have in common."""

"""Compares plans: what a spec gives to a model now, and what it gave when it was locked or in another version."""

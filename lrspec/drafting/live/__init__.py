"""Reads live optimizers: what every parameter gets from their groups."""

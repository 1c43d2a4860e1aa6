"""Turns bytes into a `Document`: nodes that know their places. Knows nothing of rules."""

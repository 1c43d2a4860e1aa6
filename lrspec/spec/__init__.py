"""Turns the text of a spec into a frozen, valid `Spec`."""

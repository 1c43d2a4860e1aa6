"""Finds the rules that give every parameter its learning rate."""

"""Finds ladders: the entries by which every parameter is on its layer."""

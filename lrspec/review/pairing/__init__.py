"""Finds which parameter of a new model is which of an old one: kept, renamed, fused, split, gone or added."""

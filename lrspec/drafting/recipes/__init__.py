"""Recipes: specs for common ways of training, a file each, and the table of them."""

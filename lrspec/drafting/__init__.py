"""Writes specs: rules found from the settings of every parameter, recipes, and the file."""

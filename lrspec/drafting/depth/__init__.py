"""The depth of a model: which layer each parameter is on, counted from the input."""

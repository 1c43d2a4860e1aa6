"""Reads live optimizers: their classes, groups and schedules, and the parameters of a model in them."""

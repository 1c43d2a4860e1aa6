"""Schedules while a model trains: the factor at a step, and torch's schedulers that set a plan's rates by it."""

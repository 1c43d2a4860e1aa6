"""Binds a `Plan` to live groups and optimizers, and compares a running optimizer with its plan."""

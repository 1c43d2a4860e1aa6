"""Compares what trains, an optimizer with its model and schedulers, with a plan: the findings LRS4xx."""

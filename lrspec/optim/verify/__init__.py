"""Compares a training run (an optimizer, its model and its schedulers) with a plan: the findings LRS4xx."""

"""Draws a plan with matplotlib: rates and weight decay by depth, or the rates of a run over time."""

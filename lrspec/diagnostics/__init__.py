"""Diagnostics: the table of codes, places in a spec, reports as text, and the manual."""

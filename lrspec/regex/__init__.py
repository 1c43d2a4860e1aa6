"""Regexes: searching with them, limiting their time and work, and taking them apart; independent of specs."""

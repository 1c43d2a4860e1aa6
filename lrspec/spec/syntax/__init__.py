"""From bytes to a `Document`: nodes that know their places; knows nothing of rules."""

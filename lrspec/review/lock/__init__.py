"""Locks: what a spec gave to its models when somebody agreed to it, in a file beside the spec."""

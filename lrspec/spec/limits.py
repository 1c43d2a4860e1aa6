"""Limits on the size of a spec: far above what people write, yet quick to read. Exceeding one is LRS101."""

from __future__ import annotations

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000  # values, keys and lists, with aliases expanded
MAX_RULES = 1000
MAX_MODELS = 100
MAX_PATTERN = 4096  # characters of a regex
MAX_KEY = 200  # characters
MAX_DIRECTIVES = 100  # `%TAG` lines: the parser compares each one with all before it
MAX_EXPANDED = 4 * MAX_BYTES  # characters of all strings, with aliases expanded
MAX_PROBLEMS = 10_000  # reported per document

"""How large a spec may be: far more than people write, and little enough to read any. LRS101 is what exceeds these."""

from __future__ import annotations

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000  # values, keys and lists; aliases count as often as they are used
MAX_RULES = 1000
MAX_MODELS = 100
MAX_PATTERN = 4096  # characters of a regex
MAX_KEY = 200  # characters
MAX_DIRECTIVES = 100  # `%TAG` lines: the parser compares each with all before it
MAX_EXPANDED = 4 * MAX_BYTES  # characters of all texts; those of aliases count as often as they are used
MAX_PROBLEMS = 10_000  # reported of a document

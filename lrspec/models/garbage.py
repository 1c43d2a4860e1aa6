"""Postpones garbage collection: one in the middle of a compile can take longer than the compile.

A collection looks at every object of the program. A large model has millions, as does torch when it is imported, and
next to nothing that is made meanwhile is garbage in a cycle.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch automatic collection off while the body runs; if it is off already, it stays off."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

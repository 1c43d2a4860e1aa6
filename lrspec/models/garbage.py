"""Puts off garbage collection: one in the middle of a compile can take longer than the compile.

A collection looks at every object of the program, and a large model has millions, as has torch where it is imported;
next to nothing of what is made meanwhile is garbage in a cycle.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No automatic collection while what is inside runs; where they are off already, they stay off."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

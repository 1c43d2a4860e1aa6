"""How far a check has come, as a bar on standard error that shows only where it takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_PATIENCE = 1.0  # seconds


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar that each call of the result moves on by one; it is gone in the end."""
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _terminal() as terminal:
        console = Console(file=terminal)
        bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        task = bar.add_task("checking", total=total)
        patience = threading.Timer(_PATIENCE, bar.start)
        patience.daemon = True
        patience.start()
        try:
            yield lambda: bar.advance(task)
        finally:
            patience.cancel()
            patience.join()
            if bar.live.is_started:
                bar.stop()


def _terminal() -> TextIO:
    """What standard error leads to now: while a model is built, it leads nowhere."""
    return open(os.dup(sys.stderr.fileno()), "w", encoding="utf-8")  # noqa: PTH123  (a handle, not a path)

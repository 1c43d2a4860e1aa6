"""The progress of a check: a bar on standard error, shown only if the check takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lrspec.interrupts import held, undoing

_PATIENCE = 1.0  # seconds
_AS_BEFORE = b"\r\x1b[2K\x1b[?25h"  # empties the line, and shows the cursor that a bar hides


@contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar that each call of the result advances by one; it disappears at the end.

    It has its own handle to the terminal, since standard error leads nowhere while a model is built.
    """
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding) as terminal:  # noqa: PTH123  (a handle)
        console = Console(file=terminal)
        bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        task = bar.add_task("checking", total=total)
        patience = threading.Timer(_PATIENCE, bar.start)
        patience.daemon = True
        with held():
            patience.start()
        try:
            with undoing(lambda: os.write(terminal.fileno(), _AS_BEFORE)):  # stopping the bar may wait for its threads
                yield lambda: bar.advance(task)
        finally:
            patience.cancel()
            patience.join()
            if bar.live.is_started:
                bar.stop()

"""Guards the standard streams while a model is built: nothing is read, and nothing printed can command a terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from lrspec.diagnostics.escape import harmless
from lrspec.models.sources.model_error import ModelError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


@contextlib.contextmanager
def silence(source: str, *, shown: bool) -> Iterator[None]:
    """Close standard input, and drop logs, warnings and printed output.

    With `shown`, the output of Python code appears on standard error, escaped. Reading standard input is a ModelError.
    """
    with contextlib.ExitStack() as streams:
        streams.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        streams.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)
        streams.callback(setattr, sys, "stdin", sys.stdin)
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_Unread(source)))
        streams.enter_context(_nowhere(0))
        if not shown:
            streams.enter_context(_nowhere(1))
            streams.enter_context(_nowhere(2))
        out = streams.enter_context(_Escaped(sys.stderr if shown else None).text())
        streams.enter_context(contextlib.redirect_stdout(out))
        streams.enter_context(contextlib.redirect_stderr(out))
        yield


class _Unread(io.RawIOBase):
    """A standard input that may not be read."""

    def __init__(self, source: str) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, _: WriteableBuffer) -> int:
        raise ModelError(f"{self._source} would read standard input to be built, which is closed")


class _Escaped(io.RawIOBase):
    """A stream that passes on whole lines, each made harmless; without a target it drops them."""

    name = "<what is printed>"

    def __init__(self, to: TextIO | None) -> None:
        self._to, self._rest = to, b""

    def text(self) -> io.TextIOWrapper:
        """Return the stream for text; closing it passes on an unfinished line."""
        return io.TextIOWrapper(self, "utf-8", "backslashreplace", line_buffering=True, write_through=True)

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        *lines, self._rest = (self._rest + bytes(data)).split(b"\n")
        self._pass_on(lines)
        return memoryview(data).nbytes

    def close(self) -> None:
        if not self.closed and self._rest:
            self._pass_on([self._rest])
        super().close()

    def _pass_on(self, lines: list[bytes]) -> None:
        if self._to is not None:
            self._to.writelines(f"{harmless(line.decode(errors='backslashreplace'))}\n" for line in lines)


@contextlib.contextmanager
def _nowhere(descriptor: int) -> Iterator[None]:
    """Let a standard stream lead nowhere, even for code outside Python; a closed stream stays closed."""
    _flush()
    try:
        saved = os.dup(descriptor)
    except OSError:
        yield
        return
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, descriptor)
    os.close(null)
    try:
        yield
    finally:
        _flush()  # what was printed meanwhile goes nowhere as well
        os.dup2(saved, descriptor)
        os.close(saved)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()

"""When a progress bar is drawn: only where somebody sits before a terminal that can show one."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from lrspec.cli.outputs import is_watched


class Terminal(StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch, term: str, streams: dict[str, StringIO | None]) -> bool:
    monkeypatch.setenv("TERM", term)
    for name, stream in {"stdin": Terminal(), "stderr": Terminal(), **streams}.items():
        monkeypatch.setattr(sys, name, stream)
    return is_watched()


def test_somebody_watches_before_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, "xterm", {})


@pytest.mark.parametrize("other", [StringIO(), None])
@pytest.mark.parametrize("stream", ["stdin", "stderr"])
def test_nobody_watches_where_a_stream_is_no_terminal(
    stream: str, other: StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not watched(monkeypatch, "xterm", {stream: other})


def test_nobody_watches_on_a_terminal_that_cannot_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not watched(monkeypatch, "dumb", {})

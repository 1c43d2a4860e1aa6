"""The bar of a long check: on standard error, after a second, and gone in the end."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from rich.progress import Progress

from lrspec.cli import progress as module
from lrspec.cli.progress import progress


def test_a_quick_check_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with progress(3) as advance:
        for _ in range(3):
            advance()
    assert capfd.readouterr() == ("", "")


def test_a_long_check_shows_how_far_it_has_come(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    shown = ""
    with progress(3) as advance:
        advance()
        give_up = time.monotonic() + 60
        while "1/3" not in shown and time.monotonic() < give_up:
            out, err = capfd.readouterr()
            shown += err
            assert out == ""
    assert "1/3" in shown


def test_an_error_inside_ends_the_bar(capfd: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with pytest.raises(ValueError, match="inside"), progress(3):
        raise ValueError("inside")
    assert threading.active_count() <= before  # the bar of another test may end meanwhile
    assert capfd.readouterr().out == ""


def test_the_threads_of_the_bar_get_no_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    blocked: list[set[int]] = []
    monkeypatch.setattr(Progress, "start", lambda _: blocked.append(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    with progress(1):
        while not blocked:
            time.sleep(0.001)
    assert signal.SIGINT in blocked[0]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])

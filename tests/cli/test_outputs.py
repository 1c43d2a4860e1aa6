"""What a terminal gets: a progress bar, if somebody sits before it and it can show one, and lines of its width."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import termios
from io import StringIO
from pathlib import Path

import pytest

from lrspec.address import of_code
from lrspec.cli.outputs import is_watched, painter
from lrspec.diagnostics.report import report
from lrspec.formats.terminal import width
from lrspec.spec.load import read


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


def painted(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """A severity and a code as a terminal gets them."""
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    watched(monkeypatch, "xterm", {})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return painter("auto", terminal=True)("error", "error LRS201")


def test_a_code_is_a_link_to_its_page_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    link = f"\x1b]8;;{of_code('LRS201')}\x1b\\LRS201\x1b]8;;\x1b\\"
    assert painted(monkeypatch) == f"\x1b[31m\x1b[1merror {link}\x1b[0m"
    assert "]8" not in painter("always", terminal=True)("error", "^^^^")


def test_a_code_is_no_link_in_a_pipe_in_ci_or_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "]8" not in painted(monkeypatch, CI="true")
    assert painted(monkeypatch, NO_COLOR="1") == painted(monkeypatch, TERM="dumb") == "error LRS201"
    painted(monkeypatch)
    assert painter("never", terminal=True)("error", "error LRS201") == "error LRS201"
    assert "]8" not in painter("always", terminal=False)("error", "error LRS201")
    monkeypatch.setenv("TERM", "dumb")
    assert "]8" not in painter("always", terminal=True)("error", "error LRS201")
    watched(monkeypatch, "xterm", {"stdin": StringIO()})
    assert "]8" not in painter("always", terminal=True)("error", "error LRS201")


@pytest.mark.parametrize("width", [None, 20, 33, 47, 80])
def test_links_change_no_line_of_a_report(monkeypatch: pytest.MonkeyPatch, width: int | None) -> None:
    painted(monkeypatch)
    text = "lrspec: 1\nrules:\n  - {name: norms, match: '^norm', weight_deacy: 0}\n"
    reading = read(text.encode(), "a folder/a.lrspec.yaml", "yaml")
    found, plain = reading.diagnostics, reading.document.text
    linked = report(found, plain, painter("auto", terminal=True), width)
    assert linked.count("\x1b]8;;https://") == len(found) == 1
    assert re.sub(r"\x1b(\[[0-9;]*m|\]8;;.*?\x1b\\)", "", linked) == report(found, plain, width=width)


def test_the_width_is_that_of_the_streams_own_terminal() -> None:
    controller, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 57))
    with open(terminal, "w") as stream, open(controller):  # noqa: PTH123  (handles, not paths)
        assert width(stream) == 57
        termios.tcsetwinsize(terminal, (0, 0))  # a terminal that does not know
        assert width(stream) is None


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("60", 60),
        ("060", 60),
        ("", None),
        ("0", None),
        ("-60", None),
        ("wide", None),
        ("9" * 5000, None),
        ("\u0663", None),
    ],
)
def test_columns_is_the_width_without_a_terminal(
    columns: str, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert width(StringIO()) == expected


def test_nothing_is_wrapped_without_a_terminal_and_columns() -> None:
    assert width(StringIO()) is None


SPEC = """lrspec: 1
rules:
  - {name: first, match: '^a', lr: 1e-3}
  - {name: second, match: '^no_such_thing', lr: 1e-3}
"""


@pytest.mark.parametrize("words", ["compile --params names.txt", "check . --params names.txt"])
def test_reports_and_tables_are_of_that_width_in_a_pipe(tmp_path: Path, words: str) -> None:
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "names.txt").write_text("".join(f"a.long.beginning.of.a.name.{i}\n" for i in range(40)))
    widest = []
    for environment in ({}, {"COLUMNS": "60"}):
        command = [sys.executable, "-m", "lrspec", *words.split()]
        ran = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 1
        widest.append(max(map(len, (ran.stdout + ran.stderr).splitlines())))
    assert widest[0] > 100
    assert widest[1] <= 60


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_columns_changes_nothing_for_other_programs(tmp_path: Path, form: str) -> None:
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "names.txt").write_text("a\n")
    command = [sys.executable, "-m", "lrspec", "check", ".", "--params", "names.txt", "--format", form]
    outputs = [
        subprocess.run(command, cwd=tmp_path, env={**os.environ, **more}, capture_output=True, check=False).stdout
        for more in ({}, {"COLUMNS": "40"})
    ]
    assert outputs[0] == outputs[1] != b""

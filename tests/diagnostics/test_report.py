"""Reports: wrapped at the width of a terminal, with the line of the spec whole or cut around its place."""

from __future__ import annotations

import re

import pytest

import lrspec
from lrspec.diagnostics.report import report

TEXT = r"""lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_deacy: 0.05, betas: [0.9, 0.999], eps: 1e-8, amsgrad: false, foreach: true}
rules:
  - {name: hd, match: '^haed(', lr_mult: 1}
"""
WIDTHS = [40, 60, 80, 120]


def error() -> lrspec.SpecError:
    with pytest.raises(lrspec.SpecError) as refused:
        lrspec.loads(TEXT, path="a folder/bad.lrspec.yaml")
    return refused.value


def wrapped(width: int | None) -> str:
    return report(error().diagnostics, error()._text, width=width)


def unwrapped(text: str) -> list[str]:
    """The lines without the excerpts, each joined again with those that go on with it."""
    joined = re.sub(r"\n {5}(?! )", " ", text)
    return [line for line in joined.splitlines() if not re.match(r" +\d* \|", line)]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_of_a_report_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, wrapped(width).splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_a_wrapped_report_says_the_same_with_its_indent(width: int) -> None:
    assert unwrapped(wrapped(width)) == unwrapped(wrapped(None))
    assert re.search(r"^a folder/bad.lrspec.yaml:2:36:\s+error LRS106 ", wrapped(width), re.MULTILINE)  # not broken


def test_without_a_width_a_problem_is_one_line() -> None:
    assert max(map(len, wrapped(None).splitlines())) > 120
    assert wrapped(None) == str(error())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_line_of_the_spec_is_not_broken_and_its_carets_stay_under_the_place(width: int) -> None:
    frames = re.findall(r"^ \d \| (.*)\n   \| ( *\^+)$", wrapped(width), re.MULTILINE)
    marked = [line[len(carets) - carets.count("^") : len(carets)] for line, carets in frames]
    assert marked == ["weight_deacy", "'^haed('"]


def test_colours_are_around_the_same_words_when_wrapped() -> None:
    def paint(part: str, text: str) -> str:
        return f"<{part}>{text}</>"

    text = report(error().diagnostics, error()._text, paint, width=60)
    assert "<place>a folder/bad.lrspec.yaml:2:36:</> <error>error LRS106</>" in text
    assert re.sub(r"<\w+>|</>", "", text) == wrapped(60)


def test_a_terminal_of_one_column_gets_a_report() -> None:
    assert "LRS106" in wrapped(1)

"""The parts of a regex, held against Python's own parser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from lrspec.regex.pattern import FAILURES, compile_regex
from lrspec.regex.tokens import has_literal, single_dots
from tests.drawing import drawn

PIECES = [
    *("a", "b", "1", ".", r"\.", r"\d", r"\w+", "[.a]", "[^]x]", r"[\]]", "(", ")", "(?:", "(?P<n>", "(?=", "(?!"),
    *("(?<=", "(?<!", "(?>", "(?i:", "(?P=n)", "(?(n)", "|", "^", "$", "*", "+", "?", "{2}", "{1,}", "{,3}", "{", "}"),
    *("{,}", "*?", "++", r"\x41", r"\u0041", r"\N{DIGIT ONE}", r"\\", r"\b", r"\Z", "(?#c.)", "-", "(?i)"),
]


def parsed(regex: str) -> tuple[int, bool]:
    """How many unquantified dots there are, and whether there is a literal, by Python's parser."""
    parser: Any = vars(re)["_parser"]
    return _walk(parser.parse(regex))


def _walk(items: Any) -> tuple[int, bool]:
    dots, literal = 0, False
    for operator, value in items:
        name = str(operator)
        dots += name == "ANY"
        literal |= name in ("LITERAL", "NOT_LITERAL")
        for inner in inner_of(name, value):
            more_dots, more_literal = _walk(inner)
            alone = name.endswith("REPEAT") and len(inner) == 1 and str(inner[0][0]) == "ANY"
            dots += 0 if alone else more_dots
            literal |= more_literal
    return dots, literal


def inner_of(name: str, value: Any) -> list[Any]:
    if name.endswith("REPEAT"):
        return [value[2]]
    if name == "BRANCH":
        return list(value[1])
    if name == "SUBPATTERN":
        return [value[-1]]
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    if name == "GROUPREF_EXISTS":
        return [item for item in value[1:] if item is not None]
    return [value] if name == "ATOMIC_GROUP" else []


@drawn(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join), few=300, many=2000)
def test_dots_and_literals_are_those_of_pythons_parser(regex: str) -> None:
    try:
        compile_regex(regex)
    except FAILURES:
        assume(False)
    dots, literal = parsed(regex)
    # Python folds `[^x]` to a literal, common beginnings of branches together, and a repeat of a group of one dot
    if "[" not in regex and "|" not in regex and "(" not in regex:
        assert len(single_dots(regex)) == dots
        assert has_literal(regex) == literal
    for dot in single_dots(regex):
        assert regex[dot] == "."
        compile_regex(f"{regex[:dot]}\\.{regex[dot + 1 :]}")


@pytest.mark.parametrize(
    ("regex", "dots"),
    [
        ("a.b", [1]),
        (r"a\.b", []),
        ("a.*b.c", [4]),
        ("[.]a", []),
        ("(?:a.)+", [4]),
        ("(a.|b)", [2]),
        ("(?#.)a", []),
        ("(?x) a . b", [7]),
        ("(?x)a.# b.\n.c", [5, 11]),
        ("(?x)a. *", []),
        ("[]. ]x.", [6]),
        (r"[\].].", [5]),
        ("a.{2}", []),
        ("a.{", [1]),
    ],
)
def test_the_single_dots_of_a_regex_are_found(regex: str, dots: list[int]) -> None:
    assert list(single_dots(regex)) == dots


@pytest.mark.parametrize(
    ("regex", "literal"), [("^(.+)$", False), (r"\d", False), (r"^(\w+)\.", True), ("[ab]", False)]
)
def test_a_regex_with_a_literal_is_told_from_one_without(regex: str, literal: bool) -> None:
    assert has_literal(regex) is literal

"""Regexes that cannot tell one digit from another, held against Python's `re`."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from lrspec.regex.digits import ALIKE, is_blind, widened
from lrspec.regex.pattern import FAILURES, compile_regex
from tests.drawing import drawn

SETS = [
    *("[0-9]", "[a-z0-9]", "[0-9a-c]", "[^0-9]", r"[\d_]", r"[^\d]", r"[\w.]", r"[\D3]", "[!-~]", "[^!-~]", "[a-]"),
    *("[1-3]", "[^5]", "[0-8]", "[+-0]", "[--0-9]", "[+-0-9]", "[0-9-a]", "[-0-9]", "[3]", "[]3]", "[^]3]", "[0-99]"),
    *(r"[\x33]", r"[\u0033]", r"[\N{DIGIT THREE}]", r"[\063]", r"[\.-3]", r"[\--0]", r"[\]0-9]", "[٣]", "[٠-٩]"),
]
ATOMS = [
    *("a", "b", ".", "3", "7", "33", "", "^", "$", r"\.", r"\d", r"\D", r"\w", r"\W", r"\b", r"\B", r"\A", r"\Z"),
    *(r"\x33", r"\u0033", r"\N{DIGIT THREE}", r"\063", r"\0", r"\1", "(?P=n)", "(?P<n>.)", "(.)", r"(\d+)", "(?#3)"),
    *("a{3٣}", "3*", "3+", "3+?", "3*+", "3?+", r"\d*+", r"\d+", r"\d{2}", "a{1,3}", "3{2}", ".*", ".*?", "٣", *SETS),
]
OPENINGS = [
    *("(", "(?:", "(?P<m>", "(?P<m1>", "(?i:", "(?x: ", "(?x:#3\n", "(?a:", "(?-i:"),
    *("(?=", "(?!", "(?<=", "(?<!", "(?>", "(?(1)", "(?(n)"),
]


def larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.tuples(st.sampled_from(OPENINGS), parts, st.sampled_from(["", "?", "*", "+", "{2}", "?+"]))
    some = st.lists(parts, min_size=2, max_size=4)
    return some.map("".join) | some.map("|".join) | group.map(lambda drawn: f"{drawn[0]}{drawn[1]}){drawn[2]}")


regexes = st.tuples(
    st.sampled_from(["", "", "", "(?i)", "(?x)", "(?a)"]), st.recursive(st.sampled_from(ATOMS), larger, max_leaves=8)
).map("".join)
texts = st.text("ab.3579", max_size=10)


def compiled(regex: str) -> re.Pattern[str]:
    try:
        return compile_regex(regex)
    except FAILURES:
        assume(False)
        raise


def places(pattern: re.Pattern[str], text: str) -> object:
    match = pattern.search(text)
    return match and match.regs


def other_digits(text: str, data: st.DataObject) -> str:
    return "".join(data.draw(st.sampled_from("0123456789")) if letter.isdigit() else letter for letter in text)


@drawn(regexes, texts, st.data(), few=200, many=3000)
def test_what_cannot_tell_digits_apart_takes_the_same_steps(regex: str, text: str, data: st.DataObject) -> None:
    pattern = compiled(regex)
    assume(is_blind(regex))
    other = other_digits(text, data)
    assert other.translate(ALIKE) == text.translate(ALIKE)
    assert places(pattern, text) == places(pattern, other)


@drawn(regexes, texts, st.data(), few=200, many=3000)
def test_what_is_widened_matches_wherever_the_regex_does(regex: str, text: str, data: st.DataObject) -> None:
    pattern, wide = compiled(regex), widened(regex)
    assume(wide is not None)
    assert wide is not None
    found = compile_regex(wide).search(text)
    assert found or not pattern.search(text)
    assert bool(found) == bool(compile_regex(wide).search(other_digits(text, data)))


@pytest.mark.parametrize(
    "regex",
    [
        *(r"^blocks\.(\d+)\.", r"\.bias$", "norm", "[a-z0-9_]+", "[0-9]+", r"(?i)^HEAD\.", r"^(\w+)\.", ".", "(?#3)a"),
        *(r"(?P<layer3>\d+)", r"a{3}", r"(?:a|b)*", r"(?=\d)", r"(?<!\d)a", r"[\w.-]", "(?x) a # 3", "[!-~]"),
    ],
)
def test_most_regexes_cannot_tell_digits_apart(regex: str) -> None:
    assert is_blind(regex)


@pytest.mark.parametrize(
    ("regex", "text", "other"),
    [
        (r"^layer1\.", "layer1.", "layer2."),
        ("[1-3]", "3", "4"),
        ("[^5]", "5", "6"),
        (r"(\d)\1", "11", "12"),
        (r"(?P<n>\d)(?P=n)", "11", "12"),
        (r"\x33", "3", "4"),
        (r"\063", "3", "4"),
        (r"\N{DIGIT THREE}", "3", "4"),
        ("[+-0-9]", "9", "8"),
        ("(?x) 3 # a", "3", "4"),
        ("[0-99]x|[3]", "3", "4"),
    ],
)
def test_regexes_that_tell_digits_apart_are_known(regex: str, text: str, other: str) -> None:
    assert places(compile_regex(regex), text) != places(compile_regex(regex), other)
    assert not is_blind(regex)


@pytest.mark.parametrize(
    ("regex", "wide"),
    [
        (r"^layer1\.", r"^layer[0-9]\."),
        (r"\.1[02]\.", r"\.[0-9](?:[02]|[0-9])\."),
        (r"^layers\.(?:0|1)\.", r"^layers\.(?:[0-9]|[0-9])\."),
        (r"(?<=3)a(?=5)", "(?<=[0-9])a(?=[0-9])"),
        ("(?x) 3 # 3", "(?x) [0-9] # 3"),
        (r"\.(?!0)\d", None),
        (r"(?<!1)0\.", None),
        (r"(\d)\1", None),
        ("3*+7", None),
        ("(?:1+2)*x", None),
        ("3+", None),
        ("^(?:[^0]+0)+$", None),
        (r"\d+3\d*", r"\d+[0-9]\d*"),
        ("(?>3*)7", None),
        (r"\x33", None),
    ],
)
def test_a_regex_is_widened_to_any_digit_where_it_can_be(regex: str, wide: str | None) -> None:
    assert widened(regex) == wide

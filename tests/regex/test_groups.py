"""The groups of a regex, held against what Python's `re` captures by them."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import strategies as st

from lrspec.regex.groups import groups_behind_digits, idle_groups, single_digits
from tests.drawing import drawn

TEXTS = ["".join(letters) for length in (1, 2, 3, 4) for letters in product("a1.", repeat=length)]
PARTS = ["a", "1", r"\d", "[0-9]", r"\.", ".", "^", "a?", r"\d+", "[a1]", "(?i:A)"]
OPENINGS = ["(", "(?:", "(?=", "(?!", "(?<!a|1)(?!", "(?P<NAME>"]


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.builds(lambda opening, body: f"{opening}{body})", st.sampled_from(OPENINGS), inner)
    return group | st.builds("{}{}".format, inner, inner) | st.builds("(?:{}|{})".format, inner, inner)


def named(regex: str) -> str:
    """The regex with a name of its own for each group that has one."""
    pieces = regex.split("NAME")
    return "".join(piece if not i else f"n{i}{piece}" for i, piece in enumerate(pieces))


regexes = st.recursive(st.sampled_from(PARTS), grown, max_leaves=8).map(named)


@drawn(regexes, few=300, many=2000)
def test_an_idle_group_never_captures(regex: str) -> None:
    opened = [match.start() for match in re.finditer(r"\((?!\?)|\(\?P<", regex)]
    compiled = re.compile(regex)
    assert compiled.groups == len(opened)
    matches = [match for text in TEXTS if (match := compiled.search(text))]
    for token in idle_groups(regex):
        number = opened.index(token.start) + 1
        assert not any(match[number] for match in matches)


@drawn(regexes, few=300, many=2000)
def test_a_group_around_a_single_digit_captures_one_and_changes_nothing(regex: str) -> None:
    for digit in single_digits(regex):
        around, longer = re.compile(digit.captured(regex)), re.compile(digit.captured(regex, "+"))
        for text in TEXTS:
            before, after = re.search(regex, text), around.search(text)
            assert (before and before.span()) == (after and after.span())
            assert after is None or after[digit.group] is None or after[digit.group] == "1"
            found = longer.search(text)
            assert found is None or found[digit.group] is None or set(found[digit.group]) == {"1"}
            assert (re.search(digit.repeated(regex), text) is None) == (found is None)


@pytest.mark.parametrize(
    ("regex", "columns"),
    [
        (r"^blocks\.\d\.", [10]),
        (r"^blocks\.(\d)\.[0-9]\b", [11, 16]),
        (r"^(?:a|[\d])x", [7]),
        (r"\d\d|1\d|\d{1}|\d?|\d+|[0-9][1-5]", []),
        (r"(?=\d)(?!\d)(?<=\d)(?>\d)", []),
        (r"(a)\d\1", []),
        (r"(a)?\d(?(1)b|c)", []),
        (r"(?P<a>a)\d(?P=a)", []),
        ("(?x) \\d # \\d\n \\.", [6]),
    ],
)
def test_single_digits_stand_alone(regex: str, columns: list[int]) -> None:
    assert [digit.start + 1 for digit in single_digits(regex)] == columns


@pytest.mark.parametrize(
    ("regex", "columns"),
    [
        (r"(?!(a))(b)", [4]),
        (r"(?<!(a))(?!(?:x|(?P<n>b)))", [5, 17]),
        (r"(?!(?=(a)))(?=(b))", [7]),
        (r"(?!(a)\1)(?!(b))", [13]),
        (r"(?!(?P<n>a)(?P=n))", []),
        (r"(?!(a)?(?(1)b|c))", []),
        (r"(?!(a))\1", [4]),  # outside, it refers to nothing
        (r"(?!\((a\)))[(?!(]", [6]),
        (r"(a)(?:(?!b)(c))", []),
        (r"(?!(a)(?!\1))", []),
        (r"(?!(?!(a))(b)\1)", [7, 11]),  # `\1` is outside of the lookaround with its group
    ],
)
def test_groups_in_negative_lookarounds_are_idle_unless_referred_to_there(regex: str, columns: list[int]) -> None:
    assert [token.start + 1 for token in idle_groups(regex)] == columns


def test_a_group_right_behind_a_digit_of_the_regex_is_told_by_its_number() -> None:
    assert groups_behind_digits(r"1(\d)(a)\d(?P<n>\d)(?:[0-9](\d))\d+(\d)\D(\d)") == {1, 2, 3, 4}
    for regex in (r"l(\d)(\d)", r"l(?:1|2)((\d))", r"l1{1}(a|b)?|()", r"l1(?:(x))"):
        assert max(groups_behind_digits(regex), default=0) > 0
    assert groups_behind_digits(r"(\d)*(\d)\d+(\d)\d?(\d)\d{1,2}(\d)") == set()

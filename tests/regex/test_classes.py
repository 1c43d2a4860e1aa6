"""The members of character classes, held against what regexes match without them."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import strategies as st

from lrspec.regex.branches import without
from lrspec.regex.classes import members, repeats, up_to
from tests.drawing import drawn

TEXTS = ["".join(letters) for length in (1, 2, 3) for letters in product("ab1.", repeat=length)]
PARTS = [
    "a",
    "1",
    ".",
    "^",
    "$",
    "[ab]",
    "[b1.]",
    "[1]",
    "[aa]",
    "[a-b]",
    "[^a]",
    "[aA]",
    r"[\d]",
    "(?=[ab])",
    "(?!a[b1])",
]


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quantifier = st.sampled_from(["", "?", "*", "+?", "{2}"])
    group = st.builds(lambda body, often: f"({body}){often}", inner, quantifier)
    return group | st.builds("{}{}".format, inner, inner) | st.builds("(?:{}|{})".format, inner, inner)


regexes = st.recursive(st.sampled_from(PARTS), grown, max_leaves=8)


def matched(regex: str) -> set[str]:
    return {text for text in TEXTS if re.search(regex, text)}


@drawn(regexes, st.sets(st.integers(0, 15)), few=300, many=2000)
def test_without_some_members_a_regex_matches_nothing_else(regex: str, indices: set[int]) -> None:
    listed = members(regex)
    gone = [member for index, member in enumerate(listed) if index in indices]
    assert matched(without(regex, gone)) <= matched(regex)
    assert matched(without(regex, listed)) <= matched(regex)


@drawn(regexes, few=300, many=2000)
def test_the_way_to_a_member_leads_there(regex: str) -> None:
    for member in members(regex):
        needed = matched(regex) - matched(without(regex, [member]))
        assert needed <= matched(up_to(regex, member))


@pytest.mark.parametrize(
    ("regex", "written"),
    [
        ("norm[12]", "12"),
        (r"[a\.b_-]", "ab"),
        ("[-1.]", "1"),
        ("[1234567]", "1234567"),
        ("[12345678]", ""),
        ("[0-3][a-c1]", ""),
        ("[^12]", ""),
        ("[nN]a[Xy]", "Xy"),
        (r"[\d1][\x41][\w2]", ""),
        ("(?=[12])(?![3])(?<=[4])", ""),
        ("(?>[12])|[34]", ""),
        ("[12]++", ""),
        ("(a)?(?(1)[12]|[34])[56]", "56"),
        ("(?x) [12] # [34]\n [ 56]", "1256"),
        ("[]12]", ""),
        ("[ä1]", "1"),
    ],
)
def test_members_are_listed_digits_and_letters(regex: str, written: str) -> None:
    assert "".join(regex[member.start : member.end] for member in members(regex)) == written


def test_all_members_of_a_class_may_go() -> None:
    assert without("x[12]|[1.]", members("x[12]|[1.]")) == "x(?!)|[.]"


def test_the_way_has_no_other_branches_and_nothing_behind() -> None:
    regex = r"a|(?:b|c(d|e[12]f)g)h"
    assert up_to(regex, members(regex)[1]) == r"(?!)a|(?:(?!)b|c((?!)d|e2))"


def test_a_second_time_is_a_repeat() -> None:
    assert [repeats("x1[121]", member) for member in members("x1[121]")] == [False, False, True]

"""The regexes of a spec: which of them surely compile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrspec.regex.pattern import compile_regex, is_plain

COMMON = [*"a0é_- /.^$|*+?()\n", r"\.", r"\d", "(?:", "[a-z]", "[0-9_]"]
RARE = [*"[]{},:=!<#\\", r"\1", "(?i)", "(?=", "[^", "{2}"]
PIECES = st.sampled_from(COMMON) | st.sampled_from(COMMON + RARE)


@given(st.lists(PIECES).map("".join))
def test_what_is_plain_compiles(regex: str) -> None:
    if is_plain(regex):
        compile_regex(regex)


@pytest.mark.parametrize("regex", [r"^blocks\.(\d+)\.", r"\.bias$", r"^(stem|head)\.", r"^layer\d+\.(?:conv|bn)[0-9]"])
def test_the_regexes_of_most_specs_are_plain(regex: str) -> None:
    assert is_plain(regex)


@pytest.mark.parametrize("regex", ["a**", "*", "^*", "(", ")", "[z-a]", "[]", "a{2,1}", r"\1", "(?<=a*)b", "a\\"])
def test_a_regex_that_does_not_compile_is_not_plain(regex: str) -> None:
    assert not is_plain(regex)

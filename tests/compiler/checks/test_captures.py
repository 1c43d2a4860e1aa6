"""LRS313: groups that never capture, in the regexes of ladders."""

from __future__ import annotations

import pytest

from tests.compiler.checks.linted import REST, ladder, linted, messages

VIT = "vit_tiny_patch16_224"


@pytest.mark.parametrize(
    "regex",
    [
        r"'^(?!(head|norm)\.)(\w+)\.'",
        r"'^blocks\.(?!(0)\.)(\d+)\.'",
        r"'^(?:(?!(?P<last>head)).)+\.weight'",
        r"'^blocks\.(\d+)(?<!(1))\.'",
        r"'^(?!(?=(h)e)).+\.bias'",
        r"'^(?!(blocks)\.\1)(?!(head))(\w+)'",  # only the first is needed
    ],
)
def test_a_group_in_a_negative_lookaround_is_found_at_the_regex(regex: str) -> None:
    assert ("LRS313", regex) in linted(VIT, ladder(regex), REST)


def test_a_group_of_a_join_is_found() -> None:
    regex = r"'^(?!(head))n'"
    assert ("LRS313", regex) in linted(VIT, ladder(r"'^blocks\.(\d+)\.'", f"{{join: {regex}}}"), REST)


@pytest.mark.parametrize(
    "regex",
    [
        r"'^(?!(?:head|norm)\.)(\w+)\.'",
        r"'^(?=(blocks))blocks\.(\d+)\.'",
        r"'^(?!(\w+)\.\1\.)(\w+)\.'",  # the backreference needs it
        r"'^(?!(?P<one>\w+)\.(?P=one)\.)(\w+)\.'",
        r"'^(?!(h)?(?(1)e|n))(\w+)\.'",
        r"'(?x) ^ (\w+)  # (?!(not a group))'",
        r"'^(\w+)\.[(?!(]?'",
        r"'^(?<=^)(\w+)\.'",
    ],
)
def test_groups_that_capture_or_that_a_backreference_needs_are_right(regex: str) -> None:
    assert "LRS313" not in [code for code, _ in linted(VIT, ladder(regex), REST)]


def test_captures_do_not_matter_in_match_and_exclude() -> None:
    regex = r"'^(?!(head|norm)\.)blocks'"
    assert linted(VIT, f"{{name: a, match: {regex}, exclude: '^(?!(head)).+qkv', lr_mult: 2}}", REST) == []


def test_the_message_names_the_columns() -> None:
    (one,) = messages(VIT, ladder(r"'^(?!(head|norm)\.)(\w+)'"), REST)
    assert one.startswith(
        r"the group at column 5 of '^(?!(head|norm)\.)(\w+)' is in a negative lookaround: it never captures, and counts"
    )
    (two,) = messages(VIT, ladder(r"'^(?!(head)|(norm))(\w+)'"), REST)
    assert two.startswith("the groups at columns 5 and 12 of")


def test_a_regex_that_matches_nothing_is_judged_too() -> None:
    assert [code for code, _ in linted(VIT, ladder(r"'^(\w+)\.'", r"'^(?!(a))zz'"), REST)] == ["LRS205", "LRS313"]

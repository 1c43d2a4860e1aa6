"""LRS301 of ladders: a group that captures only the end of a number."""

from __future__ import annotations

import pytest

from tests.compiler.checks.linted import REST, ladder, linted, messages

VIT = "vit_tiny_patch16_224"


@pytest.mark.parametrize(
    "regex",
    [
        r"'blocks.*(\d+)'",
        r"'^blocks\..*(\d+)\.'",
        r"'^\w+\.\d*(\d+)\.'",
        r"'.*(\d)\.'",
        r"'^blocks\.[^a]*([0-9]+)\.attn'",
        r"'^blocks\.\d?(?P<block>\d)\.'",
    ],
)
def test_a_capture_that_begins_behind_a_digit_is_found_at_the_regex(regex: str) -> None:
    assert linted(VIT, ladder(regex), REST) == [("LRS301", regex)]


@pytest.mark.parametrize(
    "regex",
    [
        r"'^blocks\.(\d+)\.'",
        r"'^blocks\D*(\d+)\.'",
        r"'blocks.*?(\d+)\.'",
        r"'^blocks\.1(\d)\.'",  # says itself that a digit comes first
        r"'^blocks\.\d(\d)\.'",
        r"'^blocks\.(\d)(\d)\.'",
        r"'^blocks\.(?:0|1)(\d)\.'",
        r"'^blocks\.\d{1}(?:(\d))\.'",
        r"'^blocks\.(?:\d+)\.(?:norm(\d)|attn)'",
    ],
)
def test_a_capture_of_a_whole_number_or_of_a_part_on_purpose_is_right(regex: str) -> None:
    assert "LRS301" not in [code for code, _ in linted(VIT, ladder(regex), REST)]


def test_captures_of_a_match_do_not_matter() -> None:
    assert linted(VIT, r"{name: blocks, match: 'blocks.*(\d+)\.attn', lr_mult: 0.1}", REST) == []


def test_a_join_is_judged() -> None:
    regex = r"'^blocks.*(\d+)\.attn'"
    found = linted(VIT, ladder(r"'^blocks\.(\d+)\.norm'", f"{{join: {regex}}}"), REST)
    assert ("LRS301", regex) in found


def test_the_message_shows_what_is_captured() -> None:
    (message,) = messages(VIT, ladder(r"'^blocks.*(\d+)\.attn'"), REST)
    first, listed, _ = message.splitlines()
    assert first == (
        r"'^blocks.*(\d+)\.attn' captures only the end of a number: in blocks.10.attn.qkv.weight it captures '0'"
    )
    assert listed.endswith("and 3 more")  # of 8

"""Alternatives that differ in one character are a class, where a person would write one."""

from __future__ import annotations

import re

import pytest

from lrspec.drafting.character_classes import with_classes


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"\.(?:lora_A|lora_B)\.", r"\.lora_[AB]\."),
        (r"\.(?:q_proj|k_proj|v_proj)\.", r"\.[qkv]_proj\."),
        (r"^layer\.(?:0|1|2|3)\.", r"^layer\.[0-3]\."),
        (r"^layer\.(?:6|7)\.", r"^layer\.[67]\."),
        (r"^layer\.(?:3|6|7)\.", r"^layer\.[367]\."),
        (r"^layer\.(4|5|6)\.", r"^layer\.([4-6])\."),
        (r"^(?!(?:1|2)\.)\d+\.", r"^(?![12]\.)\d+\."),
        (r"\.(?:conv1|bn1|conv2|bn2)\.", r"\.(?:conv|bn)[12]\."),
    ],
)
def test_a_class_takes_the_place_of_alternatives(regex: str, expected: str) -> None:
    assert with_classes(regex) == expected
    texts = [f".{word}{n}." for n in range(12) for word in ("layer.", "conv", "bn", "layer", "")]
    texts += [".lora_A.", ".lora_C.", ".v_proj.", ".o_proj.", *(text[1:] for text in texts)]
    assert [bool(re.search(expected, text)) for text in texts] == [bool(re.search(regex, text)) for text in texts]


@pytest.mark.parametrize(
    "regex",
    [
        r"(?:8|9|10|11)",
        r"(?:10|11|12)",
        r"(?:0|1|2|3|4|5|6|7|8|9)",
        r"(?:weight|bias)",
        r"(?:cat|bat)",
        r"(?:conv1|bn1|conv2)",
        r"\(?:6|7\)",
    ],
)
def test_others_stay_as_they_are(regex: str) -> None:
    assert with_classes(regex) == regex

"""The branches of a regex, held against Python's own parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from lrspec.regex.branches import branches, without
from lrspec.regex.pattern import FAILURES, compile_regex
from tests.drawing import drawn
from tests.regex.test_tokens import inner_of

PARSER: Any = vars(re)["_parser"]
LOOKAROUNDS = ("(?=", "(?!", "(?<=", "(?<!")
SAYING = {"LITERAL", "NOT_LITERAL", "ANY", "IN", "GROUPREF"}
ATOMS = [
    *("a", "b", "x", r"\.", ".", "^", "$", r"\b", r"\d", "[.]", "[^.]", r"[|\]]", "[]|]", "[^]|]", r"\|", r"\(", r"\["),
    *(" ", "\n", "#", "# (", "\\\n", r"\ ", r"(?#\)|)", "(?#c)", r"\N{LEFT PARENTHESIS}", "\N{NO-BREAK SPACE}"),
    *("a*", "b+?", "x{2}", "x{,2}", "{", "a++", "", r"\1", "(?P=n)"),
]
OPENINGS = ["(", "(?:", "(?P<n>", "(?P<é>", "(?i:", "(?x:", "(?-x:", "(?m-x:", *LOOKAROUNDS, "(?>", "(?(1)", "(?(n)"]


def larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.tuples(st.sampled_from(OPENINGS), parts, st.sampled_from(["", "?", "*"]))
    some = st.lists(parts, min_size=2, max_size=4)
    return some.map("".join) | some.map("|".join) | some.map("|".join) | group.map(lambda g: f"{g[0]}{g[1]}){g[2]}")


regexes = st.recursive(st.sampled_from(ATOMS), larger, max_leaves=12)


@dataclass
class Open:
    """A call of the parser that is not over: an alternation with the starts of its branches, or one branch."""

    is_alternation: bool
    judged: bool
    starts: list[int] = field(default_factory=list)


def branches_by_pythons_parser(regex: str) -> list[int]:
    """The starts of the branches that should be found, as Python's parser comes by them."""
    found, operators, calls = [], set(), [Open(False, True)]
    parse, parse_sub = PARSER._parse, PARSER._parse_sub

    def branch(source: Any, *rest: Any) -> Any:
        alternation, start = calls[-1], source.tell()
        calls.append(Open(False, alternation.judged and alternation.is_alternation))  # or it is a conditional's
        parsed = parse(source, *rest)
        calls.pop()
        operators.update(within := set(operators_in(parsed)))
        alternation.starts.append(start if within & SAYING else -1)
        return parsed

    def alternation(source: Any, *rest: Any) -> Any:
        calls.append(Open(True, calls[-1].judged and not regex[: source.tell()].endswith(LOOKAROUNDS)))
        parsed = parse_sub(source, *rest)
        this = calls.pop()
        found.extend(this.starts if this.judged and len(this.starts) > 1 else [])
        return parsed

    with patch.object(PARSER, "_parse", branch), patch.object(PARSER, "_parse_sub", alternation):
        PARSER.parse(regex)
    return [] if operators & {"ATOMIC_GROUP", "POSSESSIVE_REPEAT"} else sorted(s for s in found if s >= 0)


def operators_in(parsed: Any) -> Iterator[str]:
    for operator, value in parsed:
        yield "DOT" if str(operator) == "LITERAL" and value == ord(".") else str(operator)
        for inner in inner_of(str(operator), value):
            yield from operators_in(inner)


@drawn(
    st.sampled_from(["", "", "(?i)", "(?x)", "(?i)(?x)"]),
    regexes,
    few=300,
    many=1000,
    examples=[("(?x)", "a#(\\\n(b|c)\n|d"), ("(?i)", "(a)|(?:b|(?(1)c|d))")],
)
def test_branches_are_those_of_pythons_parser(flags: str, regex: str) -> None:
    try:
        compiled = compile_regex(flags + regex)
    except FAILURES:
        assume(False)
    found = branches(flags + regex)
    expected = [max(start, len(flags)) for start in branches_by_pythons_parser(flags + regex)]
    assert sorted(branch.start for branch in found) == expected
    for branch in found:
        one_less = compile_regex(without(flags + regex, [branch]))
        assert (one_less.groups, one_less.groupindex) == (compiled.groups, compiled.groupindex)


@pytest.mark.parametrize(
    ("regex", "found"),
    [
        ("^(?:cls_token|pos_embed)$", ["cls_token", "pos_embed"]),
        ("(?i)a|b", ["a", "b"]),
        (r"^(?:blocks\.(\d+)|norm)\.", [r"blocks\.(\d+)", "norm"]),
        ("a(?:b|c(d|e))|f", ["a(?:b|c(d|e))", "f", "b", "c(d|e)", "d", "e"]),
        (r"(^|\.)bn(\d+|)\.", [r"\d+"]),
        (r"^fc(?:$|[.]|\.)", []),
        ("(^|[._]|_)norm", []),
        ("(?:a|)", ["a"]),
        (r"[a|b]\|c(?#d|e)", []),
        ("(?x) a # b|c\n | d", [" a # b|c\n ", " d"]),
        ("(?x:a # b|c\n)# d|e", ["(?x:a # b|c\n)# d", "e"]),
        ("(?=a|b)c", []),
        ("(?<!a|b)(?:c|d)", ["c", "d"]),
        ("(a)?(?(1)b|(?:c|d))", []),
        ("(?>a|ab)c", []),
        ("(?:a|ab)*+c", []),
    ],
)
def test_the_branches_of_a_regex_are_found(regex: str, found: list[str]) -> None:
    assert [regex[branch.start : branch.end] for branch in branches(regex)] == found


def test_a_disabled_branch_matches_nothing_and_groups_keep_their_numbers() -> None:
    regex = "(?i)(a)|(b)|(c)"
    first, second, _ = branches(regex)
    assert without(regex, [second]) == "(?i)(a)|(?!)(b)|(c)"
    assert without(regex, [second, first]) == "(?i)(?!)(a)|(?!)(b)|(c)"
    found = compile_regex(without(regex, [first, second])).search("ABC")
    assert found
    assert found.groups() == (None, None, "C")

"""LRS306, held against the same regexes written without a branch or without a member of a class."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import pytest
from hypothesis import strategies as st

import lrspec
from tests.drawing import drawn

NAMES = ["".join(letters) for length in (1, 2, 3) for letters in product("ab.", repeat=length)]
QUIET = ["", "^", "$", r"\."]
LOUD = ["a", "b", "a", "b", "ab", ".", "[a-b]", "(?=a|b)", "(?!b|aa)", "(?<=a|b)"]
NEVER = r"[^\s\S]"
MARK = "\ue000"

Route: TypeAlias = tuple[int, ...]
"""The way to a part of a regex: at each step the number of a part or of a branch."""


@dataclass(frozen=True)
class Parts:
    """One thing after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Group:
    """A group with one or more branches."""

    branches: tuple[Node, ...]
    captures: bool
    quantifier: str


Node: TypeAlias = str | Parts | Group


@dataclass(frozen=True)
class Regex:
    """A regex, and which of its capturing groups it refers back to at its end, if any."""

    body: Node
    back: int | None = None

    def written(self, gone: frozenset[Route] = frozenset(), mark: str = "") -> str:
        """The regex without some of its branches; `mark` is written where the others begin."""
        body = written(self.body, gone, (), mark)
        names = [route for route, node in nodes(self.body) if isinstance(node, Group) and node.captures]
        if self.back is None or not names:
            return body
        name = group_name(names[self.back % len(names)])
        return f"{body}(?P={name})" if f"(?P<{name}>" in body else body + NEVER


def written(node: Node, gone: frozenset[Route], at: Route, mark: str) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, Parts):
        return "".join(written(part, gone, (*at, i), mark) for i, part in enumerate(node.parts))
    mark_here = mark if len(node.branches) > 1 else ""
    left = [
        mark_here + written(branch, gone, (*at, i), mark)
        for i, branch in enumerate(node.branches)
        if (*at, i) not in gone
    ]
    opening = f"(?P<{group_name(at)}>" if node.captures else "(?:"
    return f"{opening}{'|'.join(left) if left else NEVER}){node.quantifier}"


def group_name(route: Route) -> str:
    return "_".join(["g", *map(str, route)])


def nodes(node: Node, at: Route = ()) -> Iterator[tuple[Route, Node]]:
    """Every part of a regex, in the order of writing."""
    yield at, node
    inner = () if isinstance(node, str) else node.parts if isinstance(node, Parts) else node.branches
    for i, part in enumerate(inner):
        yield from nodes(part, (*at, i))


@dataclass(frozen=True)
class Branch:
    """A branch of an alternation: the way there, how many groups it is in, and its column in the regex."""

    route: Route
    depth: int
    column: int
    quiet: bool


def branches(regex: Regex) -> list[Branch]:
    """The branches of all alternations; columns are from 1."""
    of_groups = {route: node for route, node in nodes(regex.body) if isinstance(node, Group)}
    found = [
        (route, node)
        for route, node in nodes(regex.body)
        if route and len(getattr(of_groups.get(route[:-1]), "branches", ())) > 1
    ]
    pieces = regex.written(mark=MARK).split(MARK)
    columns = [len("".join(pieces[: i + 1])) + 1 for i in range(len(found))]
    return [
        Branch(
            route,
            sum(route[:end] in of_groups for end in range(len(route))),
            column,
            all(text in QUIET for _, text in nodes(node) if isinstance(text, str)),
        )
        for (route, node), column in zip(found, columns, strict=True)
    ]


# ------------------------------------------------------------------------------------ what the lint should find


def outcome(regex: str, names: list[str], key: str) -> dict[str, Any]:
    """What the regex does to each name that it matches: what it captures in it, where that counts."""
    found = {name: re.search(regex, name) for name in names}
    counts = key == "layers"
    return {
        name: {group: text for group, text in match.groupdict().items() if text and text != "0" and counts}
        for name, match in found.items()
        if match
    }


def expected_columns(regex: Regex, names: list[str], key: str) -> list[int]:
    """The columns of the branches that could go; of those that do the same, the later ones."""
    whole = outcome(regex.written(), names, key)
    nothing_selected = len(whole) == (len(names) if key == "exclude" else 0)
    gone: dict[Route, int] = {}
    for branch in sorted(branches(regex), key=lambda branch: (branch.depth, -branch.column)):
        inside = any(branch.route[: len(route)] == route for route in gone)
        without = regex.written(frozenset({*gone, branch.route}))
        if not (branch.quiet or inside) and outcome(without, names, key) == whole:
            gone[branch.route] = branch.column
    return [] if nothing_selected or not whole else sorted(gone.values())


def spec_with(regex: str, key: str) -> dict[str, Any]:
    selects = {"match": "(?s).", "exclude": regex} if key == "exclude" else {key: regex}
    sets = {"layer_decay": 0.5} if key == "layers" else {"lr_mult": 1}
    return {"lrspec": 1, "optimizer": {"lr": 1}, "rules": [{"name": "a", **selects, **sets}]}


def found(spec: dict[str, Any], names: list[str]) -> list[lrspec.Diagnostic]:
    everything = lrspec.check(lrspec.loads(json.dumps(spec), "json"), lrspec.Inventory.from_names(names))
    return [diagnostic for diagnostic in everything if diagnostic.code == "LRS306"]


def larger(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(parts, min_size=1, max_size=3).map(tuple)
    groups = st.builds(Group, some, st.booleans(), st.sampled_from(["", "", "", "?", "*", "+", "??", "{2}"]))
    return groups | groups | st.builds(Parts, some)


texts: st.SearchStrategy[Node] = st.sampled_from([*LOUD, *QUIET])
regexes = st.builds(Regex, st.recursive(texts, larger, max_leaves=8), st.none() | st.integers(0, 3))


@drawn(
    regexes,
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True),
    st.sampled_from(["match", "layers", "exclude"]),
    few=300,
    many=1500,
)
def test_a_branch_is_dead_where_the_regex_without_it_does_the_same(regex: Regex, names: list[str], key: str) -> None:
    if not regex.written():
        return
    listed = [re.findall(r"at column (\d+)", each.message) for each in found(spec_with(regex.written(), key), names)]
    assert [int(column) for columns in listed for column in columns] == expected_columns(regex, names, key)


CLASSES = st.lists(st.sampled_from("ab1."), min_size=1, max_size=3, unique=True).map("".join)
CLASS_NAMES = ["".join(letters) for length in (1, 2, 3) for letters in product("ab1", repeat=length)]


WAYS = {"": "", "a": "a", "^": "^", "^b": "^b", "(?:1|b)": "(?:1|b)", "(?:a|": "", "(?:(?:1a|b": "b"}
"""What may stand before a class, and what is left of it without other branches."""


@drawn(
    st.sampled_from(sorted(WAYS)),
    CLASSES,
    st.sampled_from(["", "?", "a", "$", "+b", r"\.", "a|1"]),
    st.lists(st.sampled_from(CLASS_NAMES), min_size=1, max_size=8, unique=True),
    st.sampled_from(["match", "exclude", "layers"]),
    few=300,
    many=1500,
)
def test_a_member_is_dead_where_no_name_needs_it_and_the_beginning_finds_none(
    before: str, listed: str, after: str, names: list[str], key: str
) -> None:
    groups = ")" * len(re.findall(r"\((?![^(]*\))", before))
    regex = f"{before}[{listed}]{after}{groups}"
    listings = [each.message.partition(" of '")[0] for each in found(spec_with(regex, key), names)]
    columns = {int(column) for text in listings for column in re.findall(r"at column (\d+)", text)}
    does_something = {}
    for index, member in enumerate(listed):
        left = listed.replace(member, "")
        less = f"{before}[{left}]{after}{groups}" if left else f"{before}{NEVER}{after}{groups}"
        found_before = any(re.search(WAYS[before] + member, name) for name in names)
        changes = outcome(less, names, key) != outcome(regex, names, key)
        does_something[len(before) + 2 + index] = member == "." or found_before or changes
    assert not any(does_something.get(column) for column in columns)
    selected = len(outcome(regex, names, key))
    judged = selected not in ((0, len(names)) if key == "exclude" else (0,))
    assert columns or not judged or all(does_something.values())


def characters(regex: str, names: list[str], key: str = "match") -> list[tuple[str, str]]:
    """The characters that are dead, each with its column."""
    (message, *_), *_ = [(each.message,) for each in found(spec_with(regex, key), names)] or [("",)]
    return re.findall(r"'(.)' at column (\d+)", message.partition(" of '")[0])


NORMS = ["norm1.weight", "norm2.weight", "norm1.bias", "fc1.weight", "head.weight"]


@pytest.mark.parametrize(
    ("regex", "dead"),
    [
        ("norm[12378]", [("3", "8"), ("7", "9"), ("8", "10")]),
        (r"^norm[123]\.weight", [("3", "9")]),
        (r"^(?:norm[123]|fc[12])\.", [("3", "12"), ("2", "19")]),
        (r"^norm[11]\.", [("1", "8")]),  # for 12
        (r"^nor[mn]\d", [("n", "7")]),
        (r"^norm[0123]?\.", [("0", "7"), ("3", "10")]),
        (r"^(?i:NORM[123])\.", [("3", "13")]),
        (r"(?x) ^norm [ab12] \. # [cd]", [("a", "13"), ("b", "14")]),
    ],
)
def test_dead_members_of_a_class_are_named_with_their_columns(regex: str, dead: list[tuple[str, str]]) -> None:
    assert characters(regex, NORMS) == dead
    assert characters(regex, NORMS, "exclude") == dead


@pytest.mark.parametrize(
    "regex",
    [
        r"norm[12]\.",
        r"norm[0-9]\.",
        r"norm[1-3]\.",
        r"norm[^34]\.",
        r"[Nn]orm\d",
        r"norm[12345678]\.",  # as good as a range
        r"norm[\d_]",
        r"norm[\x31\x33]\.",
        r"norm[12]?",  # `?` makes up for each of them
        r"norm[12]\.bias",  # there is no second bias, but a second norm
        r"norm(?=[123])",
        r"norm(?![3])",
        r"norm(?>[123])",
        r"norm[123]++\.",
        r"(norm)?(?(1)[123]|f)",
        r"norm\d[._]",
        r"norm[12]{1,2}\.",
        r"(?x) norm\d  # [123]",
    ],
)
def test_members_that_do_something_and_classes_that_are_not_listed_are_let_be(regex: str) -> None:
    assert found(spec_with(regex, "match"), NORMS) == []


def test_a_member_that_finds_something_before_the_rest_of_the_regex_is_alive() -> None:
    names = [f"vision.{k}_proj.weight" for k in "qkv"] + ["vision.q_proj.bias", "vision.v_proj.bias"]
    assert found(spec_with(r"[qkv]_proj\.bias", "match"), names) == []
    assert characters(r"\.[qkvo]_proj\.bias", names) == [("o", "7")]


def test_dead_members_and_dead_branches_are_one_finding() -> None:
    (found_here,) = found(spec_with(r"^(?:norm[123]|nrom)\.", "match"), NORMS)
    assert found_here.message.startswith(
        r"the branch 'nrom' at column 15 and the character '3' at column 12 of '^(?:norm[123]|nrom)\.' do nothing"
    )


def test_a_member_that_only_captures_counts_on_a_ladder_alone() -> None:
    regex = r"^norm(?:([12])|\d)"
    assert found(spec_with(r"^norm(?:([1])|\d|x[34])", "layers"), NORMS)[0].message.startswith("the branch 'x[34]'")
    assert [each.message[:11] for each in found(spec_with(regex, "layers"), NORMS)] == ["the branch "]


def test_slow_members_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrspec.regex.work_limit.JUDGING_SECONDS_EACH", 0.05)
    assert found(spec_with("^(?:a+)+[bc]$", "match"), ["a" * 40 + "b", "ab"]) == []


TOKENS = ["cls_token", "pos_embed", "head.weight"]


def messages(rule: dict[str, Any], names: list[str] = TOKENS, **top: Any) -> list[str]:
    spec = {"lrspec": 1, "optimizer": {"lr": 1}, "rules": [{"lr_mult": 1, **rule}], **top}
    return [diagnostic.message for diagnostic in found(spec, names)]


def test_a_misspelt_branch_is_named_with_its_column() -> None:
    (message,) = messages({"match": "^(?:cls_tokn|pos_embed)$"})
    assert message.startswith("the branch 'cls_tokn' at column 5 of '^(?:cls_tokn|pos_embed)$' does nothing")


@pytest.mark.parametrize(
    "silenced",
    [
        {"optional": True},
        {"check": {"regex-dead-branch": "ignore"}},
        {"exclude": "^(?:cls_token|pos_embed)$"},  # the rule selects nothing: LRS203
    ],
)
def test_nothing_is_said_of_a_dead_branch_in_a_rule_that_is_optional_silenced_or_without_parameters(
    silenced: dict[str, Any],
) -> None:
    assert messages({"match": "^(?:cls_tokn|pos_embed)$", **silenced}) == []
    assert messages({"match": "^(?:cls_tokn|pos_embed)$"}) != []


def test_the_class_of_the_owner_is_not_judged() -> None:
    parameter = lrspec.Parameter("a", (), (1,), True, ("Linear",), ())
    rules = [{"where": {"module": "Linear|Nothing"}, "lr_mult": 1}]
    spec = lrspec.loads(json.dumps({"lrspec": 1, "optimizer": {"lr": 1}, "rules": rules}), "json")
    assert lrspec.check(spec, lrspec.Inventory((parameter,))) == []


def test_a_branch_that_only_captures_counts_on_a_ladder_alone() -> None:
    names = ["blocks.0.weight", "blocks.1.weight"]
    regex = r"^blocks\.(?:(\d)|[01])\.weight"
    assert len(messages({"match": regex}, names)) == 1
    spec = {"lrspec": 1, "optimizer": {"lr": 1}, "rules": [{"layers": regex, "layer_decay": 0.5}]}
    (diagnostic,) = found(spec, names)
    assert diagnostic.message.startswith("the branch '[01]' at column 18")


def test_a_branch_for_the_second_name_of_a_tied_parameter_does_something() -> None:
    tied = lrspec.Parameter("tokens.weight", ("head.weight",), (1,), True, ("Embedding",), (("Linear",),))
    spec = spec_with(r"^(?:tokens|head)\.", "match")
    file = lrspec.loads(json.dumps(spec), "json")
    assert lrspec.check(file, lrspec.Inventory((tied,))) == []


def test_a_branch_without_which_the_regex_is_slow_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrspec.regex.work_limit.JUDGING_SECONDS_EACH", 0.05)
    regex = "^(?:a+b|(?:a+)+c|[ab]*b)$"
    assert messages({"match": regex}, ["a" * 40 + "b", "ac", "bb"]) == []
    (message,) = messages({"match": regex}, ["aaab", "ac", "bb"])
    assert message.startswith("the branch 'a+b' at column 5")

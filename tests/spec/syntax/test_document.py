"""Documents: what their scalars mean, where their values stand, and the limits that they must keep."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lrspec.diagnostics.source import Path as Steps
from lrspec.diagnostics.source import Span
from lrspec.spec.syntax import yaml_reader
from lrspec.spec.syntax.document import Document, Format, parse


def read(text: str | bytes, format: Format = "yaml") -> Document:
    return parse(text if isinstance(text, bytes) else text.encode(), "spec", format)


def place(span: Span) -> tuple[int, int, int, int]:
    return (span.start.line, span.start.column, span.end.line, span.end.column)


def codes(text: str | bytes, format: Format = "yaml") -> list[str]:
    return [problem.code for problem in read(text, format).problems]


# ------------------------------------------------------------------------------------------------- scalars


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1e-3", 0.001),
        ("1E-3", 0.001),
        (".001", 0.001),
        ("1.0e-3", 0.001),
        ("5e-5", 5e-5),
        ("1e3", 1000.0),
        ("+1", 1),
        ("-1.5", -1.5),
        ("1.", 1.0),
        ("010", 10),
        ("0o10", 8),
        ("0x10", 16),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("1e", "1e"),
        (".", "."),
        ("e5", "e5"),
        ("'1e-3'", "1e-3"),
        ('"1"', "1"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1e999", math.inf),
        ("1" * 400, math.inf),
        ("-" + "1" * 5000, -math.inf),
        ("0x" + "f" * 300, math.inf),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(word: str, value: Any) -> None:
    found = read(f"a: {word}").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_nan_of_yaml_is_read_as_such() -> None:
    assert math.isnan(read("a: .NaN").value["a"])
    assert math.isnan(read('{"a": NaN}', "json").value["a"])


def test_keys_are_words() -> None:
    assert read("on: 1\n1: 2\ntrue: 3\n'x': 4").value == {"on": 1, "1": 2, "true": 3, "x": 4}


# ------------------------------------------------------------------------------------------------- places

SPEC = (
    "lrspec: 1\r\nrules:\r\n  - name: é日本\r\n    lr: &rate 1e-3\r\n    match: '^a\\.'\r\n"
    "  - {lr: *rate, match: [x, y]}\r\n# end\r\n"
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), (1, 1, 6, 31)),
        (("lrspec",), (1, 9, 1, 10)),
        (("rules",), (3, 3, 6, 31)),
        (("rules", 0), (3, 5, 5, 18)),
        (("rules", 0, "name"), (3, 11, 3, 14)),
        (("rules", 0, "lr"), (4, 15, 4, 19)),
        (("rules", 0, "match"), (5, 12, 5, 18)),
        (("rules", 1), (6, 5, 6, 31)),
        (("rules", 1, "lr"), (6, 10, 6, 15)),
        (("rules", 1, "match", 1), (6, 28, 6, 29)),
        (("rules", 1, "nothing", 3), (6, 5, 6, 31)),
        (("rules", 9), (3, 3, 6, 31)),
    ],
)
def test_every_value_has_its_place(path: Steps, value: tuple[int, int, int, int]) -> None:
    assert place(read(SPEC).span(path)) == value


def test_keys_have_places_of_their_own() -> None:
    document = read(SPEC)
    assert place(document.key_span(("rules", 1, "match"))) == (6, 17, 6, 22)
    assert place(document.key_span(("rules", 1, "nothing"))) == (6, 5, 6, 31)


def test_a_byte_order_mark_takes_no_column() -> None:
    assert place(read(b"\xef\xbb\xbfa: 1").span(("a",))) == (1, 4, 1, 5)


def test_json_has_the_same_places_tabs_and_all() -> None:
    document = read('{\n\t"a":\t[1,\t"\\u00e9\\ud83d\\ude00"],\n\t"b": {"c": null}\n}', "json")
    assert document.value == {"a": [1, "é😀"], "b": {"c": None}}
    assert place(document.span(("a", 1))) == (2, 11, 2, 31)
    assert place(document.key_span(("b",))) == (3, 2, 3, 5)
    assert place(document.span(("b",))) == (3, 7, 3, 18)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_any_json_reads_as_the_standard_library_reads_it(value: Any, indent: Any) -> None:
    text = json.dumps(value, indent=indent)
    document = read(text, "json")
    assert document.problems == ()
    assert document.value == json.loads(text)


@given(JSON)
def test_places_of_json_hold_the_values(value: Any) -> None:
    text = json.dumps(value, indent=2)
    document, lines = read(text, "json"), text.split("\n")
    for path, leaf in _leaves(document.value):
        span = document.span(path)
        assert span.start.line == span.end.line
        found = lines[span.start.line - 1][span.start.column - 1 : span.end.column - 1]
        assert json.loads(found) == leaf


def _leaves(value: Any, path: Steps = ()) -> Any:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    else:
        yield path, value


def test_an_anchor_a_tag_and_a_comment_are_not_the_value() -> None:
    document = read("a:\n  - &r # shared\n    name: A\nb: &o   # base\n  - x\nc: &s 1")
    assert place(document.span(("a", 0)))[:2] == (3, 5)
    assert place(document.span(("b",)))[:2] == (5, 3)
    assert place(document.span(("c",))) == (6, 7, 6, 8)


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_only_line_feeds_and_carriage_returns_break_lines(character: str) -> None:
    document = read(f"# a{character}b: [\na: 'x{character}y'\nb: z")
    assert document.problems == ()
    assert document.value == {"a": f"x{character}y", "b": "z"}
    assert place(document.span(("b",))) == (3, 4, 3, 5)


@pytest.mark.parametrize("text", ["<<: {b: 1}\na: 1", "a: 1\n<<: {b: 1}", "{a: 1, [b]: 1}"])
def test_a_mapping_tells_whether_all_of_its_entries_could_be_read(text: str) -> None:
    document = read("c:\n- " + text.replace("\n", "\n  ") + "\nd: {e: 1}")
    assert document.is_incomplete(("c", 0))
    assert not any(document.is_incomplete(path) for path in ((), ("c",), ("d",), ("d", "e"), ("none",)))


@pytest.mark.parametrize("key", ["{*k : 1}", "{*k: 1}", "\n  *k : 1", "\n  *k: 1"])
def test_an_alias_as_a_key_is_the_word_it_was(key: str) -> None:
    assert read(f"a: &k true\nb: {key}").value == {"a": True, "b": {"true": 1}}


def test_a_comma_ends_the_name_of_an_alias() -> None:
    assert read("a: &a 1\nb: &b 2\nc: [*a,*b]").value["c"] == [1, 2]


# ------------------------------------------------------------------------------------------------- limits


def test_depth_32_is_the_last() -> None:
    for format in ("yaml", "json"):
        assert read("[" * 32 + "]" * 32, format).problems == ()
        assert codes("[" * 33 + "]" * 33, format) == ["LRS101"]
        assert codes("[" * 1_000_000, format) == ["LRS101"]


def test_depth_counts_through_aliases() -> None:
    deep = "a: &a " + "[" * 20 + "]" * 20 + "\nb: "
    assert read(deep + "[" * 11 + "*a" + "]" * 11).problems == ()
    assert codes(deep + "[" * 12 + "*a" + "]" * 12) == ["LRS101"]


def test_an_anchored_value_is_as_deep_as_what_it_holds_aliases_too() -> None:
    chain = "a: &a " + "[" * 20 + "]" * 20 + "\nb: &b [*a, 1]\nc: "
    assert read(chain + "[" * 10 + "*b" + "]" * 10).problems == ()
    assert codes(chain + "[" * 11 + "*b" + "]" * 11) == ["LRS101"]


def test_an_anchored_value_is_no_deeper_than_what_it_holds() -> None:
    beside_deep = "a: [" + "[" * 20 + "]" * 20 + ", &b [1]]\nc: "
    assert read(beside_deep + "[" * 30 + "*b" + "]" * 30).problems == ()
    assert codes(beside_deep + "[" * 31 + "*b" + "]" * 31) == ["LRS101"]


def test_100000_nodes_are_the_last() -> None:
    for format in ("yaml", "json"):
        fits = "[" + ",".join(["1"] * 99_999) + "]"
        assert read(fits, format).problems == ()
        assert codes(fits[:-1] + ",1]", format) == ["LRS101"]


def test_aliases_count_as_often_as_they_are_used() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert codes("\n".join(levels)) == ["LRS101"]
    assert read("\n".join(levels[:3])).problems == ()


def test_one_mebibyte_is_the_last() -> None:
    text = "a: 1 #" + "x" * (1024 * 1024 - 6)
    assert read(text).problems == ()
    assert codes(text + "x") == ["LRS101"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"a: 1\nb: \xff", (2, 4)),
        (b"\xff\xfea\x00", (1, 1)),
        (b"a: \x00", (1, 4)),
        (b"a: \x1b[2J", (1, 4)),
        (b"a: &a [*a]", (1, 8)),
        (b"a: *b", (1, 4)),
        (b"a: !!float 1", (1, 4)),
        (b"a: !x 1", (1, 4)),
        (b"b:\n  <<: {c: 1}", (2, 3)),
        (b"? [a]\n: 1", (1, 3)),
        (b"a: 1\n---\nb: 1", (2, 1)),
        (b"a:\n\t- b", (2, 1)),
        (b'a: "\\."', (1, 5)),
        (b"a: 'b", (1, 4)),
        (b"a: b: c", (1, 5)),
        (b"a: &an:chor value", (1, 4)),
        (b"a: [&an:chor x]", (1, 5)),
        (b"a: &an?b x", (1, 4)),
        (b"a: &an: x", (1, 7)),
        (b"a: &an x\nb: [*an:chor]", (2, 5)),
        (b"a: &an x\nb: *an:chor", (2, 4)),
        (b"a: &an x\nb: {*an:1}", (2, 5)),
        (b"&an: 1", (1, 1)),
    ],
)
def test_what_is_no_document_is_said_at_its_place(text: bytes, where: tuple[int, int]) -> None:
    (problem,) = read(text).problems
    assert problem.code == "LRS101"
    assert (problem.span.start.line, problem.span.start.column) == where


@pytest.mark.parametrize(
    "text",
    [
        '{"a\\ud800": 1}',
        '{"a": "\\udfff"}',
        "",
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        '{"a" 1}',
        "[1] 2",
        '"\t"',
        '{"a": tru}',
        "//",
    ],
)
def test_what_is_no_json_is_said_at_its_place(text: str) -> None:
    assert codes(text, "json") == ["LRS101"]


def test_a_key_that_comes_again_is_said_there_and_the_first_holds() -> None:
    texts: dict[Format, str] = {"yaml": "a: 1\nb: 2\na: 3", "json": '{"a": 1,\n"b": 2,\n"a": 3}'}
    for format, text in texts.items():
        document = read(text, format)
        (problem,) = document.problems
        assert (problem.code, problem.span.start.line, problem.span.start.column) == ("LRS102", 3, 1)
        assert document.value == {"a": 1, "b": 2}


GOLDEN = sorted((Path(__file__).parents[2] / "golden").glob("*/spec.lrspec.yaml"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_both_parsers_of_pyyaml_give_the_same_values_places_and_problems(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = []
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        monkeypatch.setattr(yaml_reader, "_Loader", loader)
        documents.append(read(path.read_bytes()))
    assert documents[0].root == documents[1].root
    assert documents[0].problems == documents[1].problems


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_at_a_place_inside(data: bytes) -> None:
    for format in ("yaml", "json"):
        document = parse(data, "spec", format)
        assert document.root is not None or document.problems
        for problem in document.problems:
            assert problem.span.start <= problem.span.end <= document.text.position(len(document.text.content))

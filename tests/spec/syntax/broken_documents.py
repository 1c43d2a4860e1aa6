"""Draws documents that nobody should write: from bytes, from the tokens of YAML and JSON, and from good specs broken.

What is drawn is bytes, as a file has them. Most of it is no spec; some of it still is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from lrspec.spec.load import read
from lrspec.spec.syntax.document import Format, format_of

ROOT = Path(__file__).parents[3]


def _specs(pattern: str) -> list[tuple[str, Format]]:
    """The texts of the specs at such paths, with the names of their formats."""
    files = [file for file in sorted(ROOT.glob(pattern)) if file.stat().st_size < 3000]
    return [(file.read_bytes().decode(errors="replace"), format_of(file.name)) for file in files]


_ALL = _specs("examples/*.lrspec.*") + _specs("tests/golden/*/spec.lrspec.*")
GOOD = [text for text, format in _ALL if read(text.encode(), "spec", format).spec is not None]
WRONG = [text for text, format in _ALL if text not in GOOD]
VALUES = [read(text.encode(), "spec", "yaml").document.value for text in GOOD]

LINE_ENDS = ("\n", "\r\n", "\r", "\n\r", "\x85", "\u2028", "\u2029", "\v", "\f")
ODD = (
    *("\x00", "\x01", "\x07", "\x08", "\x1b[31m", "\x7f", "\x80", "\x9b", "\ufeff", "\ufffe", "\uffff"),
    *("\u00a0", "\u00ad", "\u200b", "\u202e", "\u2066", "\ue000", "\uf8ff", "\U0001f600", "\U0010ffff", "e\u0301"),
    *("\ud800", "\udfff", "日本", "٣"),
)
PUNCTUATION = tuple("[]{},:-?|>'\"#&*!%@`~<=\\/+.()^$ \t\n")
TOKENS = (
    *(": ", "- ", "? ", "# ", ", ", "\n  ", "\n    ", "\n- ", "\n---\n", "\n...\n", "%YAML 1.1\n", "%TAG ! x:\n"),
    *("&a ", "*a", "&b", "*b ", "<<: ", "<<", "!!str ", "!x ", "!", "!!python/object/apply:os.system ", "!<tag:x> "),
    *("|\n", ">\n", "|-\n  ", ">+2\n", "''", '""', '"\\x', '"\\u', '"\\n"', "'", '"', "\\", "//", "/*", "*/"),
    *("null", "~", "true", "false", "yes", "NaN", "Infinity", "-Infinity", ".nan", ".inf", "-.INF"),
    *("0", "1", "-1", "1e-3", "1e999", "0x1F", "0o17", "010", "1_000", "1:30", "9" * 400, "-0.0", "1.", ".5", "+1"),
    *("lrspec", "lrspec: 1", "rules", "rules:\n", "name", "match", "layers", "layer_decay", "where", "ndim", "module"),
    *("optimizer", "type", "AdamW", "lr", "lr_mult", "lr_scale", "weight_decay", "freeze", "options", "fallback"),
    *("optional", "check", "join", "factor", "min_mult", "exclude", "models", "source", "args", "betas", "unmatched"),
    *("'^a'", "'^(\\w+)\\.'", "'('", "'[a'", "'(?i)'", "'\\8'", "'(?P<x>a)'", "(?x) #", "a{1000}", "^.$"),
    *('{"lrspec":1}', '{"a":', "[1,", "]", "}", '"\\ud800"', '"\\u202e"', '"\\\\."'),
)
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3.5, 1e-3, 1e300, 10**400, float("nan"), float("inf"), "", " ", "a", "1e-3"),
    *(
        "^a",
        "(",
        "[",
        "(a|",
        "\\",
        "a" * 5000,
        "timm:",
        "py:os:system",
        "params:/dev/zero",
        "error",
        "\u202e",
        "\x1b[0m",
    ),
    *([], {}, [[]], [{}], [None], [1, "a"], [True], ["^a", "("], [["^a"], {"join": "^b"}], {"join": None}),
    *({"join": {"join": "a"}}, {"factor": 2}, {"factor": 0.5, "min_mult": 2}, {"a": {"a": {"a": []}}}),
    *(
        {"<<": 1},
        {"": 1},
        {"lr": 1},
        {"ndim": []},
        {"unmatched-parameter": "ignore"},
        {"source": "x", "args": {"a": []}},
    ),
)
KEYS = (
    *(
        "lrspec",
        "models",
        "optimizer",
        "rules",
        "check",
        "name",
        "match",
        "layers",
        "exclude",
        "where",
        "lr",
        "lr_mult",
    ),
    *("layer_decay", "lr_scale", "weight_decay", "weight_decay_mult", "freeze", "options", "fallback", "optional"),
    *("type", "betas", "eps", "join", "factor", "min_mult", "ndim", "module", "source", "args", "params", "lrs"),
    *("unused-rule", "LRS203", "syntax", "", "a b", "\x1b[2J", "é", "1", "<<", "requires_grad", "<scalar>", "<list>"),
)


def documents() -> st.SearchStrategy[bytes]:
    """A document of any kind."""
    return st.one_of(
        broken_specs(), broken_specs(), broken_values(), broken_values(), soup().map(as_bytes), raw_bytes()
    )


def texts() -> st.SearchStrategy[str]:
    """A document as a text that a program passes; lone surrogates are possible there."""
    return st.one_of(soup(), broken_texts())


def as_bytes(text: str) -> bytes:
    """The text in UTF-8, which lone surrogates make bad."""
    return text.encode(errors="surrogatepass")


def raw_bytes() -> st.SearchStrategy[bytes]:
    """Any bytes, some with the mark of an encoding before them."""
    marks = st.sampled_from(
        [b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"]
    )
    return st.tuples(marks, st.binary(max_size=200)).map(b"".join)


def soup() -> st.SearchStrategy[str]:
    """Tokens of YAML and JSON, in any order."""
    piece = st.one_of(
        st.sampled_from(TOKENS),
        st.sampled_from(PUNCTUATION),
        st.sampled_from(ODD + LINE_ENDS),
        st.text(max_size=3),
    )
    return st.lists(piece, max_size=25).map("".join)


# --------------------------------------------------------------------------------------- good specs, broken as texts


@st.composite
def broken_specs(draw: st.DrawFn) -> bytes:
    """A good spec after some edits, and perhaps after some damage to its bytes."""
    content = as_bytes(draw(broken_texts()))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(content)))
        content = content[:place] + draw(st.binary(max_size=3)) + content[place + draw(st.integers(0, 2)) :]
    return content


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """A good spec after some edits."""
    text = draw(st.sampled_from(draw(st.sampled_from([GOOD, GOOD, WRONG]))))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3, 5]))):
        text = draw(st.sampled_from(EDITS))(draw, text)
    return text


def _cut(draw: st.DrawFn, text: str) -> tuple[str, str, str]:
    """The text in three parts, of which the second is a piece of it."""
    start = draw(st.integers(0, len(text)))
    end = min(len(text), start + draw(st.integers(0, 30)))
    return text[:start], text[start:end], text[end:]


def _delete(draw: st.DrawFn, text: str) -> str:
    before, _, after = _cut(draw, text)
    return before + after


def _duplicate(draw: st.DrawFn, text: str) -> str:
    before, piece, after = _cut(draw, text)
    return before + piece * draw(st.integers(2, 4)) + after


def _insert(draw: st.DrawFn, text: str) -> str:
    before, piece, after = _cut(draw, text)
    return before + draw(st.sampled_from(TOKENS + ODD + LINE_ENDS + PUNCTUATION)) + piece + after


def _swap(draw: st.DrawFn, text: str) -> str:
    before, piece, after = _cut(draw, text)
    middle, other, end = _cut(draw, after)
    return before + other + middle + piece + end


def _cut_off(draw: st.DrawFn, text: str) -> str:
    return text[: draw(st.integers(0, len(text)))]


def _splice(draw: st.DrawFn, text: str) -> str:
    other = draw(st.sampled_from(GOOD))
    return text[: draw(st.integers(0, len(text)))] + other[draw(st.integers(0, len(other))) :]


def _edit_lines(draw: st.DrawFn, text: str) -> str:
    lines = text.split("\n")
    place, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    kind = draw(st.sampled_from(["delete", "duplicate", "swap", "indent", "move"]))
    if kind == "delete":
        del lines[place]
    elif kind == "duplicate":
        lines.insert(other, lines[place])
    elif kind == "swap":
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == "move":
        lines.insert(other, lines.pop(place))
    else:
        lines[place] = draw(st.sampled_from(["", " ", "   ", "\t", "      "])) + lines[place].lstrip()
    return "\n".join(lines)


def _replace_value(draw: st.DrawFn, text: str) -> str:
    before, colon, after = text.rpartition(": ") if draw(st.booleans()) else text.partition(": ")
    ends = [place for place in (after.find(mark) for mark in ",}\n") if place >= 0]
    return before + colon + draw(st.sampled_from(TOKENS)) + after[min(ends, default=len(after)) :]


def _other_line_ends(draw: st.DrawFn, text: str) -> str:
    return text.replace("\n", draw(st.sampled_from(LINE_ENDS)), draw(st.sampled_from([-1, 1, 3])))


EDITS: tuple[Callable[[st.DrawFn, str], str], ...] = (
    *(_delete, _duplicate, _insert, _insert, _swap, _cut_off, _splice),
    *(_edit_lines, _edit_lines, _replace_value, _replace_value, _other_line_ends),
)


# -------------------------------------------------------------------------------------- good specs, broken as values


@st.composite
def broken_values(draw: st.DrawFn) -> bytes:
    """A good spec in which values have been replaced by others, and keys renamed, removed or added."""
    value = draw(st.sampled_from(VALUES))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 4]))):
        value = _changed(draw, value)
    text = json.dumps(value, indent=draw(st.sampled_from([None, 1, "\t"])), ensure_ascii=draw(st.booleans()))
    return as_bytes(text)


def _changed(draw: st.DrawFn, value: Any) -> Any:
    """The value with one change, somewhere in it."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(JUNK))
    return _changed_dict(draw, value) if isinstance(value, dict) else _changed_list(draw, value)


def _changed_dict(draw: st.DrawFn, value: dict[str, Any]) -> dict[str, Any]:
    key = draw(st.sampled_from(list(value)))
    kind = draw(st.sampled_from(["inside", "inside", "inside", "rename", "remove", "add"]))
    if kind == "inside":
        return {**value, key: _changed(draw, value[key])}
    rest = {other: value[other] for other in value if other != key} if kind != "add" else value
    if kind == "remove":
        return rest
    return {**rest, draw(st.sampled_from(KEYS)): value[key] if kind == "rename" else draw(st.sampled_from(JUNK))}


def _changed_list(draw: st.DrawFn, value: list[Any]) -> list[Any]:
    place = draw(st.integers(0, len(value) - 1))
    kind = draw(st.sampled_from(["inside", "inside", "inside", "duplicate", "remove", "add"]))
    before, item, after = value[:place], value[place], value[place + 1 :]
    if kind == "inside":
        return [*before, _changed(draw, item), *after]
    if kind == "duplicate":
        return [*before, item, item, *after]
    return [*before, *after] if kind == "remove" else [*before, draw(st.sampled_from(JUNK)), item, *after]

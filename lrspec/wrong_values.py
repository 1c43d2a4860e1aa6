"""What pydantic finds wrong with a value, in the words of a spec: what was expected, what was found, what to do."""

from __future__ import annotations

import re
from typing import Any

from lrspec.scalars import plain_number
from lrspec.source import Path, last_key, printable
from lrspec.spec import MAX_PATTERN, MAX_RULES

_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "greater_than_equal": "a number of at least {ge:g}",
    "greater_than": "a number above {gt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "{expected}",
    "too_short": "at least one item",
    "string_too_short": "some text",
    "string_pattern_mismatch": "up to 200 letters, digits, `_` and `-` only",
}
"""By pydantic's types of errors; what is not listed says itself what it expects."""

_NUMERIC = ("float_type", "int_type", "version")
_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")
_LONGEST = 60


def wrong_value(path: Path, error: Any) -> str:
    """The message for an error of pydantic's about the value at `path`."""
    found = error["input"]
    if not path and found is None:
        return "the spec is empty\nA spec begins with `lrspec: 1` and has `rules:`."
    pattern = _EXPECTED.get(error["type"])
    expected = pattern.format(**error.get("ctx", {})) if pattern else error["msg"]
    place = f"`{last_key(path)}`: " if path else ""
    advice = _advice(path, error["type"], found)
    return f"{place}expected {expected}, found {describe(found)}" + (f"\n{advice}" if advice else "")


def missing_key(path: Path) -> str:
    """The message for a key that is missing; `path` leads to where it would be."""
    of = f" of `{last_key(path[:-1])}`" if len(path) > 1 else ""
    return f"the key `{path[-1]}`{of} is missing" + (
        "\nBegin the spec with `lrspec: 1`." if path == ("lrspec",) else ""
    )


def too_long(kind: str) -> str:
    """The message for more rules, or for a longer regex, than a spec may have."""
    if kind == "too_long":
        return f"more than {MAX_RULES:,} rules"
    return f"a regex of more than {MAX_PATTERN:,} characters\nSplit it into a list of regexes."


def describe(value: Any) -> str:
    """A value of a document, as its reader would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        more = "…" if len(value) > _LONGEST else ""
        return f"the text '{printable(value[:_LONGEST])}{more}'" if value else "an empty text"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "a mapping" if isinstance(value, dict) else f"{value!r}"


def _advice(path: Path, kind: str, found: Any) -> str:
    if not path:
        return "A spec begins with `lrspec: 1` and has `rules:`."
    if isinstance(found, str):
        return _advice_on_text(kind, found)
    if kind == "string_type" and isinstance(found, bool | int | float):
        return "Put it in quotes."
    if path == ("rules",) and isinstance(found, dict):
        return "Rules are a list: begin each with `- `."
    return ""


def _advice_on_text(kind: str, found: str) -> str:
    if kind in _NUMERIC and plain_number(found) is not None:
        return f"Write the number without quotes: {printable(found)}"
    if kind in _NUMERIC and re.fullmatch(r"\d+,\d+", found):
        return f"Write a decimal point: {printable(found.replace(',', '.'))}"
    if kind == "bool_type" and found.lower() in _TRUE + _FALSE:
        return f"Write {'true' if found.lower() in _TRUE else 'false'}, without quotes."
    return ""

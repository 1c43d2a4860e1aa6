"""Explains pydantic's errors about values in the words of a spec: what was expected, what was found, what to do."""

from __future__ import annotations

import re
from typing import Any

from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, last_key
from lrspec.diagnostics.suggest import nearest
from lrspec.spec.language import RULE_NAME
from lrspec.spec.syntax.scalars import plain_number

_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a string",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "greater_than_equal": "a number of at least {ge:g}",
    "greater_than": "a number above {gt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "{expected}",
    "too_short": "at least one item",
    "string_too_short": "a string that is not empty",
    "string_pattern_mismatch": "up to 200 letters, digits, `_` and `-` only",
}
"""The values expected, by pydantic's type of error; the messages of other types are ours, and name them."""

_NUMERIC = ("float_type", "int_type", "version")
_TRUE, _FALSE = ("true", "yes", "on", "y"), ("false", "no", "off", "n")
_NOTHING = ("None", "none", "nil")
_DECIMAL_COMMA = re.compile(r"\d+,\d+(?:[eE][-+]?\d+)?")
_DASHES = str.maketrans("‐‑‒–—−", "------")
_WORD = re.compile(r"'(\w+)'")
_CLASS = re.compile(r"[\w.]+")
_LONGEST = 60
_NUMBERS = {"lr": "1e-3", "weight_decay": "0.05", "layer_decay": "0.75"}
"""What the advice on a number shows, by key."""

A_RULE = "Add a rule, as in `rules: [{name: all, match: '.', lr: 1e-3}]`."
_BEGINNING = "A spec starts with `lrspec: 1` and has `rules:`."


def wrong_value(path: Path, error: Any) -> str:
    """Return the message for an error of pydantic's about the value at `path`."""
    value = error["input"]
    if not path and value is None:
        return f"the spec is empty\n{_BEGINNING}"
    pattern = _EXPECTED.get(error["type"])
    expected = pattern.format(**error.get("ctx", {})) if pattern else error["msg"]
    place = f"`{last_key(path)}`: " if path else ""
    advice = _advice(path, error["type"], value)
    return f"{place}expected {expected}, found {describe(value)}" + (f"\n{advice}" if advice else "")


def suggested_value(error: Any) -> Correction | None:
    """Return the correction of a value that pydantic refuses, if one answer is likely."""
    error_type, text = error["type"], error["input"]
    if not isinstance(text, str):
        return None
    if error_type in _NUMERIC and (number := _meant_number(text)):
        return Correction(number, plain=True, safe=number == text)
    if error_type == "bool_type" and (flag := _meant_flag(text)):
        return Correction(flag, plain=True)
    if error_type == "literal_error" and (words := nearest(text, _WORD.findall(error["ctx"]["expected"]), 1)):
        return Correction(words[0])
    if error_type == "string_pattern_mismatch" and (name := _as_rule_name(text)):
        return Correction(name)
    return None


def missing_key(path: Path) -> str:
    """Return the message for a missing key; `path` leads to where it would be."""
    parent = f" of `{last_key(path[:-1])}`" if len(path) > 1 else ""
    advice = "\nStart the spec with `lrspec: 1`." if path == ("lrspec",) else ""
    if path == ("rules",):
        advice = f"\n{A_RULE}"
    return f"the key `{path[-1]}`{parent} is missing{advice}"


def describe(value: Any) -> str:
    """Return a value of a document in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        more = "…" if len(value) > _LONGEST else ""
        return f"the string '{printable(value[:_LONGEST])}{more}'" if value else "an empty string"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    return f"{value!r}"


def _advice(path: Path, error_type: str, value: Any) -> str:
    if not path:
        return _BEGINNING
    if path[0] == "rules" and path[2:] == ("optimizer",) and isinstance(value, dict):
        return "Describe it under `optimizers`, and put its name here."
    if path[0] == "optimizers" and error_type in ("dict_type", "model_type"):
        if not isinstance(value, str) or len(path) != 2 or path[1] in ("type", "lr", "weight_decay"):
            example = "`optimizers: {adamw: {type: AdamW}}`"
            return f"Each optimizer has a name: {example}. For a single one, use `optimizer`."
        if _CLASS.fullmatch(value):
            return f"Write `{printable(str(path[1]))}: {{type: {printable(value)}}}`."
    if isinstance(value, str) and (advice := _advice_on_text(path, error_type, value)):
        return advice
    if path == ("lrspec",):
        return "Write `lrspec: 1`; a later version of the language needs a later version of lrspec."
    if error_type == "string_type" and isinstance(value, bool | int | float):
        return "Put it in quotes."
    if error_type == "less_than_equal" and path[-1] in ("layer_decay", "factor"):
        if 2 <= value <= 100:
            return f"For {value:g} percent write {value / 100:g}."
        return "Each layer gets this fraction of the rate of the next layer, which is nearer to the output."
    if path == ("rules",) and isinstance(value, dict):
        name, rule = next(iter(value.items()), ("", None))
        example = f", as in `- name: {name}`" if isinstance(rule, dict) and RULE_NAME.fullmatch(name) else ""
        return f"Rules are a list: begin each with `- `{example}."
    if path == ("rules",):
        return A_RULE
    return ""


def _advice_on_text(path: Path, error_type: str, text: str) -> str:
    if error_type in _NUMERIC and (number := _meant_number(text)):
        if plain_number(text) is not None:
            how = "without quotes"
        elif text.endswith(","):
            how = "without the comma"
        else:
            how = "with a decimal point" if "," in text else "with a plain hyphen"
        return f"Write the number {how}: {printable(number)}"
    if error_type in _NUMERIC and text in _NOTHING:
        return "Remove the key, or give it a number."
    if error_type == "float_type":
        return f"Write a plain number, such as {_NUMBERS.get(str(path[-1]), '0.5')}."
    if error_type == "int_type" and "ndim" in path:
        return "Write the numbers themselves: 1, or [0, 1] for at most one dimension."
    if error_type == "bool_type" and (flag := _meant_flag(text)):
        return f"Write {flag}{', without quotes' if text.lower() == flag else ''}."
    if error_type == "string_pattern_mismatch" and (name := _as_rule_name(text)):
        return f"For example `{printable(name)}`."
    if path == ("optimizer",) and _CLASS.fullmatch(text):
        return f"Write `optimizer: {{type: {printable(text)}}}`."
    return ""


def _meant_flag(text: str) -> str | None:
    """Return the boolean that a string was probably meant to be."""
    if text.lower() in _TRUE:
        return "true"
    return "false" if text.lower() in _FALSE else None


def _meant_number(text: str) -> str | None:
    """Return the number that a string was probably meant to be."""
    number = text.translate(_DASHES).removesuffix(",")
    if _DECIMAL_COMMA.fullmatch(number):
        number = number.replace(",", ".")
    return number if plain_number(number) is not None else None


def _as_rule_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text[:_LONGEST]).strip("-")

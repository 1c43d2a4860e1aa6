"""What pydantic finds wrong with a value, in the words of a spec: what was expected, what was found, what to do."""

from __future__ import annotations

import re
from typing import Any

from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, last_key
from lrspec.diagnostics.suggest import nearest
from lrspec.spec.language import RULE_NAME
from lrspec.spec.limits import MAX_PATTERN, MAX_RULES
from lrspec.spec.syntax.scalars import plain_number

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
_NOTHING = ("None", "none", "nil")
_DECIMAL_COMMA = re.compile(r"\d+,\d+(?:[eE][-+]?\d+)?")
_DASHES = str.maketrans("‐‑‒–—−", "------")
_CLASS = re.compile(r"[\w.]+")
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


def suggested_value(error: Any) -> Correction | None:
    """What to write in place of a value that pydantic finds wrong, where one answer is likely."""
    kind, found = error["type"], error["input"]
    if not isinstance(found, str):
        return None
    if kind in _NUMERIC and (number := _meant_number(found)):
        return Correction(number, plain=True, safe=number == found)
    if kind == "bool_type" and (word := _meant_flag(found)):
        return Correction(word, plain=True)
    if kind == "literal_error" and (near := nearest(found, list(Severity), 1)):
        return Correction(near[0])
    if kind == "string_pattern_mismatch" and (word := _as_rule_name(found)):
        return Correction(word)
    return None


def missing_key(path: Path) -> str:
    """The message for a key that is missing; `path` leads to where it would be."""
    of = f" of `{last_key(path[:-1])}`" if len(path) > 1 else ""
    return f"the key `{path[-1]}`{of} is missing" + (
        "\nBegin the spec with `lrspec: 1`." if path == ("lrspec",) else ""
    )


def too_long(kind: str) -> str:
    """The message for more rules than a spec may have, or for a regex that is too long."""
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
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    return f"{value!r}"


def _advice(path: Path, kind: str, found: Any) -> str:
    if not path:
        return "A spec begins with `lrspec: 1` and has `rules:`."
    if advice := _advice_on_optimizers(path, kind, found):
        return advice
    if isinstance(found, str):
        return _advice_on_text(path, kind, found)
    if kind == "string_type" and isinstance(found, bool | int | float):
        return "Put it in quotes."
    if kind == "less_than_equal" and path[-1] in ("layer_decay", "factor"):
        return _advice_on_decay(found)
    if path == ("rules",) and isinstance(found, dict):
        return f"Rules are a list: begin each with `- `{_first_rule(found)}."
    return ""


def _advice_on_optimizers(path: Path, kind: str, found: Any) -> str:
    if path[0] == "rules" and path[2:] == ("optimizer",) and isinstance(found, dict):
        return "Describe it under `optimizers`, and give its name here."
    if path[0] != "optimizers" or kind not in ("dict_type", "model_type"):
        return ""
    if isinstance(found, str) and len(path) == 2 and path[1] not in ("type", "lr", "weight_decay"):
        return f"Write `{printable(str(path[1]))}: {{type: {printable(found)}}}`." if _CLASS.fullmatch(found) else ""
    return "Each of `optimizers` has a name: `optimizers: {adamw: {type: AdamW}}`. A single one is `optimizer`."


def _advice_on_decay(found: float) -> str:
    if 2 <= found <= 100:
        return f"For {found:g} percent write {found / 100:g}."
    return "It is what each layer has of the rate of the layer after it, which is nearer to the output."


def _first_rule(found: dict[str, Any]) -> str:
    """How a mapping of rules by their names would begin as a list."""
    name, rule = next(iter(found.items()), ("", None))
    return f", as in `- name: {name}`" if isinstance(rule, dict) and RULE_NAME.fullmatch(name) else ""


def _advice_on_text(path: Path, kind: str, found: str) -> str:
    if kind in _NUMERIC and (number := _meant_number(found)):
        return f"Write the number {_how(found)}: {printable(number)}"
    if kind in _NUMERIC and found in _NOTHING:
        return "Leave the key out, or give a number."
    if kind == "int_type" and "ndim" in path:
        return "Write the numbers themselves: 1, or [0, 1] for at most one dimension."
    if kind == "bool_type" and (word := _meant_flag(found)):
        return f"Write {word}{', without quotes' if found.lower() == word else ''}."
    if kind == "string_pattern_mismatch" and (word := _as_rule_name(found)):
        return f"For example `{printable(word)}`."
    if path == ("optimizer",) and _CLASS.fullmatch(found):
        return f"Write `optimizer: {{type: {printable(found)}}}`."
    return ""


def _meant_flag(found: str) -> str | None:
    """The boolean that a text was probably meant to be."""
    if found.lower() in _TRUE:
        return "true"
    return "false" if found.lower() in _FALSE else None


def _meant_number(found: str) -> str | None:
    """The number that a text was probably meant to be."""
    number = found.translate(_DASHES).removesuffix(",")
    if _DECIMAL_COMMA.fullmatch(number):
        number = number.replace(",", ".")
    return number if plain_number(number) is not None else None


def _how(found: str) -> str:
    """What to do to the text of a number, so that it is one."""
    if plain_number(found) is not None:
        return "without quotes"
    if found.endswith(","):
        return "without the comma"
    return "with a decimal point" if "," in found else "with a plain hyphen"


def _as_rule_name(found: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", found[:_LONGEST]).strip("-")

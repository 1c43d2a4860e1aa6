"""A `Document` to a `Spec`, or to everything that is wrong with it, each at its own place.

pydantic judges single values, here; what keys must be to each other is judged in `consistency.py` and `options.py`.
All of it always runs, so that one round of corrections is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from lrspec.consistency import document_findings, rule_findings
from lrspec.diagnostics import ADJUSTABLE, CODES, Finding
from lrspec.document import Document
from lrspec.options import option_findings
from lrspec.scalars import plain_number
from lrspec.source import Path, last_key, rule_of
from lrspec.spec import MAX_PATTERN, MAX_RULES, Decay, Join, ModelSource, Rule, Spec, Where
from lrspec.suggest import did_you_mean


def validate(document: Document) -> tuple[Spec | None, list[Finding]]:
    """The spec that the document holds, or None and the findings that say why not.

    The document must have been read (`document.root` is not None).
    """
    spec, findings = _validate_values(document)
    if isinstance(document.value, dict):
        findings += document_findings(document.value)
        findings += option_findings(document.value)
        findings += rule_findings(document)
    return (None if findings else spec), findings


def nothing_to_multiply(spec: Spec) -> Iterator[Finding]:
    """LRS104 where a multiplier has nothing to multiply; judged when compiling, after `--lr` and `--weight-decay`."""
    for index, rule in enumerate(spec.rules):
        if spec.optimizer.lr is None:
            for key in ("lr_mult", "lr_scale", "layer_decay"):
                own = key == "layer_decay" and rule.lr is not None
                if getattr(rule, key) is not None and not own:
                    yield _no_base(index, key, "lr", "--lr")
        if spec.optimizer.weight_decay is None and rule.weight_decay_mult is not None:
            yield _no_base(index, "weight_decay_mult", "weight_decay", "--weight-decay")


def _no_base(index: int, key: str, base: str, flag: str) -> Finding:
    message = f"`{key}` has nothing to multiply: there is no `optimizer.{base}`\nGive `optimizer.{base}`, or `{flag}` when compiling."
    return Finding("LRS104", ("rules", index, key), message, index)


# ------------------------------------------------------------------------------------------- single values


def _validate_values(document: Document) -> tuple[Spec | None, list[Finding]]:
    try:
        return Spec.model_validate(document.value), []
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
        return None, [finding for error in errors for finding in _value_finding(error)]


def _value_finding(error: Any) -> Iterator[Finding]:
    path: Path = tuple(step for step in error["loc"] if not str(step).startswith("<"))
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    rule = rule_of(path)
    if kind == "extra_forbidden":
        yield Finding("LRS103", path, _unknown_key(path), rule, at_key=True)
    elif kind == "missing":
        yield Finding("LRS104", path[:-1], f"the key `{path[-1]}` is missing{_missing_advice(path)}", rule)
    elif kind in ("too_long", "string_too_long"):
        yield Finding("LRS101", (*path, MAX_RULES) if kind == "too_long" else path, _too_long(kind), rule)
    elif found is None or (kind == "too_short" and found):
        return  # said by `_empty_values`; said by what is wrong with the items
    else:
        expected = _expected(kind, error["msg"], context)
        yield Finding("LRS104", path, _wrong_value(path, expected, found), rule)


def _expected(kind: str, message: str, context: dict[str, Any]) -> str:
    by_kind = {
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
        "string_pattern_mismatch": "letters, digits, `_` and `-` only",
    }
    return by_kind.get(kind, message.replace("{", "{{").replace("}", "}}")).format(**context)


def _wrong_value(path: Path, expected: str, found: Any) -> str:
    place = f"`{last_key(path)}`: " if path else ""
    message = f"{place}expected {expected}, found {describe(found)}"
    if isinstance(found, str) and plain_number(found) is not None and "number" in expected:
        return f"{message}\nWrite the number without quotes: {found}"
    if isinstance(found, bool | int | float) and expected == "text":
        return f"{message}\nPut it in quotes."
    if not path:
        return f"{message}\nA spec begins with `lrspec: 1` and has `rules:`."
    return message


def describe(value: Any) -> str:
    """A value of a document, as its reader would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text '{value}'" if len(value) <= 60 else f"the text '{value[:60]}…'"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "a mapping" if isinstance(value, dict) else f"{value!r}"


def _too_long(kind: str) -> str:
    if kind == "too_long":
        return f"more than {MAX_RULES:,} rules"
    return f"a regex of more than {MAX_PATTERN:,} characters\nSplit it into a list of regexes."


def _missing_advice(path: Path) -> str:
    return "\nBegin the spec with `lrspec: 1`." if path == ("lrspec",) else ""


# ---------------------------------------------------------------------------------------------- unknown keys


def _unknown_key(path: Path) -> str:
    key, known, whole = str(path[-1]), *_keys_at(path[:-1])
    if path[-2:-1] == ("check",):
        if fixed := next((code for code in CODES.values() if key == code.name), None):
            return f"the severity of `{key}` ({fixed.code}) is always {fixed.severity}"
        if key.upper() in CODES and CODES[key.upper()].adjustable:
            return f"unknown key `{key}` in {whole}: write its name, `{CODES[key.upper()].name}`"
    return f"unknown key `{key}` in {whole}{did_you_mean(key, known)}\nIts keys are {', '.join(known)}."


def _keys_at(path: Path) -> tuple[list[str], str]:
    """The keys that a mapping at `path` may have, and what to call it."""
    if path[-1:] == ("check",):
        return sorted(ADJUSTABLE), "`check`"
    if not path:
        return list(Spec.model_fields), "a spec"
    if path[-1] == "where":
        return list(Where.model_fields), "`where`"
    if path[-1] == "layer_decay":
        return list(Decay.model_fields), "`layer_decay`"
    if path[0] == "models":
        return list(ModelSource.model_fields), "a model"
    return (list(Join.model_fields), "a layer") if "layers" in path else (list(Rule.model_fields), "a rule")

"""What an argument of an optimizer cannot be, where torch would find out late, or take a text for true."""

from __future__ import annotations

import re
from typing import Any

from lrspec.diagnostics.diagnostic import Finding, Meant
from lrspec.diagnostics.source import Path, rule_of
from lrspec.spec.torch_optim import FLAGS, LENGTHS, TEXTS
from lrspec.spec.validation.value_errors import describe, suggested_value, wrong_value

_PYTHON_TUPLE = re.compile(r"\(([^()]*?),?\s*\)")
_EXAMPLES = {2: "[0.9, 0.999]", 3: "[3.4445, -4.775, 2.0315]"}


def option_value_finding(path: Path, value: Any) -> Finding | None:
    """LRS104 for a value that the argument `path` ends in cannot have, whatever the optimizer; None where it may."""
    key = str(path[-1])
    if length := LENGTHS.get(key):
        fits = isinstance(value, dict) or (isinstance(value, list) and len(value) == length)
        return None if fits else _no_list(path, value, length)  # of a mapping `spec.py` says that it is no option
    if not isinstance(value, str) or key in TEXTS:
        return None
    error = {"type": "bool_type" if key in FLAGS else "float_type", "input": value}
    return Finding("LRS104", path, wrong_value(path, error), rule_of(path), meant=suggested_value(error))


def _no_list(path: Path, value: Any, length: int) -> Finding:
    message = f"`{path[-1]}`: expected a list of {length} numbers, found {_described(value)}"
    written = _PYTHON_TUPLE.fullmatch(value) if isinstance(value, str) else None
    brackets = f"[{written[1]}]" if written else None
    advice = f"Write it in brackets: {brackets}" if brackets else f"For example {_EXAMPLES[length]}."
    likely = Meant(brackets, plain=True) if brackets else None
    return Finding("LRS104", path, f"{message}\n{advice}", rule_of(path), meant=likely)


def _described(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) and value else describe(value)

"""The optimizer of a document and the options of its rules: is there such a class, and does it take them?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics import Finding
from lrspec.optimizers import ARGUMENTS, EVERY_ARGUMENT, FROM_TIMM, NOT_OPTIONS, ONE_GROUP_ONLY
from lrspec.option_values import option_value_finding
from lrspec.source import Path, printable, rule_of
from lrspec.spec import Optimizer
from lrspec.suggest import did_you_mean, likely, meant
from lrspec.unknown_keys import number_as_key

_TIMM = re.compile(rf"{FROM_TIMM}\w+")
_KEYS = tuple(Optimizer.model_fields)


def option_findings(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS103, LRS104 and LRS106 about the optimizer of a document and the options of its rules."""
    given = content.get("optimizer")
    optimizer = given if isinstance(given, dict) else {}
    kind = optimizer.get("type")
    untyped = not any(meant(key, _KEYS) == "type" for key in optimizer)
    if isinstance(kind, str) and kind:
        yield from _type(kind)
        yield from _arguments(optimizer, kind)
    else:
        yield from _without_type(optimizer, untyped)
    rules = content.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict):
            yield from _rule(rule, index, kind, untyped)


def _type(kind: str) -> Iterator[Finding]:
    """LRS104 for a type that is not an optimizer of torch.optim with groups."""
    if "." in kind or kind in ARGUMENTS or _TIMM.fullmatch(kind):
        return
    if kind in ONE_GROUP_ONLY:
        message = f"`{kind}` takes no parameter groups\nA spec is for optimizers that do."
        yield Finding("LRS104", ("optimizer", "type"), message)
        return
    wrong = f"`{printable(kind)}` is not an optimizer of torch.optim{did_you_mean(kind, ARGUMENTS)}"
    advice = "Others are named with their module, `package.module.Class`, or as timm names them: `timm:lamb`."
    yield Finding("LRS104", ("optimizer", "type"), f"{wrong}\n{advice}", meant=likely(kind, ARGUMENTS))


def _arguments(optimizer: dict[str, Any], kind: str) -> Iterator[Finding]:
    """LRS106 for keys that are no arguments of the class, LRS104 for values that they cannot have."""
    for key, value in optimizer.items():
        if key not in _KEYS:
            yield from _option(("optimizer", key), value, kind, _KEYS)
        elif wrong := _no_weight_decay(key, kind):
            yield Finding("LRS106", ("optimizer", key), wrong, at_key=True)


def _without_type(optimizer: dict[str, Any], untyped: bool) -> Iterator[Finding]:
    """LRS104 for arguments of a class that is not named, LRS103 for what is no argument of any.

    Where the `type` is only misspelt or empty, that is said already.
    """
    for key in (key for key in optimizer if key not in _KEYS):
        if key in EVERY_ARGUMENT:
            message = f"`{key}` belongs to some optimizers only\nSay which: give `optimizer.type`."
            if untyped:
                yield Finding("LRS104", ("optimizer", key), message)
        else:
            message = f"unknown key `{printable(key)}` in `optimizer`{did_you_mean(key, _KEYS)}"
            advice = f"Its keys are {', '.join(_KEYS)}; with a `type` the arguments of that class, too."
            said = f"{message}\n{advice}"
            yield Finding("LRS103", ("optimizer", key), said, at_key=True, meant=likely(key, _KEYS))


def _rule(rule: dict[str, Any], index: int, kind: Any, untyped: bool) -> Iterator[Finding]:
    """LRS104 for options without a type of optimizer, and what is wrong with each of them."""
    options = rule.get("options")
    if isinstance(options, dict) and options and untyped:
        message = "`options` are arguments of the optimizer, and `optimizer.type` is missing\nGive `optimizer.type`."
        yield Finding("LRS104", ("rules", index, "options"), message, index)
    for key, value in options.items() if isinstance(options, dict) else ():
        yield from _option(("rules", index, "options", key), value, kind)
    for key in ("weight_decay", "weight_decay_mult"):
        if key in rule and (wrong := _no_weight_decay("weight_decay", kind)):
            yield Finding("LRS106", ("rules", index, key), wrong, index, at_key=True)


def _option(path: Path, value: Any, kind: Any, beside: tuple[str, ...] = ()) -> Iterator[Finding]:
    """LRS106 for an option that the class does not take, LRS104 for a value that it cannot have.

    Of classes that lrspec does not know any option will do. `beside` are the keys that stand beside options in the
    same mapping.
    """
    key, known = str(path[-1]), ARGUMENTS.get(kind) if isinstance(kind, str) else None
    if wrong := _wrong_option(key, kind, known, beside):
        instead = likely(key, [*beside, *sorted(known - NOT_OPTIONS)]) if known and key not in NOT_OPTIONS else None
        yield Finding("LRS106", path, wrong, rule_of(path), at_key=True, meant=instead)
    elif known and (unfit := option_value_finding(path, value)):
        yield unfit


def _wrong_option(key: str, kind: Any, known: frozenset[str] | None, beside: tuple[str, ...]) -> str | None:
    """What is wrong with the name of an option; None for what the class takes."""
    if key in ("lr", "weight_decay"):
        return f"`{key}` is not an option\nWrite `{key}:` in the rule itself."
    if key in NOT_OPTIONS:
        return f"`{key}` is not an option: every group has that key already"
    if known is None or key in known:
        return None
    if key == "options" and beside:
        return "`options` is a key of rules\nWrite the arguments in `optimizer` itself."
    if advice := number_as_key(key):
        return f"`{printable(key)}` is not an argument of {kind}\n{advice}"
    others = [*beside, *sorted(known - NOT_OPTIONS)]
    wrong = f"`{printable(key)}` is not an argument of {kind}{did_you_mean(key, others)}"
    return f"{wrong}\nPossible here: {', '.join(others)}."


def _no_weight_decay(key: str, kind: Any) -> str | None:
    known = ARGUMENTS.get(kind) if isinstance(kind, str) else None
    return f"{kind} has no weight decay" if key == "weight_decay" and known and key not in known else None

"""Checks the optimizers of a document and what its rules give them: the class exists, and takes the options.

Tags stand beside the options in the groups, so none may have the name of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, rule_of, spell
from lrspec.diagnostics.suggest import did_you_mean, likely, meant
from lrspec.spec.language import Optimizer
from lrspec.spec.torch_optim import (
    ARGUMENTS,
    EVERY_ARGUMENT,
    FLAGS,
    FROM_TIMM,
    FROM_TORCH,
    IN_THE_RULE,
    LENGTHS,
    NOT_OPTIONS,
    NOT_TAGS,
    ONE_GROUP_ONLY,
    TEXTS,
    plain_type,
)
from lrspec.spec.validation.key_errors import SYNONYMS, number_as_key
from lrspec.spec.validation.value_errors import describe, suggested_value, wrong_value

_TIMM = re.compile(rf"{FROM_TIMM}\w+")
_KEYS = tuple(Optimizer.model_fields)
_PYTHON_TUPLE = re.compile(r"\(([^()]*?),?\s*\)")
_EXAMPLES = {2: "[0.9, 0.999]", 3: "[3.4445, -4.775, 2.0315]"}


def option_findings(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS103, LRS104 and LRS106 for the optimizers of a document and the options of its rules."""
    several = content.get("optimizers")
    described: dict[str | None, tuple[Path, dict[str, Any]]]
    if isinstance(several, dict) and several:
        described = {name: (("optimizers", name), _mapping(optimizer)) for name, optimizer in several.items()}
    else:
        described = {None: (("optimizer",), _mapping(content.get("optimizer")))}
    for path, optimizer in described.values():
        yield from _optimizer(path, optimizer)
    listed = content.get("rules")
    rules = [_mapping(rule) for rule in (listed if isinstance(listed, list) else [])]
    yield from _tags(rules, [optimizer for _, optimizer in described.values()])
    for index, rule in enumerate(rules):
        name, options = rule.get("optimizer"), _mapping(rule.get("options"))
        own = described.get(name) if isinstance(name, str) else None
        optimizers = [own] if own else list(described.values())  # those that may train what the rule selects
        classes = [plain_type(optimizer.get("type")) for _, optimizer in optimizers]
        if options and all(_untyped(optimizer) for _, optimizer in optimizers):
            missing = f"{spell(optimizers[0][0])}.type"
            message = f"`options` needs `{missing}`, which is missing\nAdd `{missing}`."
            yield Finding("LRS104", ("rules", index, "options"), message, index)
        for key, value in options.items():
            yield from _option(("rules", index, "options", key), value, classes)
        messages = [no_weight_decay("weight_decay", optimizer_class) for optimizer_class in classes]
        for key in ("weight_decay", "weight_decay_mult"):
            if key in rule and messages[0] and all(messages):
                yield Finding("LRS106", ("rules", index, key), messages[0], index, at_key=True)


def _tags(rules: list[dict[str, Any]], optimizers: list[dict[str, Any]]) -> Iterator[Finding]:
    """LRS106 for tags with a name that groups have already: a key of every group, an argument, or an option."""
    of_rules = {key for rule in rules for key in _mapping(rule.get("options"))}
    arguments = {key for optimizer in optimizers for key in optimizer if key not in _KEYS}
    for optimizer in optimizers:
        name = plain_type(optimizer.get("type"))
        arguments |= ARGUMENTS.get(name, frozenset()) if isinstance(name, str) else frozenset()
    for index, rule in enumerate(rules):
        for tag in _mapping(rule.get("tags")):
            if tag in NOT_TAGS:
                reason = "groups have that key already"
            elif tag in of_rules or tag in arguments:
                reason = f"it is an {'option of a rule' if tag in of_rules else 'argument of an optimizer'}"
            else:
                continue
            message = f"`{printable(tag)}` cannot be a tag: {reason}\nGive the tag another name."
            yield Finding("LRS106", ("rules", index, "tags", tag), message, index, at_key=True)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _untyped(optimizer: dict[str, Any]) -> bool:
    """Return whether an optimizer does not name its class, not even by a misspelt key."""
    return not any(meant(key, _KEYS, SYNONYMS) == "type" for key in optimizer)


def _optimizer(path: Path, optimizer: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for a class that is not in torch.optim or takes no groups; LRS103, LRS104 and LRS106 for the keys.

    If the `type` is only misspelt or empty, its arguments are not reported.
    """
    name = plain_type(optimizer.get("type"))
    if not isinstance(name, str) or not name:
        name = None
    elif name in ONE_GROUP_ONLY:
        problem = f"`{name}` does not take parameter groups\nUse an optimizer that does."
        yield Finding("LRS104", (*path, "type"), problem)
    elif name.startswith(FROM_TORCH) or not ("." in name or name in ARGUMENTS or _TIMM.fullmatch(name)):
        last = name.rpartition(".")[2]
        problem = f"`{printable(name)}` is not an optimizer of torch.optim{did_you_mean(last, ARGUMENTS)}"
        advice = "Name others with their module, `package.module.Class`, or as timm does: `timm:lamb`."
        yield Finding("LRS104", (*path, "type"), f"{problem}\n{advice}", meant=likely(last, ARGUMENTS))
    for key, value in optimizer.items():
        place = (*path, key)
        if key in _KEYS:
            if no_decay := no_weight_decay(key, name):
                yield Finding("LRS106", place, no_decay, at_key=True)
        elif name:
            yield from _option(place, value, [name], _KEYS)
        elif key not in EVERY_ARGUMENT:
            problem = f"unknown key `{printable(key)}` in `{spell(path)}`{did_you_mean(key, _KEYS, synonyms=SYNONYMS)}"
            advice = f"Its keys are {', '.join(_KEYS)}; with a `type`, also the arguments of that class."
            yield Finding("LRS103", place, f"{problem}\n{advice}", at_key=True, meant=likely(key, _KEYS, SYNONYMS))
        elif _untyped(optimizer):
            message = f"only some optimizers take `{key}`\nName the class: set `{spell(path)}.type`."
            yield Finding("LRS104", place, message)


def _option(path: Path, value: Any, classes: list[Any], beside: tuple[str, ...] = ()) -> Iterator[Finding]:
    """LRS106 for an option that none of the classes takes, LRS104 for a value that it cannot have.

    If lrspec does not know one of the classes, any option will do. `beside` are the keys that may stand next to options
    in the same mapping.
    """
    key = str(path[-1])
    arguments = [ARGUMENTS.get(name, frozenset()) if isinstance(name, str) else frozenset() for name in classes]
    known = frozenset[str]().union(*arguments) if all(arguments) else None
    possible = [*beside, *sorted(known - NOT_OPTIONS)] if known else []
    if key in IN_THE_RULE:
        message = f"`{key}` is not an option\nWrite `{key}:` in the rule itself."
    elif key in NOT_OPTIONS:
        message = f"`{key}` is not an option: every group has that key already"
    elif known is None:
        return
    elif key in known:
        if finding := option_value_finding(path, value):
            yield finding
        return
    elif key == "options" and beside:
        message = "`options` is a key of rules\nWrite the arguments in `optimizer` itself."
    else:
        message = f"`{printable(key)}` is not an argument of {' or '.join(dict.fromkeys(classes))}"
        if advice := number_as_key(key):
            message += f"\n{advice}"
        else:
            message += f"{did_you_mean(key, possible, synonyms=SYNONYMS)}\nPossible here: {', '.join(possible)}."
    correction = likely(key, possible, SYNONYMS) if key not in NOT_OPTIONS else None
    yield Finding("LRS106", path, message, rule_of(path), at_key=True, meant=correction)


def no_weight_decay(key: str, optimizer_class: Any) -> str | None:
    """Return the message for `weight_decay` of a class that has none; None for all other keys and classes."""
    known = ARGUMENTS.get(optimizer_class) if isinstance(optimizer_class, str) else None
    return f"{optimizer_class} has no weight decay" if key == "weight_decay" and known and key not in known else None


def option_value_finding(path: Path, value: Any) -> Finding | None:
    """Return the LRS104 for a value that the argument `path` ends in cannot have in any class; None if it can."""
    key = str(path[-1])
    length = LENGTHS.get(key)
    if length is None:
        if not isinstance(value, str) or key in TEXTS:
            return None
        error = {"type": "bool_type" if key in FLAGS else "float_type", "input": value}
        return Finding("LRS104", path, wrong_value(path, error), rule_of(path), meant=suggested_value(error))
    if isinstance(value, dict) or (isinstance(value, list) and len(value) == length):
        return None  # a mapping is refused as an option by pydantic
    found = f"a list of {len(value)}" if isinstance(value, list) and value else describe(value)
    problem = f"`{key}`: expected a list of {length} numbers, found {found}"
    items = _PYTHON_TUPLE.fullmatch(value) if isinstance(value, str) else None
    advice = f"Write it in brackets: [{items[1]}]" if items else f"For example {_EXAMPLES[length]}."
    correction = Correction(f"[{items[1]}]", plain=True) if items else None
    return Finding("LRS104", path, f"{problem}\n{advice}", rule_of(path), meant=correction)

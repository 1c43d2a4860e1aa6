"""The optimizer of a document and the options of its rules: is there such a class, and does it take them?"""

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
    IN_THE_RULE,
    LENGTHS,
    NOT_OPTIONS,
    ONE_GROUP_ONLY,
    TEXTS,
)
from lrspec.spec.validation.key_errors import SYNONYMS, number_as_key
from lrspec.spec.validation.value_errors import describe, suggested_value, wrong_value

_TIMM = re.compile(rf"{FROM_TIMM}\w+")
_KEYS = tuple(Optimizer.model_fields)


def option_findings(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS103, LRS104 and LRS106 about the optimizers of a document and the options of its rules."""
    described = _described(content)
    for path, optimizer in described.values():
        yield from _optimizer(path, optimizer)
    rules = content.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict):
            name = rule.get("optimizer")
            its = described.get(name) if isinstance(name, str) else None
            yield from _rule(rule, index, [its] if its else list(described.values()))


def _described(content: dict[str, Any]) -> dict[str | None, tuple[Path, dict[str, Any]]]:
    """The optimizers of a document by their names, each with its place; the only one has none."""
    several = content.get("optimizers")
    if isinstance(several, dict) and several:
        return {name: (("optimizers", name), _mapping(each)) for name, each in several.items()}
    return {None: (("optimizer",), _mapping(content.get("optimizer")))}


def _mapping(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _optimizer(path: Path, optimizer: dict[str, Any]) -> Iterator[Finding]:
    kind = optimizer.get("type")
    if isinstance(kind, str) and kind:
        yield from _type(path, kind)
        yield from _arguments(path, optimizer, kind)
    else:
        yield from _without_type(path, optimizer)


def _untyped(optimizer: dict[str, Any]) -> bool:
    """Whether an optimizer says nothing of its class, not even by a key that is misspelt."""
    return not any(meant(key, _KEYS, SYNONYMS) == "type" for key in optimizer)


def _type(path: Path, kind: str) -> Iterator[Finding]:
    """LRS104 for a type that is not an optimizer of torch.optim with groups."""
    if "." in kind or kind in ARGUMENTS or _TIMM.fullmatch(kind):
        return
    if kind in ONE_GROUP_ONLY:
        message = f"`{kind}` takes no parameter groups\nA spec is for optimizers that do."
        yield Finding("LRS104", (*path, "type"), message)
        return
    wrong = f"`{printable(kind)}` is not an optimizer of torch.optim{did_you_mean(kind, ARGUMENTS)}"
    advice = "Others are named with their module, `package.module.Class`, or as timm names them: `timm:lamb`."
    yield Finding("LRS104", (*path, "type"), f"{wrong}\n{advice}", meant=likely(kind, ARGUMENTS))


def _arguments(path: Path, optimizer: dict[str, Any], kind: str) -> Iterator[Finding]:
    """LRS106 for keys that are no arguments of the class, LRS104 for values that they cannot have."""
    for key, value in optimizer.items():
        if key not in _KEYS:
            yield from _option((*path, key), value, [kind], _KEYS)
        elif wrong := no_weight_decay(key, kind):
            yield Finding("LRS106", (*path, key), wrong, at_key=True)


def _without_type(path: Path, optimizer: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for arguments of a class that is not named, LRS103 for what is no argument of any.

    Where the `type` is only misspelt or empty, that is said already.
    """
    for key in (key for key in optimizer if key not in _KEYS):
        if key in EVERY_ARGUMENT:
            message = f"`{key}` belongs to some optimizers only\nSay which: give `{spell(path)}.type`."
            if _untyped(optimizer):
                yield Finding("LRS104", (*path, key), message)
        else:
            message = f"unknown key `{printable(key)}` in `{spell(path)}`{did_you_mean(key, _KEYS, synonyms=SYNONYMS)}"
            advice = f"Its keys are {', '.join(_KEYS)}; with a `type` the arguments of that class, too."
            said = f"{message}\n{advice}"
            yield Finding("LRS103", (*path, key), said, at_key=True, meant=likely(key, _KEYS, SYNONYMS))


def _rule(rule: dict[str, Any], index: int, optimizers: list[tuple[Path, dict[str, Any]]]) -> Iterator[Finding]:
    """LRS104 for options without a type of optimizer, and what is wrong with each of them.

    `optimizers` are those that may train what the rule selects, each with its place.
    """
    kinds, options = [optimizer.get("type") for _, optimizer in optimizers], _mapping(rule.get("options"))
    if options and all(_untyped(optimizer) for _, optimizer in optimizers):
        missing = f"{spell(optimizers[0][0])}.type"
        message = f"`options` are arguments of the optimizer, and `{missing}` is missing\nGive `{missing}`."
        yield Finding("LRS104", ("rules", index, "options"), message, index)
    for key, value in options.items():
        yield from _option(("rules", index, "options", key), value, kinds)
    for key in ("weight_decay", "weight_decay_mult"):
        wrong = [no_weight_decay("weight_decay", kind) for kind in kinds]
        if key in rule and wrong[0] and all(wrong):
            yield Finding("LRS106", ("rules", index, key), wrong[0], index, at_key=True)


def _option(path: Path, value: Any, kinds: list[Any], beside: tuple[str, ...] = ()) -> Iterator[Finding]:
    """LRS106 for an option that none of these classes takes, LRS104 for a value that it cannot have.

    Of classes that lrspec does not know any option will do. `beside` are the keys that stand beside options in the
    same mapping.
    """
    key, known = str(path[-1]), _known_to_all(kinds)
    if wrong := _wrong_option(key, kinds, known, beside):
        others = [*beside, *sorted(known - NOT_OPTIONS)] if known and key not in NOT_OPTIONS else []
        instead = likely(key, others, SYNONYMS)
        yield Finding("LRS106", path, wrong, rule_of(path), at_key=True, meant=instead)
    elif known and (unfit := option_value_finding(path, value)):
        yield unfit


def _known_to_all(kinds: list[Any]) -> frozenset[str] | None:
    """The arguments of any of these classes; None where lrspec does not know one of them."""
    known = [ARGUMENTS.get(kind) if isinstance(kind, str) else None for kind in kinds]
    return frozenset().union(*(each for each in known if each)) if all(known) else None


def _wrong_option(key: str, kinds: list[Any], known: frozenset[str] | None, beside: tuple[str, ...]) -> str | None:
    """What is wrong with the name of an option; None for what one of the classes takes."""
    if key in IN_THE_RULE:
        return f"`{key}` is not an option\nWrite `{key}:` in the rule itself."
    if key in NOT_OPTIONS:
        return f"`{key}` is not an option: every group has that key already"
    if known is None or key in known:
        return None
    if key == "options" and beside:
        return "`options` is a key of rules\nWrite the arguments in `optimizer` itself."
    classes = " or ".join(dict.fromkeys(kinds))
    if advice := number_as_key(key):
        return f"`{printable(key)}` is not an argument of {classes}\n{advice}"
    others = [*beside, *sorted(known - NOT_OPTIONS)]
    wrong = f"`{printable(key)}` is not an argument of {classes}{did_you_mean(key, others, synonyms=SYNONYMS)}"
    return f"{wrong}\nPossible here: {', '.join(others)}."


def no_weight_decay(key: str, kind: Any) -> str | None:
    """What is wrong with `weight_decay` for a class that has none; None for all other keys and classes."""
    known = ARGUMENTS.get(kind) if isinstance(kind, str) else None
    return f"{kind} has no weight decay" if key == "weight_decay" and known and key not in known else None


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
    message = f"`{path[-1]}`: expected a list of {length} numbers, found {_list_or_kind(value)}"
    written = _PYTHON_TUPLE.fullmatch(value) if isinstance(value, str) else None
    brackets = f"[{written[1]}]" if written else None
    advice = f"Write it in brackets: {brackets}" if brackets else f"For example {_EXAMPLES[length]}."
    likely = Correction(brackets, plain=True) if brackets else None
    return Finding("LRS104", path, f"{message}\n{advice}", rule_of(path), meant=likely)


def _list_or_kind(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) and value else describe(value)

"""Messages for unknown keys: where the value belongs, or which key was probably meant."""

from __future__ import annotations

import re

from lrspec.diagnostics.codes import ADJUSTABLE, CODES
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.suggest import did_you_mean, likely, meant
from lrspec.spec.language import (
    Decay,
    Entry,
    ModelSource,
    Optimizer,
    Power,
    Rule,
    Segment,
    SizeFactor,
    Spec,
    Thaw,
    Where,
)
from lrspec.spec.syntax.scalars import plain_number
from lrspec.spec.torch_optim import EVERY_ARGUMENT, NOT_OPTIONS

RULE_KEYS = frozenset(Rule.model_fields)
"""The keys of a rule."""

SYNONYMS = {
    "learning_rate": "lr",
    "lr_multiplier": "lr_mult",
    "wd": "weight_decay",
    "decay_mult": "weight_decay_mult",
    "pattern": "match",
    "regex": "match",
    "params": "match",
    "frozen": "freeze",
    "default": "fallback",
    "model": "models",
    "groups": "rules",
    "version": "lrspec",
}
"""The keys of other tools, each with the key that a spec has for it."""

_MAPPINGS = {
    "where": list(Where.model_fields),
    "layer_decay": list(Decay.model_fields),
    "lr_scale": list(SizeFactor.model_fields),
    "weight_decay_mult": list(SizeFactor.model_fields),
    "freeze": list(Thaw.model_fields),
    "shape": list(Power.model_fields),
}
"""The keys of the mappings in a rule or a segment, by the key that has the mapping."""
_OF_REGEXES = re.compile(r"[\\^$*+?.|()\[\]]")
_INVERSE_OF_FREEZE = ("requires_grad", "trainable", "train")


def unknown_key(path: Path) -> tuple[str, Correction | None]:
    """Return the message for the unknown key that `path` ends in, and its correction if one answer is likely."""
    key, (known, parent) = str(path[-1]), keys_at(path[:-1])
    if parent == "`check`":
        for code in CODES.values():
            if key == code.name:
                problem = f"the severity of `{key}` ({code.code}) cannot be changed: it is always {code.severity}"
                return f"{problem}\nRemove it.", None
            if key.upper() == code.code and code.adjustable:
                message = f"`check` takes names, not codes\nWrite `{code.name}` for {code.code}."
                return message, Correction(code.name)
    problem = f"unknown key `{printable(key)}` in {parent}"
    if elsewhere := number_as_key(key) or _advice(key, parent):
        return f"{problem}\n{elsewhere}", None
    keys = f"Its keys are {', '.join(known)}." if len(known) > 1 else f"Its only key is {known[0]}."
    return f"{problem}{did_you_mean(key, known, synonyms=SYNONYMS)}\n{keys}", likely(key, known, SYNONYMS)


def meant_key(key: str) -> str:
    """Return the key of a rule that a key in a rule probably stands for: itself, if it is one."""
    if key in RULE_KEYS:
        return key
    if key in _INVERSE_OF_FREEZE:
        return "freeze"
    if key in Where.model_fields:
        return "where"
    if _OF_REGEXES.search(key):
        return key
    return "options" if _is_argument(key) else meant(key, Rule.model_fields, SYNONYMS) or key


def number_as_key(key: str) -> str | None:
    """Return the advice for a number in place of a key, as `{lr: 1,5e-4}` has the key `5e-4`; None if it is not one."""
    return "In braces a comma ends the value: write a decimal point." if plain_number(key) is not None else None


def _is_argument(key: str) -> bool:
    return key in EVERY_ARGUMENT and key not in NOT_OPTIONS


def _advice(key: str, parent: str) -> str | None:
    """Return the advice for a key that exists in another form or at another place."""
    if parent == "a rule":
        if key in _INVERSE_OF_FREEZE:
            return f"Write `freeze: true` for `{key}: false`, and `freeze: false` for `{key}: true`."
        if key in Where.model_fields:
            return f"It belongs under `where`: `where: {{{key}: …}}`."
        if _is_argument(key):
            return f"Arguments of the optimizer go under `options`: `options: {{{key}: …}}`."
        if _OF_REGEXES.search(key):
            return "Put the regex under `match`, and the settings next to it."
    if parent == "`where`" and key in Rule.model_fields:
        return "It belongs in the rule itself, next to `where`."
    if parent == "a spec" and (key in Optimizer.model_fields or _is_argument(key)):
        return f"It belongs under `optimizer`: `optimizer: {{{key}: …}}`."
    if parent == "a spec" and key in Rule.model_fields:
        return "It belongs in a rule, under `rules`."
    return None


def keys_at(path: Path) -> tuple[list[str], str]:
    """Return the keys that a mapping at `path` may have, and what to call it."""
    if path[-1:] == ("check",):
        return sorted(ADJUSTABLE), "`check`"
    if not path:
        return list(Spec.model_fields), "a spec"
    if (key := str(path[-1])) in _MAPPINGS:
        return _MAPPINGS[key], f"`{key}`"
    if path[0] == "models":
        return list(ModelSource.model_fields), "a model"
    if path[0] == "schedules":
        return [field.alias or key for key, field in Segment.model_fields.items()], "a segment"
    if "layers" in path:
        return list(Entry.model_fields), "an entry of `layers`"
    return list(Rule.model_fields), "a rule"

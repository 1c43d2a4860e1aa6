"""What to say of a key that the language does not have: where its value goes, or which key was probably meant."""

from __future__ import annotations

import re

from lrspec.diagnostics.codes import ADJUSTABLE, CODES
from lrspec.diagnostics.diagnostic import Correction
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.diagnostics.suggest import did_you_mean, likely, meant
from lrspec.spec.language import Decay, Join, ModelSource, Optimizer, Rule, Spec, Where
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

_OF_REGEXES = re.compile(r"[\\^$*+?.|()\[\]]")
_INVERSE_OF_FREEZE = ("requires_grad", "trainable", "train")


def unknown_key(path: Path) -> tuple[str, Correction | None]:
    """The message for the unknown key that `path` ends in, and what to write instead where one answer is likely."""
    key, (known, whole) = str(path[-1]), keys_at(path[:-1])
    if path[-2:-1] == ("check",) and (other := _about_severity(key)):
        return other, Correction(CODES[key.upper()].name) if key.upper() in CODES else None
    beginning = f"unknown key `{printable(key)}` in {whole}"
    if special := number_as_key(key) or _elsewhere(key, whole):
        return f"{beginning}\n{special}", None
    keys = f"Its keys are {', '.join(known)}." if len(known) > 1 else f"Its only key is {known[0]}."
    return f"{beginning}{did_you_mean(key, known, synonyms=SYNONYMS)}\n{keys}", likely(key, known, SYNONYMS)


def meant_key(key: str) -> str:
    """The key of a rule that a key of a rule probably stands for: itself, if it is one."""
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
    """What to do about a number where a key belongs: `{lr: 1,5e-4}` gives the key `5e-4`."""
    return "In braces a comma ends the value: write a decimal point." if plain_number(key) is not None else None


def _is_argument(key: str) -> bool:
    return key in EVERY_ARGUMENT and key not in NOT_OPTIONS


def _about_severity(key: str) -> str | None:
    if fixed := next((code for code in CODES.values() if key == code.name), None):
        return f"the severity of `{key}` ({fixed.code}) cannot be changed: it is always {fixed.severity}\nRemove it."
    if key.upper() in CODES and CODES[key.upper()].adjustable:
        return f"`check` takes names, not codes\nWrite `{CODES[key.upper()].name}` for {key.upper()}."
    return None


def _elsewhere(key: str, whole: str) -> str | None:
    """What to say of a key that there is, in another form or at another place."""
    if whole == "a rule":
        return _in_a_rule(key)
    if whole == "`where`" and key in Rule.model_fields:
        return "It belongs in the rule itself, beside `where`."
    if whole == "a spec" and (key in Optimizer.model_fields or _is_argument(key)):
        return f"It belongs under `optimizer`: `optimizer: {{{key}: …}}`."
    if whole == "a spec" and key in Rule.model_fields:
        return "It belongs in a rule, under `rules`."
    return None


def _in_a_rule(key: str) -> str | None:
    if key in _INVERSE_OF_FREEZE:
        return f"`{key}: false` is `freeze: true`, and `{key}: true` is `freeze: false`."
    if key in Where.model_fields:
        return f"It belongs under `where`: `where: {{{key}: …}}`."
    if _is_argument(key):
        return f"Arguments of the optimizer go under `options`: `options: {{{key}: …}}`."
    if _OF_REGEXES.search(key):
        return "A regex is the value of `match`, and what the rule sets stands beside it."
    return None


def keys_at(path: Path) -> tuple[list[str], str]:
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
    if "layers" in path:
        return list(Join.model_fields), "an entry of `layers`"
    return list(Rule.model_fields), "a rule"

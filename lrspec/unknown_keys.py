"""What to say of a key that the language does not have: where its value goes, or which key was probably meant."""

from __future__ import annotations

from lrspec.diagnostics import ADJUSTABLE, CODES, Meant
from lrspec.optimizers import ARGUMENTS, NOT_OPTIONS
from lrspec.source import Path, printable
from lrspec.spec import Decay, Join, ModelSource, Rule, Spec, Where
from lrspec.suggest import did_you_mean, meant

RULE_KEYS = frozenset(Rule.model_fields)
"""The keys of a rule."""

_INVERSE_OF_FREEZE = ("requires_grad", "trainable", "train")


def unknown_key(path: Path) -> str:
    """The message for the unknown key that `path` ends in."""
    key, (known, whole) = str(path[-1]), keys_at(path[:-1])
    if path[-2:-1] == ("check",) and (other := _about_severity(key)):
        return other
    special = _in_a_rule(key) if whole == "a rule" else None
    keys = f"Its keys are {', '.join(known)}." if len(known) > 1 else f"Its only key is {known[0]}."
    beginning = f"unknown key `{printable(key)}` in {whole}"
    return f"{beginning}\n{special}" if special else f"{beginning}{did_you_mean(key, known)}\n{keys}"


def suggested_key(path: Path) -> Meant | None:
    """What to write in place of the unknown key that `path` ends in, where one answer is likely."""
    key, (known, whole) = str(path[-1]), keys_at(path[:-1])
    if path[-2:-1] == ("check",) and _about_severity(key):
        return Meant(CODES[key.upper()].name) if key.upper() in CODES else None
    word = None if whole == "a rule" and _in_a_rule(key) else meant(key, known)
    return Meant(word) if word else None


def meant_key(key: str) -> str:
    """The key of a rule that a key of a rule probably stands for: itself, if it is one."""
    if key in RULE_KEYS:
        return key
    if key in _INVERSE_OF_FREEZE:
        return "freeze"
    if key in Where.model_fields:
        return "where"
    return "options" if _is_argument(key) else meant(key, Rule.model_fields) or key


def _is_argument(key: str) -> bool:
    return key not in NOT_OPTIONS and any(key in arguments for arguments in ARGUMENTS.values())


def _about_severity(key: str) -> str | None:
    if fixed := next((code for code in CODES.values() if key == code.name), None):
        return f"the severity of `{key}` ({fixed.code}) cannot be changed: it is always {fixed.severity}\nRemove it."
    if key.upper() in CODES and CODES[key.upper()].adjustable:
        return f"`check` takes names, not codes\nWrite `{CODES[key.upper()].name}` for {key.upper()}."
    return None


def _in_a_rule(key: str) -> str | None:
    if key in _INVERSE_OF_FREEZE:
        return f"`{key}: false` is `freeze: true`, and `{key}: true` is `freeze: false`."
    if key in Where.model_fields:
        return f"It belongs under `where`: `where: {{{key}: …}}`."
    if _is_argument(key):
        return f"Arguments of the optimizer go under `options`: `options: {{{key}: …}}`."
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

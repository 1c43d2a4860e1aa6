"""Cross-field checks: which keys of a document require or exclude each other.

They work on plain values, so that they run even if pydantic has refused another value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, last_key, rule_of
from lrspec.diagnostics.suggest import did_you_mean, likely
from lrspec.spec.axes import SETTINGS
from lrspec.spec.language import EXCLUSIVE, NOT_WITH_FREEZE, Optimizer, Thaw, default_rule_name
from lrspec.spec.limits import MAX_RULES
from lrspec.spec.syntax.document import Document
from lrspec.spec.times import is_time
from lrspec.spec.validation.key_errors import RULE_KEYS, meant_key
from lrspec.spec.validation.ladders import ladder_findings, later
from lrspec.spec.validation.model_errors import source_findings
from lrspec.spec.validation.regex_errors import RegexFindings
from lrspec.spec.validation.value_errors import A_RULE

_MOST_UNKNOWN = 1000
"""Beyond this many unknown keys in rules, missing parts are not looked for: each key may be a misspelling of one."""

_ONE_OPTIMIZER = (
    "`optimizer` at the top describes a single one. To use several, name them under `optimizers`; the first is the "
    "default."
)

_NO_SCHEDULES = "Describe it under `schedules`, as in `schedules: {main: [{until: 5%, from: 0}, {to: 0}]}`."

_COMPANIONS = (
    ("layers", "layer_decay", "Add `layer_decay`, or `freeze` with `but_last` or `every`; or select with `match`."),
    ("layer_decay", "layers", "A ladder selects with `layers` instead of `match`."),
)


def takes_null(path: Path) -> bool:
    """Return whether null may be meant at `path`: in options, and in the arguments of optimizers and models."""
    if path[0] in ("optimizer", "optimizers"):
        rest = path[1:] if path[0] == "optimizer" else path[2:]
        return len(rest) > 0 and rest[0] not in Optimizer.model_fields
    return "options" in path[:-1] or "args" in path[:-1]


def document_findings(document: Document) -> Iterator[Finding]:
    """Yield the findings of a document, apart from those of single rules and of the options of optimizers."""
    content: dict[str, Any] = document.value
    if "optimizer" in content and "optimizers" in content:
        yield _exclusive(("optimizer", "optimizers"), (), document)
    yield from _empty_values(content)
    yield from source_findings(content.get("models"))
    for key, advice in (("optimizer", _ONE_OPTIMIZER), ("schedule", _NO_SCHEDULES)):
        yield from _unknown_names(content, key, advice)
    yield from _repeated_names(content)


def rule_findings(document: Document) -> Iterator[Finding]:
    """Yield the findings of each rule of a document by itself."""
    regexes, unknown = RegexFindings(), 0
    for index, rule in enumerate(_rules(document.value)):
        if not isinstance(rule, dict):
            continue
        path: Path = ("rules", index)
        unknown += len(rule.keys() - RULE_KEYS)
        if unknown <= _MOST_UNKNOWN:
            yield from _missing_parts(rule, path)
        yield from ladder_findings(rule, path, document)
        yield from regexes.of_rule(rule, path)
        for keys in EXCLUSIVE:
            if keys[0] in rule and keys[1] in rule:
                yield _exclusive(keys, path, document)
        if isinstance(rule.get("freeze"), dict):
            yield from _thaw_findings(rule, path, document)
        if rule.get("freeze") is True and (others := [key for key in NOT_WITH_FREEZE if key in rule]):
            yield _exclusive(("freeze", *others), path, document)


def _rules(content: dict[str, Any]) -> list[Any]:
    rules = content.get("rules")
    return rules[:MAX_RULES] if isinstance(rules, list) else []


def _empty_values(content: Any, path: Path = ()) -> Iterator[Finding]:
    """LRS104 for a key with nothing after it; options and arguments may be null."""
    if isinstance(content, dict | list):
        for step, value in content.items() if isinstance(content, dict) else enumerate(content):
            if value is None or isinstance(value, dict | list):
                yield from _empty_values(value, (*path, step))
    elif content is None and path and not takes_null(path):
        advice = A_RULE if path == ("rules",) else "Give it a value, or remove it."
        message = f"`{last_key(path)}` is empty\n{advice}"
        yield Finding("LRS104", path, message, rule_of(path))


def _unknown_names(content: dict[str, Any], key: str, advice: str) -> Iterator[Finding]:
    """LRS104 for rules that name an optimizer or a schedule that is not described; `advice` if none is."""
    described = content.get(f"{key}s")
    names = list(described) if isinstance(described, dict) else []
    for index, rule in enumerate(_rules(content)):
        name = rule.get(key) if isinstance(rule, dict) else None
        if isinstance(name, str) and name and name not in names and (names or f"{key}s" not in content):
            problem = f"there is no {key} `{printable(name)}`{did_you_mean(name, names)}"
            known = f"`{key}s` has {', '.join(map(printable, names))}." if names else advice
            yield Finding("LRS104", ("rules", index, key), f"{problem}\n{known}", index, meant=likely(name, names))


def _repeated_names(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS107 for a name that another rule has."""
    rules = [rule if isinstance(rule, dict) else {} for rule in _rules(content)]
    unnamed = {default_rule_name(index): index + 1 for index, rule in enumerate(rules) if "name" not in rule}
    numbers: dict[str, int] = {}
    for index, rule in enumerate(rules):
        name = rule.get("name")
        if not isinstance(name, str):
            continue
        if name in unnamed:
            problem = f"`{printable(name)}` is the default name of rule {unnamed[name]}, which has no other"
        elif name in numbers:
            problem = f"rule {numbers[name]} is already called `{printable(name)}`"
        else:
            numbers[name] = index + 1
            continue
        yield Finding("LRS107", ("rules", index, "name"), f"{problem}\nUse a different name.", index)


def _missing_parts(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a rule without a selector or a setting, and for `layers` and `layer_decay` without each other.

    A misspelt key is not missing as well. If all keys are unknown, that alone is reported.
    """
    index = rule_of(path)
    meant = {key: meant_key(key) for key in rule}
    keys, where = set(meant.values()), rule.get("where")
    if not rule or keys & RULE_KEYS:
        fallback = any(meant[key] == "fallback" and value is not False for key, value in rule.items())
        if not fallback and not keys & {"match", "layers", "where", "layer_decay"}:
            message = "the rule has no selector: expected `match`, `layers` or `where`"
            yield Finding("LRS104", path, f"{message}\nFor a catch-all rule, write `fallback: true`.", index)
        if where == {}:
            message = "`where` is empty: expected `ndim`, `module` or `declared`"
            yield Finding("LRS104", (*path, "where"), message, index)
        settings = {meant[key] for key, value in rule.items() if value != {} or key == "freeze"}
        if isinstance(where, dict):
            settings |= where.keys()  # a setting there is reported as misplaced
        if not settings & {*SETTINGS, "layers"}:
            message = f"the rule sets nothing: expected one of {', '.join(SETTINGS)}"
            yield Finding("LRS104", path, message, index)
    for key, needed, advice in _COMPANIONS:
        if key in rule and needed not in keys and not (key == "layers" and _thaws_by_layer(rule)):
            message = f"`{key}` needs `{needed}`, which is missing\n{advice}"
            yield Finding("LRS104", (*path, key), message, index)


def _thaws_by_layer(rule: dict[str, Any]) -> bool:
    """Return whether `freeze` counts layers, or has a misspelt key that may be meant to."""
    freeze = rule.get("freeze")
    return isinstance(freeze, dict) and bool(freeze.keys() - {"until"})


def _thaw_findings(rule: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """LRS104 for keys of a `freeze` mapping that need other keys; a misspelt one is not missing as well."""
    freeze, place = rule["freeze"], (*path, "freeze")
    if not freeze:
        message = "`freeze` is empty: expected `until`, `but_last`, or both"
        yield Finding("LRS104", place, f"{message}\nFor good, it is `freeze: true`.", rule_of(path))
    misspelt = freeze.keys() - Thaw.model_fields.keys()
    for key in ("every", "but_last"):
        if key in freeze and key == "every" and "until" not in freeze and not misspelt:
            message = "`every` needs `until`, which is missing\nSay when the last of the frozen layers thaws."
            yield Finding("LRS104", (*place, key), message, rule_of(path))
        elif key in freeze and "layers" not in map(meant_key, rule):
            message = f"`{key}` needs `layers`, which is missing\nSelect with `layers` instead of `match`."
            yield Finding("LRS104", (*place, key), message, rule_of(path))
    until, every = freeze.get("until"), freeze.get("every")
    if is_time(until) and is_time(every) and isinstance(until, str) != isinstance(every, str):
        message = "`until` and `every` are not of one kind\nGive both in steps, or both in percent."
        last = later(["until", "every"], place, document)
        yield Finding("LRS104", (*place, last), message, rule_of(path), at_key=True)


def _exclusive(keys: tuple[str, ...], path: Path, document: Document) -> Finding:
    """Return the LRS104 for keys of one mapping that exclude each other, at the last one in the text."""
    if keys[0] == "freeze":
        others = ", ".join(f"`{key}`" for key in keys[1:])
        message = f"`freeze: true` excludes {others}: what is frozen is not trained\nRemove one or the other."
    else:
        message = f"`{keys[0]}` and `{keys[1]}` exclude each other\nKeep one of the two."
    return Finding("LRS104", (*path, later(list(keys), path, document)), message, rule_of(path), at_key=True)

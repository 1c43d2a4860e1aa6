"""What keys of a document must be to each other: one generator a demand.

They work on the plain values, so that they have their say even where pydantic has refused a value beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, last_key, rule_of
from lrspec.diagnostics.suggest import did_you_mean, likely
from lrspec.spec.axes import SETTINGS
from lrspec.spec.language import EXCLUSIVE, NOT_WITH_FREEZE, Optimizer, default_rule_name
from lrspec.spec.limits import MAX_RULES
from lrspec.spec.syntax.document import Document
from lrspec.spec.validation.key_errors import RULE_KEYS, meant_key
from lrspec.spec.validation.model_errors import source_findings
from lrspec.spec.validation.regex_errors import RegexFindings

_MOST_UNKNOWN = 1000
"""Of a spec with more unknown keys in its rules nobody needs to know which of them a rule lacks, misspelt."""

_ONE_OPTIMIZER = (
    "The spec has one, under `optimizer`: name several under `optimizers`, each with what `optimizer` holds; the first "
    "has what no rule gives to another."
)

_COMPANIONS = (
    ("layers", "layer_decay", "Give `layer_decay`, or select by `match`."),
    ("layer_decay", "layers", "A ladder selects by `layers`, in place of `match`."),
)


def takes_null(path: Path) -> bool:
    """Whether null may be meant there: in options, and in the arguments of optimizers and models."""
    if path[0] in ("optimizer", "optimizers"):
        rest = path[1:] if path[0] == "optimizer" else path[2:]
        return len(rest) > 0 and rest[0] not in Optimizer.model_fields
    return "options" in path[:-1] or "args" in path[:-1]


def document_findings(document: Document) -> Iterator[Finding]:
    """What is wrong with a document apart from single rules and from the optimizer's options."""
    content: dict[str, Any] = document.value
    if "optimizer" in content and "optimizers" in content:
        yield _both(("optimizer", "optimizers"), (), document)
    yield from _empty_values(content)
    yield from source_findings(content.get("models"))
    yield from _optimizers(content)
    yield from _rule_names(content)


def rule_findings(document: Document) -> Iterator[Finding]:
    """What is wrong with each rule of a document in itself."""
    regexes, unknown = RegexFindings(), 0
    for index, rule in enumerate(_rules(document.value)):
        if isinstance(rule, dict):
            path: Path = ("rules", index)
            unknown += len(rule.keys() - RULE_KEYS)
            if unknown <= _MOST_UNKNOWN:
                yield from _lacking(rule, path)
            yield from _layers(rule, path)
            yield from regexes.of_rule(rule, path)
            yield from _excluded(rule, path, document)


# ------------------------------------------------------------------------------------------ the whole document


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
        message = f"`{last_key(path)}` is empty\nGive it a value, or remove it."
        yield Finding("LRS104", path, message, rule_of(path))


def _optimizers(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for a rule that names an optimizer that there is not."""
    listed = content.get("optimizers")
    names = list(listed) if isinstance(listed, dict) else []
    for index, rule in enumerate(_rules(content)):
        name = rule.get("optimizer") if isinstance(rule, dict) else None
        if isinstance(name, str) and name and name not in names and (names or "optimizers" not in content):
            message, near = f"there is no optimizer `{printable(name)}`", likely(name, names)
            advice = f"Those of `optimizers` are {', '.join(map(printable, names))}." if names else _ONE_OPTIMIZER
            said = f"{message}{did_you_mean(name, names)}\n{advice}"
            yield Finding("LRS104", ("rules", index, "optimizer"), said, index, meant=near)


def _rule_names(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS107 for a name that another rule has."""
    rules = [rule if isinstance(rule, dict) else {} for rule in _rules(content)]
    unnamed = {default_rule_name(index): index + 1 for index, rule in enumerate(rules) if "name" not in rule}
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        name = rule.get("name")
        if not isinstance(name, str):
            continue
        if name in unnamed:
            message = f"`{printable(name)}` is what rule {unnamed[name]} is called, which has no name"
            yield Finding("LRS107", ("rules", index, "name"), f"{message}\nName them apart.", index)
        elif name in first:
            message = f"rule {first[name] + 1} is called `{printable(name)}` already\nName them apart."
            yield Finding("LRS107", ("rules", index, "name"), message, index)
        first.setdefault(name, index)


# ---------------------------------------------------------------------------------------------------- one rule


def _meant_keys(rule: dict[str, Any]) -> Set[str]:
    """The keys of a rule, misspelt ones as they were probably meant: a key that is misspelt is not missing as well."""
    return rule.keys() if rule.keys() <= RULE_KEYS else {meant_key(key) for key in rule}


def _lacking(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a rule that lacks something; not where none of its keys is one of a rule, which is said already."""
    given = _meant_keys(rule)
    if not rule or given & RULE_KEYS:
        yield from _selecting(rule, given, path)
        yield from _setting(rule, path)
    yield from _companions(rule, given, path)


def _selecting(rule: dict[str, Any], given: Set[str], path: Path) -> Iterator[Finding]:
    """LRS104 for a rule that selects by nothing."""
    selects = any(key in given for key in ("match", "layers", "where", "layer_decay"))
    if not selects and not _is_fallback(rule):
        message = "the rule selects by nothing: expected `match`, `layers` or `where`"
        advice = "A catch-all for what is left says `fallback: true`."
        yield Finding("LRS104", path, f"{message}\n{advice}", rule_of(path))
    if rule.get("where") == {}:
        message = "`where` is empty: expected `ndim` or `module`"
        yield Finding("LRS104", (*path, "where"), message, rule_of(path))


def _is_fallback(rule: dict[str, Any]) -> bool:
    return any(meant_key(key) == "fallback" and value is not False for key, value in rule.items())


def _setting(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a rule that sets nothing; of a setting that stands under `where` is said already that it does."""
    where = rule.get("where")
    misplaced = set(where) if isinstance(where, dict) else set()
    given = misplaced | _meant_keys({key: value for key, value in rule.items() if value != {}})
    if not given & {*SETTINGS, "layers"}:
        message = f"the rule sets nothing: expected one of {', '.join(SETTINGS)}"
        yield Finding("LRS104", path, message, rule_of(path))


def _companions(rule: dict[str, Any], given: Set[str], path: Path) -> Iterator[Finding]:
    """LRS104 for `layers` and `layer_decay` without each other."""
    for key, needed, advice in _COMPANIONS:
        if key in rule and needed not in given:
            message = f"`{key}` comes with `{needed}`, which is missing\n{advice}"
            yield Finding("LRS104", (*path, key), message, rule_of(path))


def _excluded(rule: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """LRS104, at the later key, for keys that exclude each other."""
    for keys in EXCLUSIVE:
        if keys[0] in rule and keys[1] in rule:
            yield _both(keys, path, document)
    if rule.get("freeze") is True and (others := [key for key in NOT_WITH_FREEZE if key in rule]):
        yield _both(("freeze", *others), path, document)


def _both(keys: tuple[str, ...], path: Path, document: Document) -> Finding:
    """The finding for keys of one mapping that exclude each other, at the later one."""
    later = max(keys, key=lambda key: document.key_span((*path, key)).start)
    return Finding("LRS104", (*path, later), _excluded_message(keys), rule_of(path), at_key=True)


def _excluded_message(keys: tuple[str, ...]) -> str:
    if keys[0] == "freeze":
        listed = ", ".join(f"`{key}`" for key in keys[1:])
        return f"`freeze: true` excludes {listed}: what is frozen is not trained\nRemove the one or the other."
    return f"`{keys[0]}` and `{keys[1]}` exclude each other\nKeep one of the two."


def _layers(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a ladder that begins with a `join`."""
    layers = rule.get("layers")
    if isinstance(layers, list) and layers and isinstance(layers[0], dict) and "join" in layers[0]:
        message = (
            "the first entry is a `join`: there is no layer before it to share\n"
            "Write it without `join`, or behind the entry whose layer it shares."
        )
        yield Finding("LRS104", (*path, "layers", 0), message, rule_of(path))

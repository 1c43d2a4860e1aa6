"""What keys of a document must be to each other, and what a regex must be: one generator a demand.

They work on the plain values, so that they have their say even where pydantic has refused a value beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from contextlib import nullcontext
from typing import Any

from lrspec.deadline import Allowance, TimeIsUpError
from lrspec.diagnostics import Finding, Meant
from lrspec.document import Document
from lrspec.patterns import FAILURES, Pattern, compile_regex, is_plain, may_compile_slowly, ordinary_seconds, patterns
from lrspec.scalars import all_finite
from lrspec.source import Path, last_key, printable, rule_of
from lrspec.spec import (
    EXCLUSIVE,
    MAX_PATTERN,
    MAX_RULES,
    NOT_WITH_FREEZE,
    SETTINGS,
    Optimizer,
    default_rule_name,
)
from lrspec.suggest import did_you_mean, meant
from lrspec.unknown_keys import RULE_KEYS, meant_key

SCHEMES = ("timm", "torchvision", "hf", "params")
_REGEX_ADVICE = {
    "nothing to repeat": "`*`, `+` and `?` repeat what stands before them; any text is `.*`.",
    "missing ), unterminated": r"Close it with `)`; a parenthesis that stands for itself is `\(`.",
    "unbalanced parenthesis": r"Open it with `(`, or remove it; a parenthesis that stands for itself is `\)`.",
    "unterminated character set": r"Close it with `]`; a bracket that stands for itself is `\[`.",
    "multiple repeat": "Any text is `.*`.",
    "look-behind": "It must have one length: match what stands before outside of it, or take names out by `exclude`.",
}
"""What to do about what Python's `re` complains of, by a part of what it says."""

_MOST_UNKNOWN = 1000
"""Of a spec with more unknown keys in its rules nobody needs to know which of them a rule lacks, misspelt."""

_COMPANIONS = (
    ("layers", "layer_decay", "Give `layer_decay`, or select by `match`."),
    ("layer_decay", "layers", "A ladder selects by `layers`, in place of `match`."),
)


def takes_null(path: Path) -> bool:
    """Whether null may be meant there: in options, and in the arguments of optimizers and models."""
    if path[0] == "optimizer":
        return len(path) > 1 and path[1] not in Optimizer.model_fields
    return "options" in path[:-1] or "args" in path[:-1]


def document_findings(content: dict[str, Any]) -> Iterator[Finding]:
    """What is wrong with a document apart from single rules and from the optimizer's options."""
    yield from _empty_values(content)
    yield from _sources(content)
    yield from _rule_names(content)


def rule_findings(document: Document) -> Iterator[Finding]:
    """What is wrong with each rule of a document in itself."""
    allowance, unknown = Allowance(), 0
    for index, rule in enumerate(_rules(document.value)):
        if isinstance(rule, dict):
            path: Path = ("rules", index)
            unknown += len(rule.keys() - RULE_KEYS)
            if unknown <= _MOST_UNKNOWN:
                yield from _lacking(rule, path)
            yield from _layers(rule, path)
            yield from _regexes(rule, path, allowance)
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


def _sources(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for a model that a spec may not name."""
    models = content.get("models")
    listed: list[tuple[Path, Any]] = [(("models",), models)]
    if isinstance(models, list):
        listed = [(("models", index), model) for index, model in enumerate(models)]
    for path, model in listed:
        inner = isinstance(model, dict) and "source" in model
        source = model["source"] if isinstance(model, dict) and inner else model
        if isinstance(source, str) and (wrong := _wrong_source(source)):
            at = (*path, "source") if inner else path
            yield Finding("LRS104", at, wrong, meant=_meant_source(source))
        if isinstance(model, dict) and not all_finite(model.get("args")):
            yield Finding("LRS104", (*path, "args"), "`args`: expected finite numbers, found one that is not")


def _wrong_source(source: str) -> str | None:
    scheme, _, name = source.rpartition(":")
    first = source.partition(":")[0] if scheme else ""
    if first == "py":
        advice = "Save the model's parameters with `lrspec params`, and name `params:FILE`."
        return f"a spec never names code to import\n{advice}"
    if any(part in ("hf-hub", "hf_hub", "local-dir") for part in source.split(":")[:-1]):
        return f"`{printable(source)}` would load from outside\nName an architecture, such as `timm:resnet18`."
    if first and first not in SCHEMES:
        wrong = f"`{printable(first)}:` is not a kind of model{did_you_mean(first, SCHEMES)}"
        return f"{wrong}\nThe kinds are {', '.join(SCHEMES)}."
    return "expected the name of a model" if not name.strip() else None


def _meant_source(source: str) -> Meant | None:
    scheme, colon, name = source.partition(":")
    word = meant(scheme, SCHEMES) if colon and scheme not in (*SCHEMES, "py") and ":" not in name else None
    return Meant(f"{word}:{name}") if word and name.strip() else None


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
    combinations: list[tuple[str, ...]] = [pair for pair in EXCLUSIVE if pair[0] in rule and pair[1] in rule]
    if rule.get("freeze") is True and (others := [key for key in NOT_WITH_FREEZE if key in rule]):
        combinations.append(("freeze", *others))
    for keys in combinations:
        later = max(keys, key=lambda key: document.key_span((*path, key)).start)
        message = _excluded_message(keys)
        yield Finding("LRS104", (*path, later), message, rule_of(path), at_key=True)


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


def _regexes(rule: dict[str, Any], path: Path, allowance: Allowance) -> Iterator[Finding]:
    """LRS105 for every regex that Python's `re` refuses, or does not compile in the time allowed."""
    where = rule.get("where")
    module = where.get("module") if isinstance(where, dict) else None
    module_patterns = patterns(module, (*path, "where", "module")) if isinstance(module, str) else iter(())
    for key in ("match", "layers", "exclude"):
        for pattern in patterns(rule.get(key), (*path, key)):
            yield from _regex(pattern, allowance)
    for pattern in module_patterns:
        yield from _regex(pattern, allowance)


def _regex(pattern: Pattern, allowance: Allowance) -> Iterator[Finding]:
    if len(pattern.regex) > MAX_PATTERN or is_plain(pattern.regex):
        return
    try:
        slow = may_compile_slowly(pattern.regex)
        with allowance.spend(ordinary_seconds(pattern.regex)) if slow else nullcontext():
            compile_regex(pattern.regex)
    except TimeIsUpError:
        message = "the regex takes too long to compile\nSets of many characters do, above all with `(?i)`: narrow them."
        yield Finding("LRS105", pattern.path, message, rule_of(pattern.path))
    except FAILURES as failure:
        message = f"not a regex: {_regex_problem(pattern.regex, failure)}"
        likely = _glob_as_regex(pattern.regex)
        yield Finding("LRS105", pattern.path, message, rule_of(pattern.path), meant=Meant(likely) if likely else None)


def _regex_problem(regex: str, failure: BaseException) -> str:
    if isinstance(failure, RecursionError | MemoryError):
        return "nested too deep, or too large"
    at = _place(regex, failure)
    if at is None:
        return printable(str(failure))
    here = f"`{printable(regex[at])}`" if at < len(regex) else "the end"
    problem = printable(getattr(failure, "msg", str(failure)))
    advice = next((advice for part, advice in _REGEX_ADVICE.items() if part in problem), "")
    if glob := _glob_as_regex(regex):
        advice = f"This looks like a glob: as a regex, which is searched in names, it is '{glob}'."
    return f"{problem}, at {here} (column {at + 1} of the regex)" + (f"\n{advice}" if advice else "")


def _glob_as_regex(regex: str) -> str | None:
    """What a glob such as `*.bias` would be as a regex; None for what does not look like one."""
    if not re.fullmatch(r"\*+[\w.*-]*\w[\w.*-]*", regex):
        return None
    end = "" if regex.endswith("*") else "$"
    return re.sub(r"\*+", ".*", regex.strip("*").replace(".", r"\.")) + end


def _place(regex: str, failure: BaseException) -> int | None:
    """Where in the regex it fails; for a look-behind of any width Python does not say."""
    if isinstance(failure, re.error) and failure.pos is not None:
        return failure.pos
    behind = re.search(r"\(\?<[=!]", regex) if "look-behind" in str(failure) else None
    return behind.start() if behind else None

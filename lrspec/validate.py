"""A `Document` to a `Spec`, or to everything that is wrong with it, each at its own place.

pydantic judges single values; the generators below judge what keys must be to each other. Both always run, so that
one round of corrections is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from lrspec.diagnostics import ADJUSTABLE, CODES, Finding
from lrspec.document import Document
from lrspec.optimizers import ARGUMENTS, NOT_OPTIONS, ONE_GROUP_ONLY
from lrspec.patterns import FAILURES, Pattern, compile_regex, patterns
from lrspec.scalars import plain_number
from lrspec.source import Path
from lrspec.spec import MAX_PATTERN, MAX_RULES, Decay, Join, ModelSource, Optimizer, Rule, Spec, Where

SETTINGS = ("lr", "lr_mult", "layer_decay", "lr_scale", "weight_decay", "weight_decay_mult", "freeze", "options")
SCHEMES = ("timm", "torchvision", "hf", "params")
_EXCLUSIVE = (("match", "layers"), ("lr", "lr_mult"), ("weight_decay", "weight_decay_mult"))
_NEEDS = (("layers", "layer_decay"), ("layer_decay", "layers"))
_OTHER_WORDS = {
    "learning_rate": "lr",
    "lr_multiplier": "lr_mult",
    "wd": "weight_decay",
    "decay_mult": "weight_decay_mult",
    "pattern": "match",
    "regex": "match",
    "params": "match",
    "frozen": "freeze",
    "requires_grad": "freeze",
    "default": "fallback",
    "model": "models",
    "groups": "rules",
    "version": "lrspec",
}


def validate(document: Document) -> tuple[Spec | None, list[Finding]]:
    """The spec that the document holds, or None and the findings that say why not.

    The document must have been read (`document.root` is not None).
    """
    spec, findings = _validate_values(document)
    content = document.value if isinstance(document.value, dict) else {}
    for check in (_empty_values, _sources, _optimizer_type, _optimizer_options, _rule_names):
        findings += check(content)
    for index, rule in enumerate(_rules(content)):
        if isinstance(rule, dict):
            path: Path = ("rules", index)
            for rule_check in (_selecting, _setting, _companions, _layers, _regexes):
                findings += rule_check(rule, path)
            findings += _excluded(rule, path, document)
            findings += _rule_options(rule, path, content)
    return (None if findings else spec), findings


def nothing_to_multiply(spec: Spec) -> Iterator[Finding]:
    """LRS104 where a multiplier has nothing to multiply; judged when compiling, after `--lr` and `--weight-decay`."""
    for index, rule in enumerate(spec.rules):
        if spec.optimizer.lr is None:
            for key in ("lr_mult", "lr_scale", "layer_decay"):
                own = key == "layer_decay" and rule.lr is not None
                if getattr(rule, key) is not None and not own:
                    yield _no_base(index, key, "lr", "--lr")
        if spec.optimizer.weight_decay is None and rule.weight_decay_mult is not None:
            yield _no_base(index, "weight_decay_mult", "weight_decay", "--weight-decay")


def _no_base(index: int, key: str, base: str, flag: str) -> Finding:
    message = f"`{key}` has nothing to multiply: there is no `optimizer.{base}`\nGive `optimizer.{base}`, or {flag}."
    return Finding("LRS104", ("rules", index, key), message, index)


# ------------------------------------------------------------------------------------------- single values


def _validate_values(document: Document) -> tuple[Spec | None, list[Finding]]:
    try:
        return Spec.model_validate(document.value), []
    except ValidationError as failure:
        errors = failure.errors(include_url=False)
        return None, [finding for error in errors for finding in _value_finding(error)]


def _value_finding(error: Any) -> Iterator[Finding]:
    path: Path = tuple(step for step in error["loc"] if not str(step).startswith("<"))
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    rule = path[1] if path[:1] == ("rules",) and len(path) > 1 and isinstance(path[1], int) else None
    if kind == "extra_forbidden":
        yield Finding("LRS103", path, _unknown_key(path), rule, at_key=True)
    elif kind == "missing":
        yield Finding("LRS104", path[:-1], f"the key `{path[-1]}` is missing{_missing_advice(path)}", rule)
    elif kind in ("too_long", "string_too_long"):
        yield Finding("LRS101", (*path, MAX_RULES) if kind == "too_long" else path, _too_long(kind), rule)
    elif found is None or (kind == "too_short" and found):
        return  # said by `_empty_values`; said by what is wrong with the items
    else:
        expected = _expected(kind, error["msg"], context)
        yield Finding("LRS104", path, _wrong_value(path, expected, found), rule)


def _expected(kind: str, message: str, context: dict[str, Any]) -> str:
    by_kind = {
        "float_type": "a number",
        "int_type": "a whole number",
        "bool_type": "true or false",
        "string_type": "text",
        "tuple_type": "a list",
        "dict_type": "a mapping of keys to values",
        "model_type": "a mapping of keys to values",
        "finite_number": "a finite number",
        "greater_than_equal": "a number of at least {ge:g}",
        "greater_than": "a number above {gt:g}",
        "less_than_equal": "a number of at most {le:g}",
        "literal_error": "{expected}",
        "too_short": "at least one item",
        "string_too_short": "some text",
        "string_pattern_mismatch": "letters, digits, `_` and `-` only",
    }
    return by_kind.get(kind, message.replace("{", "{{").replace("}", "}}")).format(**context)


def _wrong_value(path: Path, expected: str, found: Any) -> str:
    place = f"`{_key(path)}`: " if path else ""
    message = f"{place}expected {expected}, found {describe(found)}"
    if isinstance(found, str) and plain_number(found) is not None and "number" in expected:
        return f"{message}\nWrite the number without quotes: {found}"
    if isinstance(found, bool | int | float) and expected == "text":
        return f"{message}\nPut it in quotes."
    if not path:
        return f"{message}\nA spec begins with `lrspec: 1` and has `rules:`."
    return message


def describe(value: Any) -> str:
    """A value of a document, as its reader would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text '{value}'" if len(value) <= 60 else f"the text '{value[:60]}…'"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "a mapping" if isinstance(value, dict) else f"{value!r}"


def _key(path: Path) -> str:
    """The key that a value belongs to, with its place in a list: `match[1]`."""
    names = [index for index, step in enumerate(path) if isinstance(step, str)]
    last = names[-1]
    return str(path[last]) + "".join(f"[{step}]" for step in path[last + 1 :])


def _too_long(kind: str) -> str:
    if kind == "too_long":
        return f"more than {MAX_RULES:,} rules"
    return f"a regex of more than {MAX_PATTERN:,} characters\nSplit it into a list of regexes."


def _missing_advice(path: Path) -> str:
    return "\nBegin the spec with `lrspec: 1`." if path == ("lrspec",) else ""


# ---------------------------------------------------------------------------------------------- unknown keys


def _unknown_key(path: Path) -> str:
    key, known, whole = str(path[-1]), *_keys_at(path[:-1])
    if path[-2:-1] == ("check",):
        if fixed := next((code for code in CODES.values() if key == code.name), None):
            return f"the severity of `{key}` ({fixed.code}) is always {fixed.severity}"
        if key.upper() in CODES and CODES[key.upper()].adjustable:
            return f"unknown key `{key}` in {whole}: write its name, `{CODES[key.upper()].name}`"
    return f"unknown key `{key}` in {whole}{suggestion(key, known)}\nIts keys are {', '.join(known)}."


def suggestion(word: str, known: list[str]) -> str:
    """`: did you mean …?` with the word of `known` that is nearest, or nothing where none is near."""
    nearest = [_OTHER_WORDS[word]] if _OTHER_WORDS.get(word) in known else get_close_matches(word, known, 1)
    return f": did you mean `{nearest[0]}`?" if nearest else ""


def _keys_at(path: Path) -> tuple[list[str], str]:
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
    return (list(Join.model_fields), "a layer") if "layers" in path else (list(Rule.model_fields), "a rule")


# ------------------------------------------------------------------------------------------ the whole document


def _rules(content: dict[str, Any]) -> list[Any]:
    rules = content.get("rules")
    return rules[:MAX_RULES] if isinstance(rules, list) else []


def _empty_values(content: Any, path: Path = ()) -> Iterator[Finding]:
    """LRS104 for a key with nothing after it; options and arguments may be null."""
    if isinstance(content, dict | list):
        for step, value in content.items() if isinstance(content, dict) else enumerate(content):
            if path[-1:] in (("options",), ("args",)) or (path == ("optimizer",) and step not in Optimizer.model_fields):
                continue
            yield from _empty_values(value, (*path, step))
    elif content is None and path:
        message = f"`{_key(path)}` is empty\nGive it a value, or remove it."
        yield Finding("LRS104", path, message, _rule_index(path))


def _rule_index(path: Path) -> int | None:
    return path[1] if path[0] == "rules" and len(path) > 1 and isinstance(path[1], int) else None


def _sources(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for a model that a spec may not name."""
    models = content.get("models")
    listed = [(("models", i), model) for i, model in enumerate(models)] if isinstance(models, list) else []
    for path, model in listed or [(("models",), models)]:
        inner = isinstance(model, dict) and "source" in model
        source = model["source"] if isinstance(model, dict) and inner else model
        if isinstance(source, str) and (wrong := _wrong_source(source)):
            yield Finding("LRS104", (*path, "source") if inner else path, wrong)


def _wrong_source(source: str) -> str | None:
    scheme, _, name = source.rpartition(":")
    first = source.partition(":")[0] if scheme else ""
    if first == "py":
        return "a spec never names code to import\nSave the model's parameters with `lrspec params`, and name `params:FILE`."
    if any(part in ("hf-hub", "hf_hub", "local-dir") for part in source.split(":")[:-1]):
        return f"`{source}` would load from outside\nName an architecture, such as `timm:resnet18`."
    if first and first not in SCHEMES:
        return f"`{first}:` is no kind of model{suggestion(first, list(SCHEMES))}\nThe kinds are {', '.join(SCHEMES)}."
    return "expected the name of a model" if not name.strip() else None


def _optimizer(content: dict[str, Any]) -> dict[str, Any]:
    optimizer = content.get("optimizer")
    return optimizer if isinstance(optimizer, dict) else {}


def _optimizer_type(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for a type that is no optimizer of torch.optim with groups."""
    name = _optimizer(content).get("type")
    if not isinstance(name, str) or not name or "." in name or name in ARGUMENTS:
        return
    if name in ONE_GROUP_ONLY:
        wrong = f"`{name}` takes no parameter groups"
    else:
        by_lower = {known.lower(): known for known in ARGUMENTS}
        nearest = by_lower.get(name.lower()) or next(iter(get_close_matches(name, list(ARGUMENTS), 1)), None)
        wrong = f"`{name}` is no optimizer of torch.optim" + (f": did you mean `{nearest}`?" if nearest else "")
    advice = "Other classes are named with their module: `package.module.Class`."
    yield Finding("LRS104", ("optimizer", "type"), f"{wrong}\n{advice}")


def _optimizer_options(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS103, LRS104 and LRS106 for arguments beside `type`, `lr` and `weight_decay`."""
    optimizer = _optimizer(content)
    known = list(Optimizer.model_fields)
    for key in optimizer:
        path: Path = ("optimizer", key)
        if "type" in optimizer:
            yield from _option(key, path, content, None)
        elif key not in known and not any(key in arguments for arguments in ARGUMENTS.values()):
            message = f"unknown key `{key}` in `optimizer`{suggestion(key, known)}\nWithout `type` its keys are lr and weight_decay."
            yield Finding("LRS103", path, message, at_key=True)
        elif key not in known:
            yield Finding("LRS104", path, f"`{key}` belongs to some optimizers only\nSay which: give `optimizer.type`.")


def _option(key: str, path: Path, content: dict[str, Any], rule: int | None) -> Iterator[Finding]:
    """LRS106 for a key that is no argument of the optimizer's type."""
    kind = _optimizer(content).get("type")
    known = ARGUMENTS.get(kind) if isinstance(kind, str) else None
    own_key = path[-2] != "options" and key in ("type", "lr")
    if own_key or (path[-2] != "options" and key == "weight_decay" and (known is None or key in known)):
        return
    if path[-2] == "options" and key in ("lr", "weight_decay"):
        message = f"`{key}` is not an option\nWrite `{key}:` in the rule itself."
    elif key in NOT_OPTIONS and (known is None or key not in known) and key != "weight_decay":
        message = f"`{key}` is not an option: a parameter group says that in a place of its own"
    elif known is not None and key not in known:
        others = sorted(known - NOT_OPTIONS)
        message = f"`{key}` is not an argument of {kind}{suggestion(key, others)}\nIts arguments are {', '.join(others)}."
    else:
        return
    yield Finding("LRS106", path, message, rule, at_key=True)


def _rule_names(content: dict[str, Any]) -> Iterator[Finding]:
    """LRS107 for a name that another rule has."""
    rules = [rule if isinstance(rule, dict) else {} for rule in _rules(content)]
    unnamed = {f"rule-{number}": number for number, rule in enumerate(rules, 1) if "name" not in rule}
    first: dict[str, int] = {}
    for index, rule in enumerate(rules):
        name = rule.get("name")
        if not isinstance(name, str):
            continue
        if name in unnamed:
            message = f"`{name}` is what rule {unnamed[name]} is called, which has no name"
            yield Finding("LRS107", ("rules", index, "name"), f"{message}\nName them apart.", index)
        elif name in first:
            message = f"rule {first[name] + 1} is called `{name}` already\nName them apart."
            yield Finding("LRS107", ("rules", index, "name"), message, index)
        first.setdefault(name, index)


# ---------------------------------------------------------------------------------------------------- one rule


def _selecting(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a rule that selects by nothing."""
    if not any(key in rule for key in ("match", "layers", "where", "layer_decay")) and rule.get("fallback") is not True:
        message = "the rule selects by nothing: expected `match`, `layers` or `where`"
        yield Finding("LRS104", path, f"{message}\nA catch-all for what is left says `fallback: true`.", _rule_index(path))
    if rule.get("where") == {}:
        message = "`where` is empty: expected `ndim` or `module`"
        yield Finding("LRS104", (*path, "where"), message, _rule_index(path))


def _setting(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a rule that sets nothing."""
    settings = [key for key in SETTINGS if key in rule and rule[key] != {}]
    if not settings and "layers" not in rule:
        message = f"the rule sets nothing: expected one of {', '.join(SETTINGS)}"
        yield Finding("LRS104", path, message, _rule_index(path))


def _companions(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for `layers` and `layer_decay` without each other."""
    for key, needed in _NEEDS:
        if key in rule and needed not in rule:
            message = f"`{key}` comes with `{needed}`, which is missing"
            yield Finding("LRS104", (*path, key), message, _rule_index(path))


def _excluded(rule: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """LRS104, at the later key, for keys that exclude each other."""
    combinations = [pair for pair in _EXCLUSIVE if pair[0] in rule and pair[1] in rule]
    if rule.get("freeze") is True and (others := [k for k in (*SETTINGS, "layers") if k in rule and k != "freeze"]):
        combinations.append(("freeze", *others))
    for keys in combinations:
        later = max(keys, key=lambda key: document.key_span((*path, key)).start)
        message = _excluded_message(keys)
        yield Finding("LRS104", (*path, later), message, _rule_index(path), at_key=True)


def _excluded_message(keys: tuple[str, ...]) -> str:
    if keys[0] == "freeze":
        listed = ", ".join(f"`{key}`" for key in keys[1:])
        return f"`freeze: true` excludes {listed}: what is frozen is not trained\nRemove the one or the other."
    return f"`{keys[0]}` and `{keys[1]}` exclude each other\nKeep one of the two."


def _layers(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS104 for a ladder that begins with a `join`."""
    layers = rule.get("layers")
    if isinstance(layers, list) and layers and isinstance(layers[0], dict) and "join" in layers[0]:
        message = "the first entry is a `join`: there is no layer before it to share"
        yield Finding("LRS104", (*path, "layers", 0), message, _rule_index(path))


def _regexes(rule: dict[str, Any], path: Path) -> Iterator[Finding]:
    """LRS105 for every regex that Python's `re` refuses."""
    where = rule.get("where")
    module = where.get("module") if isinstance(where, dict) else None
    module_patterns = patterns(module, (*path, "where", "module")) if isinstance(module, str) else iter(())
    for key in ("match", "layers", "exclude"):
        for pattern in patterns(rule.get(key), (*path, key)):
            yield from _regex(pattern)
    for pattern in module_patterns:
        yield from _regex(pattern)


def _regex(pattern: Pattern) -> Iterator[Finding]:
    if not pattern.regex or len(pattern.regex) > MAX_PATTERN:
        return
    try:
        compile_regex(pattern.regex)
    except FAILURES as failure:
        message = f"not a regex: {_regex_problem(pattern.regex, failure)}"
        yield Finding("LRS105", pattern.path, message, _rule_index(pattern.path))


def _regex_problem(regex: str, failure: BaseException) -> str:
    if isinstance(failure, re.error) and failure.pos is not None:
        before, here = regex[: failure.pos], regex[failure.pos : failure.pos + 1]
        at = f"`{here}`" if here else "the end"
        return f"{failure.msg}, at {at} (column {len(before) + 1} of the regex)"
    return "nested too deep, or too large" if isinstance(failure, RecursionError | MemoryError) else str(failure)


def _rule_options(rule: dict[str, Any], path: Path, content: dict[str, Any]) -> Iterator[Finding]:
    """LRS104 for options without a type of optimizer, LRS106 for options that are not its arguments."""
    options, kind = rule.get("options"), _optimizer(content).get("type")
    if isinstance(options, dict) and options:
        if kind is None:
            message = "`options` need to know the optimizer\nGive `optimizer.type`."
            yield Finding("LRS104", (*path, "options"), message, _rule_index(path))
        for key in options:
            yield from _option(key, (*path, "options", key), content, _rule_index(path))
    for key in ("weight_decay", "weight_decay_mult"):
        if key in rule and isinstance(kind, str) and "weight_decay" not in ARGUMENTS.get(kind, {"weight_decay"}):
            message = f"{kind} has no weight decay to set"
            yield Finding("LRS106", (*path, key), message, _rule_index(path), at_key=True)

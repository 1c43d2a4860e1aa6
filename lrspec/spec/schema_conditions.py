"""The cross-field checks in JSON Schema: `validation/cross_field.py` and `optimizer_options.py` as editors see them.

Uses only keywords that drafts 7 and 2020-12 share, except `prefixItems`, in the forms for which validators give the
clearest messages. `errorMessage` is what the language servers for YAML and JSON show; other validators ignore it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from lrspec.spec.axes import SETTINGS
from lrspec.spec.language import EXCLUSIVE, NOT_WITH_FREEZE, TAG_NAME, WHOLE_NAME, Optimizer, Rule, Segment, Thaw
from lrspec.spec.model_kinds import IN_SPECS, OUTSIDE
from lrspec.spec.torch_optim import (
    ARGUMENTS,
    EVERY_ARGUMENT,
    FLAGS,
    FROM_TIMM,
    FROM_TORCH,
    IN_THE_RULE,
    LENGTHS,
    NOT_OPTIONS,
    NOT_SETTINGS,
    NOT_TAGS,
    SPELLINGS,
    TEXTS,
)

JsonSchema: TypeAlias = dict[str, Any]

_DECAYS = ("weight_decay", "weight_decay_mult")
_MOST_SEGMENTS = 12
"""Of longer schedules, a schema does not judge whether all further segments end."""
_TAKEN = "Not a tag: groups have that key already."
_NEEDS_CLASS = "Arguments of an optimizer need its class: give `optimizer.type`."
_OF_TORCH: JsonSchema = {"pattern": f"^{re.escape(FROM_TORCH)}"}
_KNOWN: JsonSchema = {"pattern": rf"^(?!{FROM_TIMM}\w+$)(?:[^.]*$|{re.escape(FROM_TORCH)})"}  # only those of torch
_VALUES: JsonSchema = {"$ref": "#/$defs/Arguments"}


def with_conditions(spec: JsonSchema) -> JsonSchema:
    """Return the schema that pydantic makes of the models, with the cross-field checks added."""
    values: dict[str, JsonSchema] = {}
    for argument in sorted(EVERY_ARGUMENT - NOT_OPTIONS - TEXTS):
        if length := LENGTHS.get(argument):
            message = f"Expected a list of {length} numbers."
            values[argument] = {"type": "array", "minItems": length, "maxItems": length, "errorMessage": message}
        else:
            message = "Expected true or false." if argument in FLAGS else "Expected a number."
            types = ["number", "boolean", "null", "array", "object"]
            values[argument] = {"type": types, "errorMessage": message}
    parts = {
        "Optimizer": _optimizer_conditions(),
        "Rule": _rule_conditions(),
        "Thaw": _thaw_conditions(),
        "Entry": _entry_conditions(),
        "Decay": _decay_conditions(),
        "Segment": _segment_conditions(),
    }
    definitions = {
        **spec["$defs"],
        **{part: {**spec["$defs"][part], "allOf": list(conditions)} for part, conditions in parts.items()},
        "Arguments": {"allOf": [_for_keys(**values)]},
        "Source": {"allOf": list(_source_conditions())},
    }
    source: JsonSchema = {"$ref": "#/$defs/Source"}
    model = {**source, **_for_keys(source=source)}
    message = "`optimizer` and `optimizers` exclude each other: keep one of the two."
    others = [key for key in spec["properties"] if key != "optimizer"]
    several = {"propertyNames": {"if": {"const": "optimizer"}, "then": _one_of(others, message)}}
    unnamed = "The spec has one optimizer: a rule can name one of several, which are under `optimizers`."
    unscheduled = "There is no such schedule: describe it under `schedules`."
    named = _text(WHOLE_NAME, "Letters, digits, `_` and `-` only.")
    conditions = [
        _for_keys(models={**model, "items": model}),
        _for_keys(optimizers={"propertyNames": named}),
        _for_keys(schedules={"propertyNames": named, "additionalProperties": {"allOf": list(_schedule_conditions())}}),
        {"if": _given("optimizers"), "then": several, "else": _rules(_rule_without(["optimizer"], unnamed))},
        {"if": _given("schedules"), "else": _rules(_rule_without(["schedule"], unscheduled))},
        *_by_the_only_optimizer(),
        *_by_several_optimizers(),
    ]
    return {**spec, "$defs": definitions, "allOf": conditions}


def _rule_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on how the keys of a rule combine."""
    for key, other in EXCLUSIVE:
        message = f"`{key}` and `{other}` exclude each other: keep one of the two."
        yield {"if": _given(key), "then": _rule_without([other], message)}
    frozen = "`freeze: true` excludes every other setting: what is frozen is not trained."
    yield {"if": _is("freeze", {"const": True}), "then": _rule_without(NOT_WITH_FREEZE, frozen)}
    message = "`layers` comes with `layer_decay`: give it, or select by `match`."
    for_a_while = _is("freeze", {"type": "object", "not": {"propertyNames": {"enum": ["until"]}}})
    yield {"if": {**_given("layers"), "not": for_a_while}, "then": _with("layer_decay", message)}
    by_layer = _is("freeze", {"type": "object", "anyOf": [_given("every"), _given("but_last")]})
    message = "`every` and `but_last` count layers: select by `layers`."
    yield {"if": by_layer, "then": _with("layers", message)}
    message = "`layer_decay` comes with `layers`: a ladder selects by it, in place of `match`."
    yield {"if": _given("layer_decay"), "then": _with("layers", message)}
    for key in ("join", "gap"):
        message = f"The first entry is a `{key}`: there is no layer before it."
        entry = {"type": ["string", "array"], "errorMessage": message}
        yield _for_keys(layers={"prefixItems": [{"if": {"type": "object", **_given(key)}, "then": entry}]})
    spelling = _text(rf"^{TAG_NAME.pattern}(?![\s\S])", "Letters, digits and `_` only.")
    yield _for_keys(tags={"propertyNames": spelling, "allOf": [_names_without(NOT_TAGS, _TAKEN)]})
    selectors = [_given(key) for key in ("match", "layers", "where", "layer_decay")]
    selects = {"anyOf": [*selectors, _is("fallback", {"not": {"const": False}}), _unknown(Rule)]}
    nothing = (
        "The rule selects by nothing: expected `match`, `layers` or `where`. "
        "A catch-all for what is left says `fallback: true`."
    )
    yield {"if": selects, "else": _with("match", nothing)}
    settings = [_given(key) for key in SETTINGS if key != "options"]
    sets = {"anyOf": [*settings, _given("layers"), _is("options", {"minProperties": 1}), _unknown(Rule)]}
    yield {"if": sets, "else": _with("lr", f"The rule sets nothing: expected one of {', '.join(SETTINGS)}.")}


def _thaw_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on how the keys of a `freeze` mapping combine."""
    message = "Expected `until`, `but_last`, or both; for good, it is `freeze: true`."
    yield {"if": {"anyOf": [_given("but_last"), _given("every"), _unknown(Thaw)]}, "else": _with("until", message)}
    every = {**_given("every"), "not": _unknown(Thaw)}
    yield {"if": every, "then": _with("until", "`every` comes with `until`.")}
    for kind, words in (("integer", "in steps, as `until`"), ("string", "in percent, as `until`")):
        every = {"type": kind, "errorMessage": f"Expected a time {words}."}
        yield {"if": _is("until", {"type": kind}), "then": _for_keys(every=every)}


def _entry_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on the keys of an entry of `layers`, and on what an `every` matches."""
    message = "An entry has `join` (and perhaps `to`), `match` and `every`, or `gap`."
    for keys, others in ((["join", "to"], []), (["match", "every"], ["join", "to"])):  # one of two kinds is refused
        names = {"propertyNames": _one_of([*keys, *others], message)}
        yield {"if": {"anyOf": list(map(_given, keys))}, "then": names}
    for key, needed in (("to", "join"), ("every", "match"), ("match", "every")):
        yield {"if": _given(key), "then": _with(needed, f"`{key}` needs `{needed}`.")}
    yield {"if": {"minProperties": 1}, "else": _with("join", message)}
    group = _text(r"\(", "Put the number that `every` divides into parentheses.")
    yield _for_keys(match={**group, "items": group})


def _decay_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on the keys of `layer_decay`."""
    message = "`first` excludes `factor` and `min_mult`."
    only = {"propertyNames": _one_of(["first"], message)}
    yield {"if": _given("first"), "then": only, "else": _with("factor", "`factor` is missing, or else `first`.")}


def _segment_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on how the keys of a segment combine."""
    message = "`inverse_sqrt` excludes `to`: it falls with one over the square root of the step."
    without_end = {"if": {"const": "to"}, "then": _one_of(["until", "from", "shape"], message)}
    yield {"if": _is("shape", {"const": "inverse_sqrt"}), "then": {"propertyNames": without_end}}
    above = {"exclusiveMinimum": 0}
    yield {"if": _is("shape", {"const": "exponential"}), "then": _for_keys(**{"from": above, "to": above})}


def _schedule_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on each segment but the last: a schema cannot say `all but the last` in one."""
    ends = _with("until", "The segment does not say when it ends: only the last one needs no `until`.")
    segment = {"if": _unknown(Segment), "else": ends}
    for length in range(2, _MOST_SEGMENTS + 1):
        yield {"if": {"minItems": length}, "then": {"prefixItems": [*[{}] * (length - 2), segment]}}


def _source_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on the name of a model; each pattern refuses one kind of mistake."""
    outside = "|".join(  # as timm compares: it ignores case, and an underscore is a dash
        "".join("[-_]" if letter == "-" else f"[{letter.upper()}{letter}]" for letter in scheme) for scheme in OUTSIDE
    )
    yield _text(
        "^(?!py:)", "A spec never names code to import: `lrspec params` saves its parameters for `params:FILE`."
    )
    message = "That would load from outside: name an architecture, such as `timm:resnet18`."
    yield _text(f"^(?!(?:.*:)?(?:{outside}):)", message)
    message = f"Not a kind of model: the kinds are {', '.join(IN_SPECS)}."
    yield _text(f"^(?:(?:{'|'.join(IN_SPECS)}|py|{outside})?:|[^:]*$)", message)
    yield _text(r"[^:\s][^:]*$", "Expected the name of a model.")


def _optimizer_conditions() -> Iterator[JsonSchema]:
    """Yield the conditions on the keys of an optimizer, by its `type`."""
    message = (
        "Not an optimizer of torch.optim that takes parameter groups. Others are named with their module, "
        "`package.module.Class`, or as timm names them, `timm:lamb`."
    )
    offered: JsonSchema = {"anyOf": [{"enum": list(ARGUMENTS)}, {}]}  # editors do not look inside an `if`
    with_module = _one_of([spelling for name in ARGUMENTS for spelling in SPELLINGS[name][1:]], message)
    of_torch = {"if": _OF_TORCH, "then": with_module, "else": _one_of(list(ARGUMENTS), message)}
    yield _for_keys(type={"if": _KNOWN, "then": of_torch, **offered})
    keys = list(Optimizer.model_fields)
    message = f"Not a key of `optimizer`: those are {', '.join(keys)}; with a `type` the arguments of that class, too."
    needs_class = {"if": {"enum": sorted(EVERY_ARGUMENT)}, "then": _one_of(keys, _NEEDS_CLASS)}
    yield {"if": _given("type"), "else": {"propertyNames": {**needs_class, "else": _one_of(keys, message)}}}
    yield {"if": _is("type", {"not": _KNOWN}), "then": _not_of_groups()}
    yield {"if": _is("type", _KNOWN), "then": _VALUES}
    for optimizer_class, arguments in ARGUMENTS.items():
        options = sorted(arguments - NOT_OPTIONS)
        keys = [*(key for key in Optimizer.model_fields if key == "type" or key in arguments), *options]
        names = _names(keys, f"Not an argument of {optimizer_class}. Possible here: {', '.join(keys)}.")
        yield {"if": _of_class(optimizer_class), "then": names}


def _by_the_only_optimizer() -> Iterator[JsonSchema]:
    """Yield the conditions on what rules set, by the `type` of the only optimizer."""
    typed = {"anyOf": [_is("optimizer", _given("type")), _given("optimizers")]}
    yield {"if": typed, "else": _rules(_no_options())}
    yield {"if": _is("optimizer", _is("type", {"not": _KNOWN})), "then": _rules(_any_options())}
    yield {"if": _is("optimizer", _is("type", _KNOWN)), "then": _rules(_for_keys(options={"allOf": [_VALUES]}))}
    for optimizer_class, arguments in ARGUMENTS.items():
        options = sorted(arguments - NOT_OPTIONS)
        message = f"Not an option of {optimizer_class}. Its options are {', '.join(options)}."
        rule = _for_keys(options=_names(options, message))
        if "weight_decay" not in arguments:
            rule |= _rule_without(_DECAYS, f"{optimizer_class} has no weight decay.")
        yield {"if": _is("optimizer", _of_class(optimizer_class)), "then": _rules(rule)}
    for optimizer_class, arguments in ARGUMENTS.items():
        one_of_them = {"not": {"additionalProperties": {"not": _of_class(optimizer_class)}}}
        has_class = {"anyOf": [_is("optimizer", _of_class(optimizer_class)), _is("optimizers", one_of_them)]}
        message = f"Not a tag: {optimizer_class} has an argument of that name."
        yield {"if": has_class, "then": _rules(_for_keys(tags=_names_without(arguments, message)))}


def _by_several_optimizers() -> Iterator[JsonSchema]:
    """Yield the conditions on what rules set, by the types of all: a schema cannot look up the one of a rule."""
    yield {"if": _each({"not": _given("type")}), "then": _rules(_no_options())}
    known = _names(sorted(EVERY_ARGUMENT - NOT_OPTIONS), "Not an option of any of these optimizers.")
    rule = _for_keys(options={**known, "allOf": [_VALUES]})
    unknown = {"if": _given("optimizers"), "then": _rules(_any_options())}
    yield {"if": _each(_is("type", _KNOWN)), "then": _rules(rule), "else": unknown}
    by_classes: dict[tuple[str, ...], list[str]] = {}
    for argument in sorted(EVERY_ARGUMENT):
        classes = tuple(name for name, arguments in ARGUMENTS.items() if argument in arguments)
        if len(classes) < len(ARGUMENTS):
            by_classes.setdefault(classes, []).append(argument)
    for classes, arguments in by_classes.items():
        others = [name for name in ARGUMENTS if name not in classes]
        options = [argument for argument in arguments if argument not in NOT_OPTIONS]
        message = "Not an option of any of these optimizers."
        rule = _for_keys(options=_names_without(options, message)) if options else {}
        if "weight_decay" in arguments:
            rule |= _rule_without(_DECAYS, "None of these optimizers has weight decay.")
        yield {"if": _each(_of_class(*others)), "then": _rules(rule)}


def _rule_without(keys: Iterable[str], message: str) -> JsonSchema:
    """A rule without some of its keys, in the form that is reported best: at the key, with those that are allowed."""
    refused = list(keys)
    others = [key for key in Rule.model_fields if key not in refused]
    return {"propertyNames": {"if": {"enum": refused}, "then": _one_of(others, message)}}


def _not_of_groups() -> JsonSchema:
    """A class with its module takes any argument except the keys that every group has already."""
    return _names_without(NOT_SETTINGS, "Not an option: every group has that key already.")


def _no_options() -> JsonSchema:
    return _for_keys(options={"additionalProperties": False, "errorMessage": _NEEDS_CLASS})


def _any_options() -> JsonSchema:
    own = _names_without(IN_THE_RULE, "Not an option: write it in the rule itself.")
    return _for_keys(options={"allOf": [_not_of_groups(), own]})


def _rules(rule: JsonSchema) -> JsonSchema:
    return _for_keys(rules={"items": rule})


def _each(optimizer: JsonSchema) -> JsonSchema:
    return _is("optimizers", {"additionalProperties": optimizer, "minProperties": 1})


def _of_class(*names: str) -> JsonSchema:
    return _is("type", {"enum": [spelling for name in names for spelling in SPELLINGS[name]]})


def _unknown(part: type[Rule | Thaw | Segment]) -> JsonSchema:
    """A part with an unknown key is refused already: a misspelt key is not reported as missing as well."""
    return {"not": {"propertyNames": {"enum": [field.alias or key for key, field in part.model_fields.items()]}}}


def _given(key: str) -> JsonSchema:
    return {"required": [key]}


def _is(key: str, schema: JsonSchema) -> JsonSchema:
    return {"properties": {key: schema}, **_given(key)}


def _for_keys(**schemas: JsonSchema) -> JsonSchema:
    """A further condition on the values of keys; editors offer each key as it is described elsewhere."""
    return {"properties": {key: {**schema, "doNotSuggest": True} for key, schema in schemas.items()}}


def _with(key: str, message: str) -> JsonSchema:
    return {**_given(key), "errorMessage": message}


def _names(keys: list[str], message: str) -> JsonSchema:
    """A mapping with these keys; editors offer them only if `type` is given."""
    return {"type": "object", "propertyNames": _one_of(keys, message)}


def _names_without(keys: Iterable[str], message: str) -> JsonSchema:
    return {"propertyNames": _text(f"^(?!(?:{'|'.join(sorted(keys))})$)", message)}


def _one_of(values: list[str], message: str) -> JsonSchema:
    return {"enum": values, "errorMessage": message}


def _text(pattern: str, message: str) -> JsonSchema:
    return {"pattern": pattern, "errorMessage": message}

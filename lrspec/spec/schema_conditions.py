"""What keys of a spec must be to each other, in JSON Schema: `consistency.py` and `options.py` as an editor sees them.

Only keywords that drafts 7 and 2020-12 share, but for `prefixItems`, and in the forms of which validators give the
clearest messages. `errorMessage` is what the language servers for YAML and JSON show; other validators pass over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from lrspec.spec.axes import SETTINGS
from lrspec.spec.language import EXCLUSIVE, NOT_WITH_FREEZE, WHOLE_NAME, Optimizer, Rule
from lrspec.spec.model_kinds import IN_SPECS, OUTSIDE
from lrspec.spec.torch_optim import (
    ARGUMENTS,
    EVERY_ARGUMENT,
    FLAGS,
    FROM_TIMM,
    IN_THE_RULE,
    LENGTHS,
    NOT_OPTIONS,
    NOT_SETTINGS,
    TEXTS,
)

JsonSchema: TypeAlias = dict[str, Any]

_NEITHER_DOTTED_NOR_OF_TIMM = rf"^(?!{FROM_TIMM}\w+$)[^.]*$"


def with_conditions(spec: JsonSchema) -> JsonSchema:
    """The schema of a spec, as pydantic makes it of the models, with what its keys must be to each other."""
    definitions = {
        **spec["$defs"],
        "Optimizer": {**spec["$defs"]["Optimizer"], "allOf": list(_optimizer_conditions())},
        "Rule": {**spec["$defs"]["Rule"], "allOf": list(_rule_conditions())},
        "Arguments": {"allOf": [_values()]},
        "Source": {"allOf": list(_source_conditions())},
    }
    conditions = [
        _sources({"$ref": "#/$defs/Source"}),
        *_one_or_several(list(spec["properties"])),
        *_by_the_only_optimizer(),
        *_by_several_optimizers(),
    ]
    return {**spec, "$defs": definitions, "allOf": conditions}


# ------------------------------------------------------------------------------------------------ a rule


def _rule_conditions() -> Iterator[JsonSchema]:
    """What the keys of a rule must be to each other."""
    for first, second in EXCLUSIVE:
        message = f"`{first}` and `{second}` exclude each other: keep one of the two."
        yield {"if": _given(first), "then": _rule_without([second], message)}
    frozen = "`freeze: true` excludes every other setting: what is frozen is not trained."
    yield {"if": _is("freeze", {"const": True}), "then": _rule_without(NOT_WITH_FREEZE, frozen)}
    yield from _ladder_conditions()
    nothing = (
        "The rule selects by nothing: expected `match`, `layers` or `where`. "
        "A catch-all for what is left says `fallback: true`."
    )
    yield {"if": _selects(), "else": _with("match", nothing)}
    yield {"if": _sets(), "else": _with("lr", f"The rule sets nothing: expected one of {', '.join(SETTINGS)}.")}


def _ladder_conditions() -> Iterator[JsonSchema]:
    yield {
        "if": _given("layers"),
        "then": _with("layer_decay", "`layers` comes with `layer_decay`: give it, or select by `match`."),
    }
    yield {
        "if": _given("layer_decay"),
        "then": _with("layers", "`layer_decay` comes with `layers`: a ladder selects by it, in place of `match`."),
    }
    message = "The first entry is a `join`: there is no layer before it to share."
    first = {"if": {"type": "object"}, "then": {"type": ["string", "array"], "errorMessage": message}}
    yield _for_keys(layers={"prefixItems": [first]})


def _selects() -> JsonSchema:
    by = [_given(key) for key in ("match", "layers", "where", "layer_decay")]
    return {"anyOf": [*by, _is("fallback", {"not": {"const": False}}), _HAS_UNKNOWN_KEYS]}


def _sets() -> JsonSchema:
    plain = [_given(key) for key in SETTINGS if key != "options"]
    return {"anyOf": [*plain, _given("layers"), _is("options", {"minProperties": 1}), _HAS_UNKNOWN_KEYS]}


_HAS_UNKNOWN_KEYS: JsonSchema = {"not": {"propertyNames": {"enum": list(Rule.model_fields)}}}
"""Refused already: a key that is misspelt is not missing as well."""


def _rule_without(keys: Iterable[str], message: str) -> JsonSchema:
    """A rule without some of its keys; of all forms this one is told best: at the key, and with those that may be."""
    refused = list(keys)
    others = [key for key in Rule.model_fields if key not in refused]
    return {"propertyNames": {"if": {"enum": refused}, "then": _one_of(others, message)}}


# ------------------------------------------------------------------------------------------------ models


def _sources(source: JsonSchema) -> JsonSchema:
    """The names of models, wherever in `models` they stand."""
    model = {**source, **_for_keys(source=source)}
    return _for_keys(models={**model, "items": model})


def _source_conditions() -> Iterator[JsonSchema]:
    """What the name of a model must be; each pattern refuses one kind of mistake."""
    outside = "|".join(map(_without_case, OUTSIDE))
    yield _text(
        "^(?!py:)", "A spec never names code to import: `lrspec params` saves its parameters for `params:FILE`."
    )
    message = "That would load from outside: name an architecture, such as `timm:resnet18`."
    yield _text(f"^(?!(?:.*:)?(?:{outside}):)", message)
    message = f"Not a kind of model: the kinds are {', '.join(IN_SPECS)}."
    yield _text(f"^(?:(?:{'|'.join(IN_SPECS)}|py|{outside})?:|[^:]*$)", message)
    yield _text(r"[^:\s][^:]*$", "Expected the name of a model.")


def _without_case(scheme: str) -> str:
    """A scheme as timm compares it: upper case is lower case, and an underscore is a dash."""
    return "".join("[-_]" if letter == "-" else f"[{letter.upper()}{letter}]" for letter in scheme)


# ------------------------------------------------------------------------------------------------ an optimizer

_NEEDS_CLASS = "Arguments of an optimizer need its class: give `optimizer.type`."
_KNOWN: JsonSchema = {"pattern": _NEITHER_DOTTED_NOR_OF_TIMM}
_VALUES: JsonSchema = {"$ref": "#/$defs/Arguments"}


def _optimizer_conditions() -> Iterator[JsonSchema]:
    """What an optimizer may say, by its `type`."""
    yield _for_keys(type=_known_or_dotted())
    yield {"if": _given("type"), "else": {"propertyNames": _keys_without_class()}}
    yield {"if": _is("type", {"not": _KNOWN}), "then": _not_of_groups()}
    yield {"if": _is("type", _KNOWN), "then": _VALUES}
    for kind, arguments in ARGUMENTS.items():
        options = sorted(arguments - NOT_OPTIONS)
        keys = [*(key for key in Optimizer.model_fields if key == "type" or key in arguments), *options]
        names = _names(keys, f"Not an argument of {kind}. Possible here: {', '.join(keys)}.")
        yield {"if": _is("type", {"const": kind}), "then": names}


def _known_or_dotted() -> JsonSchema:
    message = (
        "Not an optimizer of torch.optim that takes parameter groups. Others are named with their module, "
        "`package.module.Class`, or as timm names them, `timm:lamb`."
    )
    offered: JsonSchema = {"anyOf": [{"enum": list(ARGUMENTS)}, {}]}  # an `if` hides from editors what may be written
    return {"if": _KNOWN, "then": _one_of(list(ARGUMENTS), message), **offered}


def _keys_without_class() -> JsonSchema:
    """Without a class there are no arguments."""
    keys = list(Optimizer.model_fields)
    unknown = f"Not a key of `optimizer`: those are {', '.join(keys)}; with a `type` the arguments of that class, too."
    arguments = {"enum": sorted(EVERY_ARGUMENT)}
    return {"if": arguments, "then": _one_of(keys, _NEEDS_CLASS), "else": _one_of(keys, unknown)}


def _not_of_groups() -> JsonSchema:
    """A class with its module takes anything but what every group has already."""
    return _names_without(NOT_SETTINGS, "Not an option: every group has that key already.")


def _values() -> JsonSchema:
    """What arguments can be, whatever the class: `option_values.py`."""
    return _for_keys(**{key: _value(key) for key in sorted(EVERY_ARGUMENT - NOT_OPTIONS - TEXTS)})


def _value(argument: str) -> JsonSchema:
    if length := LENGTHS.get(argument):
        message = f"Expected a list of {length} numbers."
        return {"type": "array", "minItems": length, "maxItems": length, "errorMessage": message}
    expected = "Expected true or false." if argument in FLAGS else "Expected a number."
    return {"type": ["number", "boolean", "null", "array", "object"], "errorMessage": expected}


# ------------------------------------------------------------------------------------------------ rules by optimizers


def _one_or_several(keys: list[str]) -> Iterator[JsonSchema]:
    """A spec has `optimizer` or `optimizers`; those have names, and rules can name one."""
    yield _for_keys(optimizers={"propertyNames": _text(WHOLE_NAME, "Letters, digits, `_` and `-` only.")})
    message = "`optimizer` and `optimizers` exclude each other: keep one of the two."
    others = [key for key in keys if key != "optimizer"]
    only = {"propertyNames": {"if": {"const": "optimizer"}, "then": _one_of(others, message)}}
    unnamed = "The spec has one optimizer: a rule can name one of several, which are under `optimizers`."
    yield {"if": _given("optimizers"), "then": only, "else": _rules(_rule_without(["optimizer"], unnamed))}


def _by_the_only_optimizer() -> Iterator[JsonSchema]:
    """What rules may set, by the `type` of the only optimizer."""
    typed = {"anyOf": [_is("optimizer", _given("type")), _given("optimizers")]}
    yield {"if": typed, "else": _rules(_no_options())}
    yield {"if": _is("optimizer", _is("type", {"not": _KNOWN})), "then": _rules(_any_options())}
    yield {"if": _is("optimizer", _is("type", _KNOWN)), "then": _rules(_for_keys(options={"allOf": [_VALUES]}))}
    for kind, arguments in ARGUMENTS.items():
        options = sorted(arguments - NOT_OPTIONS)
        rule = _for_keys(options=_names(options, f"Not an option of {kind}. Its options are {', '.join(options)}."))
        if "weight_decay" not in arguments:
            rule |= _rule_without(_DECAYS, f"{kind} has no weight decay.")
        yield {"if": _is("optimizer", _is("type", {"const": kind})), "then": _rules(rule)}


def _by_several_optimizers() -> Iterator[JsonSchema]:
    """What rules may set, by the types of all optimizers: a schema cannot look up the one that a rule names."""
    yield {"if": _each({"not": _given("type")}), "then": _rules(_no_options())}
    known = _names(sorted(EVERY_ARGUMENT - NOT_OPTIONS), "Not an option of any of these optimizers.")
    rule = _for_keys(options={**known, "allOf": [_VALUES]})
    unknown = {"if": _given("optimizers"), "then": _rules(_any_options())}
    yield {"if": _each(_is("type", _KNOWN)), "then": _rules(rule), "else": unknown}
    for kinds, arguments in _arguments_by_classes().items():
        others = _is("type", {"enum": [kind for kind in ARGUMENTS if kind not in kinds]})
        yield {"if": _each(others), "then": _rules(_rule_without_arguments(arguments))}


def _arguments_by_classes() -> dict[tuple[str, ...], list[str]]:
    """The arguments that only some classes take, by those."""
    found: dict[tuple[str, ...], list[str]] = {}
    for argument in sorted(EVERY_ARGUMENT):
        kinds = tuple(kind for kind, arguments in ARGUMENTS.items() if argument in arguments)
        if len(kinds) < len(ARGUMENTS):
            found.setdefault(kinds, []).append(argument)
    return found


def _rule_without_arguments(arguments: list[str]) -> JsonSchema:
    options = [argument for argument in arguments if argument not in NOT_OPTIONS]
    rule = _for_keys(options=_names_without(options, "Not an option of any of these optimizers.")) if options else {}
    if "weight_decay" in arguments:
        rule |= _rule_without(_DECAYS, "None of these optimizers has weight decay.")
    return rule


_DECAYS = ("weight_decay", "weight_decay_mult")


def _no_options() -> JsonSchema:
    return _for_keys(options={"additionalProperties": False, "errorMessage": _NEEDS_CLASS})


def _any_options() -> JsonSchema:
    own = _names_without(IN_THE_RULE, "Not an option: write it in the rule itself.")
    return _for_keys(options={"allOf": [_not_of_groups(), own]})


def _rules(rule: JsonSchema) -> JsonSchema:
    return _for_keys(rules={"items": rule})


def _each(optimizer: JsonSchema) -> JsonSchema:
    """Where each of several optimizers is so."""
    return _is("optimizers", {"additionalProperties": optimizer, "minProperties": 1})


# ------------------------------------------------------------------------------------------------ forms


def _given(key: str) -> JsonSchema:
    return {"required": [key]}


def _is(key: str, schema: JsonSchema) -> JsonSchema:
    return {"properties": {key: schema}, **_given(key)}


def _for_keys(**schemas: JsonSchema) -> JsonSchema:
    """A further demand on the values of keys; editors are to offer each key as it is described elsewhere."""
    return {"properties": {key: {**schema, "doNotSuggest": True} for key, schema in schemas.items()}}


def _with(key: str, message: str) -> JsonSchema:
    return {**_given(key), "errorMessage": message}


def _names(keys: list[str], message: str) -> JsonSchema:
    """A mapping of these keys; editors offer them where it says that it is an object."""
    return {"type": "object", "propertyNames": _one_of(keys, message)}


def _names_without(keys: Iterable[str], message: str) -> JsonSchema:
    return {"propertyNames": _text(f"^(?!(?:{'|'.join(sorted(keys))})$)", message)}


def _one_of(values: list[str], message: str) -> JsonSchema:
    return {"enum": values, "errorMessage": message}


def _text(pattern: str, message: str) -> JsonSchema:
    return {"pattern": pattern, "errorMessage": message}

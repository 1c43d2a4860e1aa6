"""What keys of a spec must be to each other, in JSON Schema: `consistency.py` and `options.py` as an editor sees them.

Only keywords that drafts 7 and 2020-12 share, but for `prefixItems`, and in the forms of which validators give the
clearest messages. `errorMessage` is what the language servers for YAML and JSON show; other validators pass over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from lrspec.optimizers import ARGUMENTS, EVERY_ARGUMENT, FLAGS, FROM_TIMM, LENGTHS, NOT_OPTIONS, TEXTS
from lrspec.spec import EXCLUSIVE, NOT_WITH_FREEZE, SETTINGS, Optimizer, Rule
from lrspec.wrong_sources import OUTSIDE, SCHEMES

JsonSchema: TypeAlias = dict[str, Any]

_NEITHER_DOTTED_NOR_OF_TIMM = rf"^(?!{FROM_TIMM}\w+$)[^.]*$"
_IN_THE_RULE = frozenset({"lr", "weight_decay"})
"""What a rule sets itself, in place of `options`."""


def with_conditions(spec: JsonSchema) -> JsonSchema:
    """The schema of a spec, as pydantic makes it of the models, with what its keys must be to each other."""
    definitions = {
        **spec["$defs"],
        "Rule": {**spec["$defs"]["Rule"], "allOf": list(_rule_conditions())},
        "Source": {"allOf": list(_source_conditions())},
    }
    conditions = [_sources({"$ref": "#/$defs/Source"}), *_optimizer_conditions()]
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
    outside = "|".join(OUTSIDE)
    yield _text(
        "^(?!py:)", "A spec never names code to import: `lrspec params` saves its parameters for `params:FILE`."
    )
    message = "That would load from outside: name an architecture, such as `timm:resnet18`."
    yield _text(f"^(?!(?:.*:)?(?:{outside}):)", message)
    message = f"Not a kind of model: the kinds are {', '.join(SCHEMES)}."
    yield _text(f"^(?:(?:{'|'.join(SCHEMES)}|py|{outside})?:|[^:]*$)", message)
    yield _text(r"[^:\s][^:]*$", "Expected the name of a model.")


# ------------------------------------------------------------------------------------------------ the optimizer


def _optimizer_conditions() -> Iterator[JsonSchema]:
    """What the optimizer and the `options` of rules may say, by the optimizer's `type`."""
    yield _for_keys(optimizer=_for_keys(type=_known_or_dotted()))
    yield _untyped()
    yield _unknown_class()
    yield _values_of_known_classes()
    for kind, arguments in ARGUMENTS.items():
        yield {"if": _type_is({"const": kind}), "then": _class(kind, arguments)}


def _known_or_dotted() -> JsonSchema:
    message = (
        "Not an optimizer of torch.optim that takes parameter groups. Others are named with their module, "
        "`package.module.Class`, or as timm names them, `timm:lamb`."
    )
    offered: JsonSchema = {"anyOf": [{"enum": list(ARGUMENTS)}, {}]}  # an `if` hides from editors what may be written
    return {"if": {"pattern": _NEITHER_DOTTED_NOR_OF_TIMM}, "then": _one_of(list(ARGUMENTS), message), **offered}


def _untyped() -> JsonSchema:
    """Without a class there are no arguments."""
    keys = list(Optimizer.model_fields)
    needs_class = "Arguments of an optimizer need its class: give `optimizer.type`."
    unknown = f"Not a key of `optimizer`: those are {', '.join(keys)}; with a `type` the arguments of that class, too."
    names = {"if": {"enum": sorted(EVERY_ARGUMENT)}, "then": _one_of(keys, needs_class), "else": _one_of(keys, unknown)}
    rule = _for_keys(options={"additionalProperties": False, "errorMessage": needs_class})
    return {
        "if": _is("optimizer", {"required": ["type"]}),
        "else": _optimizer_and_rules({"propertyNames": names}, rule),
    }


def _unknown_class() -> JsonSchema:
    """A class with its module takes anything but what every group has already."""
    taken = _names_without(NOT_OPTIONS - _IN_THE_RULE, "Not an option: every group has that key already.")
    own = _names_without(_IN_THE_RULE, "Not an option: write it in the rule itself.")
    rule = _for_keys(options={"allOf": [taken, own]})
    return {
        "if": _type_is({"not": {"pattern": _NEITHER_DOTTED_NOR_OF_TIMM}}),
        "then": _optimizer_and_rules(taken, rule),
    }


def _values_of_known_classes() -> JsonSchema:
    """What arguments can be, whatever the class: `option_values.py`."""
    values = _for_keys(**{key: _value(key) for key in sorted(EVERY_ARGUMENT - NOT_OPTIONS - TEXTS)})
    return {
        "if": _type_is({"pattern": _NEITHER_DOTTED_NOR_OF_TIMM}),
        "then": _optimizer_and_rules(values, _for_keys(options=values)),
    }


def _value(argument: str) -> JsonSchema:
    if length := LENGTHS.get(argument):
        message = f"Expected a list of {length} numbers."
        return {"type": "array", "minItems": length, "maxItems": length, "errorMessage": message}
    expected = "Expected true or false." if argument in FLAGS else "Expected a number."
    return {"type": ["number", "boolean", "null", "array", "object"], "errorMessage": expected}


def _class(kind: str, arguments: frozenset[str]) -> JsonSchema:
    options = sorted(arguments - NOT_OPTIONS)
    keys = [*(key for key in Optimizer.model_fields if key == "type" or key in arguments), *options]
    of_optimizer = _names(keys, f"Not an argument of {kind}. Possible here: {', '.join(keys)}.")
    of_options = _names(options, f"Not an option of {kind}. Its options are {', '.join(options)}.")
    rule = _for_keys(options=of_options)
    if "weight_decay" not in arguments:
        rule |= _rule_without(("weight_decay", "weight_decay_mult"), f"{kind} has no weight decay.")
    return _optimizer_and_rules(of_optimizer, rule)


def _optimizer_and_rules(optimizer: JsonSchema, rule: JsonSchema) -> JsonSchema:
    return _for_keys(optimizer=optimizer, rules={"items": rule})


def _type_is(schema: JsonSchema) -> JsonSchema:
    return _is("optimizer", _is("type", schema))


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

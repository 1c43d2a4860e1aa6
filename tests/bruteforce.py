"""A slow, literal reading of the lrspec language, to judge the compiler by.

It is written from the language's page alone, apart from the code under test and without any of it: every
rule is tried on every parameter with `re.search`, nothing is cached, and each concept of the page is one
short function. `read` takes a valid spec (as parsed) and a parameter inventory (as JSON) and says what each
parameter gets, which groups result, and which findings of LRS201..LRS207, LRS209..LRS216, LRS303, LRS304,
LRS307..LRS312 and LRS317..LRS319 there are; or else which of LRS104 and LRS106 several optimizers bring.
`tests/bruteforce_schedules.py` reads what a schedule makes of a rate.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import prod
from typing import Any

import torch

NAMES = {
    "LRS104": "invalid-value",
    "LRS106": "unknown-option",
    "LRS201": "unmatched-parameter",
    "LRS202": "overlapping-rules",
    "LRS203": "unused-rule",
    "LRS204": "shadowed-rule",
    "LRS205": "unused-pattern",
    "LRS206": "frozen-only-rule",
    "LRS207": "join-without-layer",
    "LRS209": "redundant-setting",
    "LRS210": "scaled-absolute-lr",
    "LRS211": "unfit-parameter",
    "LRS212": "unused-optimizer",
    "LRS213": "unexpected-count",
    "LRS214": "no-such-number",
    "LRS215": "unused-schedule",
    "LRS216": "trains-nothing",
    "LRS303": "zero-lr",
    "LRS304": "large-value",
    "LRS307": "embedding-as-matrix",
    "LRS308": "ladder-order",
    "LRS309": "join-before-layer",
    "LRS311": "declared-decay",
    "LRS310": "rate-for-multiple",
    "LRS312": "fallback-beyond-rest",
    "LRS317": "scalars-decay",
    "LRS318": "nothing-to-spare",
    "LRS319": "multiple-for-rate",
}
WARNINGS = ("LRS206", "LRS209", *(code for code in NAMES if code >= "LRS3"))  # by default; the others are errors
SILENCED_BY_OPTIONAL = ("LRS203", "LRS204", "LRS205", "LRS216")
KEYS = {
    "lr": ("lr", "lr_mult"),
    "layer": ("layer_decay",),
    "scale": ("lr_scale",),
    "weight_decay": ("weight_decay", "weight_decay_mult"),
    "freeze": ("freeze",),
    "optimizer": ("optimizer",),
    "schedule": ("schedule",),
}
"""The keys that set each axis; options and tags are one axis per key besides."""
ADAMS = ("Adam", "AdamW", "Adamax", "NAdam", "RAdam")


# What comes out -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One diagnostic: `rule` is the rule it is about (of a pair the later), `parameters` are first names."""

    code: str
    name: str
    severity: str
    rule: str | None = None
    axis: str | None = None
    earlier: str | None = None
    pattern: str | None = None
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadParameter:
    """What one parameter gets; `set_by` maps each axis that is set to the name of the rule that set it."""

    name: str
    status: str
    optimizer: str | None
    lr: float | None
    weight_decay: float | None
    options: dict[str, Any]
    set_by: dict[str, str]
    layer: dict[str, Any] | None
    frozen_until: int | str | None
    schedule: str | None
    tags: dict[str, Any]


@dataclass(frozen=True)
class ReadGroup:
    """One group, of one optimizer."""

    name: str
    optimizer: str | None
    lr: float | None
    weight_decay: float | None
    options: dict[str, Any]
    schedule: str | None
    tags: dict[str, Any]
    params: list[str]


@dataclass(frozen=True)
class Reading:
    """The whole result; `groups` is None where a finding has severity error, no parameters where LRS1xx stop it."""

    parameters: list[ReadParameter]
    groups: list[ReadGroup] | None
    findings: list[Finding]


# What is kept while the rules are tried -----------------------------------------------------------


@dataclass
class _Parameter:
    """One parameter of the model and what rules have set on it so far, by axis: rule index and value."""

    names: list[str]  # the first name, then the aliases
    owners: list[list[str]]  # the class names of each name's owner
    shape: list[int]
    requires_grad: bool
    optimizer: str | None  # which of several trains it
    declared: list[str]  # what the model declares it as
    winner: dict[str, int] = field(default_factory=dict)
    value: dict[str, Any] = field(default_factory=dict)
    layer: dict[str, Any] | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def elements(self) -> int:
        return prod(self.shape)

    def owned_by(self, *classes: str) -> bool:
        """Whether an owner under any of its names is, or has as a base, one of these classes."""
        return any(cls in owner for cls in classes for owner in self.owners)


@dataclass(frozen=True)
class _Entry:
    """One entry of `layers`."""

    regexes: list[str]
    join: bool = False
    to: str = "last"
    every: int = 1
    gap: int = 0

    @property
    def opens_layers(self) -> bool:
        """Whether it is one that a join can share layers of."""
        return not self.join and not self.gap


@dataclass(frozen=True)
class _Place:
    """Where a ladder's entry puts a name: by which regex of the entry, with which captures (divided by `every`)."""

    entry: int
    regex: int
    captures: tuple[str, ...]


@dataclass(frozen=True)
class _Ladder:
    """Which layer of how many each parameter is on, by first names; those on no layer are left out."""

    numbers: dict[str, int]
    count: int

    def distance(self, parameter: _Parameter) -> int | None:
        """How far its layer is from the last."""
        number = self.numbers.get(parameter.names[0])
        return None if number is None else self.count - 1 - number


@dataclass(frozen=True)
class _Time:
    """A number of steps, or percent of all steps."""

    amount: Fraction
    percent: bool

    @property
    def written(self) -> int | str:
        """As JSON has it, a percentage in its shortest form."""
        if not self.percent:
            return int(self.amount)
        digits = 0
        while self.amount * 10**digits % 1:
            digits += 1
        return f"{int(self.amount)}%" if not digits else f"{self._decimal(digits)}%"

    def _decimal(self, digits: int) -> str:
        text = str(int(self.amount * 10**digits)).zfill(digits + 1)
        return f"{text[:-digits]}.{text[-digits:]}"


@dataclass
class _Notes:
    """What is noticed while the rules are tried: first names, under what they have in common."""

    # by code, axis, earlier rule, later rule
    pairs: dict[tuple[str, str, int, int], list[str]] = field(default_factory=dict)
    # by rule, entry, regex
    lost: dict[tuple[int, int, int], list[str]] = field(default_factory=dict)
    # by rule
    ladders: dict[int, _Ladder] = field(default_factory=dict)
    # rules that do not freeze what no other rule does, as it is on no layer of theirs
    off_ladder: set[int] = field(default_factory=set)
    # rules whose `but_last` freezes nothing
    in_vain: list[int] = field(default_factory=list)
    # by code, rule, key of the rule, optimizer
    misfits: dict[tuple[str, int, str, str | None], list[str]] = field(default_factory=dict)

    def misfit(self, code: str, rule: int, key: str, parameter: _Parameter) -> None:
        self.misfits.setdefault((code, rule, key, parameter.optimizer), []).append(parameter.names[0])

    def pair(self, code: str, axis: str, earlier: int, later: int, name: str) -> None:
        self.pairs.setdefault((code, axis, earlier, later), []).append(name)

    def lose(self, rule: int, place: _Place, name: str) -> None:
        self.lost.setdefault((rule, place.entry, place.regex), []).append(name)


def read(spec: dict[str, Any], inventory: dict[str, Any]) -> Reading:
    """Read a valid spec against an inventory."""
    parameters = [_parameter(entry) for entry in inventory["parameters"]]
    for parameter in parameters:
        parameter.optimizer = _own_optimizer(spec, parameter)
    notes = _Notes()
    for index in range(len(spec["rules"])):
        _try_rule(spec, index, parameters, notes)
    if notes.misfits:
        return Reading([], None, _about_misfits(spec, notes))
    results = [_result(spec, parameter) for parameter in parameters]
    findings = _findings(spec, parameters, results, notes)
    failed = any(finding.severity == "error" for finding in findings)
    groups = None if failed else _groups(spec, parameters, results)
    return Reading(results, groups, findings)


def _parameter(entry: dict[str, Any]) -> _Parameter:
    return _Parameter(
        names=[entry["name"], *entry["aliases"]],
        owners=[entry["module"], *entry["alias_modules"]],
        shape=entry["shape"],
        requires_grad=entry["requires_grad"],
        optimizer=None,
        declared=entry["declared"],
    )


# Optimizers ---------------------------------------------------------------------------------------


def _own_optimizer(spec: dict[str, Any], parameter: _Parameter) -> str | None:
    """The optimizer that the first rule to name one gives the parameter to, or else the first of them."""
    if "optimizers" not in spec:
        return None
    for rule in spec["rules"]:
        if "optimizer" in rule and _selected_names(rule, parameter):
            return str(rule["optimizer"])
    return str(next(iter(spec["optimizers"])))


def _base(spec: dict[str, Any], parameter: _Parameter) -> dict[str, Any]:
    """What the spec says of the parameter's own optimizer."""
    base: dict[str, Any] = (
        spec.get("optimizer", {}) if parameter.optimizer is None else spec["optimizers"][parameter.optimizer]
    )
    return base


def _takes(optimizer: dict[str, Any], argument: str) -> bool:
    """Whether an optimizer takes an argument; of what is not of torch.optim that is not known."""
    kind = optimizer.get("type")
    if kind is None:
        return argument in ("lr", "weight_decay")
    return "." in kind or ":" in kind or argument in _signature(kind)


@cache
def _signature(kind: str) -> frozenset[str]:
    return frozenset(inspect.signature(getattr(torch.optim, kind)).parameters)


def _number(optimizer: dict[str, Any], argument: str) -> float | None:
    """What an optimizer has for an argument, its class's own default if need be; None if that is not known."""
    kind = optimizer.get("type", ".")
    if argument in optimizer:
        return float(optimizer[argument])
    if "." in kind or ":" in kind:
        return None
    if argument not in _signature(kind):
        return 0.0
    return float(inspect.signature(getattr(torch.optim, kind)).parameters[argument].default)


# Selecting ----------------------------------------------------------------------------------------


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _found(regexes: list[str], name: str) -> bool:
    return any(re.search(regex, name) for regex in regexes)


def _entries(rule: dict[str, Any]) -> list[_Entry]:
    entries = []
    for entry in _as_list(rule["layers"]):
        if not isinstance(entry, dict):
            entries.append(_Entry(_as_list(entry)))
        elif "join" in entry:
            entries.append(_Entry(_as_list(entry["join"]), join=True, to=entry.get("to", "last")))
        elif "match" in entry:
            entries.append(_Entry(_as_list(entry["match"]), every=entry["every"]))
        else:
            entries.append(_Entry([], gap=entry["gap"]))
    return entries


def _patterns(rule: dict[str, Any]) -> list[str] | None:
    """Every regex of `match` or `layers`, as often as it is written; None without either."""
    if "match" in rule:
        return _as_list(rule["match"])
    if "layers" in rule:
        return [regex for entry in _entries(rule) for regex in entry.regexes]
    return None


def _passes_where(rule: dict[str, Any], parameter: _Parameter, owner: list[str]) -> bool:
    where = rule.get("where", {})
    if "ndim" in where and parameter.ndim not in _as_list(where["ndim"]):
        return False
    if "declared" in where and not any(what in parameter.declared for what in _as_list(where["declared"])):
        return False
    return "module" not in where or any(re.search(where["module"], cls) for cls in owner)


def _selected_names(rule: dict[str, Any], parameter: _Parameter) -> list[str]:
    """The parameter's names that the rule selects, each judged with its own owner; none if it is excluded."""
    if any(_found(_as_list(rule.get("exclude", [])), name) for name in parameter.names):
        return []
    patterns = _patterns(rule)
    return [
        name
        for name, owner in zip(parameter.names, parameter.owners, strict=True)
        if (patterns is None or _found(patterns, name)) and _passes_where(rule, parameter, owner)
    ]


def _selected(rule: dict[str, Any], parameters: list[_Parameter]) -> list[_Parameter]:
    return [parameter for parameter in parameters if _selected_names(rule, parameter)]


# Setting ------------------------------------------------------------------------------------------


def _axes(rule: dict[str, Any]) -> list[str]:
    axes = [axis for axis, keys in KEYS.items() if any(key in rule for key in keys)]
    axes += [f"options.{key}" for key in rule.get("options", {})]
    return axes + [f"tags.{key}" for key in rule.get("tags", {})]


def _value(rule: dict[str, Any], axis: str, optimizer: dict[str, Any], parameter: _Parameter) -> Any:
    """What a rule sets on an axis of a parameter of an optimizer, as a resulting value; not layers and freezing."""
    if axis == "lr":
        return float(rule["lr"]) if "lr" in rule else float(optimizer.get("lr", "nan")) * float(rule["lr_mult"])
    if axis == "scale":
        return _factor(rule["lr_scale"], parameter)
    if axis == "weight_decay":
        if "weight_decay" in rule:
            return float(rule["weight_decay"])
        return float(optimizer.get("weight_decay", "nan")) * _factor(rule["weight_decay_mult"], parameter)
    if axis in ("optimizer", "schedule"):
        return rule[axis]
    kind, _, key = axis.partition(".")
    return _frozen_value(rule[kind][key])


def _factor(factor: Any, parameter: _Parameter) -> float:
    """A number, or `(size / base) ** power`; 1 where there is no size."""
    if not isinstance(factor, dict):
        return float(factor)
    size = _size(factor["of"], parameter)
    return 1.0 if size is None else float((size / float(factor.get("base", 1))) ** float(factor["power"]))


def _size(of: str, parameter: _Parameter) -> int | None:
    """The table of sizes; None for a parameter that has none, or one of 0."""
    return _size_by_table(of, parameter) or None


def _size_by_table(of: str, parameter: _Parameter) -> int | None:
    shape = parameter.shape
    if of in ("rows", "cols"):
        return shape[0 if of == "rows" else 1] if len(shape) == 2 else None
    if len(shape) == 2 and not parameter.owned_by("Embedding", "EmbeddingBag"):
        turned = parameter.owned_by("Conv1D")
        return shape[1] if (of == "fan_in") != turned else shape[0]
    if len(shape) >= 3 and parameter.owned_by("_ConvNd"):
        return shape[1 if of == "fan_in" else 0] * prod(shape[2:])
    return None


def _lacks_size(rule: dict[str, Any], axis: str, parameter: _Parameter) -> bool:
    """Whether a rule's factor on an axis is of a size that the parameter does not have."""
    factors = [rule.get(key) for key in KEYS.get(axis, ())]
    return any(
        isinstance(factor, dict) and "of" in factor and _size(factor["of"], parameter) is None for factor in factors
    )


def _freezing(freeze: Any, distance: int) -> bool | _Time:
    """What `freeze` is at a distance from the last layer: whether it freezes for good, or until when."""
    if isinstance(freeze, bool):
        return freeze
    beyond = distance - freeze.get("but_last", 0)
    if beyond < 0:
        return False
    if "until" not in freeze:
        return True
    until = _time(freeze["until"])
    every = _time(freeze["every"]) if "every" in freeze else _Time(Fraction(0), until.percent)
    assert every.percent == until.percent
    return _Time(until.amount + beyond * every.amount, until.percent)


def _time(written: int | str) -> _Time:
    if isinstance(written, str):
        return _Time(Fraction(written.removesuffix("%")), True)
    return _Time(Fraction(written), False)


def _frozen_value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _same(one: Any, other: Any) -> bool:
    """Equality of values: a boolean never equals a number, 1 equals 1.0, tuples are compared item by item."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool) and one == other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _decided(parameter: _Parameter) -> bool:
    return "lr" in parameter.winner or "layer" in parameter.winner or parameter.value.get("freeze") is True


def _reaches(rule: dict[str, Any], axis: str, parameter: _Parameter) -> bool:
    """Whether a setting reaches a parameter that its rule selects; asked before the rule sets anything."""
    if not rule.get("fallback", False):
        return True
    if axis in ("lr", "layer", "freeze"):
        return not _decided(parameter)
    return axis not in parameter.winner


def _try_rule(spec: dict[str, Any], index: int, parameters: list[_Parameter], notes: _Notes) -> None:
    rule = spec["rules"][index]
    selected = _selected(rule, parameters)
    reached = {axis: [one for one in selected if _reaches(rule, axis, one)] for axis in _axes(rule)}
    if "layers" in rule:
        notes.ladders[index] = _ladder(rule, index, reached, notes)
    for axis, some in reached.items():
        if axis == "layer":
            _set_layers(rule, index, some, notes)
        elif axis == "freeze":
            _set_freeze(spec, index, some, notes)
        else:
            for parameter in some:
                _set_value(spec, index, axis, parameter, _value(rule, axis, _base(spec, parameter), parameter), notes)
    for axis, some in reached.items():
        lost = {name for (losing, _, _), names in notes.lost.items() if losing == index for name in names}
        for parameter in some:
            if axis != "layer" or parameter.names[0] not in lost:
                _note_misfits(rule, index, axis, _base(spec, parameter), parameter, notes)


def _set_value(spec: dict[str, Any], index: int, axis: str, parameter: _Parameter, value: Any, notes: _Notes) -> None:
    if axis not in parameter.winner:
        parameter.winner[axis] = index
        parameter.value[axis] = value
        return
    earlier = parameter.winner[axis]
    if any(_lacks_size(spec["rules"][each], axis, parameter) for each in (earlier, index)):
        return  # no value that could overlap
    code = "LRS209" if _same(parameter.value[axis], value) else "LRS202"
    notes.pair(code, axis, earlier, index, parameter.names[0])


def _set_freeze(spec: dict[str, Any], index: int, reached: list[_Parameter], notes: _Notes) -> None:
    """Set `freeze`; by layers it reaches only what is on one."""
    freeze = spec["rules"][index]["freeze"]
    by_layer = isinstance(freeze, dict) and ("but_last" in freeze or "every" in freeze)
    distances = [notes.ladders[index].distance(parameter) if by_layer else 0 for parameter in reached]
    for parameter, distance in zip(reached, distances, strict=True):
        if distance is None and "freeze" not in parameter.winner:
            notes.off_ladder.add(index)
        elif distance is not None:
            _set_value(spec, index, "freeze", parameter, _freezing(freeze, distance), notes)
    if not (by_layer and "but_last" in freeze and notes.ladders[index].count):
        return
    if all(distance is None or distance < freeze["but_last"] for distance in distances):
        notes.in_vain.append(index)


def _note_misfits(
    rule: dict[str, Any], index: int, axis: str, optimizer: dict[str, Any], parameter: _Parameter, notes: _Notes
) -> None:
    """What the parameter's own optimizer does not take, or has no number for."""
    if axis == "lr" and "lr_mult" in rule and "lr" not in optimizer:
        notes.misfit("LRS104", index, "lr_mult", parameter)
    if axis == "scale" and "lr" not in optimizer:
        notes.misfit("LRS104", index, "lr_scale", parameter)
    if axis == "layer" and "lr" not in optimizer and "lr" not in rule:
        notes.misfit("LRS104", index, "layer_decay", parameter)
    if axis == "weight_decay" and "weight_decay_mult" in rule and "weight_decay" not in optimizer:
        notes.misfit("LRS104", index, "weight_decay_mult", parameter)
    if axis == "weight_decay" and not _takes(optimizer, "weight_decay"):
        notes.misfit("LRS106", index, axis, parameter)
    if axis.startswith("options.") and not _takes(optimizer, axis.removeprefix("options.")):
        notes.misfit("LRS106", index, axis, parameter)


# Layers -------------------------------------------------------------------------------------------


def _captures(match: re.Match[str]) -> tuple[str, ...]:
    """The captured texts; a group that took no part, or captured nothing, counts as 0."""
    return tuple(text or "0" for text in match.groups())


def _places(entries: list[_Entry], name: str) -> list[_Place]:
    """One place for each entry that selects the name; the first regex of an entry that matches has it."""
    places = []
    for number, entry in enumerate(entries):
        for position, regex in enumerate(entry.regexes):
            match = re.search(regex, name)
            if match:
                places.append(_Place(number, position, _divided(entries, number, _captures(match))))
                break
    return places


def _divided(entries: list[_Entry], number: int, captures: tuple[str, ...]) -> tuple[str, ...]:
    """The captures with the text that `every` divides; a join is divided as the entry whose layers it shares."""
    counting = entries[_entry_to_share(entries, number)] if entries[number].join else entries[number]
    if counting.every == 1:
        return captures
    last = re.compile(counting.regexes[0]).groups - 1
    return tuple(
        str(int(text) // counting.every) if place == last and _is_number(text) else text
        for place, text in enumerate(captures)
    )


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]+", text) is not None


def _place(rule: dict[str, Any], parameter: _Parameter) -> _Place:
    """The first entry that selects the parameter's first selected name has it."""
    return _places(_entries(rule), _selected_names(rule, parameter)[0])[0]


def _in_two_places(rule: dict[str, Any], parameter: _Parameter) -> bool:
    entries = _entries(rule)
    names = _selected_names(rule, parameter)
    return len({(place.entry, place.captures) for name in names for place in _places(entries, name)}) > 1


def _ladder(rule: dict[str, Any], index: int, reached: dict[str, list[_Parameter]], notes: _Notes) -> _Ladder:
    """Count a ladder: over those whose layer it wins, or, where it sets none, over all that it reaches."""
    counted = reached["layer"] if "layer" in reached else reached["freeze"]
    for parameter in counted:
        if _in_two_places(rule, parameter):
            notes.pair("LRS202", "layer", index, index, parameter.names[0])
    if "layer" in reached:
        counted = [parameter for parameter in counted if "layer" not in parameter.winner]
    layers = _layers(rule, counted)
    numbers = {}
    for parameter in counted:
        number = _layer_number(rule, layers, _place(rule, parameter))
        if number is None:
            notes.lose(index, _place(rule, parameter), parameter.names[0])
        else:
            numbers[parameter.names[0]] = number
    return _Ladder(numbers, len(layers))


def _set_layers(rule: dict[str, Any], index: int, reached: list[_Parameter], notes: _Notes) -> None:
    ladder = notes.ladders[index]
    for parameter in reached:
        if "layer" in parameter.winner:
            notes.pair("LRS202", "layer", parameter.winner["layer"], index, parameter.names[0])
        elif parameter.names[0] in ladder.numbers:
            number = ladder.numbers[parameter.names[0]]
            parameter.winner["layer"] = index
            parameter.layer = {
                "rule": _rule_name(rule, index),
                "index": number,
                "of": ladder.count,
                "mult": _multiplier(rule["layer_decay"], number, ladder.count),
            }


def _layers(rule: dict[str, Any], parameters: list[_Parameter]) -> list[tuple[int, tuple[str, ...]]]:
    """The layers that a ladder has on these parameters, input first: entry number and captures (or gap) of each."""
    places = [_place(rule, parameter) for parameter in parameters]
    layers: list[tuple[int, tuple[str, ...]]] = []
    for number, entry in enumerate(_entries(rule)):
        if entry.gap:
            layers += [(number, ("gap", str(each))) for each in range(entry.gap)]
        elif not entry.join:
            captures = [place.captures for place in places if place.entry == number and not _uncounted(entry, place)]
            layers += [(number, texts) for texts in _in_order(_distinct(captures))]
    return layers if any(not _entries(rule)[number].gap for number, _ in layers) else []


def _uncounted(entry: _Entry, place: _Place) -> bool:
    """Whether an entry with `every` has captured what is no number to divide."""
    return entry.every > 1 and not _is_number(place.captures[-1])


def _distinct(captures: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    distinct: list[tuple[str, ...]] = []
    for texts in captures:
        if texts not in distinct:
            distinct.append(texts)
    return distinct


def _in_order(captures: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Numeric order if every text is a decimal number, otherwise (and between equal numbers) as they come."""
    if all(_is_number(text) for texts in captures for text in texts):
        return sorted(captures, key=lambda texts: tuple(int(text) for text in texts))
    return captures


def _layer_number(rule: dict[str, Any], layers: list[tuple[int, tuple[str, ...]]], place: _Place) -> int | None:
    """The number of the layer of a place, 0 at the input; None for a join with no layer to share, or for no number."""
    entry = _entries(rule)[place.entry]
    if not entry.join:
        return None if _uncounted(entry, place) else layers.index((place.entry, place.captures))
    numbers = _layers_to_share(rule, layers, place)
    if not numbers:
        return None
    return numbers[0] if entry.to == "first" else numbers[-1]


def _entry_to_share(entries: list[_Entry], joining: int) -> int:
    """The nearest entry before a join that is neither a join nor a gap."""
    return max(number for number in range(joining) if entries[number].opens_layers)


def _layers_to_share(rule: dict[str, Any], layers: list[tuple[int, tuple[str, ...]]], place: _Place) -> list[int]:
    """The layers of which a join shares one: of the entry before it, with captures that begin with its own."""
    return [
        number
        for number, (entry, captures) in enumerate(layers)
        if entry == _entry_to_share(_entries(rule), place.entry) and captures[: len(place.captures)] == place.captures
    ]


def _multiplier(layer_decay: Any, number: int, count: int) -> float:
    if not isinstance(layer_decay, dict):
        layer_decay = {"factor": layer_decay}
    if "first" in layer_decay:
        return 1.0 if count == 1 else float(layer_decay["first"]) ** ((count - 1 - number) / (count - 1))
    least = float(layer_decay.get("min_mult", 0.0))
    return max(float(layer_decay["factor"]) ** (count - 1 - number), least)


# Results ------------------------------------------------------------------------------------------


def _rule_name(rule: dict[str, Any], index: int) -> str:
    return str(rule.get("name", f"rule-{index + 1}"))


def _result(spec: dict[str, Any], parameter: _Parameter) -> ReadParameter:
    rules, optimizer, freeze = spec["rules"], _base(spec, parameter), parameter.value.get("freeze")
    return ReadParameter(
        name=parameter.names[0],
        status=_status(parameter),
        optimizer=parameter.optimizer,
        lr=_learning_rate(optimizer, parameter),
        weight_decay=_weight_decay(optimizer, parameter),
        options=_options(optimizer, parameter),
        set_by={axis: _rule_name(rules[index], index) for axis, index in parameter.winner.items()},
        layer=parameter.layer,
        frozen_until=freeze.written if isinstance(freeze, _Time) else None,
        schedule=_schedule(spec, parameter),
        tags=_tags(parameter),
    )


def _status(parameter: _Parameter) -> str:
    if parameter.value.get("freeze") is True:
        return "frozen-by-spec"
    if not parameter.requires_grad and "freeze" not in parameter.winner:
        return "frozen-by-model"
    return "trained" if _decided(parameter) else "unmatched"


def _learning_rate(optimizer: dict[str, Any], parameter: _Parameter) -> float | None:
    rate = parameter.value.get("lr", optimizer.get("lr"))
    if rate is None:
        return None
    multiplier = 1.0 if parameter.layer is None else parameter.layer["mult"]
    return float(float(rate) * multiplier * parameter.value.get("scale", 1.0))


def _weight_decay(optimizer: dict[str, Any], parameter: _Parameter) -> float | None:
    decay = parameter.value.get("weight_decay", optimizer.get("weight_decay"))
    return None if decay is None else float(decay)


def _options(optimizer: dict[str, Any], parameter: _Parameter) -> dict[str, Any]:
    options = {
        key: _frozen_value(value) for key, value in optimizer.items() if key not in ("type", "lr", "weight_decay")
    }
    for axis, value in parameter.value.items():
        if axis.startswith("options."):
            options[axis.removeprefix("options.")] = value
    return options


def _schedule(spec: dict[str, Any], parameter: _Parameter) -> str | None:
    """The schedule that a rule gives the parameter, or else the first of them."""
    if "schedules" not in spec:
        return None
    return str(parameter.value.get("schedule", next(iter(spec["schedules"]))))


def _tags(parameter: _Parameter) -> dict[str, Any]:
    return {axis.removeprefix("tags."): value for axis, value in parameter.value.items() if axis.startswith("tags.")}


def _trains(result: ReadParameter) -> bool:
    return result.status in ("trained", "unmatched")


# Groups -------------------------------------------------------------------------------------------


def _groups(spec: dict[str, Any], parameters: list[_Parameter], results: list[ReadParameter]) -> list[ReadGroup]:
    groups: list[ReadGroup] = []
    for parameter, result in zip(parameters, results, strict=True):
        if not _trains(result):
            continue
        for group in groups:
            if _same_settings(group, result):
                group.params.append(result.name)
                break
        else:
            name = _free_name(_group_name(spec, parameter), groups)
            settings = (result.optimizer, result.lr, result.weight_decay, result.options, result.schedule, result.tags)
            groups.append(ReadGroup(name, *settings, [result.name]))
    return groups


def _same_settings(group: ReadGroup, result: ReadParameter) -> bool:
    return (
        group.optimizer == result.optimizer
        and group.lr == result.lr
        and group.weight_decay == result.weight_decay
        and group.schedule == result.schedule
        and _same_mappings(group.options, result.options)
        and _same_mappings(group.tags, result.tags)
    )


def _same_mappings(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())


def _group_name(spec: dict[str, Any], parameter: _Parameter) -> str:
    """The rules that set something on a group's first parameter, a ladder's with its layer number."""
    parts = []
    for index, rule in enumerate(spec["rules"]):
        if index not in parameter.winner.values():
            continue
        part = _rule_name(rule, index)
        if parameter.layer is not None and parameter.winner["layer"] == index:
            width = len(str(parameter.layer["of"] - 1))
            part += "." + str(parameter.layer["index"]).zfill(width)
        parts.append(part)
    return "/".join(parts) or "unmatched"


def _free_name(name: str, groups: list[ReadGroup]) -> str:
    """The name, numbered from 2 where earlier groups have it."""
    taken = [group.name for group in groups]
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


# Findings -----------------------------------------------------------------------------------------


def _findings(
    spec: dict[str, Any], parameters: list[_Parameter], results: list[ReadParameter], notes: _Notes
) -> list[Finding]:
    findings = _about_the_whole(spec, results)
    for index in range(len(spec["rules"])):
        findings += _about_one_rule(spec, index, parameters, notes)
    findings += _about_pairs(spec, notes)
    findings += _about_lost(spec, notes)
    findings += _about_sizes(spec, parameters)
    findings += _about_scaled_rates(spec, parameters)
    findings += _about_unfit_parameters(spec, parameters)
    findings += _about_unused_optimizers(spec, parameters)
    findings += _about_unused_schedules(spec, results)
    for index, ladder in notes.ladders.items():
        findings += _about_the_order_of_a_ladder(spec, index, parameters, ladder)
        findings += _about_early_joins(spec, index, parameters, ladder)
    findings += _about_declared_decay(spec, parameters)
    return [finding for finding in findings if finding.severity != "ignore"]


def _finding(spec: dict[str, Any], code: str, index: int | None, **fields: Any) -> Finding:
    """A finding with its severity after `check`; the rule's own beats the spec's."""
    name = NAMES[code]
    severity = "warning" if code in WARNINGS else "error"
    severity = spec.get("check", {}).get(name, severity)
    if index is None:
        return Finding(code, name, severity, **fields)
    rule = spec["rules"][index]
    severity = rule.get("check", {}).get(name, severity)
    if rule.get("optional", False) and code in SILENCED_BY_OPTIONAL:
        severity = "ignore"
    return Finding(code, name, severity, rule=_rule_name(rule, index), **fields)


def _first_names(parameters: list[_Parameter]) -> tuple[str, ...]:
    return tuple(parameter.names[0] for parameter in parameters)


def _about_the_whole(spec: dict[str, Any], results: list[ReadParameter]) -> list[Finding]:
    training = [result for result in results if _trains(result)]
    concerned = {
        "LRS201": [one for one in training if one.status == "unmatched"],
        "LRS303": [one for one in training if one.lr == 0],
        "LRS304": [one for one in training if (one.lr or 0) > 1 or (one.weight_decay or 0) > 1],
    }
    return [
        _finding(spec, code, None, parameters=tuple(one.name for one in some))
        for code, some in concerned.items()
        if some
    ]


def _about_one_rule(spec: dict[str, Any], index: int, parameters: list[_Parameter], notes: _Notes) -> list[Finding]:
    rule = spec["rules"][index]
    selected = _selected(rule, parameters)
    if not selected:
        return [_finding(spec, "LRS203", index)]
    findings = []
    if _shadowed(rule, index, selected, notes):
        findings.append(_finding(spec, "LRS204", index, parameters=_first_names(selected)))
    counted = [one for one in selected if not rule.get("fallback", False) or index in one.winner.values()]
    if "expect" in rule and len(counted) not in _as_list(rule["expect"]):
        findings.append(_finding(spec, "LRS213", index, parameters=_first_names(counted)))
    if index in notes.in_vain:
        findings.append(_finding(spec, "LRS214", index))
    unused = [pattern for pattern in _patterns(rule) or [] if not _used(rule, pattern, selected)]
    findings += [_finding(spec, "LRS205", index, pattern=pattern) for pattern in unused]
    if _frozen_only(rule, selected):
        some_by_model = any(_status(parameter) == "frozen-by-model" for parameter in selected)
        code = "LRS216" if some_by_model and _sets_rate(rule) else "LRS206"
        findings.append(_finding(spec, code, index, parameters=_first_names(selected)))
    concerned = {
        "LRS310": _rates_like_multiples(spec, index, selected),
        "LRS317": _decaying_scalars(spec, index, parameters),
        "LRS318": _spared_in_vain(spec, index, parameters),
        "LRS319 lr": _multiples_like_values(spec, index, selected, "lr", 0.01),
        "LRS319 weight_decay": _multiples_like_values(spec, index, selected, "weight_decay", 0.1),
    }
    concerned |= {f"LRS312 {axis}": _beyond_the_rest(spec, index, axis, selected) for axis in _axes(rule)}
    findings += [
        _finding(spec, words.split()[0], index, parameters=_first_names(some))
        for words, some in concerned.items()
        if some
    ]
    return findings


def _shadowed(rule: dict[str, Any], index: int, selected: list[_Parameter], notes: _Notes) -> bool:
    """Whether a rule sets nothing because earlier rules set it all (not for want of a layer)."""
    if rule.get("fallback", False) and not any(key in rule for key in ("match", "layers", "where")):
        return False  # the catch-all
    if index in notes.off_ladder or any(losing == index for losing, _, _ in notes.lost):
        return False
    return not any(index in parameter.winner.values() for parameter in selected)


def _used(rule: dict[str, Any], pattern: str, selected: list[_Parameter]) -> bool:
    return any(re.search(pattern, name) for parameter in selected for name in _selected_names(rule, parameter))


def _frozen_only(rule: dict[str, Any], selected: list[_Parameter]) -> bool:
    sets_more = any(axis != "freeze" for axis in _axes(rule))
    return sets_more and all(_status(parameter).startswith("frozen") for parameter in selected)


def _sets_rate(rule: dict[str, Any]) -> bool:
    return any(key in rule for key in ("lr", "lr_mult", "layer_decay"))


def _held(index: int, axis: str, parameters: list[_Parameter]) -> list[_Parameter]:
    """The trained parameters whose axis a rule has won."""
    return [one for one in parameters if one.winner.get(axis) == index and not _status(one).startswith("frozen")]


def _rates_like_multiples(spec: dict[str, Any], index: int, selected: list[_Parameter]) -> list[_Parameter]:
    """LRS310."""
    rate = spec["rules"][index].get("lr")
    if rate not in (0.1, 0.2, 0.25, 0.5, 1) or all(parameter.elements == 1 for parameter in selected):
        return []
    adams = [one for one in _held(index, "lr", selected) if _base(spec, one).get("type") in ADAMS]
    return [one for one in adams if rate >= 10 * (_number(_base(spec, one), "lr") or 0)]


def _multiples_like_values(
    spec: dict[str, Any], index: int, selected: list[_Parameter], key: str, below: float
) -> list[_Parameter]:
    """LRS319."""
    multiple = spec["rules"][index].get(f"{key}_mult", 0)
    if isinstance(multiple, dict):
        return []
    return [one for one in _held(index, key, selected) if 0 < multiple < below and _base(spec, one)[key] == multiple]


def _without(spec: dict[str, Any], index: int, axis: str, parameter: _Parameter) -> Any:
    """What an axis of a parameter would be if the rule that has won it did not set it; None if nothing would be."""
    base = _base(spec, parameter)
    for rule in spec["rules"][index + 1 :]:
        if axis in _axes(rule) and _selected_names(rule, parameter):
            return _value(rule, axis, base, parameter)
    if axis == "weight_decay":
        return _number(base, axis) or 0.0  # of a class that is not known, none
    if axis == "optimizer":
        return next(iter(spec["optimizers"]))
    if axis == "schedule":
        return next(iter(spec["schedules"]))
    return 1.0 if axis == "scale" else _frozen_value(base.get(axis.removeprefix("options.")))


def _beyond_the_rest(spec: dict[str, Any], index: int, axis: str, selected: list[_Parameter]) -> list[_Parameter]:
    """LRS312."""
    rule = spec["rules"][index]
    if (
        axis in ("lr", "layer", "freeze")
        or axis.startswith("tags.")
        or not rule.get("fallback", False)
        or not _sets_rate(rule)
    ):
        return []
    decided = [
        one
        for one in _held(index, axis, selected)
        if min(one.winner.get(each, index) for each in ("lr", "layer")) < index
    ]
    return [one for one in decided if not _same(one.value[axis], _without(spec, index, axis, one))]


def _takes_decay_away(rule: dict[str, Any]) -> bool:
    return rule.get("weight_decay") == 0 or rule.get("weight_decay_mult") == 0


def _decaying_scalars(spec: dict[str, Any], index: int, parameters: list[_Parameter]) -> list[_Parameter]:
    """LRS317: those that the rule would select by `ndim: [0, 1]`."""
    rule = spec["rules"][index]
    if not _takes_decay_away(rule) or _as_list(rule.get("where", {}).get("ndim")) != [1]:
        return []
    wider = {**rule, "where": {**rule["where"], "ndim": [0, 1]}}
    return [
        parameter
        for parameter in _selected(wider, parameters)
        if parameter.ndim == 0
        and not _status(parameter).startswith("frozen")
        and "weight_decay" not in parameter.winner
        and (_number(_base(spec, parameter), "weight_decay") or 0) > 0
    ]


def _spared_in_vain(spec: dict[str, Any], index: int, parameters: list[_Parameter]) -> list[_Parameter]:
    """LRS318."""
    spared = _held(index, "weight_decay", parameters) if _takes_decay_away(spec["rules"][index]) else []
    optimizers = {parameter.optimizer for parameter in spared}
    trained = [parameter for parameter in parameters if not _status(parameter).startswith("frozen")]
    for parameter in (one for one in trained if one.optimizer in optimizers):
        base, kind = _base(spec, parameter), _base(spec, parameter).get("type", ".")
        decay = _weight_decay(base, parameter)
        if "." in kind or ":" in kind or (_number(base, "weight_decay") if decay is None else decay):
            return []
    return [] if any(_without(spec, index, "weight_decay", one) for one in spared) else spared


def _about_pairs(spec: dict[str, Any], notes: _Notes) -> list[Finding]:
    rules = spec["rules"]
    return [
        _finding(spec, code, later, axis=axis, earlier=_rule_name(rules[earlier], earlier), parameters=tuple(names))
        for (code, axis, earlier, later), names in notes.pairs.items()
    ]


def _about_lost(spec: dict[str, Any], notes: _Notes) -> list[Finding]:
    """LRS207 and LRS214: what a regex of a ladder selects and puts on no layer."""
    findings = []
    for (index, number, position), names in notes.lost.items():
        entry = _entries(spec["rules"][index])[number]
        code = "LRS207" if entry.join else "LRS214"
        findings.append(_finding(spec, code, index, pattern=entry.regexes[position], parameters=tuple(names)))
    return findings


def _about_sizes(spec: dict[str, Any], parameters: list[_Parameter]) -> list[Finding]:
    """LRS214: trained parameters with a factor of a size that they do not have."""
    findings = []
    for index, rule in enumerate(spec["rules"]):
        for axis in ("scale", "weight_decay"):
            lacking = [one for one in _held(index, axis, parameters) if _lacks_size(rule, axis, one)]
            if lacking:
                findings.append(_finding(spec, "LRS214", index, axis=axis, parameters=_first_names(lacking)))
    return findings


def _about_scaled_rates(spec: dict[str, Any], parameters: list[_Parameter]) -> list[Finding]:
    """LRS210: the rate is an absolute `lr` of one rule, the layer multiplier another's."""
    rules = spec["rules"]
    pairs: dict[tuple[int, int], list[str]] = {}
    for parameter in parameters:
        if "lr" not in parameter.winner or "layer" not in parameter.winner:
            continue
        rate, ladder = parameter.winner["lr"], parameter.winner["layer"]
        if rate != ladder and "lr" in rules[rate]:
            pairs.setdefault((min(rate, ladder), max(rate, ladder)), []).append(parameter.names[0])
    return [
        _finding(spec, "LRS210", later, earlier=_rule_name(rules[earlier], earlier), parameters=tuple(names))
        for (earlier, later), names in pairs.items()
    ]


def _about_unfit_parameters(spec: dict[str, Any], parameters: list[_Parameter]) -> list[Finding]:
    """LRS211 and LRS307: what is to be trained by an optimizer that cannot, or should not: by the rule that gave it."""
    unfit: dict[tuple[str, int | None], list[str]] = {}
    for parameter in parameters:
        if not _status(parameter).startswith("frozen") and _base(spec, parameter).get("type") == "Muon":
            code = "LRS211" if parameter.ndim != 2 else "LRS307"
            embedding = any("Embedding" in classes for classes in parameter.owners)
            if parameter.ndim != 2 or embedding or "head" in parameter.declared:
                unfit.setdefault((code, parameter.winner.get("optimizer")), []).append(parameter.names[0])
    return [_finding(spec, code, index, parameters=tuple(names)) for (code, index), names in unfit.items()]


def _about_unused_optimizers(spec: dict[str, Any], parameters: list[_Parameter]) -> list[Finding]:
    """LRS212: an optimizer that no rule names and that has no parameter."""
    used = {rule.get("optimizer") for rule in spec["rules"]} | {parameter.optimizer for parameter in parameters}
    return [_finding(spec, "LRS212", None) for name in spec.get("optimizers", {}) if name not in used]


def _about_unused_schedules(spec: dict[str, Any], results: list[ReadParameter]) -> list[Finding]:
    """LRS215: a schedule that no rule names and that no trained parameter has."""
    used = {rule.get("schedule") for rule in spec["rules"]} | {one.schedule for one in results if _trains(one)}
    return [_finding(spec, "LRS215", None) for name in spec.get("schedules", {}) if name not in used]


def _about_the_order_of_a_ladder(
    spec: dict[str, Any], index: int, parameters: list[_Parameter], ladder: _Ladder
) -> list[Finding]:
    """LRS308: the entries of a ladder stand in the model from the last to the first; or the head is before others."""
    rule = spec["rules"][index]
    on_it = [number for number, one in enumerate(parameters) if one.names[0] in ladder.numbers]
    own = [n for n in on_it if not _entries(rule)[_place(rule, parameters[n]).entry].join]
    own = [n for n in own if not _status(parameters[n]).startswith("frozen")]
    others = [ladder.numbers[parameters[n].names[0]] for n in on_it if "head" not in parameters[n].declared]
    early = [
        parameters[n]
        for n in on_it
        if not _entries(rule)[_place(rule, parameters[n]).entry].join
        if "head" in parameters[n].declared and "embedding" not in parameters[n].declared
        if any(number > ladder.numbers[parameters[n].names[0]] for number in others)
    ]
    if early:
        return [_finding(spec, "LRS308", index, parameters=_first_names(early))]
    by_entry = [
        [n for n in own if _place(rule, parameters[n]).entry == entry]
        for entry in (range(len(_entries(rule))) if own else ())
    ]
    entries = [some for some in by_entry if some]
    if len(entries) < 3 or any("head" in parameters[n].declared for n in entries[-1]):
        return []
    for one, later in pairwise(entries):
        if min(later) > min(one) or max(later) > max(one):
            return []
    return [_finding(spec, "LRS308", index)]


def _about_early_joins(
    spec: dict[str, Any], index: int, parameters: list[_Parameter], ladder: _Ladder
) -> list[Finding]:
    """LRS309: what joins the last of several layers and stands in the model before all that is on it by itself."""
    rule = spec["rules"][index]
    on_it = [number for number, one in enumerate(parameters) if one.names[0] in ladder.numbers]
    layers = _layers(rule, [parameters[n] for n in on_it]) if on_it else []
    early: dict[tuple[int, int], list[_Parameter]] = {}
    for n in on_it:
        place, entry = _place(rule, parameters[n]), _entries(rule)[_place(rule, parameters[n]).entry]
        if not entry.join or entry.to == "first" or not place.captures:
            continue
        if len(_layers_to_share(rule, layers, place)) < 2:
            continue
        own = [
            other
            for other in on_it
            if ladder.numbers[parameters[other].names[0]] == ladder.numbers[parameters[n].names[0]]
            and _place(rule, parameters[other]).entry == _entry_to_share(_entries(rule), place.entry)
        ]
        module = parameters[n].names[0].rpartition(".")[0]
        around = module == "" or all(parameters[other].names[0].startswith(module + ".") for other in own)
        if n < min(own) and not around:
            early.setdefault((place.entry, place.regex), []).append(parameters[n])
    return [_finding(spec, "LRS309", index, parameters=_first_names(some)) for some in early.values()]


def _about_declared_decay(spec: dict[str, Any], parameters: list[_Parameter]) -> list[Finding]:
    """LRS311: what should have no weight decay and gets some, by what gives it: a rule, an optimizer, a class."""
    optimizers = [spec.get("optimizer", {}), *spec.get("optimizers", {}).values()]
    is_set = any("weight_decay" in one for one in optimizers) or any(
        key in rule for rule in spec["rules"] for key in ("weight_decay", "weight_decay_mult")
    )
    sources: dict[tuple[str, Any], list[_Parameter]] = {}
    for parameter in parameters:
        base = _base(spec, parameter)
        if "no_weight_decay" not in parameter.declared or _status(parameter).startswith("frozen"):
            continue
        if "weight_decay" in parameter.winner:
            if parameter.value["weight_decay"] > 0:
                sources.setdefault(("rule", parameter.winner["weight_decay"]), []).append(parameter)
        elif base.get("weight_decay", 0) > 0:
            sources.setdefault(("optimizer", parameter.optimizer), []).append(parameter)
        elif "weight_decay" not in base and base.get("type") in ("AdamW", "Muon") and is_set:
            sources.setdefault(("rules", None), []).append(parameter)
    return [
        _finding(spec, "LRS311", key if kind == "rule" else None, parameters=_first_names(some))
        for (kind, key), some in sources.items()
    ]


def _about_misfits(spec: dict[str, Any], notes: _Notes) -> list[Finding]:
    """LRS104 and LRS106, of which `check` says nothing: one for each key of a rule and each optimizer."""
    rules = spec["rules"]
    return [
        Finding(code, NAMES[code], "error", rule=_rule_name(rules[index], index), axis=key, parameters=tuple(names))
        for (code, index, key, _), names in notes.misfits.items()
    ]

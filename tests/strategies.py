"""Hypothesis strategies for parameter inventories and valid specs, made to collide a lot.

Names, regexes and values come from small sets, so that rules overlap, regexes miss, layers share numbers and
settings happen to be equal. Whatever `specs` draws is valid in itself: 1xx findings it has only where several
optimizers and a model bring them together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

BLOCKS = [
    *(f"blocks.{n}.{rest}" for n in (0, 1, 2, 10) for rest in ("attn.weight", "attn.bias", "norm.weight")),
    *(f"blocks.{n}.norm.bias" for n in (0, 1, 2, 10)),
    *("blocks.01.attn.weight", "blocks.last.attn.weight"),
]
NUMBERED = [
    *(f"layer{n}.conv.weight" for n in range(1, 11)),
    *(f"layer{n}.norm.bias" for n in (1, 2, 10)),
]
DENSE = [
    *(f"denseblock{n}.layer{m}.weight" for n in (1, 2, 10) for m in (1, 2, 10)),
    *(f"transition{n}.weight" for n in (1, 2, 3, 10)),
]
ENDS = [
    *("embed", "embed.weight", "embed.norm.bias", "cls_token", "pos_embed"),
    *("norm", "norm.weight", "norm.bias", "head", "head.weight", "head.bias", "Head.weight"),
]
VOCABULARIES = [BLOCKS + NUMBERED + DENSE + ENDS, BLOCKS + ENDS, NUMBERED + ENDS, DENSE + ENDS]
OWNERS = [
    ["BatchNorm2d", "_BatchNorm", "_NormBase"],
    ["LayerNorm"],
    ["Linear"],
    ["Conv2d", "_ConvNd"],
    ["OwnConv", "Conv1d", "_ConvNd"],
    ["Conv1D"],
    ["Embedding"],
    ["ScaledEmbedding", "Embedding"],
    ["EmbeddingBag"],
    ["Block"],
]

DECLARED = [
    *([[]] * 6),
    ["head"],
    ["embedding"],
    ["no_weight_decay"],
    ["embedding", "head"],
    ["head", "no_weight_decay"],
]

MATCHES = [
    *(
        r"^blocks\.",
        r"^blocks\.0\.",
        r"^blocks\.(?:0|1)\.",
        r"^blocks\.1",
        r"^layer",
        r"^layer1",
        r"^layer1\.",
    ),
    *(r"^blocks\.[01]\.", r"[1-9]\.\w+\.weight$", r"(\d)\d*\..*\1", r"\.(?!0)\d", "layer[^2]", r"0\.(?:attn|norm)"),
    *(r"^head", r"(?i)^HEAD\.", r"^norm\.", "norm", r"\.norm\.", "(attn|norm)", r"\.bias$", r"\.weight$"),
    *(r"^embed", "embed", "^cls_token$", r"^denseblock\d+\.", "^transition", "^absent", r"\d", "."),
]
LAYERS = [
    *(
        "^(.+)$",
        r"^(\w+)",
        r"^(\w+)\.",
        "^embed",
        "embed$",
        "^cls_token$",
        "^absent",
        r"^absent(\d+)",
        "^head",
    ),
    *(r"^blocks\.", r"^blocks\.(\d+)\.", r"^blocks\.(\w+)\.", r"^blocks\.(\d+)\.(?:attn|(norm))"),
    *(r"^blocks\.(\d+)\.(\w+)", r"^blocks\.(?:0|(\d+))\.", r"^blocks\.\d+\.(\w*)", r"^blocks\.(\d)(\d*)"),
    *(r"^layer(\d+)\.", r"^layer(\d)", r"^layer(\d)(\d?)", "^(?:blocks.|layer)(\\d+)", "(norm|bias)"),
    *(r"^denseblock(\d+)\.layer(\d+)\.", r"^denseblock(\d+)\.", "^norm", "^head|^norm"),
]
EVERY = {
    1: [
        *(r"^blocks\.(\d+)\.", r"^blocks\.(\w+)\.", r"^blocks\.(?:0|(\d+))\.", r"^blocks\.\d+\.(\w*)"),
        *(r"^layer(\d+)\.", r"^layer(\d)", "^(?:blocks.|layer)(\\d+)", r"^denseblock(\d+)\.", "^(.+)$"),
    ],
    2: [
        *(r"^denseblock(\d+)\.layer(\d+)\.", r"^blocks\.(\w+)\.(\w+)", r"^blocks\.(\d)(\d*)", r"^layer(\d)(\d?)"),
        r"^(blocks|layer)\.?(\d+)",
    ],
}
"""What `every` divides, by the number of groups."""
JOINS = [
    *(
        "^norm",
        r"\.norm\.",
        r"^transition(\d+)\.",
        "^transition",
        r"^transition(\d)(\d?)",
        "^head",
        r"\.bias$",
    ),
    *(
        r"^blocks\.(\d+)\.norm",
        r"^layer(\d+)\.norm",
        r"^blocks\.(\d+)\.(\w+)\.",
        "^absent",
        "^embed",
        "embed",
    ),
]
MODULES = ["Norm", "^Linear$", "^_BatchNorm$", "Conv", "^(?:Embedding|Block)$", "Absent"]

RATES = [1e-3, 0.001, 1e-4, 2e-3, 0.01, 1, 1.0, 2.0, 0]
MULTIPLIERS = [0.1, 0.5, 1, 1.0, 2, 16.0, 0, 1e-3, 0.05]
DECAYS = [0, 0.0, 0.01, 0.05, 0.1, 1, 2.0]
FACTORS = [0.75, 0.5, 0.9, 0.1, 1, 1.0]
FLOORS = [0, 0.0, 0.1, 0.5, 1]
FIRSTS = [0.01, 0.5, 0.5625, 1, 1.0]
SIZES = ["rows", "cols", "fan_in", "fan_out"]
POWERS = [-1, -1.0, -0.5, 0.5, 1, 2]
BASES = [1, 2, 4.0, 0.5]
STEPS = [1, 2, 10, 100, 110]
PERCENTAGES = ["10%", "10.0%", "12.5%", "33.3%", "0.5%", "5%", "02%", "60%", "100%"]
SCHEDULES = ["main", "slow", "late", "B-2"]
SHAPES = ["linear", "cosine", "sqrt", "exponential", "inverse_sqrt", {"power": 2}, {"power": 0.5}]
ENDS_OF_SEGMENTS = [0, 0.0, 0.1, 0.5, 1, 1.0, 10]
TAGS: dict[str, list[Any]] = {
    "is_last_layer": [True, False, 1, 0],
    "phase": ["a", "b", ""],
    "A_2": [1, 1.0, 0.5, True, "1"],
}
OPTIONS: dict[str, list[Any]] = {
    "eps": [1e-8, 1e-6, 1, 1.0],
    "amsgrad": [True, False, 1],
    "betas": [[0.9, 0.999], [0.9, 0.95], [0, 0.999], [0.0, 0.999]],
    "momentum": [0.9, 0, 0.0],
    "nesterov": [True, False, 1],
    "lr_decay": [0, 0.01],
    "etas": [[0.5, 1.2], [0.25, 2]],
    "beta3": [0.99, "a"],
}

OWN = "package.Own"
TYPES = ["AdamW", "AdamW", "SGD", "Muon", "Adagrad", "SparseAdam", "Rprop", OWN, "timm:lamb", ""]
TAKEN = {
    "AdamW": ["eps", "amsgrad", "betas"],
    "SGD": ["momentum", "nesterov"],
    "Muon": ["eps", "momentum", "nesterov"],
    "Adagrad": ["eps", "lr_decay"],
    "SparseAdam": ["eps", "betas"],
    "Rprop": ["etas"],
    OWN: list(OPTIONS),
    "timm:lamb": list(OPTIONS),
    "": [],
}
"""Which of these options a type takes; the empty type is left out."""
WITHOUT_DECAY = ["SparseAdam", "Rprop"]
OPTIMIZER_NAMES = ["adamw", "muon", "rest", "A_2"]

RULE_NAMES = ["backbone", "head", "no-decay", "rest", "B_2", "a", "unmatched", "unmatched-2", "rule-9"]
"""Among them names that lrspec itself gives to groups and to rules."""
SEVERITIES = ["error", "warning", "ignore"]
# Severities of findings that are judged by rule, and of those that are judged over the whole model.
CHECKED_BY_RULE = [
    *("unmatched-parameter", "overlapping-rules", "unused-rule", "shadowed-rule", "unused-pattern"),
    *("frozen-only-rule", "join-without-layer", "shape-unknown", "redundant-setting", "scaled-absolute-lr"),
    *("unfit-parameter", "trains-nothing", "rate-for-multiple", "fallback-beyond-rest", "scalars-decay"),
    *("nothing-to-spare", "multiple-for-rate", "unexpected-count", "no-such-number"),
]
CHECKED_BY_MODEL = ["zero-lr", "large-value", "unused-optimizer", "unused-schedule"]
# Lints that `bruteforce` does not judge: never an error, which would take the groups away.
UNJUDGED = ["regex-partial-component", "regex-unescaped-dot", "mixed-decay", "regex-dead-branch", "odd-value"]


@cache
def _chance(percent: int) -> st.SearchStrategy[bool]:
    """True in about so many of a hundred draws; shrinks to False."""
    return st.integers(0, 99).map(lambda drawn: drawn >= 100 - percent)


def _one(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    return _made(f"one of {values}", lambda: st.sampled_from(values))


def _some(values: list[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return _made(
        f"{most} of {values}", lambda: st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)
    )


def _lone_or_list(values: list[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return _made(f"one or {most} of {values}", lambda: _one(values) | _some(values, most))


def _order(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    return _made(f"an order of {values}", lambda: st.permutations(values))


def _made(what: str, make: Callable[[], st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """A strategy, made once: hypothesis examines each new one. It is known by text, in which 1 and 1.0 differ."""
    if what not in _MADE:
        _MADE[what] = make()
    return _MADE[what]


_MADE: dict[str, st.SearchStrategy[Any]] = {}


# Inventories ----------------------------------------------------------------------------------------


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Any]:
    """A parameter inventory, as JSON: 1 to 14 parameters, some tied, some frozen by the model.

    In every other one parameters whose names differ in digits only are alike in all else, as they are in most models.
    """
    vocabulary, alike = draw(_one(VOCABULARIES)), draw(st.booleans())
    drawn: dict[str, dict[str, Any]] = {}
    count = draw(st.integers(1, 14))
    names = draw(st.lists(st.sampled_from(vocabulary), min_size=count, max_size=14, unique=True))
    parameters: list[dict[str, Any]] = []
    for name in names:
        if draw(_chance(15)) and parameters:
            tied = draw(st.sampled_from(parameters))
            tied["aliases"].append(name)
            tied["alias_modules"].append(draw(_one(OWNERS)))
        else:
            kind = re.sub("[0-9]", "0", name) if alike else name
            if kind not in drawn:
                drawn[kind] = draw(_parameters(name))
            parameters.append({**deepcopy(drawn[kind]), "name": name})
    return {"lrspec_params": 1, "source": "drawn", "parameters": parameters}


@st.composite
def _parameters(draw: st.DrawFn, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "aliases": [],
        "shape": draw(_shapes()),
        "requires_grad": not draw(_chance(15)),
        "module": draw(_one(OWNERS)),
        "alias_modules": [],
        "declared": draw(_one(DECLARED)),
    }


@st.composite
def _shapes(draw: st.DrawFn) -> list[int]:
    sizes = _one([*range(1, 9), 1, 2, 4, 8, 0])
    return [draw(sizes) for _ in range(draw(_one([0, 1, 1, 2, 2, 2, 3, 4])))]


# Specs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Several:
    """The optimizers of a spec, by their names; the only one has none. `fitting` ones take all that rules set."""

    by_name: dict[str | None, dict[str, Any]]
    fitting: bool

    @property
    def names(self) -> list[str]:
        """The names that rules can say."""
        return [name for name in self.by_name if name is not None]

    def decays(self, name: str | None) -> bool:
        """Whether a rule may set a weight decay; `name` is the optimizer that it names."""
        return self._some(name, [_type(each) not in WITHOUT_DECAY for each in self._meant(name)])

    def multiplies(self, key: str) -> bool:
        """Whether a rule may multiply what optimizers say under a key."""
        return self._some(None, [key in each for each in self.by_name.values()])

    def options(self, name: str | None) -> list[str]:
        """The options that a rule may set."""
        meant = self._meant(name)
        return [key for key in OPTIONS if self._some(name, [key in TAKEN[_type(each)] for each in meant])]

    def _meant(self, name: str | None) -> list[dict[str, Any]]:
        """Those that a rule is judged by: what it selects may go to any unless it names one, or is to fit."""
        return list(self.by_name.values()) if name is None or self.fitting else [self.by_name[name]]

    def _some(self, name: str | None, each: list[bool]) -> bool:
        return all(each) if self.fitting else any(each)


def _type(optimizer: dict[str, Any]) -> str:
    return str(optimizer.get("type", ""))


@st.composite
def specs(draw: st.DrawFn, fitting: bool = False, several: bool = True, running: bool = True) -> dict[str, Any]:
    """A valid spec, as parsed: 1 to 5 rules over every feature of the language.

    About half have `several` optimizers, if any may; `fitting` ones all take what rules set, so that no model brings a
    finding of LRS1xx. Without `running` there are no schedules, and nothing thaws.
    """
    fits = fitting or draw(_chance(50))
    optimizers = draw(_several(fits) if draw(_chance(50)) and several else _only())
    count = draw(st.integers(1, 5))
    schedules = draw(_schedules()) if draw(_chance(35)) and running else {}
    rules = [draw(_rules(optimizers, list(schedules), running)) for _ in range(count)]
    if draw(_chance(80)) and optimizers.fitting:
        _name_all(optimizers.names[1:], rules)
    names = draw(_order(RULE_NAMES))
    named = [{"name": name, **rule} if draw(_chance(60)) else rule for name, rule in zip(names, rules, strict=False)]
    only = optimizers.by_name.get(None)
    described = {"optimizers": optimizers.by_name} if only is None else {"optimizer": only}
    spec = {"lrspec": 1, **described, **({"schedules": schedules} if schedules else {}), "rules": named}
    if draw(_chance(50)):
        spec["check"] = draw(_lenient_checks())
    elif draw(_chance(40)):
        spec["check"] = draw(_checks(CHECKED_BY_RULE + CHECKED_BY_MODEL))
    return spec


def _name_all(names: list[str], rules: list[dict[str, Any]]) -> None:
    """Let rules name the optimizers that none has named yet, as far as there are rules that can."""
    unnamed = [name for name in names if all(rule.get("optimizer") != name for rule in rules)]
    free = [rule for rule in rules if "optimizer" not in rule and rule.get("freeze") is not True]
    for name, rule in zip(unnamed, free, strict=False):
        rule["optimizer"] = name


@st.composite
def _only(draw: st.DrawFn) -> _Several:
    return _Several({None: draw(_optimizers(_one(["AdamW"] * 7 + ["Muon"])))}, True)


@st.composite
def _several(draw: st.DrawFn, fitting: bool) -> _Several:
    """One to three optimizers by names; some that do not fit lack an `lr`, but not the first."""
    names = draw(_order(OPTIMIZER_NAMES))[: draw(_one([1, 2, 2, 2, 3]))]
    types = _one([each for each in TYPES if each not in WITHOUT_DECAY] if fitting else TYPES)
    by_name: dict[str | None, dict[str, Any]] = {name: draw(_optimizers(types)) for name in names}
    if draw(_chance(40)):
        for each in by_name.values():
            each |= {"lr": 0.01} if _type(each) in WITHOUT_DECAY else {"lr": 0.01, "weight_decay": 0}
    for name in [] if fitting else names[1:]:
        if draw(_chance(30)):
            del by_name[name]["lr"]
    return _Several(by_name, fitting)


@st.composite
def _optimizers(draw: st.DrawFn, types: st.SearchStrategy[str]) -> dict[str, Any]:
    kind = draw(types)
    optimizer: dict[str, Any] = {"type": kind} if kind else {}
    optimizer["lr"] = draw(_one(RATES))
    if kind not in WITHOUT_DECAY and draw(_chance(75)):
        optimizer["weight_decay"] = draw(_one(DECAYS))
    for key in TAKEN[kind]:
        if draw(_chance(25)):
            optimizer[key] = draw(_one(OPTIONS[key]))
    return optimizer


@st.composite
def _rules(draw: st.DrawFn, optimizers: _Several, schedules: list[str], running: bool) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    kind = draw(_one(["match", "match", "layers", "layers", "where", "catch-all"]))
    if kind == "match":
        rule["match"] = draw(_lone_or_list(MATCHES))
    elif kind == "layers":
        rule["layers"] = draw(_ladders())
    if kind == "where" or (kind != "catch-all" and draw(_chance(20))):
        rule["where"] = draw(_wheres())
    if draw(_chance(20)):
        rule["exclude"] = draw(_lone_or_list(MATCHES, 2))
    rule |= draw(_settings(kind == "layers", optimizers, schedules, running))
    if draw(_chance(15)):
        rule["expect"] = draw(_lone_or_list([1, 2, 3, 4, 5, 6, 8, 10], 4))
    if kind == "catch-all" or draw(_chance(20)):
        rule["fallback"] = True
    elif draw(_chance(5)):
        rule["fallback"] = False
    if draw(_chance(20)):
        rule["optional"] = draw(_chance(80))
    if draw(_chance(20)):
        rule["check"] = draw(_checks(CHECKED_BY_RULE))
    return rule


@st.composite
def _ladders(draw: st.DrawFn) -> Any:
    if draw(_chance(30)):
        return draw(_one(LAYERS))
    entries = [draw(_openings())]
    for _ in range(draw(st.integers(0, 4))):
        if draw(_chance(12)):
            entries.append({"gap": draw(st.integers(1, 3))})
        elif draw(_chance(35)):
            to = draw(_one([{}, {}, {"to": "last"}, {"to": "first"}, {"to": "first"}]))
            entries.append({"join": draw(_lone_or_list(JOINS, 2)), **to})
        else:
            entries.append(draw(_openings()))
    return entries


@st.composite
def _openings(draw: st.DrawFn) -> Any:
    """An entry that has layers of its own."""
    if draw(_chance(75)):
        return draw(_lone_or_list(LAYERS, 2))
    match = draw(_lone_or_list(EVERY[draw(_one([1, 1, 2]))], 2))
    return {"match": match, "every": draw(_one([2, 2, 3, 10]))}


@st.composite
def _wheres(draw: st.DrawFn) -> dict[str, Any]:
    where: dict[str, Any] = {}
    for key in draw(_one([["ndim"], ["module"], ["ndim", "module"], ["declared"], ["ndim", "declared"]])):
        if key == "ndim":
            where["ndim"] = draw(_lone_or_list([0, 1, 2, 3, 4]))
        elif key == "module":
            where["module"] = draw(_one(MODULES))
        else:
            where["declared"] = draw(_lone_or_list(["embedding", "head", "no_weight_decay"], 2))
    return where


@st.composite
def _settings(
    draw: st.DrawFn, ladder: bool, optimizers: _Several, schedules: list[str], running: bool
) -> dict[str, Any]:
    """What a rule sets, one axis or more."""
    if not ladder and draw(_chance(12)):
        return {"freeze": True}
    settings: dict[str, Any] = {}
    if draw(_chance(60)) and optimizers.names:
        settings["optimizer"] = draw(_one(optimizers.names))
    axes = draw(_some(_AXES, 3))
    if draw(_chance(50)) and (ladder or settings):
        axes = []
    if draw(_chance(15)) and running:
        settings["freeze"] = draw(_thaws(ladder))
    if ladder and not (draw(_chance(50)) and _by_layer(settings.get("freeze"))):
        settings["layer_decay"] = draw(_layer_decays())
    if "rate" in axes:
        settings |= draw(_one_of("lr", RATES, "lr_mult", MULTIPLIERS))
    if "scale" in axes:
        settings["lr_scale"] = draw(_factors(MULTIPLIERS))
    if "weight_decay" in axes and optimizers.decays(settings.get("optimizer")):
        settings |= draw(_weight_decays(optimizers.multiplies("weight_decay")))
    if "options" in axes and (possible := optimizers.options(settings.get("optimizer"))):
        keys = draw(_some(possible, 3))
        settings["options"] = {key: draw(_one(OPTIONS[key])) for key in keys}
    if draw(_chance(40)) and schedules:
        settings["schedule"] = draw(_one(schedules))
    if draw(_chance(12)):
        settings["tags"] = {key: draw(_one(TAGS[key])) for key in draw(_some(list(TAGS), 2))}
    if "freeze" in axes or not settings:
        settings.setdefault("freeze", False)
    return settings


_AXES = ["rate", "scale", "weight_decay", "freeze", "options"]


@st.composite
def _thaws(draw: st.DrawFn, ladder: bool) -> dict[str, Any]:
    """Freezing for a while, or of all layers but the last."""
    times = _one(STEPS if draw(st.booleans()) else PERCENTAGES)
    keys = draw(_one(["u", "ue", "ueb", "ub", "b"])) if ladder else "u"
    drawn = {"until": times, "every": times, "but_last": st.integers(1, 3)}
    return {key: draw(values) for key, values in drawn.items() if key[0] in keys}


def _by_layer(freeze: Any) -> bool:
    return isinstance(freeze, dict) and ("every" in freeze or "but_last" in freeze)


@st.composite
def _factors(draw: st.DrawFn, numbers: list[Any]) -> Any:
    """A number, or a factor from shapes."""
    if draw(_chance(65)):
        return draw(_one(numbers))
    base = draw(_one([{}, *({"base": each} for each in BASES)]))
    return {"of": draw(_one(SIZES)), **base, "power": draw(_one(POWERS))}


# Schedules ------------------------------------------------------------------------------------------


@st.composite
def _schedules(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(_order(SCHEDULES))[: draw(_one([1, 2, 2, 3]))]
    return {name: draw(schedules()) for name in names}


@st.composite
def schedules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A valid schedule: 1 to 5 segments whose ends rise, steps and percentages each by themselves."""
    count = draw(st.integers(1, 5))
    steps = sorted(draw(st.lists(st.integers(1, 120), min_size=count, max_size=count, unique=True)))
    percents = sorted(draw(st.lists(_percentages(), min_size=count, max_size=count, unique=True)))
    segments: list[dict[str, Any]] = []
    before = 1.0
    for number in range(count):
        until: Any = f"{percents[number]}%" if draw(st.booleans()) else steps[number]
        segment, before = draw(_segments(before))
        last = number == count - 1 and draw(_chance(60))
        segments.append(segment if last else {"until": until, **segment})
    return segments


def _percentages() -> st.SearchStrategy[Decimal]:
    return st.integers(1, 800).map(lambda eighths: Decimal(eighths) / 8)


@st.composite
def _segments(draw: st.DrawFn, before: float) -> tuple[dict[str, Any], float]:
    """A segment behind one that ends at a factor, and at which it ends itself."""
    segment: dict[str, Any] = {}
    if draw(_chance(50)):
        segment["from"] = draw(_one(ENDS_OF_SEGMENTS))
    if draw(_chance(60)):
        segment["to"] = draw(_one(ENDS_OF_SEGMENTS))
    if draw(_chance(70)):
        segment["shape"] = draw(_one(SHAPES))
    start, shape = segment.get("from", before), segment.get("shape")
    if shape == "inverse_sqrt":
        segment.pop("to", None)
        return segment, start  # or less, but above 0 where that is
    if shape == "exponential" and (start == 0 or segment.get("to") == 0):
        segment |= {"from": 0.5, "to": 0.1}
    return segment, float(segment.get("to", 1))


def _weight_decays(multiples: bool) -> st.SearchStrategy[dict[str, Any]]:
    if multiples:
        return st.booleans().flatmap(
            lambda absolute: (
                st.fixed_dictionaries({"weight_decay": st.sampled_from(DECAYS)})
                if absolute
                else st.fixed_dictionaries({"weight_decay_mult": _factors(MULTIPLIERS)})
            )
        )
    return st.sampled_from(DECAYS).map(lambda value: {"weight_decay": value})


@st.composite
def _one_of(draw: st.DrawFn, absolute: str, values: list[Any], relative: str, multipliers: list[Any]) -> dict[str, Any]:
    """One setting of two that exclude each other."""
    if draw(st.booleans()):
        return {absolute: draw(_one(values))}
    return {relative: draw(_one(multipliers))}


@st.composite
def _layer_decays(draw: st.DrawFn) -> Any:
    if draw(_chance(20)):
        return {"first": draw(_one(FIRSTS))}
    factor = draw(_one(FACTORS))
    if draw(_chance(70)):
        return factor
    return {"factor": factor, "min_mult": draw(_one(FLOORS))}


@st.composite
def _checks(draw: st.DrawFn, names: list[str]) -> dict[str, str]:
    check = {name: draw(_one(SEVERITIES)) for name in draw(_some(names, 4))}
    if draw(_chance(15)):
        check[draw(_one(UNJUDGED))] = draw(_one(["warning", "ignore"]))
    return check


@st.composite
def _lenient_checks(draw: st.DrawFn) -> dict[str, str]:
    """No error by default, so that groups are made in spite of all that collides."""
    return {name: draw(_one(["warning", "ignore"])) for name in CHECKED_BY_RULE + CHECKED_BY_MODEL}


# Specs with a change -------------------------------------------------------------------------------

ODD_KEYS = [
    *("lr", "match", "layers", "layer_decay", "freeze", "weight_decay", "options", "where", "check", "join"),
    *("type", "betas", "momentum", "params", "models", "source", "optimizer", "factor", "unused-rule", "syntax", "lrr"),
    *("optimizers", "adamw", "muon", "a b"),
    *("expect", "to", "every", "gap", "first", "of", "power", "base", "until", "but_last", "schedules", "schedule"),
    *("tags", "from", "shape"),
]
ODD_VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, -1, 0.5, 1.5, "", "a", "^(", "a b", "a\n", "1", "error"),
    *([], {}, [1], ["a"], [None], [{"join": "a"}], {"join": "a"}, {"factor": 0.5}, {"ndim": 1}, {"betas": [0, 1]}),
    *("SGD", "Rprop", "LBFGS", "adamw", "a.B", "py:a:b", "timm:a", "hf-hub:a", "a:b", "params: ", " "),
    *({"source": "a"}, {"source": "py:a"}, ["a", {"source": "a", "args": {"b": None}}], {"type": "Rprop"}),
    *("muon", {"muon": {"type": "Muon"}}, {"adamw": {}, "a b": {"type": "SGD"}}, {"momentum": "a"}),
    *("5%", "0%", "101%", "5.%", "last", "first", "linear", {"power": 2}, {"of": "rows", "power": -1}, {"gap": 1}),
    *({"until": 10}, {"until": "5%", "every": 1}, {"but_last": 1}, {"first": 0.5}, {"main": [{}]}, [{"until": 2}, {}]),
    *({"match": "a", "every": 2}, {"match": "(a)", "every": 2}, {"a": 1}, {"lr_scale": 1}, "main"),
]


@st.composite
def changed_specs(draw: st.DrawFn) -> dict[str, Any]:
    """A spec, as parsed, in which a few things are taken out, put in or replaced; often it is wrong afterwards."""
    spec: dict[str, Any] = deepcopy(draw(specs()))
    odd = st.sampled_from(ODD_VALUES).map(deepcopy)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_mappings_and_lists(spec)))
        if isinstance(place, list):
            place.insert(draw(st.integers(0, len(place))), draw(odd))
        elif place and draw(st.booleans()):
            del place[draw(st.sampled_from(sorted(place)))]
        else:
            place[draw(st.sampled_from([*ODD_KEYS, *sorted(place)]))] = draw(odd)
    return spec


def _mappings_and_lists(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [deeper for each in inner for deeper in _mappings_and_lists(each)]
    return [value, *found] if isinstance(value, dict | list) else found

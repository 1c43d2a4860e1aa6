"""Compiling: from a model to its optimizer's groups, beside other ways to them and beside reading the names alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from torch import nn

import lrspec
from benchmarks.contenders import (
    EXPERTS_KEYS,
    RESNET18_KEYS,
    VIT_KEYS,
    Groups,
    has_mmengine,
    mmengine,
    timm_layer_decay,
    timm_weight_decay,
    tutorial,
)
from benchmarks.models import SPECS, build
from benchmarks.page import Section, Table, duration, ratio
from benchmarks.timing import Effort, Task, Times, in_turn, tell

NAMES = "`list(model.named_parameters())`"
TIMM = "timm `param_groups_layer_decay`"
MMENGINE = "mmengine `DefaultOptimWrapperConstructor`"
SEVEN, FIFTY, FALLBACKS = "lrspec, 7 rules", "lrspec, 50 rules", "lrspec, 50 rules, 28 of them fallbacks"
COLUMNS = ("what", "takes", "a parameter", "× names", "× timm", "at most")
LARGEST = "100,000"
STEPS = 10
"""So many steps of the tutorials' loop are timed on a large model: each looks at every name, so all take the same."""

TEXT = """\
From a model on the meta device to a list of groups for `torch.optim`. lrspec is `compile` and `param_groups`, all
checks and lints included, of a spec that is loaded already; "in one call" is `lrspec.param_groups`, which walks through
the model once, also with the path of the spec. "× names" is how many times as long as reading the names alone, and
"× timm" as timm's layer decay.

On resnet18 and ViT-L lrspec's rules give timm's groups. The other models are mixtures of experts, each expert of
modules of its own, with names such as `model.layers.37.mlp.experts.211.up_proj.weight`; they have the `group_matcher`
and the `no_weight_decay` that timm asks a model for. One of the rules is a ladder with a capture, except where rules
overlap and fallbacks take what is left.

No other way says all that the rules say. timm's says the ladder and the decay, its second no ladder. Of mmengine's
`custom_keys` the longest that a name contains holds alone: on timm's models they are the ladder, and on the mixtures
there is a key for a rule and no ladder. mmengine's log of every setting is off. The tutorials' loop is a ladder only, a
group a parameter, and looks every name up among all names: on more than 2,000 parameters its first ten steps are timed,
and that is multiplied (≈). A hyphen: not installed."""

KEYS = {"resnet18": RESNET18_KEYS, "ViT-L": VIT_KEYS}
RULES = {"resnet18": "resnet18", "ViT-L": "vit-l"}


@dataclass(frozen=True)
class Way:
    """A way to groups: what is timed, which part of the whole that is, and how many times names or timm it may take."""

    task: Task | None
    share: float = 1
    most_names: float | None = None
    most_timm: float | None = None


def measure(effort: Effort) -> Section:
    """A table a model, and the time a parameter over the sizes."""
    sizes = ("1,000",) if effort.quick else ("1,000", "10,000", LARGEST)
    tables, linear = [], []
    for name in ("resnet18", "ViT-L", *sizes):
        caption, table, times, parameters = _model(name, effort)
        tables.append((caption, table))
        if name in sizes:
            linear.append((f"{parameters:,}", *(_each(times.median(way), parameters) for way in (NAMES, SEVEN, FIFTY))))
    return Section(
        "Compiling", TEXT, [*tables, ("Time a parameter:", Table(("parameters", NAMES, SEVEN, FIFTY), linear))]
    )


def _model(name: str, effort: Effort) -> tuple[str, Table, Times, int]:
    tell(f"compiling for {name}")
    model = build(name)
    parameters = sum(1 for _ in model.parameters())
    ways = dict(_ways(name, model, parameters))
    times = in_turn({way: each.task for way, each in ways.items() if each.task}, effort)
    rows = [_row(way, each, times, parameters) for way, each in ways.items()]
    return f"{name}: {parameters:,} parameters", Table(COLUMNS, rows), times, parameters


def _ways(name: str, model: nn.Module, parameters: int) -> Iterator[tuple[str, Way]]:
    yield NAMES, Way(lambda: list(model.named_parameters()))
    yield from _from_file(RULES[name], model) if name in RULES else _loaded(name, model)
    yield TIMM, Way(partial(timm_layer_decay, model))
    yield "timm `param_groups_weight_decay`", Way(partial(timm_weight_decay, model))
    keys = KEYS.get(name, EXPERTS_KEYS)
    yield f"{MMENGINE}, {len(keys)} keys", Way(partial(mmengine, model, keys) if has_mmengine() else None)
    steps = STEPS if parameters > 2_000 else parameters
    yield "the tutorials' loop", Way(partial(tutorial, model, steps), steps / parameters)


def _from_file(spec: str, model: nn.Module) -> Iterator[tuple[str, Way]]:
    """timm's rules: what is limited is how many times as long as timm's own."""
    path = SPECS / f"{spec}.lrspec.yaml"
    yield "lrspec", Way(partial(lrspec_groups, lrspec.load(path), model), most_timm=1.5)
    yield "lrspec, in one call", Way(partial(lrspec.param_groups, lrspec.load(path), model))
    yield "lrspec, from the path of the spec", Way(partial(lrspec.param_groups, path, model))


def _loaded(name: str, model: nn.Module) -> Iterator[tuple[str, Way]]:
    """Specs for the experts: on the largest it is limited how many times as long as reading the names."""
    for way, spec, most in ((SEVEN, "experts-7", 2), (FIFTY, "experts-50", 3), (FALLBACKS, "experts-50-fallbacks", 3)):
        loaded = lrspec.load(SPECS / f"{spec}.lrspec.yaml")
        yield way, Way(partial(lrspec_groups, loaded, model), most_names=most if name == LARGEST else None)
        yield f"{way}, in one call", Way(partial(lrspec.param_groups, loaded, model))


def lrspec_groups(spec: lrspec.SpecFile, model: nn.Module) -> Groups:
    """lrspec's groups, of a spec that is loaded already."""
    return lrspec.compile(spec, model).param_groups(model)


def _row(way: str, each: Way, times: Times, parameters: int) -> tuple[str, ...]:
    if each.task is None:
        return (way, *["-"] * 4, "")
    about = "" if each.share == 1 else "≈ "
    whole = times.median(way) / each.share
    names, timm = (times.ratio(way, beside) / each.share for beside in (NAMES, TIMM))
    most = f"{each.most_names:g} × names" if each.most_names else f"{each.most_timm:g} × timm" if each.most_timm else ""
    ratios = (ratio(names, each.most_names), ratio(timm, each.most_timm))
    return (way, about + duration(whole), _each(whole, parameters), *ratios, most)


def _each(seconds: float, parameters: int) -> str:
    each = seconds / parameters * 1e6
    return f"{each:.3g} µs" if each < 100 else f"{each:,.0f} µs"

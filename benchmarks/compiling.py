"""Compiling: from a model to optimizer groups, compared with other ways to build them and with listing the names."""

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
COLUMNS = ("what", "takes", "per parameter", "× names", "× timm", "at most")
LARGEST = "100,000"
STEPS = 10
"""Steps of the tutorials' loop timed on a large model: each step looks at every name, so all take equally long."""

TEXT = """\
From a model on the meta device to a list of groups for `torch.optim`. The "lrspec" rows are `compile` and
`param_groups` with all checks and lints, for a spec that is already loaded; "in one call" is `lrspec.param_groups`,
which walks through the model once, and is also timed with the path of the spec. "× names" compares the time with
listing the names, and "× timm" with timm's layer decay.

On resnet18 and ViT-L lrspec's rules give timm's groups. The other models are mixtures of experts. Each expert has its
own modules, with names such as `model.layers.37.mlp.experts.211.up_proj.weight`; the models have the `group_matcher`
and the `no_weight_decay` that timm requires. One of the rules is a ladder with a capture, except in the spec with
overlapping rules and fallbacks.

No other way expresses all of the rules. timm's first function does the ladder and the decay, its second has no ladder.
With mmengine's `custom_keys`, only the longest key that a name contains applies: on timm's models the keys are the
ladder, and on the mixtures there is one key per rule and no ladder. mmengine's logging of every setting is off. The
tutorials' loop builds only a ladder, with one group per parameter, and searches all names for every name. Above 2,000
parameters only its first ten steps are timed, and the total is extrapolated (≈). A hyphen means not installed."""

KEYS = {"resnet18": RESNET18_KEYS, "ViT-L": VIT_KEYS}
RULES = {"resnet18": "resnet18", "ViT-L": "vit-l"}


@dataclass(frozen=True)
class Way:
    """A way to build groups: the task to time, its share of the whole, and its limits relative to names and timm."""

    task: Task | None
    share: float = 1
    most_names: float | None = None
    most_timm: float | None = None


def measure(effort: Effort) -> Section:
    """One table per model, and the time per parameter for each size."""
    sizes = ("1,000",) if effort.quick else ("1,000", "10,000", LARGEST)
    tables, linear = [], []
    for name in ("resnet18", "ViT-L", *sizes):
        caption, table, times, parameters = _model(name, effort)
        tables.append((caption, table))
        if name in sizes:
            linear.append((f"{parameters:,}", *(_each(times.median(way), parameters) for way in (NAMES, SEVEN, FIFTY))))
    return Section(
        "Compiling", TEXT, [*tables, ("Time per parameter:", Table(("parameters", NAMES, SEVEN, FIFTY), linear))]
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
    """timm's rules; the limit is relative to timm's own time."""
    path = SPECS / f"{spec}.lrspec.yaml"
    yield "lrspec", Way(partial(lrspec_groups, lrspec.load(path), model), most_timm=1.5)
    yield "lrspec, in one call", Way(partial(lrspec.param_groups, lrspec.load(path), model))
    yield "lrspec, from the path of the spec", Way(partial(lrspec.param_groups, path, model))


def _loaded(name: str, model: nn.Module) -> Iterator[tuple[str, Way]]:
    """Specs for the experts; on the largest model the limit is relative to listing the names."""
    for way, spec, most in ((SEVEN, "experts-7", 2), (FIFTY, "experts-50", 3), (FALLBACKS, "experts-50-fallbacks", 3)):
        loaded = lrspec.load(SPECS / f"{spec}.lrspec.yaml")
        yield way, Way(partial(lrspec_groups, loaded, model), most_names=most if name == LARGEST else None)
        yield f"{way}, in one call", Way(partial(lrspec.param_groups, loaded, model))


def lrspec_groups(spec: lrspec.SpecFile, model: nn.Module) -> Groups:
    """lrspec's groups, from a spec that is already loaded."""
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

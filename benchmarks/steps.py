"""Steps of AdamW with lrspec's groups, with one group per parameter, and with a single group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn

import lrspec
from benchmarks.models import MODELS, SPECS
from benchmarks.page import Section, Table, duration, ratio
from benchmarks.timing import Effort, in_turn, tell

COLUMNS = ("model", "device", "AdamW", "groups", "step", "group per parameter", "ratio", "single group", "ratio")
LRSPEC, EACH, SINGLE = "lrspec", "each", "single"
SUBJECTS = (("resnet18", "resnet18"), ("ViT-B", "vit-l"), ("1,000 small tensors", "small"))

TEXT = """\
One `optimizer.step()` on real parameters and gradients in float32: with lrspec's groups, with one group per parameter
(each with its settings, as loops over names make them), and with all parameters in a single group, which is a bound and
does not do the same. A ratio compares the time with that of lrspec's groups. There are no limits here, only
measurements."""

Groups = list[dict[str, Any]]


def measure(effort: Effort) -> Section:
    """One row for each model, device and implementation."""
    subjects = SUBJECTS[2:] if effort.quick else SUBJECTS
    rows = [row for subject in subjects for device in _devices() for row in _rows(*subject, device, effort)]
    return Section("Steps of the optimizer", TEXT, [("", Table(COLUMNS, rows))])


def _devices() -> tuple[str, ...]:
    return ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)


def _rows(name: str, spec: str, device: str, effort: Effort) -> Iterator[tuple[str, ...]]:
    model = _with_gradients(name, device)
    groups = lrspec.param_groups(SPECS / f"{spec}.lrspec.yaml", model)
    for implementation in ("foreach", "fused"):
        tell(f"steps on {name}, {device}, {implementation}")
        yield (name, device, implementation, f"{len(groups)}", *_steps(groups, implementation, device, effort))


def _steps(groups: Groups, implementation: str, device: str, effort: Effort) -> tuple[str, ...]:
    ways = {LRSPEC: groups, EACH: list(_a_group_each(groups)), SINGLE: [{"params": _params(groups)}]}
    times = in_turn({way: _step(found, implementation, device) for way, found in ways.items()}, effort)
    others = ((duration(times.median(way)), ratio(times.ratio(way, LRSPEC))) for way in (EACH, SINGLE))
    return (duration(times.median(LRSPEC)), *(cell for pair in others for cell in pair))


def _step(groups: Groups, implementation: str, device: str) -> Callable[[], None]:
    chosen: dict[str, Any] = {implementation: True}
    optimizer = torch.optim.AdamW([dict(group) for group in groups], **chosen)
    return partial(_finished_step, optimizer, device)


def _finished_step(optimizer: torch.optim.Optimizer, device: str) -> None:
    optimizer.step()
    if device == "cuda":
        torch.cuda.synchronize()


def _a_group_each(groups: Groups) -> Iterator[dict[str, Any]]:
    for group in groups:
        settings = {key: value for key, value in group.items() if key not in ("params", "param_names", "name")}
        yield from ({"params": [each], **settings} for each in group["params"])


def _params(groups: Groups) -> list[nn.Parameter]:
    return [each for group in groups for each in group["params"]]


def _with_gradients(name: str, device: str) -> nn.Module:
    with torch.device(device):
        model = _small() if name.endswith("tensors") else MODELS[name]()
    for each in model.parameters():
        each.grad = torch.randn_like(each)
    return model


def _small() -> nn.Module:
    """A thousand tensors in ten stages: `3.17.weight`."""
    return nn.ModuleList(nn.ModuleList(nn.Linear(16, 16) for _ in range(50)) for _ in range(10))

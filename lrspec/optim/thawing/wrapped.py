"""Refuses wrappers under which thawing would fail without a word: DDP as it was built, and engines of DeepSpeed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.wording import count
from lrspec.optim.bind import BindError

if TYPE_CHECKING:
    from torch import nn

NOT_ON_DEEPSPEED = "DeepSpeed trains what required grad when its engine was built, and nothing can thaw there"
STATIC = "DistributedDataParallel with static_graph=True cannot train what thaws"
WAITS = "DistributedDataParallel waits for gradients of what is still frozen"


def prepare(model: nn.Module) -> None:
    """BindError for an engine of DeepSpeed: ZeRO flattens the parameters that train when it is built.

    FSDP2 puts its shards back, where a forward without a backward has left whole parameters in their place.
    """
    if any(True for _ in _of_class(model, "DeepSpeedEngine", "deepspeed")):
        raise BindError(NOT_ON_DEEPSPEED)
    for module in _of_class(model, "FSDPModule", "torch"):
        module.reshard()


def refuse_replicas(model: nn.Module, trained: Sequence[nn.Parameter], *, lasting: bool) -> None:
    """BindError for a DDP that does not reduce all that the plan trains there; `lasting` if some stays frozen yet."""
    identities = set(map(id, trained))
    for ddp in _of_class(model, "DistributedDataParallel", "torch"):
        planned = len(identities & set(map(id, ddp.module.parameters())))
        reduced = ddp._get_ddp_logging_data().get("num_parameter_tensors", planned)
        if reduced < planned:
            raise BindError(
                f"DistributedDataParallel reduces {count(reduced, 'tensor')}, and the plan trains {planned} there: it "
                "never synchronises what was frozen when it was built\n"
                "The order is plan.freeze, optimizer, DDP, plan.advance."
            )
        if lasting and ddp.static_graph:
            raise BindError(f"{STATIC}: build it without static_graph")
        if lasting and not ddp.find_unused_parameters:
            raise BindError(f"{WAITS}: build it with find_unused_parameters=True")


def _of_class(model: nn.Module, name: str, package: str) -> Iterator[Any]:
    for module in model.modules():
        if any(base.__name__ == name and base.__module__.partition(".")[0] == package for base in type(module).__mro__):
            yield module

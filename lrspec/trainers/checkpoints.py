"""Resumes a trainer from its checkpoint by the names of the parameters, whatever the spec was when it was saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lrspec.optim.rates import rates
from lrspec.optim.resume.result import ResumeError
from lrspec.optim.resume.resume import load_optimizer_state

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrspec.compiler.plan import Plan


def load_by_name(optimizer: Optimizer, plan: Plan, attached: Callable[[], Any]) -> None:
    """Have an optimizer load state by name, with the plan's settings, and its scheduler no more than its step.

    `attached` gives the scheduler that a checkpoint is loaded into next. Without one, state is loaded as it is: so
    accelerate moves an optimizer to a device.
    """
    loading = False

    def by_name(_: Optimizer, saved: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal loading
        scheduler = attached()
        if loading or scheduler is None:
            return None
        if not (hasattr(scheduler, "follows_plan") or hasattr(scheduler, "lr_lambdas")):
            _refuse_changed(optimizer, saved, type(scheduler).__name__)
            return None
        _refuse_nameless(saved["param_groups"])
        loading = True
        try:
            load_optimizer_state(optimizer, saved, plan)
        finally:
            loading = False
        if hasattr(scheduler, "lr_lambdas"):
            _load_step(scheduler, rates(plan, optimizer))
        return optimizer.state_dict()

    optimizer.register_load_state_dict_pre_hook(by_name)


def _refuse_nameless(groups: Sequence[Mapping[str, Any]]) -> None:
    if any("param_names" not in group and not all(isinstance(key, str) for key in group["params"]) for group in groups):
        raise ResumeError(
            "the optimizer in this checkpoint does not name its parameters: it is one that the Trainer made itself\n"
            "Start a new run from the weights of the checkpoint, without `resume_from_checkpoint`."
        )


def _refuse_changed(optimizer: Optimizer, saved: Mapping[str, Any], scheduler: str) -> None:
    """ResumeError if groups have changed whose rates are where a scheduler has left them."""
    then, now = ([_settings(group) for group in each["param_groups"]] for each in (saved, optimizer.state_dict()))
    if then != now:
        raise ResumeError(
            f"the spec has changed since this checkpoint, and {scheduler} only knows the rates of the old groups\n"
            "Resume with the old spec, or give the spec `schedules`."
        )


def _settings(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key not in ("params", "lr", "initial_lr")}


def _load_step(scheduler: Any, base_rates: Sequence[float]) -> None:
    """Have a LambdaLR load the next state in another way: the step is the saved one, and the rates are the plan's."""
    load = scheduler.load_state_dict

    def load_step(saved: Mapping[str, Any]) -> None:
        del scheduler.load_state_dict
        load({**saved, "lr_lambdas": [None] * len(base_rates), "base_lrs": list(base_rates)})
        pairs = zip(base_rates, scheduler.lr_lambdas, strict=True)
        scheduler._last_lr = [rate * factor(scheduler.last_epoch) for rate, factor in pairs]
        for group, rate in zip(scheduler.optimizer.param_groups, scheduler._last_lr, strict=True):
            group["lr"] = rate

    scheduler.load_state_dict = load_step

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


def load_by_name(
    optimizer: Optimizer, plan: Plan, attached: Callable[[], Sequence[Any] | None], *, flattened: bool = False
) -> None:
    """Have an optimizer load state by name, with the plan's settings, and its schedulers no more than their step.

    `attached` gives the schedulers that a checkpoint is loaded into next. If it gives None, state is loaded as it is:
    so accelerate moves an optimizer to a device. State that DeepSpeed has `flattened` stays where it is in its group.
    """
    first, loading = [group["lr"] for group in optimizer.param_groups], False

    def by_name(_: Optimizer, saved: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal loading
        schedulers = attached()
        if loading or schedulers is None:
            return None
        loading = True
        try:
            return _loaded(optimizer, saved, plan, schedulers, flattened)
        finally:
            loading = False

    def with_first_rates(_: Optimizer, saved: dict[str, Any]) -> None:  # not every scheduler leaves them
        for group, rate in zip(saved["param_groups"], first, strict=False):
            group.setdefault("initial_lr", rate)

    optimizer.register_load_state_dict_pre_hook(by_name)
    optimizer.register_state_dict_post_hook(with_first_rates)


def refuse_other_groups(zero: Any) -> None:
    """Have DeepSpeed's optimizer raise ResumeError for the state of other groups; it would only compare lengths."""
    load = zero.load_state_dict

    def load_same(state_dict_list: Sequence[Any], *given: Any, **named: Any) -> None:
        present: dict[str, Any] = next(filter(None, state_dict_list), {})  # each process reads its own
        for saved in map(present.get, ("base_optimizer_state", "optimizer_state_dict")):
            if isinstance(saved, Mapping) and _names(saved["param_groups"]) != _names(zero.param_groups):
                raise ResumeError(
                    "the spec makes other groups than this checkpoint has, and DeepSpeed saves state by position\n"
                    "Resume with the old groups, whose rates and weight decay may change, or start a new run from the "
                    "weights."
                )
        load(state_dict_list, *given, **named)

    zero.load_state_dict = load_same


def _names(groups: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [group.get("param_names") for group in groups]


def _loaded(
    optimizer: Optimizer, saved: dict[str, Any], plan: Plan, schedulers: Sequence[Any], flattened: bool
) -> dict[str, Any] | None:
    """The state that an optimizer is to load in place of what was saved; None for that itself."""
    _refuse_nameless(saved["param_groups"])
    multiply = [each for each in schedulers if hasattr(each, "lr_lambdas")]
    if keeps := [each for each in schedulers if not (each in multiply or hasattr(each, "follows_plan"))]:
        _refuse_changed(optimizer, saved, type(keeps[0]).__name__)
        return None
    if not flattened:
        load_optimizer_state(optimizer, saved, plan)
    if not schedulers:
        for group, rate in zip(optimizer.param_groups, rates(plan, optimizer), strict=True):
            group["lr"] = rate
    for each in multiply:
        _load_step(each, rates(plan, optimizer))
    own = optimizer.state_dict()
    return {**saved, "param_groups": _with_places(own, saved)} if flattened else own


def _with_places(own: Mapping[str, Any], saved: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The present groups, with the places that state has in the saved ones."""
    pairs = zip(own["param_groups"], saved["param_groups"], strict=True)
    return [{**group, "params": before["params"]} for group, before in pairs]


def _refuse_nameless(groups: Sequence[Mapping[str, Any]]) -> None:
    if any("param_names" not in group and not all(isinstance(key, str) for key in group["params"]) for group in groups):
        raise ResumeError(
            "the optimizer in this checkpoint does not name its parameters: it was not made from a spec\n"
            "Start a new run from the weights of the checkpoint."
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
    return {key: value for key, value in group.items() if key not in ("params", "lr")}


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

"""A spec, or a plan, and a model to optimizers, of the classes that the spec names and with its groups in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from lrspec.compiler.compile import compiled
from lrspec.compiler.plan import Plan
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import few
from lrspec.models.garbage import uncollected
from lrspec.models.walk import ModelParameters, walk
from lrspec.optim import bind as binding
from lrspec.optim.optimizer_classes import BuildError, Maker, maker_of, refuse_unknown
from lrspec.spec.language import Optimizer as Described
from lrspec.spec.load import SpecFile, StrPath
from lrspec.spec.torch_optim import NOT_SETTINGS

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    Groups: TypeAlias = list[dict[str, Any]]


def build_optimizer(
    spec: SpecFile | StrPath | Plan,
    model: nn.Module,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    freeze: bool = False,
    optimizer_class: Maker | None = None,
) -> Optimizer:
    """Compile a spec for a model, and build the optimizer that it describes, with its groups.

    Args:
        spec: a spec, the path of one, or a plan that was made from one.
        model: the model that trains, or a part of it.
        lr: in place of the spec's `optimizer.lr`; a plan has its rates already.
        weight_decay: in place of the spec's `optimizer.weight_decay`.
        freeze: whether the model's `requires_grad` is first made what the spec says.
        optimizer_class: the class, where the spec's `type` has dots or is missing.

    The arguments in `optimizer` are given to the class as well, so that they are its defaults, too.

    Raises:
        SpecError, InventoryError, OSError: as `compile`.
        BindError: as `Plan.param_groups` and `Plan.freeze`.
        BuildError: where the spec has several optimizers, or its class cannot be had or refuses the arguments.
        ValueError: for an `lr` or a `weight_decay` as `compile`, or beside a plan.
    """
    plan, found = _planned(spec, model, lr, weight_decay, freeze)
    if len(plan.optimizers) > 1:
        raise BuildError(f"the spec has several optimizers ({', '.join(plan.optimizers)}): call build_optimizers")
    return _build(plan.file.spec.bases[plan.optimizers[0]], binding.param_groups(plan, found), optimizer_class)


def build_optimizers(
    spec: SpecFile | StrPath | Plan,
    model: nn.Module,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    freeze: bool = False,
    optimizer_class: Mapping[str, Maker] | None = None,
) -> dict[str, Optimizer]:
    """Compile a spec for a model, and build all optimizers that it describes, by their names, the default first.

    Takes and raises what `build_optimizer` does; `optimizer_class` has classes by the names of the optimizers. What
    `optimizer` describes is called `optimizer`. One that has no parameters in this part of the model is left out.
    """
    plan, found = _planned(spec, model, lr, weight_decay, freeze)
    classes = _by_name(optimizer_class, plan)
    if strangers := [name for name in classes if name not in plan.optimizers]:
        raise BuildError(f"optimizer_class: {binding.no_such_optimizer(plan, strangers[0])}")
    groups = {name: binding.param_groups(plan, found, name) for name in plan.optimizers}
    bases = plan.file.spec.bases
    return {name: _build(bases[name], its, classes.get(name)) for name, its in groups.items() if its}


def _by_name(given: Mapping[str, Maker] | None, plan: Plan) -> Mapping[str, Maker]:
    if given is not None and not isinstance(given, Mapping):
        names = ", ".join(plan.optimizers)
        raise TypeError(f"optimizer_class: expected classes by the names of the optimizers ({names}), found {given!r}")
    return given or {}


def _planned(
    spec: SpecFile | StrPath | Plan, model: nn.Module, lr: float | None, weight_decay: float | None, freeze: bool
) -> tuple[Plan, ModelParameters]:
    if isinstance(spec, Plan) and (lr is not None or weight_decay is not None):
        raise ValueError("a plan has its rates already: give lr and weight_decay when compiling")
    with uncollected():
        plan, found = (spec, walk(model)) if isinstance(spec, Plan) else compiled(spec, model, lr, weight_decay)
        if freeze:
            binding.freeze(plan, found)
        return plan, found


def _build(described: Described, groups: Groups, given: Maker | None) -> Optimizer:
    maker, arguments = maker_of(described.type, given), _arguments(described)
    kind = described.type or str(getattr(maker, "__name__", "the optimizer"))
    refuse_unknown(maker, kind, arguments)
    try:
        optimizer: Optimizer = maker(groups, **arguments)
    except (TypeError, ValueError, RuntimeError) as failure:
        raise BuildError(f"{kind} cannot be built: {failure}") from failure
    _refuse_idle(optimizer, kind, groups, arguments)
    return optimizer


def _arguments(described: Described) -> dict[str, Any]:
    given = {"lr": described.lr, "weight_decay": described.weight_decay}
    return {**{key: value for key, value in given.items() if value is not None}, **described.options}


def _refuse_idle(optimizer: Optimizer, kind: str, groups: Groups, arguments: dict[str, Any]) -> None:
    """An option of a rule that the class has no place for in its groups would do nothing."""
    places = {*NOT_SETTINGS, *optimizer.defaults, *arguments}
    if idle := dict.fromkeys(key for group in groups for key in group if key not in places):
        known = list(optimizer.defaults)
        raise BuildError(
            f"{kind} takes no {few(list(idle))} for single groups{did_you_mean(next(iter(idle)), known)}; "
            f"it takes {', '.join(known)}"
        )


def param_groups(
    spec: SpecFile | StrPath,
    model: nn.Module,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    freeze: bool = False,
    optimizer: str | None = None,
) -> list[dict[str, Any]]:
    """Compile a spec for a model, and bind the groups to it: `torch.optim.AdamW(param_groups(spec, model))`.

    Takes what `compile` takes; with `freeze` the model's `requires_grad` is first made what the spec says. Of a spec
    with several optimizers, `optimizer` names the one whose groups are wanted.

    Raises:
        SpecError, InventoryError, OSError, ValueError: as `compile`.
        BindError: as `Plan.param_groups` and `Plan.freeze`.
    """
    with uncollected():
        plan, found = compiled(spec, model, lr, weight_decay)
        if freeze:
            binding.freeze(plan, found)
        return binding.param_groups(plan, found, optimizer)

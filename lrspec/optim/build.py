"""Builds optimizers from a spec, or a plan, and a model: of the classes that the spec names, with its groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lrspec.compiler.compile import compiled
from lrspec.compiler.plan import Plan
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.diagnostics.wording import few
from lrspec.models.garbage import uncollected
from lrspec.models.walk import ModelParameters, walk
from lrspec.optim import bind as binding
from lrspec.optim.optimizer_classes import BuildError, Maker, accepted, maker_of, must_take
from lrspec.spec.load import SpecFile, SpecSource
from lrspec.spec.torch_optim import NOT_SETTINGS

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

PLANNED = "a plan has its rates already: pass lr and weight_decay when compiling"
"""The message for another rate beside a plan."""


def build_optimizer(
    spec: SpecFile | SpecSource | Plan,
    model: nn.Module,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    freeze: bool = False,
    locked: bool = False,
    optimizer_class: Maker | None = None,
) -> Optimizer:
    """Compile a spec for a model, and build the optimizer that it describes, with its groups.

    Args:
        spec: a spec, its path, a mapping with its keys, or a plan that was made from one.
        model: the model that trains, or a part of it.
        lr: replaces the spec's `optimizer.lr`; a plan has its rates already.
        weight_decay: replaces the spec's `optimizer.weight_decay`.
        freeze: first set the model's `requires_grad` as the spec says.
        locked: refuse what the lock beside the spec, of `lrspec lock`, does not say.
        optimizer_class: the class, if the spec's `type` has dots or is missing.

    The arguments in `optimizer` are passed to the class as well, and become its defaults. An optimizer of timm's that
    has momentum gets 0.9 if the spec does not set it, as from timm's factory.

    Raises:
        SpecError, InventoryError, OSError: as `compile`.
        BindError: as `Plan.param_groups` and `Plan.freeze`.
        BuildError: if the spec has several optimizers, or its class is not available or refuses the arguments.
        LockError: with `locked`, if what compiles is not what is locked, or if there is no lock, or none to be read.
        ValueError: for an `lr` or a `weight_decay` as `compile`, or together with a plan; with `locked`, for a spec
            that is a mapping.
    """
    plan, parameters = _planned(spec, model, lr, weight_decay, freeze=freeze, locked=locked)
    if len(plan.optimizers) > 1:
        raise BuildError(f"the spec has several optimizers ({', '.join(plan.optimizers)}): call build_optimizers")
    return _build(plan.file, plan.optimizers[0], binding.param_groups(plan, parameters), optimizer_class)


def build_optimizers(
    spec: SpecFile | SpecSource | Plan,
    model: nn.Module,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    freeze: bool = False,
    locked: bool = False,
    optimizer_class: Mapping[str, Maker] | None = None,
) -> dict[str, Optimizer]:
    """Compile a spec for a model, and build all optimizers that it describes, by their names, the default first.

    Takes and raises what `build_optimizer` does; `optimizer_class` maps the names of the optimizers to classes. The
    optimizer under `optimizer` is called `optimizer`. One without parameters in this part of the model is not built.
    """
    plan, parameters = _planned(spec, model, lr, weight_decay, freeze=freeze, locked=locked)
    if optimizer_class is not None and not isinstance(optimizer_class, Mapping):
        names = ", ".join(plan.optimizers)
        raise TypeError(f"optimizer_class: expected a mapping of names ({names}) to classes, found {optimizer_class!r}")
    classes = optimizer_class or {}
    if strangers := [name for name in classes if name not in plan.optimizers]:
        raise BuildError(f"optimizer_class: {binding.no_such_optimizer(plan, strangers[0])}")
    groups_by_name = {name: binding.param_groups(plan, parameters, name) for name in plan.optimizers}
    return {
        name: _build(plan.file, name, groups, classes.get(name)) for name, groups in groups_by_name.items() if groups
    }


def _planned(
    spec: SpecFile | SpecSource | Plan,
    model: nn.Module,
    lr: float | None,
    weight_decay: float | None,
    *,
    freeze: bool,
    locked: bool,
) -> tuple[Plan, ModelParameters]:
    if isinstance(spec, Plan) and (lr is not None or weight_decay is not None):
        raise ValueError(PLANNED)
    with uncollected():
        plan, parameters = (spec, walk(model)) if isinstance(spec, Plan) else compiled(spec, model, lr, weight_decay)
        _prepare(plan, parameters, freeze=freeze, locked=locked)
        return plan, parameters


def _prepare(plan: Plan, parameters: ModelParameters, *, freeze: bool, locked: bool) -> None:
    """Refuse a plan that is not locked, then freeze, if these are asked for."""
    if locked:
        from lrspec.review.lock.locked import require  # here, since few runs ask for it

        require(plan)
    if freeze:
        binding.freeze(plan, parameters)


def _build(file: SpecFile, key: str, groups: list[dict[str, Any]], optimizer_class: Maker | None) -> Optimizer:
    described = file.spec.bases[key]
    maker = maker_of(described.type, optimizer_class)
    name = described.type or str(getattr(maker, "__name__", "the optimizer"))
    rates = {"lr": described.lr, "weight_decay": described.weight_decay}
    options = {key: _of_one_kind(value) for key, value in described.options.items()}
    given = {**{key: value for key, value in rates.items() if value is not None}, **options}
    arguments = accepted(maker, described.type, name, given)
    try:
        optimizer: Optimizer = maker(groups, **arguments)
    except (TypeError, ValueError, RuntimeError) as failure:
        raise BuildError(f"{name} cannot be built: {failure}") from failure
    except AssertionError as failure:
        reason = str(failure).partition("\n")[0] or "an assertion in it fails"
        advice = "If it asserts the keys of its groups, pass it `plan.param_groups(model, names=False)` yourself."
        raise BuildError(f"{name} cannot be built: {reason}\n{advice}") from failure
    tags = file.spec.tag_names
    if taken := [tag for tag in tags if tag in optimizer.defaults]:
        raise BuildError(f"{name} has an argument called {printable(taken[0])}: give the tag another name")
    defaults, known = list(optimizer.defaults), {*NOT_SETTINGS, *optimizer.defaults, *arguments, *tags}
    others = dict.fromkeys(key for group in groups for key in group if key not in known)
    if refused := [key for key in others if must_take(described.type, key)]:
        raise BuildError(
            f"{name} does not take {few(refused)} for single groups{did_you_mean(refused[0], defaults)}; "
            f"it takes {', '.join(defaults)}"
        )
    return optimizer


def _of_one_kind(value: Any) -> Any:
    """Return a list of numbers as floats if one of them is a float: torch refuses `betas: [0, 0.999]`."""
    if isinstance(value, list | tuple) and any(isinstance(item, float) for item in value):
        return tuple(map(float, value))
    return value


def param_groups(
    spec: SpecFile | SpecSource,
    model: nn.Module,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    freeze: bool = False,
    locked: bool = False,
    optimizer: str | None = None,
    names: bool = True,
) -> list[dict[str, Any]]:
    """Compile a spec for a model, and bind the groups to it: `torch.optim.AdamW(param_groups(spec, model))`.

    Takes what `compile` takes; with `freeze` the model's `requires_grad` is first set as the spec says. With `locked`,
    what the lock beside the spec does not say is refused. If the spec has several optimizers, `optimizer` names the one
    whose groups are wanted. `names` is as in `Plan.param_groups`.

    Raises:
        SpecError, InventoryError, OSError, ValueError: as `compile`.
        BindError: as `Plan.param_groups` and `Plan.freeze`.
        LockError, ValueError: with `locked`, as `build_optimizer`.
    """
    with uncollected():
        plan, parameters = compiled(spec, model, lr, weight_decay)
        _prepare(plan, parameters, freeze=freeze, locked=locked)
        return binding.param_groups(plan, parameters, optimizer, names)

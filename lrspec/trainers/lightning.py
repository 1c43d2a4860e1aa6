"""Has a LightningModule train by a spec; and the callbacks that follow a plan, and verify it when training starts.

Examples:
    >>> def configure_optimizers(self):
    ...     return lrspec.trainers.lightning.configure_optimizers(self, "net.lrspec.yaml")
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from lrspec.compiler.compile import compile
from lrspec.compiler.plan import Plan, a_plan
from lrspec.diagnostics.wording import count
from lrspec.models.walk import walk
from lrspec.optim.bind import BindError
from lrspec.optim.build import PLANNED, build_optimizers
from lrspec.optim.live.schedules import unwrap_schedulers
from lrspec.optim.live.unwrap import inner
from lrspec.optim.optimizer_classes import BuildError, Maker
from lrspec.optim.schedules.build import build_schedulers
from lrspec.optim.thawing.advance import advance
from lrspec.optim.thawing.statistics import Norms
from lrspec.optim.verify.verify import require
from lrspec.trainers.checkpoints import load_by_name

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:  # the same under its other name; each takes the other's callbacks
    from pytorch_lightning import Callback, LightningModule, Trainer  # type: ignore[assignment]

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from lrspec.spec.load import SpecFile, SpecSource


def configure_optimizers(
    module: LightningModule,
    spec: SpecFile | SpecSource | Plan,
    *,
    part: str | None = None,
    lr: float | None = None,
    weight_decay: float | None = None,
    optimizer_class: Maker | None = None,
) -> list[dict[str, Any]]:
    """Build what the method `configure_optimizers` returns, from a spec: its optimizers, and a scheduler for each.

    If the spec has `schedules`, the schedulers follow them, step by step, in a run of as many steps as the trainer
    expects. The trainer gets the callbacks `FollowPlan` and `VerifyPlan`, in place of those that it may have for this
    part. Several optimizers are in the spec's order; Lightning leaves it to the module to step them and their
    schedulers. A checkpoint is resumed by the names of the parameters, with the settings that the spec has now.

    Args:
        module: the LightningModule, attached to a trainer.
        spec: a spec, its path, a mapping with its keys, or a plan that was made from one.
        part: the path of the submodule that the spec is for, such as `net`; otherwise it is for the whole module.
        lr: replaces the spec's `optimizer.lr`; a plan has its rates already.
        weight_decay: replaces the spec's `optimizer.weight_decay`.
        optimizer_class: as in `build_optimizer`, for a spec with one optimizer.

    Raises:
        SpecError, InventoryError, OSError, TypeError, ValueError: as `build_optimizers`.
        TypeError: for what is not a LightningModule.
        BuildError, BindError: likewise; and if the spec has `schedules`, but the trainer does not know
            when it stops.
        AttributeError: for a `part` that the module does not have.
    """
    if isinstance(module, type) or not hasattr(module, "configure_optimizers"):
        raise TypeError(f"expected a LightningModule, found {type(module).__name__}")
    model, trainer = module.get_submodule(part or ""), cast("Any", module.trainer)
    plan = _planned(spec, model, lr, weight_decay)
    classes = None if optimizer_class is None else {plan.optimizers[0]: optimizer_class}
    optimizers = build_optimizers(plan, model, freeze=True, optimizer_class=classes)
    for optimizer in optimizers.values():
        load_by_name(optimizer, plan, partial(_resumed, trainer, optimizer))
    others = [each for each in trainer.callbacks if not (isinstance(each, _OfPlan) and each.part == part)]
    trainer.callbacks = [*others, FollowPlan(plan, part), VerifyPlan(plan, part)]
    return _with_schedulers(plan, trainer, optimizers)


def _planned(
    spec: SpecFile | SpecSource | Plan, model: nn.Module, lr: float | None, weight_decay: float | None
) -> Plan:
    if isinstance(spec, Plan) and (lr, weight_decay) != (None, None):
        raise ValueError(PLANNED)
    return spec if isinstance(spec, Plan) else compile(spec, model, lr=lr, weight_decay=weight_decay)


def _resumed(trainer: Trainer, optimizer: Optimizer) -> list[Any]:
    """The schedulers of an optimizer that a checkpoint is loaded into; the plan's is at its step, if it has none."""
    schedulers = unwrap_schedulers([config.scheduler for config in trainer.lr_scheduler_configs])
    own = [each for each in schedulers if inner(each.optimizer) is optimizer]
    for each in own:
        if hasattr(each, "follows_plan"):
            each.step(trainer.global_step // len(trainer.optimizers))
    return own


def _with_schedulers(plan: Plan, trainer: Trainer, optimizers: Mapping[str, Optimizer]) -> list[dict[str, Any]]:
    """Each optimizer with its scheduler, if the spec has any, as Lightning takes them."""
    if plan.file.spec.schedules is None:
        return [{"optimizer": optimizer} for optimizer in optimizers.values()]
    steps = _all_steps(trainer, len(optimizers))
    if steps is None:
        raise BuildError("the trainer does not know when it stops: set its `max_steps` or `max_epochs`")
    schedulers = build_schedulers(plan, optimizers, steps)
    return [
        {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedulers[name], "interval": "step"}}
        for name, optimizer in optimizers.items()
    ]


def _all_steps(trainer: Trainer, optimizers: int) -> int | None:
    """The number of steps of each of several optimizers that step in turn; None if the trainer does not know it."""
    most = trainer.max_steps // optimizers if trainer.max_steps > 0 else math.inf
    expected = min(trainer.estimated_stepping_batches, most)
    return None if math.isinf(expected) else int(expected)


class _OfPlan(Callback):
    """What the callbacks have in common: the plan, and the part of the LightningModule that it is for."""

    def __init__(self, plan: Plan, part: str | None = None) -> None:
        self.plan = a_plan(plan)
        self.part = part

    def model(self, pl_module: LightningModule) -> nn.Module:
        """Return the part of the LightningModule that the plan is for."""
        return pl_module.get_submodule(self.part or "")

    def steps(self, trainer: Trainer) -> tuple[int, int | None]:
        """Return the number of steps so far and that of all steps, for each of several optimizers that step in turn.

        The latter is None if it is not needed, or if the trainer does not know when it stops.
        """
        optimizers = max(len(trainer.optimizers), 1)
        needed = any(time.is_percentage for time in self.plan.thawing)
        return trainer.global_step // optimizers, _all_steps(trainer, optimizers) if needed else None


class FollowPlan(_OfPlan):
    """Freezes and thaws as the plan says before each step, and holds the statistics of what is frozen.

    It stands before `VerifyPlan`. With several optimizers, a step is one of each of them.

    Takes `plan` and `part` as `VerifyPlan` does, and raises what `Plan.advance` raises when training starts.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze what is to thaw later, now that the model is wrapped."""
        self._advance(trainer, pl_module)
        self.norms = Norms(walk(self.model(pl_module)))
        self.norms.freeze()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Thaw what it is time for; Lightning may have put the model into training mode since the last batch."""
        self._advance(trainer, pl_module)
        self.norms.freeze()

    def _advance(self, trainer: Trainer, pl_module: LightningModule) -> None:
        advance(self.plan, self.model(pl_module), *self.steps(trainer), around=trainer.model or pl_module)


class VerifyPlan(_OfPlan):
    """Verifies all optimizers of a trainer, with their schedulers, in `on_train_start`.

    Args:
        plan: the plan of the LightningModule, or of a part of it.
        part: the path of that submodule, such as `net`; without it the plan is for the whole LightningModule.

    If the spec has several optimizers, `configure_optimizers` returns them in the spec's order.
    Each warning is issued as a `lrspec.SpecWarning`.

    Raises (when training starts):
        VerifyError: if the optimizers do not do what the spec says.
        BindError: if the plan is for another model, or has another number of optimizers.
        AttributeError: for a `part` that the LightningModule does not have.
    """

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Verify, now that checkpoints are loaded and the optimizers are the ones that will step."""
        names = self.plan.optimizers
        if any(type(each).__name__ == "_MockOptimizer" for each in trainer.optimizers):  # for None
            raise BindError("`configure_optimizers` returns nothing: return the optimizers that it builds")
        if len(trainer.optimizers) != len(names):
            returned = count(len(trainer.optimizers), "optimizer")
            listed = f"{len(names)} ({', '.join(names)})"
            raise BindError(f"`configure_optimizers` returns {returned}, but the spec has {listed}")
        optimizers = dict(zip(names, trainer.optimizers, strict=True))
        require(self.plan, optimizers, self.model(pl_module), trainer.lr_scheduler_configs, self.steps(trainer))

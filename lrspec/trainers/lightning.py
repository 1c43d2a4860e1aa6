"""Callbacks for Lightning: one that follows the plan, and one that verifies the optimizers when training starts.

trainer = Trainer(callbacks=[lrspec.trainers.lightning.FollowPlan(plan), lrspec.trainers.lightning.VerifyPlan(plan)])
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lrspec.compiler.plan import a_plan
from lrspec.diagnostics.wording import count
from lrspec.models.walk import walk
from lrspec.optim.bind import BindError
from lrspec.optim.thawing.advance import advance
from lrspec.optim.thawing.statistics import Norms
from lrspec.optim.verify.verify import require

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:  # the same under its other name; each takes the other's callbacks
    from pytorch_lightning import Callback, LightningModule, Trainer  # type: ignore[assignment]

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Plan


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
        steps = None
        if any(time.is_percentage for time in self.plan.thawing):
            most = trainer.max_steps // optimizers if trainer.max_steps > 0 else math.inf
            expected = min(trainer.estimated_stepping_batches, most)
            steps = None if math.isinf(expected) else int(expected)
        return trainer.global_step // optimizers, steps


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
        if len(trainer.optimizers) != len(names):
            returned = count(len(trainer.optimizers), "optimizer")
            listed = f"{len(names)} ({', '.join(names)})"
            raise BindError(f"`configure_optimizers` returns {returned}, but the spec has {listed}")
        optimizers = dict(zip(names, trainer.optimizers, strict=True))
        require(self.plan, optimizers, self.model(pl_module), trainer.lr_scheduler_configs, self.steps(trainer))

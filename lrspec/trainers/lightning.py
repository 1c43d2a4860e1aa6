"""A callback for Lightning that verifies the optimizers against the plan when training starts, resumed runs included.

trainer = Trainer(callbacks=[lrspec.trainers.lightning.VerifyPlan(plan)])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrspec.compiler.plan import a_plan
from lrspec.diagnostics.wording import count
from lrspec.optim.bind import BindError
from lrspec.optim.verify.verify import require

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:  # the same under its other name; each takes the other's callbacks
    from pytorch_lightning import Callback, LightningModule, Trainer  # type: ignore[assignment]

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


class VerifyPlan(Callback):
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

    def __init__(self, plan: Plan, part: str | None = None) -> None:
        self.plan = a_plan(plan)
        self.part = part

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Verify, now that checkpoints are loaded and the optimizers are the ones that will step."""
        model, names = pl_module.get_submodule(self.part or ""), self.plan.optimizers
        if len(trainer.optimizers) != len(names):
            returned = count(len(trainer.optimizers), "optimizer")
            listed = f"{len(names)} ({', '.join(names)})"
            raise BindError(f"`configure_optimizers` returns {returned}, but the spec has {listed}")
        optimizers = dict(zip(names, trainer.optimizers, strict=True))
        require(self.plan, optimizers, model, trainer.lr_scheduler_configs)

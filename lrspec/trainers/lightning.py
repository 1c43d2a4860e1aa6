"""A callback for Lightning: what trains is held against the plan when training starts, resumed runs included.

trainer = Trainer(callbacks=[lrspec.trainers.lightning.VerifyPlan(plan)])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
        plan: what was compiled for the LightningModule, or for the part of it.
        part: the path of that submodule, such as `net`; without it the plan is the LightningModule's own.

    Of a spec with several optimizers, those that `configure_optimizers` returns are in the spec's order.
    Warnings are logged by the logger `lrspec`.

    Raises (when training starts):
        VerifyError: where what trains is not what the spec says.
        BindError: where the plan is of another model, or the optimizers are not as many as the spec's.
        AttributeError: for a `part` that the LightningModule does not have.
    """

    def __init__(self, plan: Plan, part: str | None = None) -> None:
        self.plan = a_plan(plan)
        self.part = part

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Verify, now that checkpoints are loaded and the optimizers are what will step."""
        model = pl_module.get_submodule(self.part or "")
        require(self.plan, self._by_name(trainer.optimizers), model, trainer.lr_scheduler_configs)

    def _by_name(self, optimizers: list[Any]) -> dict[str, Any]:
        names = self.plan.optimizers
        if len(optimizers) != len(names):
            has = count(len(optimizers), "optimizer")
            raise BindError(f"`configure_optimizers` returns {has}, and the spec has {len(names)} ({', '.join(names)})")
        return dict(zip(names, optimizers, strict=True))

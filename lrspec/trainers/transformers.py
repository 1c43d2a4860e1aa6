"""A callback for transformers that verifies the optimizer against the plan when training starts, resumed runs included.

trainer = Trainer(model, arguments, callbacks=[lrspec.trainers.transformers.VerifyPlan(plan)])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from lrspec.compiler.plan import a_plan
from lrspec.optim.verify.verify import require

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


class VerifyPlan(TrainerCallback):  # type: ignore[misc] # transformers is not followed
    """Verifies the trainer's optimizer and its scheduler in `on_train_begin`.

    Each warning is issued as a `lrspec.SpecWarning`.

    Raises (when training starts):
        VerifyError: if the optimizer does not do what the spec says, as when the trainer has built its own groups.
        BindError: if the plan is for another model, or the spec has several optimizers.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = a_plan(plan)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **trained: Any
    ) -> None:
        """Verify, now that checkpoints are loaded and the optimizer is the one that will step."""
        require(self.plan, trained["optimizer"], trained["model"], trained["lr_scheduler"])

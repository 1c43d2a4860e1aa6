"""Callbacks for transformers: one that follows the plan, and one that verifies the optimizer when training starts.

trainer = Trainer(model, arguments, callbacks=[lrspec.trainers.transformers.FollowPlan(plan), …VerifyPlan(plan)])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from lrspec.compiler.plan import a_plan
from lrspec.optim.bind import BindError
from lrspec.optim.thawing.wrapped import NOT_ON_DEEPSPEED
from lrspec.optim.verify.verify import require

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan


class FollowPlan(TrainerCallback):  # type: ignore[misc] # transformers is not followed
    """Freezes and thaws as the plan says before each step, and holds the statistics of what is frozen.

    It stands before `VerifyPlan`. A trainer calls `model.train()` before each batch, with nothing in between: while it
    trains, the model's own `train` also holds the statistics.

    Raises (when training starts):
        BindError: as `Plan.advance`.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = a_plan(plan)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **trained: Any
    ) -> None:
        """Freeze what is to thaw later, now that the model is wrapped."""
        model = trained["model"]
        if self.plan.thawing:
            _refuse(args)
        train = model.train

        def train_and_hold(mode: bool = True) -> Any:
            train(mode)
            self.plan.freeze_statistics(model)
            return model

        model.train = train_and_hold
        self.plan.advance(model, state.global_step, state.max_steps)
        self.plan.freeze_statistics(model)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **trained: Any
    ) -> None:
        """Thaw what it is time for."""
        model = trained["model"]
        if self.plan.advance(model, state.global_step, state.max_steps):
            self.plan.freeze_statistics(model)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **trained: Any
    ) -> None:
        """Give the model its own `train` again."""
        del trained["model"].train


def _refuse(args: TrainingArguments) -> None:
    """BindError for wrappers of the trainer under which nothing thaws; a callback sees only the model inside."""
    if args.deepspeed:
        raise BindError(NOT_ON_DEEPSPEED)
    finds_unused = args.ddp_find_unused_parameters
    if finds_unused is None:
        finds_unused = not args.gradient_checkpointing
    if args.parallel_mode.value == "distributed" and not args.fsdp and not finds_unused:
        raise BindError("DistributedDataParallel waits for what is still frozen: set ddp_find_unused_parameters=True")


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
        at = state.global_step, state.max_steps
        require(self.plan, trained["optimizer"], trained["model"], trained["lr_scheduler"], at)

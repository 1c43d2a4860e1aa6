"""Callbacks for transformers: one that follows the plan, and one that verifies the optimizer when training starts.

trainer = Trainer(model, arguments, callbacks=[lrspec.trainers.transformers.FollowPlan(plan), …VerifyPlan(plan)])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerState, TrainingArguments

from lrspec.compiler.plan import a_plan
from lrspec.models.walk import walk
from lrspec.optim.bind import BindError
from lrspec.optim.thawing.advance import NOT_ON_DEEPSPEED, STATIC, WAITS
from lrspec.optim.thawing.statistics import Norms
from lrspec.optim.verify.verify import require

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Plan


class _OfPlan(TrainerCallback):  # type: ignore[misc] # transformers is not followed
    def __init__(self, plan: Plan) -> None:
        self.plan = a_plan(plan)


class FollowPlan(_OfPlan):
    """Freezes and thaws as the plan says before each step, and holds the statistics of what is frozen.

    It stands before `VerifyPlan`. The trainer calls `model.train()` right before each batch, with nothing in between:
    the call that comes next also holds the statistics.

    Raises (when training starts):
        BindError: as `Plan.advance`.
    """

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: Any, **trained: Any) -> None:
        """Freeze what is to thaw later, now that the model is wrapped."""
        if self.plan.thawing:
            _refuse(args, lasting=any(time.step(state.max_steps) > state.global_step for time in self.plan.thawing))
        self._advance(trained["model"], state)
        self.norms = Norms(walk(trained["model"]))
        self.norms.freeze()

    def on_step_begin(self, args: Any, state: TrainerState, control: Any, **trained: Any) -> None:
        """Thaw what it is time for, and hold the statistics of what is still frozen."""
        self._advance(trained["model"], state)
        self.norms.freeze()
        _hold_once(trained["model"], self.norms)

    def on_substep_end(self, args: Any, state: Any, control: Any, **trained: Any) -> None:
        """Hold the statistics in the next batch of the same step, too."""
        _hold_once(trained["model"], self.norms)

    def _advance(self, model: nn.Module, state: TrainerState) -> None:
        self.plan.advance(model, state.global_step, state.max_steps or None)  # 0 where it is not known


def _refuse(args: TrainingArguments, *, lasting: bool) -> None:
    """BindError for wrappers of the trainer under which nothing thaws; a callback sees only the model inside."""
    if args.deepspeed:
        raise BindError(NOT_ON_DEEPSPEED)
    if not lasting or args.fsdp or args.parallel_mode.value != "distributed":
        return
    if getattr(args, "ddp_static_graph", None):
        raise BindError(f"{STATIC}: leave ddp_static_graph unset")
    finds_unused = args.ddp_find_unused_parameters
    if args.gradient_checkpointing if finds_unused is None else not finds_unused:
        raise BindError(f"{WAITS}: set ddp_find_unused_parameters=True")


def _hold_once(model: nn.Module, norms: Norms) -> None:
    """Have the next `model.train()` hold the statistics as well; the model then has its own `train` again."""

    def train(mode: bool = True) -> nn.Module:
        if mode:
            del model.train
        type(model).train(model, mode)
        norms.freeze()
        return model

    if norms.found:
        model.train = train  # type: ignore[method-assign]


class VerifyPlan(_OfPlan):
    """Verifies the trainer's optimizer and its scheduler in `on_train_begin`.

    Each warning is issued as a `lrspec.SpecWarning`.

    Raises (when training starts):
        VerifyError: if the optimizer does not do what the spec says, as when the trainer has built its own groups.
        BindError: if the plan is for another model, or the spec has several optimizers.
    """

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **trained: Any) -> None:
        """Verify, now that checkpoints are loaded and the optimizer is the one that will step."""
        at = state.global_step, state.max_steps
        require(self.plan, trained["optimizer"], trained["model"], trained["lr_scheduler"], at)

"""Has transformers' Trainer train by a spec; and the callbacks that follow a plan, and verify it when training starts.

Examples:
    >>> lrspec.trainers.transformers.use(trainer, "net.lrspec.yaml")
    >>> trainer.train()
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from transformers import Trainer, TrainerCallback, TrainerState, TrainingArguments

from lrspec.compiler.compile import compile, file_of
from lrspec.compiler.plan import Plan, a_plan
from lrspec.diagnostics.errors import warn
from lrspec.diagnostics.wording import SHOWN, few
from lrspec.models.walk import walk
from lrspec.optim.bind import BindError, tensors_of
from lrspec.optim.build import build_optimizer
from lrspec.optim.optimizer_classes import BuildError, Maker, maker_of
from lrspec.optim.resume.result import ResumeError
from lrspec.optim.schedules.build import build_scheduler
from lrspec.optim.thawing.advance import NOT_ON_DEEPSPEED, STATIC, WAITS
from lrspec.optim.thawing.statistics import Norms
from lrspec.optim.verify.verify import require
from lrspec.spec.load import SpecFile, SpecSource
from lrspec.trainers.arguments import rates, unheeded
from lrspec.trainers.checkpoints import load_by_name, refuse_other_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn
    from torch.optim import Optimizer


def use(trainer: Trainer, spec: SpecFile | SpecSource | Plan, *, optimizer_class: Maker | None = None) -> Plan:
    """Have a Trainer make its optimizer from a spec, when it would make its own; call it before `train()`.

    It works for any class that inherits `create_optimizer` from transformers' Trainer. The scheduler is the Trainer's
    or, if the spec has `schedules`, follows them. `FollowPlan` and `VerifyPlan` are added to the callbacks. A
    checkpoint is resumed by the names of the parameters, with the settings that the spec has now.

    If the spec leaves out `optimizer.lr` or `optimizer.weight_decay`, it is the `learning_rate` or `weight_decay` of
    the TrainingArguments. If it does not, these must be the same, or left at their defaults.

    Args:
        trainer: the Trainer, which has no optimizer yet; a second call replaces the first.
        spec: a spec, its path, a mapping with its keys, or a plan that was made from one.
        optimizer_class: as in `build_optimizer`.

    Returns the plan of the model.

    Raises:
        SpecError, InventoryError, OSError, TypeError: as `compile`; TypeError for what is not a Trainer.
        BindError: for a plan of another model.
        BuildError: if the Trainer has another optimizer, or a loss with parameters of its own; if the spec has several
            optimizers, or another learning rate or weight decay than the TrainingArguments; for the class, as
            `build_optimizer`.
        BindError, BuildError, VerifyError (when training starts): as `build_optimizer` and the callbacks.
        ResumeError (when training starts): as `load_optimizer_state`.
    """
    if not isinstance(trainer, Trainer):
        raise TypeError(f"expected a Trainer (transformers.Trainer), found {type(trainer).__name__}")
    earlier = getattr(trainer.create_optimizer, "__self__", None)
    if not isinstance(earlier, _Planned):
        _refuse_others(trainer)
    planned = _Planned(trainer, spec, optimizer_class)
    if isinstance(earlier, _Planned):
        earlier.withdraw()
    planned.install()
    return planned.plan


class _Planned:
    """What a Trainer that uses a spec has in place of its own methods."""

    def __init__(self, trainer: Trainer, spec: SpecFile | SpecSource | Plan, optimizer_class: Maker | None) -> None:
        self.trainer, self.optimizer_class = trainer, optimizer_class
        self.spec = spec if isinstance(spec, Plan) else file_of(spec)
        self.plan = self.compiled()
        tensors_of(self.plan, walk(trainer.model))
        maker_of(self.plan.file.spec.bases[self.plan.optimizers[0]].type, optimizer_class)
        self.callbacks = [FollowPlan(self.plan), VerifyPlan(self.plan)]

    def install(self) -> None:
        """Take the place of the Trainer's own methods."""
        self.trainer.create_optimizer, self.trainer.create_scheduler = self.create_optimizer, self.create_scheduler
        self.trainer._load_optimizer_and_scheduler = self.load
        for callback in self.callbacks:
            self.trainer.add_callback(callback)

    def withdraw(self) -> None:
        """Leave the Trainer as it was."""
        del self.trainer.create_optimizer, self.trainer.create_scheduler, self.trainer._load_optimizer_and_scheduler
        self.trainer.optimizer = self.trainer.lr_scheduler = None
        for callback in self.callbacks:
            self.trainer.remove_callback(callback)

    def compiled(self) -> Plan:
        """Return the plan for the Trainer's model and its arguments as they are now."""
        file = self.spec.file if isinstance(self.spec, Plan) else self.spec
        if len(file.spec.bases) > 1:
            raise BuildError(f"a Trainer steps one optimizer, and the spec has several ({', '.join(file.spec.bases)})")
        warn(unheeded(file, self.trainer.args))
        left_out = rates(file, self.trainer.args)
        return self.spec if isinstance(self.spec, Plan) else compile(self.spec, self.trainer.model, **left_out)

    def create_optimizer(self, model: nn.Module | None = None) -> Optimizer:
        """As `Trainer.create_optimizer`."""
        trainer = self.trainer
        if trainer.optimizer is None:
            if trainer.model_init is not None:  # another model in each run, and in a search other arguments
                self.plan = self.compiled()
                for callback in self.callbacks:
                    callback.plan = self.plan
            model = trainer.model if model is None else model
            optimizer = build_optimizer(self.plan, model, freeze=True, optimizer_class=self.optimizer_class)
            load_by_name(optimizer, self.plan, self.schedulers, flattened=trainer.is_deepspeed_enabled)
            trainer.optimizer = optimizer
        made: Optimizer = trainer.optimizer
        return made

    def create_scheduler(self, num_training_steps: int, optimizer: Optimizer | None = None) -> Any:
        """As `Trainer.create_scheduler`."""
        trainer = self.trainer
        if trainer.lr_scheduler is None and self.plan.file.spec.schedules is not None:
            trainer.lr_scheduler = build_scheduler(self.plan, optimizer or trainer.optimizer, num_training_steps)
            trainer._created_lr_scheduler = True
        if trainer.is_deepspeed_enabled and hasattr(trainer.optimizer, "optimizer"):
            refuse_other_groups(trainer.optimizer.optimizer)
        return type(trainer).create_scheduler(trainer, num_training_steps, optimizer)

    def schedulers(self) -> list[Any] | None:
        """Return the Trainer's scheduler, once it has been made."""
        return None if self.trainer.lr_scheduler is None else [self.trainer.lr_scheduler]

    def load(self, checkpoint: str | None) -> None:
        """As `Trainer._load_optimizer_and_scheduler`; ResumeError where torch does not find groups in shards."""
        try:
            type(self.trainer)._load_optimizer_and_scheduler(self.trainer, checkpoint)
        except BaseException as error:  # CheckpointException is a BaseException
            if type(error).__name__ != "CheckpointException" or "param_groups" not in str(error):
                raise
            raise ResumeError(
                "the spec makes more groups than this checkpoint has, and torch reads no others from shards\n"
                "Resume with the old spec, and save with `state_dict_type: FULL_STATE_DICT`."
            ) from error


def _refuse_others(trainer: Trainer) -> None:
    """BuildError for a Trainer that has an optimizer, or ways of its own to make one."""
    name = type(trainer).__name__
    if type(trainer).create_optimizer is not Trainer.create_optimizer:
        raise BuildError(f"{name} makes its own optimizer: it has a `create_optimizer` of its own. Remove that.")
    if trainer.optimizer_cls_and_kwargs is not None:
        raise BuildError(f"the {name} has an optimizer already: make it without `optimizer_cls_and_kwargs`")
    if trainer.optimizer is not None:
        raise BuildError(
            f"the {name} has an optimizer already: make it without `optimizers`, and call `use` before `train()`"
        )
    plugin = getattr(trainer.accelerator.state, "deepspeed_plugin", None)
    if plugin is not None and "optimizer" in plugin.hf_ds_config.config:
        raise BuildError("DeepSpeed's configuration has an `optimizer`, which it makes itself: remove it there")
    if own := list(_of_loss(trainer)):
        raise BuildError(
            f"the loss has parameters that are not the model's, {few(own, SHOWN)}: no rule of the spec has them, "
            "and they would not train\nFreeze them, or make them part of the model."
        )


def _of_loss(trainer: Trainer) -> Iterator[str]:
    """The parameters to train of the losses of sentence-transformers' trainers, apart from the model's."""
    known, loss = set(map(id, trainer.model.parameters())), getattr(trainer, "loss", None)
    losses: list[Any] = list(loss.values()) if isinstance(loss, dict) else [loss]
    for each in losses:
        for name, tensor in each.named_parameters() if hasattr(each, "named_parameters") else ():
            if tensor.requires_grad and id(tensor) not in known:
                yield name


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
        _HeldOnce.by(trained["model"], self.norms)

    def on_substep_end(self, args: Any, state: Any, control: Any, **trained: Any) -> None:
        """Hold the statistics in the next batch of the same step, too."""
        _HeldOnce.by(trained["model"], self.norms)

    def on_train_end(self, args: Any, state: Any, control: Any, **trained: Any) -> None:
        """Leave the model's own `train`, if no batch has come since the last step."""
        if isinstance(held := vars(trained["model"]).get("train"), _HeldOnce):
            held.leave()

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


class _HeldOnce:
    """A model's `train` that holds the statistics as well, once: then the model has its own again.

    It copies and pickles with the model, if a step ends before the trainer calls it.
    """

    def __init__(self, model: nn.Module, norms: Norms) -> None:
        self.model, self.norms, self.own = model, norms, vars(model).get("train")

    @classmethod
    def by(cls, model: nn.Module, norms: Norms) -> None:
        """Take the place of a model's `train`, if there is anything to hold."""
        if norms.found and not isinstance(vars(model).get("train"), cls):
            model.train = cls(model, norms)  # type: ignore[method-assign]

    def leave(self) -> None:
        """Give the model its own `train` again."""
        del self.model.train
        if self.own is not None:
            self.model.train = self.own  # type: ignore[method-assign]

    def __call__(self, mode: bool = True) -> nn.Module:
        if mode:
            self.leave()
        trained: nn.Module = (self.own or partial(type(self.model).train, self.model))(mode)
        self.norms.freeze()
        return trained


class VerifyPlan(_OfPlan):
    """Verifies the trainer's optimizer and its scheduler in `on_train_begin`.

    Each warning is issued as a `lrspec.SpecWarning`.

    Raises (when training starts):
        VerifyError: if the optimizer does not do what the spec says, as when the trainer has built its own groups.
        BindError: if the plan is for another model, or the spec has several optimizers.
    """

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **trained: Any) -> None:
        """Verify, now that checkpoints are loaded and the optimizer is the one that will step."""
        at = state.global_step, state.max_steps or None
        require(self.plan, trained["optimizer"], trained["model"], trained["lr_scheduler"], at)

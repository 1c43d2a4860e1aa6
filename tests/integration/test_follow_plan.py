"""`FollowPlan` in real trainers: layers thaw in time, and frozen statistics stay as they are."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import lightning.pytorch
import pytest
import torch
import transformers
from torch import Tensor, nn

import lrspec
import lrspec.trainers.lightning
import lrspec.trainers.transformers
from lrspec.models.walk import ModelParameters, walk
from lrspec.optim.thawing import advance as advancing
from lrspec.trainers.lightning import FollowPlan as LightningFollow
from lrspec.trainers.lightning import VerifyPlan as LightningVerify
from lrspec.trainers.transformers import FollowPlan as TransformersFollow
from lrspec.trainers.transformers import VerifyPlan as TransformersVerify
from tests.integration.test_callbacks import LIBRARIES, Points, arguments, module_of, points, trainer_of

SPEC = """
lrspec: 1
optimizer: {type: AdamW, lr: 1e-2}
rules:
  - {name: stem, match: '^(stem|norm)', freeze: true}
  - {name: body, match: '^body', lr_mult: 0.1, freeze: {until: 3}}
  - {name: head, match: '^head', lr_mult: 1}
"""
PERCENT = SPEC.replace("until: 3", "until: 37.5%")  # of 8 steps
STEPS = 8

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # of torch, to Lightning
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("error::lrspec.SpecWarning"),  # LRS410 would be one
]


class Net(nn.Module):
    """A frozen stem with a norm, a body that thaws with another, and a head; it records what trains at each batch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Linear(4, 4)
        self.norm: Any = nn.BatchNorm1d(4)
        self.body: Any = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
        self.head = nn.Linear(4, 2)
        self.thawed: list[bool] = []
        self.tracked: list[tuple[bool, bool]] = []

    def forward(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        if self.training:
            self.thawed.append(self.body[0].weight.requires_grad)
            self.tracked.append((self.norm.training, self.body[1].training))
        scores = self.head(self.body(self.norm(self.stem(x))))
        loss = scores.sum() if labels is None else nn.functional.cross_entropy(scores, labels)
        return {"loss": loss, "logits": scores}


def assert_followed(net: Net, thaws: int = 3, start: int = 0, stop: int = STEPS, batches: int = 1) -> None:
    steps = [step for step in range(start, stop) for _ in range(batches)]
    assert net.thawed == [step >= thaws for step in steps]
    assert net.tracked == [(False, step >= thaws) for step in steps]
    assert torch.equal(net.norm.running_mean, torch.zeros(4))
    assert net.norm.num_batches_tracked == 0
    assert net.body[1].num_batches_tracked == sum(net.thawed)


def follow_and_verify(plan: lrspec.Plan, part: str | None = "net") -> list[Any]:
    return [LightningFollow(plan, part), LightningVerify(plan, part)]


def planned(spec: str = SPEC) -> tuple[Net, lrspec.Plan]:
    net = Net()
    plan = lrspec.compile(lrspec.loads(spec), net)
    plan.freeze(net)
    return net, plan


def build(plan: lrspec.Plan) -> Any:
    return lambda net: lrspec.build_optimizer(plan, net)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
@pytest.mark.parametrize("spec", [SPEC, PERCENT], ids=["steps", "percent"])
def test_lightning_follows(library: ModuleType, spec: str, tmp_path: Path) -> None:
    net, plan = planned(spec)
    trainer = trainer_of(library, tmp_path, *follow_and_verify(plan), steps=STEPS)
    module = module_of(library, net, build(plan))
    type(module).validation_step = lambda self, batch, _: self.net(**batch)["loss"]  # which changes the mode
    trainer.fit(module, points(), points())
    assert trainer.global_step == STEPS
    assert_followed(net)


def test_lightning_counts_optimizer_steps_not_batches(tmp_path: Path) -> None:
    net, plan = planned()
    trainer = trainer_of(lightning.pytorch, tmp_path, *follow_and_verify(plan), steps=STEPS)
    trainer.accumulate_grad_batches = 2
    trainer.fit(module_of(lightning.pytorch, net, build(plan)), points())
    assert_followed(net, batches=2)


def test_lightning_resumes_in_the_same_phase(tmp_path: Path) -> None:
    for start, stop, path in ((0, 4, None), (4, 8, tmp_path / "half.ckpt")):
        net, plan = planned()
        trainer = trainer_of(lightning.pytorch, tmp_path, *follow_and_verify(plan), steps=stop)
        trainer.fit(module_of(lightning.pytorch, net, build(plan)), points(), ckpt_path=path, weights_only=False)
        trainer.save_checkpoint(tmp_path / "half.ckpt")
        assert net.thawed == [step >= 3 for step in range(start, stop)]


TWO = """
lrspec: 1
optimizers: {adamw: {type: Adam, lr: 1e-3}, sgd: {type: SGD, lr: 0.1}}
rules:
  - {name: stem, match: '^(stem|norm)', freeze: true}
  - {name: body, match: '^body', lr_mult: 1, freeze: {until: 37.5%}}
  - {name: head, match: '^head', lr_mult: 1, optimizer: sgd}
"""


def test_lightning_counts_a_step_of_each_of_several_optimizers_as_one(tmp_path: Path) -> None:
    net, plan = planned(TWO)
    trainer = trainer_of(lightning.pytorch, tmp_path, *follow_and_verify(plan), steps=2 * STEPS)
    optimizers = module_of(
        lightning.pytorch, net, lambda net: list(lrspec.build_optimizers(plan, net).values()), automatic=False
    )
    trainer.fit(optimizers, points())
    assert_followed(net)


def test_lightning_asks_for_the_end_of_a_run_with_percentages(tmp_path: Path) -> None:
    net, plan = planned(PERCENT)
    trainer = trainer_of(lightning.pytorch, tmp_path, *follow_and_verify(plan), steps=-1)
    trainer.fit_loop.max_epochs = -1
    with pytest.raises(ValueError, match="pass the number of all steps"):
        trainer.fit(module_of(lightning.pytorch, net, build(plan)), points())


def test_lightning_takes_the_end_from_epochs(tmp_path: Path) -> None:
    net, plan = planned(PERCENT)
    trainer = trainer_of(lightning.pytorch, tmp_path, *follow_and_verify(plan), steps=-1)
    trainer.fit_loop.max_epochs = 2  # of 4 batches
    trainer.fit(module_of(lightning.pytorch, net, build(plan)), points())
    assert_followed(net)


class TrainsAtAnOddMoment(lightning.pytorch.Callback):
    """Puts the whole model into training mode before each batch."""

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        pl_module.train()


def test_lightning_callbacks_look_at_norms_alone_at_each_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, plan = planned()
    walked = walks(monkeypatch, lrspec.trainers.lightning)
    callbacks = [TrainsAtAnOddMoment(), LightningFollow(plan, "net")]
    trainer = trainer_of(lightning.pytorch, tmp_path, *callbacks, steps=STEPS)
    trainer.fit(module_of(lightning.pytorch, net, build(plan)), points())
    assert_followed(net)
    assert len(walked) == 3  # at the start, for the norms, and where the body thaws


def walks(monkeypatch: pytest.MonkeyPatch, trainers: ModuleType) -> list[nn.Module]:
    """The models through which callbacks of some trainer have walked."""
    walked: list[nn.Module] = []

    def recorded(model: nn.Module) -> ModelParameters:
        walked.append(model)
        return walk(model)

    for module in (advancing, trainers):
        monkeypatch.setattr(module, "walk", recorded)
    return walked


def test_without_following_verify_says_so(tmp_path: Path) -> None:
    net, plan = planned()
    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(plan, "net"), steps=STEPS)
    with pytest.raises(lrspec.VerifyError, match="LRS409") as caught:
        trainer.fit(module_of(lightning.pytorch, net, build(plan)), points())
    assert {each.code for each in caught.value.diagnostics} == {"LRS409", "LRS410"}


# ------------------------------------------------------------------------------------------------ transformers


def transformers_trainer(folder: Path, net: Net, plan: lrspec.Plan, *callbacks: Any, **changes: Any) -> Any:
    given = arguments(folder, changes.pop("steps", STEPS))
    for name, value in changes.items():
        setattr(given, name, value)
    return transformers.Trainer(
        model=net,
        args=given,
        train_dataset=Points(),
        eval_dataset=Points(),
        optimizers=(lrspec.build_optimizer(plan, net), None),
        callbacks=list(callbacks or (TransformersFollow(plan), TransformersVerify(plan))),
    )


@pytest.mark.parametrize("spec", [SPEC, PERCENT], ids=["steps", "percent"])
def test_transformers_follows(spec: str, tmp_path: Path) -> None:
    net, plan = planned(spec)
    trainer = transformers_trainer(tmp_path, net, plan, eval_strategy="steps", eval_steps=2)
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert_followed(net)
    assert "train" not in vars(net)
    assert net.train() is net
    assert net.norm.training


def test_transformers_counts_optimizer_steps_not_batches(tmp_path: Path) -> None:
    net, plan = planned()
    transformers_trainer(tmp_path, net, plan, gradient_accumulation_steps=2).train()
    assert_followed(net, batches=2)


def test_transformers_resumes_in_the_same_phase(tmp_path: Path) -> None:
    for start, stop, checkpoint in ((0, 4, None), (4, 8, str(tmp_path / "checkpoint-4"))):
        net, plan = planned()
        transformers_trainer(tmp_path, net, plan, steps=stop).train(resume_from_checkpoint=checkpoint)
        assert net.thawed == [step >= 3 for step in range(start, stop)]


class StoppedError(Exception):
    """What ends a training run."""


def test_transformers_walks_seldom_and_an_exception_leaves_the_model_its_own_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        if net.thawed == [False] * 3 + [True] * 2:
            raise StoppedError

    net, plan = planned()
    walked = walks(monkeypatch, lrspec.trainers.transformers)
    net.register_forward_hook(stop)
    with pytest.raises(StoppedError):
        transformers_trainer(tmp_path, net, plan, TransformersFollow(plan)).train()
    assert_followed(net, stop=5)
    assert "train" not in vars(net)
    assert len(walked) == 3  # at the start, for the norms, and where the body thaws


class Interrupts(transformers.TrainerCallback):  # type: ignore[misc] # transformers is not followed
    """Copies the model at a step, as averages do, and ends the run by an exception behind the other callbacks."""

    def on_step_begin(self, *_: Any, **trained: Any) -> None:
        self.copy = copy.deepcopy(trained["model"])
        raise StoppedError


def test_transformers_leaves_models_that_can_be_copied_and_pickled(tmp_path: Path) -> None:
    net, plan = planned()
    interrupts = Interrupts()
    with pytest.raises(StoppedError):
        transformers_trainer(tmp_path, net, plan, TransformersFollow(plan), interrupts).train()
    net.train()
    assert interrupts.copy.eval().training is False
    assert net.training is True
    assert pickle.loads(pickle.dumps(interrupts.copy)).state_dict().keys() == net.state_dict().keys()


def test_transformers_keeps_a_train_of_the_models_own(tmp_path: Path) -> None:
    net, plan = planned()
    modes: list[bool] = []

    def own(mode: bool = True) -> Net:
        modes.append(mode)
        return Net.train(net, mode)

    net.train = own  # type: ignore[method-assign]
    transformers_trainer(tmp_path, net, plan, TransformersFollow(plan)).train()
    assert_followed(net)
    assert len(modes) >= STEPS
    assert vars(net)["train"] is own


class ChangesMode(transformers.TrainerCallback):  # type: ignore[misc] # transformers is not followed
    """Puts the whole model into a mode before each step."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def on_step_begin(self, *_: Any, **trained: Any) -> None:
        trained["model"].train(self.mode)


def test_transformers_follows_where_other_callbacks_change_the_mode(tmp_path: Path) -> None:
    net, plan = planned()
    transformers_trainer(tmp_path, net, plan, ChangesMode(True), TransformersFollow(plan), ChangesMode(False)).train()
    assert_followed(net)


def test_transformers_verify_says_where_nothing_follows(tmp_path: Path) -> None:
    net, plan = planned()
    with pytest.raises(lrspec.VerifyError, match="LRS409"):
        transformers_trainer(tmp_path, net, plan, TransformersVerify(plan)).train()


class _Mode:
    value = "distributed"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"deepspeed": {"stage": 1}}, "DeepSpeed trains what required grad"),
        ({"ddp_find_unused_parameters": False}, "set ddp_find_unused_parameters=True"),
        ({"gradient_checkpointing": True}, "set ddp_find_unused_parameters=True"),
        ({"ddp_static_graph": True}, "leave ddp_static_graph unset"),
    ],
)
def test_transformers_wrappers_under_which_nothing_thaws_are_refused(change: Any, message: str, tmp_path: Path) -> None:
    net, plan = planned()
    given = arguments(tmp_path)
    for name, value in change.items():
        setattr(given, name, value)
    type(given).parallel_mode, of_class = _Mode(), type(given).parallel_mode
    try:
        with pytest.raises(lrspec.BindError, match=message):
            TransformersFollow(plan).on_train_begin(given, transformers.TrainerState(), None, model=net)
        if "deepspeed" not in change:  # after the last thaw, DDP has nothing to wait for
            TransformersFollow(plan).on_train_begin(given, transformers.TrainerState(global_step=3), None, model=net)
    finally:
        type(given).parallel_mode = of_class


@pytest.mark.parametrize("callback", [LightningFollow, TransformersFollow])
def test_a_spec_in_place_of_the_plan_is_refused_when_the_callback_is_made(callback: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a plan \(lrspec\.compile\), found SpecFile"):
        callback(lrspec.loads(SPEC))

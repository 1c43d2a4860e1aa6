"""Schedules of specs against those of torch and transformers, at each of 1,000 steps; and under FSDP2 and Lightning.

`SAME` is what docs/schedules.md says is the same, and `OTHERWISE` where it says that it is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, TensorDataset

import lrspec
import lrspec.trainers.transformers
from lrspec.trainers.lightning import VerifyPlan
from tests.integration.processes import lines

STEPS, WARM_UP = 1000, 100
UP: dict[str, Any] = {"until": WARM_UP, "from": 0}

Made = Callable[[Optimizer], LRScheduler]
Segments = list[dict[str, Any]]


def after_a_warm_up(main: Made) -> Made:
    """A linear warm-up of torch's from a hundredth, then another scheduler."""

    def made(optimizer: Optimizer) -> LRScheduler:
        warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=WARM_UP)
        return lr_scheduler.SequentialLR(optimizer, [warm_up, main(optimizer)], milestones=[WARM_UP])

    return made


REST = STEPS - WARM_UP
SAME: dict[str, tuple[Segments, Made]] = {
    "CosineAnnealingLR": ([{"to": 0, "shape": "cosine"}], lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS)),
    "CosineAnnealingLR with a floor": (
        [{"to": 0.1, "shape": "cosine"}],
        lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=0.1),
    ),
    "LinearLR": (
        [{"until": 300, "from": 0.25, "to": 0.75}, {"to": 0.75}],
        lambda o: lr_scheduler.LinearLR(o, 0.25, 0.75, total_iters=300),
    ),
    "PolynomialLR": ([{"to": 0, "shape": {"power": 2}}], lambda o: lr_scheduler.PolynomialLR(o, STEPS, 2.0)),
    "MultiStepLR": (
        [{"until": 600}, {"until": 800, "from": 0.1, "to": 0.1}, {"from": 0.01, "to": 0.01}],
        lambda o: lr_scheduler.MultiStepLR(o, [600, 800], 0.1),
    ),
    "ExponentialLR": (
        [{"to": 0.995**STEPS, "shape": "exponential"}],
        lambda o: lr_scheduler.ExponentialLR(o, 0.995),
    ),
    "LinearLR, then CosineAnnealingLR": (
        [{"until": "10%", "from": 0.01}, {"to": 0.1, "shape": "cosine"}],
        after_a_warm_up(lambda o: lr_scheduler.CosineAnnealingLR(o, REST, eta_min=0.1)),
    ),
    "LinearLR, then PolynomialLR": (
        [{"until": "10%", "from": 0.01}, {"to": 0, "shape": {"power": 0.9}}],
        after_a_warm_up(lambda o: lr_scheduler.PolynomialLR(o, REST, 0.9)),
    ),
    "LinearLR, then ExponentialLR": (
        [{"until": "10%", "from": 0.01}, {"to": 0.995**REST, "shape": "exponential"}],
        after_a_warm_up(lambda o: lr_scheduler.ExponentialLR(o, 0.995)),
    ),
    "LinearLR, then MultiStepLR": (
        [{"until": "10%", "from": 0.01}, {"until": 500}, {"from": 0.1, "to": 0.1}],
        after_a_warm_up(lambda o: lr_scheduler.MultiStepLR(o, [400], 0.1)),
    ),
    "get_cosine_schedule_with_warmup": (
        [UP, {"to": 0, "shape": "cosine"}],
        lambda o: transformers.get_cosine_schedule_with_warmup(o, WARM_UP, STEPS),
    ),
    "get_linear_schedule_with_warmup": (
        [UP, {"to": 0}],
        lambda o: transformers.get_linear_schedule_with_warmup(o, WARM_UP, STEPS),
    ),
    "get_constant_schedule_with_warmup": (
        [UP, {}],
        lambda o: transformers.get_constant_schedule_with_warmup(o, WARM_UP),
    ),
    "get_cosine_with_min_lr_schedule_with_warmup": (
        [UP, {"to": 0.1, "shape": "cosine"}],
        lambda o: transformers.get_cosine_with_min_lr_schedule_with_warmup(o, WARM_UP, STEPS, min_lr_rate=0.1),
    ),
    "get_polynomial_decay_schedule_with_warmup": (
        [UP, {"to": 0.01, "shape": {"power": 2}}],
        lambda o: transformers.get_polynomial_decay_schedule_with_warmup(o, WARM_UP, STEPS, lr_end=0.01, power=2),
    ),
    "get_inverse_sqrt_schedule": (
        [UP, {"shape": "inverse_sqrt"}],
        lambda o: transformers.get_inverse_sqrt_schedule(o, WARM_UP),
    ),
    "get_wsd_schedule": (
        [UP, {"until": 800}, {"to": 0, "shape": "cosine"}],
        lambda o: transformers.get_wsd_schedule(o, WARM_UP, 200, num_stable_steps=700),
    ),
    "get_wsd_schedule with a floor, from which it warms up": (
        [{**UP, "from": 0.1}, {"until": 800}, {"to": 0.1, "shape": "sqrt"}],
        lambda o: transformers.get_wsd_schedule(
            o, WARM_UP, 200, num_stable_steps=700, decay_type="1-sqrt", min_lr_ratio=0.1
        ),
    ),
    "get_wsd_schedule with other ends": (
        [{**UP, "shape": {"power": 0.5}}, {"until": 800}, {"to": 0}],
        lambda o: transformers.get_wsd_schedule(
            o, WARM_UP, 200, num_stable_steps=700, warmup_type="1-sqrt", decay_type="linear"
        ),
    ),
    "get_wsd_schedule with a warm-up by a cosine": (
        [{**UP, "shape": "cosine"}, {"until": 800}, {"to": 0}],
        lambda o: transformers.get_wsd_schedule(
            o, WARM_UP, 200, num_stable_steps=700, warmup_type="cosine", decay_type="linear"
        ),
    ),
}

OTHERWISE: dict[str, tuple[Segments, Made]] = {
    "wsd with a floor warms up from it": (
        [UP, {"until": 800}, {"to": 0.1, "shape": "cosine"}],
        lambda o: transformers.get_wsd_schedule(o, WARM_UP, 200, num_stable_steps=700, min_lr_ratio=0.1),
    ),
    "inverse_sqrt of another timescale than the warm-up": (
        [UP, {"shape": "inverse_sqrt"}],
        lambda o: transformers.get_inverse_sqrt_schedule(o, WARM_UP, timescale=400),
    ),
    "inverse_sqrt without a warm-up has a timescale of 10,000": (
        [{"shape": "inverse_sqrt"}],
        lambda o: transformers.get_inverse_sqrt_schedule(o, 0),
    ),
    "CosineAnnealingLR goes up again": (
        [{"until": 500, "to": 0, "shape": "cosine"}, {"to": 0}],
        lambda o: lr_scheduler.CosineAnnealingLR(o, 500),
    ),
    "a cosine of several cycles": (
        [UP, {"to": 0, "shape": "cosine"}],
        lambda o: transformers.get_cosine_schedule_with_warmup(o, WARM_UP, STEPS, num_cycles=1.5),
    ),
}


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, values: Tensor) -> Tensor:
        scores: Tensor = self.head(self.body(values))
        return scores


def compiled(segments: Segments, model: nn.Module) -> lrspec.Plan:
    rules = [{"name": "body", "match": "^body", "lr_mult": 1}, {"name": "head", "match": "^head", "lr_mult": 10}]
    optimizer = {"type": "SGD", "lr": 1}
    check = {"large-value": "ignore"}
    spec = {"lrspec": 1, "optimizer": optimizer, "schedules": {"main": segments}, "rules": rules, "check": check}
    return lrspec.compile(spec, model)


def factors_of(scheduler: LRScheduler) -> list[float]:
    """The rate of the first group, which is 1 in the plan, at each step."""
    found = []
    for _ in range(STEPS):
        found.append(float(scheduler.optimizer.param_groups[0]["lr"]))
        scheduler.optimizer.step()
        scheduler.step()
    return found


def both(segments: Segments, theirs: Made) -> tuple[list[float], list[float]]:
    model = Net()
    plan = compiled(segments, model)
    ours = lrspec.build_scheduler(plan, lrspec.build_optimizer(plan, model), STEPS)
    return factors_of(ours), factors_of(theirs(torch.optim.SGD(model.parameters(), lr=1.0)))


@pytest.mark.parametrize(("segments", "theirs"), SAME.values(), ids=SAME)
def test_a_schedule_is_the_same_at_each_of_1000_steps(segments: Segments, theirs: Made) -> None:
    ours, expected = both(segments, theirs)
    assert ours == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize(("segments", "theirs"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_is_documented_as_different_is_different(segments: Segments, theirs: Made) -> None:
    ours, expected = both(segments, theirs)
    assert max(abs(one - other) for one, other in zip(ours, expected, strict=True)) > 0.01


LIGHTNING = pytest.mark.filterwarnings(
    "ignore:The 'train_dataloader' does not have many workers",
    "ignore:`isinstance\\(treespec, LeafSpec\\)`",
    "ignore:You're resuming from a checkpoint that ended before the epoch",
)


class Module(LightningModule):
    def __init__(self, interval: str) -> None:
        super().__init__()
        self.net, self.interval = Net(), interval
        self.plan = compiled([{"until": 4, "from": 0}, {"to": 0}], self.net)
        self.rates: list[float] = []

    def training_step(self, batch: list[Tensor]) -> Tensor:
        self.rates.append(self.trainer.optimizers[0].param_groups[0]["lr"])
        loss: Tensor = self.net(batch[0]).sum()
        return loss

    def configure_optimizers(self) -> Any:
        optimizer = lrspec.build_optimizer(self.plan, self.net)
        scheduler = lrspec.build_scheduler(self.plan, optimizer, steps=10)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": self.interval}}


def trained(folder: Path, interval: str = "step", resume: str | None = None, most: int = 10) -> Module:
    module = Module(interval)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=most,
        callbacks=[VerifyPlan(module.plan, part="net")],
        logger=False,
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(module, DataLoader(TensorDataset(torch.ones(20, 3)), batch_size=2), ckpt_path=resume)
    if most < 10:
        trainer.save_checkpoint(folder / "half.ckpt")
    return module


PLANNED = [0, 0.25, 0.5, 0.75, *(1 - step / 6 for step in range(6))]


@LIGHTNING
def test_lightning_steps_it_after_each_batch_and_resumes_it(tmp_path: Path) -> None:
    assert trained(tmp_path).rates == pytest.approx(PLANNED)
    assert trained(tmp_path, most=6).rates == pytest.approx(PLANNED[:6])
    assert trained(tmp_path, resume=str(tmp_path / "half.ckpt")).rates == pytest.approx(PLANNED[6:])


@LIGHTNING
def test_by_epochs_as_is_lightnings_default_it_stays_where_it_began(tmp_path: Path) -> None:
    assert trained(tmp_path, interval="epoch").rates == [0] * 10


def test_transformers_trainer_takes_it(tmp_path: Path) -> None:
    model = transformers.BertForSequenceClassification(
        transformers.BertConfig(
            vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
        )
    )
    spec = {
        "lrspec": 1,
        "optimizer": {"type": "AdamW", "lr": 1e-3},
        "schedules": {"main": [{"until": "50%", "from": 0}, {"to": 0}], "head": [{"to": 0, "shape": "cosine"}]},
        "rules": [
            {"name": "head", "match": "^classifier", "lr_mult": 2, "schedule": "head"},
            {"name": "rest", "fallback": True, "lr_mult": 1},
        ],
    }
    plan = lrspec.compile(spec, model)
    optimizer = lrspec.build_optimizer(plan, model)
    scheduler = lrspec.build_scheduler(plan, optimizer, steps=8)
    data = [{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(0)}] * 8
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=6, per_device_train_batch_size=1, report_to=[], use_cpu=True, save_steps=6
    )
    callbacks = [lrspec.trainers.transformers.VerifyPlan(plan)]
    transformers.Trainer(
        model, arguments, train_dataset=data, optimizers=(optimizer, scheduler), callbacks=callbacks
    ).train()
    assert [group["lr"] for group in optimizer.param_groups] == list(plan.rates_at(6, 8).values())
    assert math.isclose(plan.rates_at(6, 8)["head"] or 0, 1e-3 * (1 + math.cos(0.75 * math.pi)))


@pytest.mark.slow
def test_two_processes_of_fsdp2_have_the_rates_of_the_plan() -> None:
    said = lines(Path(__file__).parent / "train_scheduled_fsdp2.py")
    assert sorted(said) == [f"process {rank}: 20 steps on schedule, resumed at step 12" for rank in (0, 1)]

"""The callbacks in real trainers: silent when what trains is the spec's, and training does not start when it is not."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import lightning.pytorch
import pytest
import pytorch_lightning
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, OneCycleLR
from torch.utils.data import DataLoader, Dataset

import lrspec
from lrspec.trainers.lightning import VerifyPlan as LightningVerify
from lrspec.trainers.transformers import VerifyPlan as TransformersVerify

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what transformers imports
    import transformers

SPEC = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.05}
rules:
  - {name: body, match: '^body\.', lr_mult: 0.1}
  - {name: head, match: '^head\.', lr_mult: 1}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
""",
    path="net.lrspec.yaml",
)
TWO = lrspec.loads(
    r"""
lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 1e-3}
  sgd: {type: SGD, lr: 0.1}
rules:
  - {name: body, match: '^body\.', lr_mult: 1}
  - {name: head, match: '^head\.', lr_mult: 1, optimizer: sgd}
"""
)
STEPS = 4

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # of torch, to Lightning
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Net(nn.Module):
    """Two layers, as transformers' Trainer wants to call them: it gives a loss, too."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        scores = self.head(self.body(x).relu())
        loss = scores.sum() if labels is None else nn.functional.cross_entropy(scores, labels)
        return {"loss": loss, "logits": scores}


class Points(Dataset[dict[str, Tensor]]):
    """Eight points of two classes."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if index >= len(self):
            raise IndexError(index)
        return {"x": torch.full((4,), float(index)), "labels": torch.tensor(index % 2)}


# ------------------------------------------------------------------------------------------------ Lightning

Configure = Callable[[nn.Module], Any]
LIBRARIES = [lightning.pytorch, pytorch_lightning]


def module_of(library: ModuleType, net: nn.Module, configure: Configure, automatic: bool = True) -> Any:
    """A LightningModule of a library around a model, with the optimizers that a test configures."""

    class Module(library.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = net
            self.automatic_optimization = automatic

        def configure_optimizers(self) -> Any:
            return configure(self.net)

        def training_step(self, batch: dict[str, Tensor], _: int) -> Tensor | None:
            loss: Tensor = self.net(**batch)["loss"]
            if automatic:
                return loss
            for optimizer in self.optimizers():
                optimizer.zero_grad()
            self.manual_backward(loss)
            for optimizer in self.optimizers():
                optimizer.step()
            return None

    return Module()


def trainer_of(library: ModuleType, folder: Path, *callbacks: Any, steps: int = STEPS) -> Any:
    return library.Trainer(
        max_steps=steps,
        accelerator="cpu",
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )


def points() -> DataLoader[dict[str, Tensor]]:
    return DataLoader(Points(), batch_size=2)


def scheduled(optimizer: Optimizer, scheduler: Any) -> Any:
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


def one_cycle(net: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(SPEC, net)
    rates = [group["lr"] for group in optimizer.param_groups]
    return scheduled(optimizer, OneCycleLR(optimizer, rates, total_steps=20))


def cosine(net: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(SPEC, net)
    return scheduled(optimizer, CosineAnnealingLR(optimizer, 20))


def scalar_max_lr(net: nn.Module) -> Any:
    optimizer = lrspec.build_optimizer(SPEC, net)
    return scheduled(optimizer, OneCycleLR(optimizer, max_lr=1e-2, total_steps=20))


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
@pytest.mark.parametrize("configure", [lambda net: lrspec.build_optimizer(SPEC, net), one_cycle, cosine])
def test_lightning_trains_where_all_is_right(library: ModuleType, configure: Configure, tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(library, tmp_path, LightningVerify(lrspec.compile(SPEC, net), part="net"))
    trainer.fit(module_of(library, net, configure), points())
    assert trainer.global_step == STEPS


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_lightning_does_not_start_with_a_scalar_rate(library: ModuleType, tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(library, tmp_path, LightningVerify(lrspec.compile(SPEC, net), part="net"))
    with pytest.raises(lrspec.VerifyError, match="LRS406 schedule-differs: `max_lr` of 2 parameters") as caught:
        trainer.fit(module_of(library, net, scalar_max_lr), points())
    assert [(found.code, found.rule) for found in caught.value.diagnostics] == [("LRS406", "body")]
    assert trainer.global_step == 0


def test_lightning_does_not_start_with_other_groups(tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(lrspec.compile(SPEC, net), part="net"))
    with pytest.raises(lrspec.VerifyError, match="the learning rate of 2 parameters"):
        trainer.fit(module_of(lightning.pytorch, net, lambda net: torch.optim.AdamW(net.parameters(), 0.01)), points())


def test_lightning_resumes_in_the_middle_of_a_schedule(tmp_path: Path) -> None:
    for steps, path in ((STEPS, None), (2 * STEPS, tmp_path / "half.ckpt")):
        net = Net()
        trainer = trainer_of(
            lightning.pytorch, tmp_path, LightningVerify(lrspec.compile(SPEC, net), "net"), steps=steps
        )
        trainer.fit(module_of(lightning.pytorch, net, one_cycle), points(), ckpt_path=path, weights_only=False)
        trainer.save_checkpoint(tmp_path / "half.ckpt")
    assert trainer.global_step == 2 * STEPS


def test_lightning_judges_several_optimizers_in_the_specs_order(tmp_path: Path) -> None:
    net = Net()
    plan = lrspec.compile(TWO, net)

    def configure(net: nn.Module) -> Any:
        return list(lrspec.build_optimizers(TWO, net).values())

    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(plan, "net"))
    trainer.fit(module_of(lightning.pytorch, net, configure, automatic=False), points())
    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(plan, "net"))
    reversed_ = module_of(lightning.pytorch, net, lambda net: configure(net)[::-1], automatic=False)
    with pytest.raises(lrspec.VerifyError, match="are in the optimizer `sgd`, not in `adamw`"):
        trainer.fit(reversed_, points())


def test_lightning_says_how_many_optimizers_the_spec_has(tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(lrspec.compile(TWO, net), "net"))
    expected = r"`configure_optimizers` returns 1 optimizer, but the spec has 2 \(adamw, sgd\)"
    with pytest.raises(lrspec.BindError, match=expected):
        trainer.fit(module_of(lightning.pytorch, net, cosine), points())


def test_lightning_says_which_part_the_plan_is_for(tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(lrspec.compile(SPEC, net)))
    with pytest.raises(lrspec.BindError, match=r"but the same without `net\.`: verify the part that it was made for"):
        trainer.fit(module_of(lightning.pytorch, net, cosine), points())


def test_warnings_are_issued_and_training_goes_on(tmp_path: Path) -> None:
    text = SPEC.document.text.content + "check: {schedule-differs: warning}\n"
    net = Net()
    trainer = trainer_of(lightning.pytorch, tmp_path, LightningVerify(lrspec.compile(lrspec.loads(text), net), "net"))
    with pytest.warns(lrspec.SpecWarning, match="^<text>:5:45: warning LRS406 schedule-differs: ") as issued:
        trainer.fit(module_of(lightning.pytorch, net, scalar_max_lr), points())
    assert trainer.global_step == STEPS
    (warning,) = (each for each in issued if each.category is lrspec.SpecWarning)
    assert Path(warning.filename).is_relative_to(Path(lightning.__file__).parent)  # what has called the callback


# ------------------------------------------------------------------------------------------------ transformers


def arguments(folder: Path, steps: int = STEPS) -> Any:
    return transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=2,
        learning_rate=1e-2,
        weight_decay=0.05,
        use_cpu=True,
        report_to="none",
        save_steps=STEPS,
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )


def with_warmup(optimizer: Optimizer) -> LambdaLR:
    return LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 10))


def transformers_trainer(folder: Path, net: nn.Module, optimizers: Any, steps: int = STEPS, spec: Any = SPEC) -> Any:
    return transformers.Trainer(
        model=net,
        args=arguments(folder, steps),
        train_dataset=Points(),
        optimizers=optimizers,
        callbacks=[TransformersVerify(lrspec.compile(spec, net))],
    )


def test_transformers_trains_with_the_specs_optimizer_and_resumes(tmp_path: Path) -> None:
    for steps, checkpoint in ((STEPS, None), (2 * STEPS, str(tmp_path / f"checkpoint-{STEPS}"))):
        net = Net()
        optimizer = lrspec.build_optimizer(SPEC, net)
        trainer = transformers_trainer(tmp_path, net, (optimizer, with_warmup(optimizer)), steps)
        trainer.train(resume_from_checkpoint=checkpoint)
    assert trainer.state.global_step == 2 * STEPS


def test_transformers_trains_with_its_own_scheduler(tmp_path: Path) -> None:
    net = Net()
    trainer = transformers_trainer(tmp_path, net, (lrspec.build_optimizer(SPEC, net), None))
    trainer.train()
    assert trainer.state.global_step == STEPS


def test_transformers_does_not_start_with_groups_of_its_own(tmp_path: Path) -> None:
    net = Net()
    trainer = transformers_trainer(tmp_path, net, (None, None))
    with pytest.raises(lrspec.VerifyError) as caught:
        trainer.train()
    (found,) = caught.value.diagnostics
    assert (found.code, found.line, found.rule) == ("LRS406", 5, "body")
    assert found.parameters == ("body.weight", "body.bias")
    assert trainer.state.global_step == 0


def test_transformers_does_not_start_with_a_scalar_rate(tmp_path: Path) -> None:
    net = Net()
    optimizer = lrspec.build_optimizer(SPEC, net)
    trainer = transformers_trainer(tmp_path, net, (optimizer, OneCycleLR(optimizer, max_lr=1e-2, total_steps=20)))
    with pytest.raises(lrspec.VerifyError, match="`max_lr` of 2 parameters"):
        trainer.train()


def test_transformers_goes_on_where_the_spec_has_only_warnings(tmp_path: Path) -> None:
    text = SPEC.document.text.content + "check: {schedule-differs: warning}\n"
    net = Net()
    optimizer = lrspec.build_optimizer(SPEC, net)
    trainer = transformers_trainer(
        tmp_path, net, (optimizer, OneCycleLR(optimizer, max_lr=1e-2, total_steps=20)), spec=lrspec.loads(text)
    )
    with pytest.warns(lrspec.SpecWarning, match="^<text>:5:45: warning LRS406 schedule-differs: "):
        trainer.train()
    assert trainer.state.global_step == STEPS


@pytest.mark.parametrize("severity", ["warning", "error"])
def test_the_plan_may_be_of_a_mapping(severity: str, tmp_path: Path) -> None:
    mapping = {**SPEC.document.value, "check": {"schedule-differs": severity}}
    net = Net()
    optimizer = lrspec.build_optimizer(mapping, net)
    schedule = OneCycleLR(optimizer, max_lr=1e-2, total_steps=20)
    trainer = transformers_trainer(tmp_path, net, (optimizer, schedule), spec=mapping)
    report = rf"^<mapping>:12:18: {severity} LRS406 schedule-differs: rules\[0\]\.lr_mult: `max_lr` of 2 parameters"
    expected = pytest.warns(lrspec.SpecWarning, match=report)
    with expected if severity == "warning" else pytest.raises(lrspec.VerifyError, match=report):
        trainer.train()


WARNED = """
import sys, warnings
sys.path.insert(0, {root!r})
warnings.simplefilter("ignore")
from tests.integration import test_callbacks as tests
warnings.resetwarnings(); warnings.filterwarnings("default")
import lrspec
from pathlib import Path

text = tests.SPEC.document.text.content + "check: {{schedule-differs: warning}}\\n"
net = tests.Net()
callback = tests.LightningVerify(lrspec.compile(lrspec.loads(text), net), "net")
trainer = tests.trainer_of(tests.lightning.pytorch, Path({folder!r}), callback)
trainer.fit(tests.module_of(tests.lightning.pytorch, net, tests.scalar_max_lr), tests.points())
print("transformers", file=sys.stderr)
net = tests.Net()
optimizer = lrspec.build_optimizer(tests.SPEC, net)
schedule = tests.OneCycleLR(optimizer, max_lr=1e-2, total_steps=20)
tests.transformers_trainer(Path({folder!r}), net, (optimizer, schedule), spec=lrspec.loads(text)).train()
"""


def test_runs_show_their_warnings_once(tmp_path: Path) -> None:
    code = WARNED.format(root=str(Path(__file__).parents[2]), folder=str(tmp_path))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = ": <text>:5:45: warning LRS406 schedule-differs: "  # Lightning writes no class
    assert [shown.count(said) for shown in ran.stderr.split("\ntransformers\n")] == [1, 1]


@pytest.mark.parametrize("callback", [LightningVerify, TransformersVerify])
def test_a_spec_in_place_of_the_plan_is_refused_when_the_callback_is_made(callback: Any) -> None:
    with pytest.raises(TypeError, match=r"expected a plan \(lrspec\.compile\), found SpecFile"):
        callback(SPEC)

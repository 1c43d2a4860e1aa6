"""`configure_optimizers` for Lightning: modules train by a spec, follow its schedules, and are verified."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning.pytorch
import pytest
import yaml
from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import Callback, LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import StepLR

import lrspec
from lrspec.trainers.lightning import VerifyPlan, configure_optimizers
from tests.integration.processes import EXAMPLES
from tests.integration.test_callbacks import SPEC, STEPS, TWO, Net, module_of, points, trainer_of

BASE: Any = SPEC.document.value
EDITED: Any = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 0.02, "weight_decay": 0.1},
    "rules": [{"name": "depth", "layers": [r"^body\.", r"^head\."], "layer_decay": 0.5}],
}
SCHEDULED = BASE | {"schedules": {"main": [{"until": 1, "from": 0.25}, {"to": 0, "shape": "cosine"}]}}

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # of torch, to Lightning
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]


class Record(Callback):
    """Records the rates of each optimizer at the beginning of each batch."""

    def __init__(self) -> None:
        self.rates: list[dict[str, float]] = []

    def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
        groups = (group for optimizer in trainer.optimizers for group in optimizer.param_groups)
        self.rates.append({group["name"]: group["lr"] for group in groups})


def module_by(spec: Any, net: nn.Module, automatic: bool = True, **how: Any) -> Any:
    """A LightningModule whose optimizers are those of a spec, for its part `net`."""
    module = module_of(lightning.pytorch, net, lambda _: None, automatic)
    module.configure_optimizers = lambda: configure_optimizers(module, spec, part="net", **how)
    return module


@pytest.mark.parametrize("spec", [SPEC, BASE, SCHEDULED], ids=["file", "mapping", "scheduled"])
def test_a_module_trains_by_the_spec(spec: Any, tmp_path: Path) -> None:
    net, record = Net(), Record()
    trainer_of(lightning.pytorch, tmp_path, record).fit(module_by(spec, net), points())
    plan = lrspec.compile(spec, net)
    assert record.rates == [plan.rates_at(step, STEPS) for step in range(STEPS)]


def test_the_steps_of_a_schedule_are_those_of_all_epochs(tmp_path: Path) -> None:
    net, record = Net(), Record()
    trainer = trainer_of(lightning.pytorch, tmp_path, record, steps=-1)
    trainer.fit_loop.epoch_loop.max_steps, trainer.fit_loop.max_epochs = -1, 2
    trainer.fit(module_by(SCHEDULED, net), points())
    plan = lrspec.compile(SCHEDULED, net)
    assert record.rates == [plan.rates_at(step, 8) for step in range(8)]


def test_a_schedule_without_an_end_is_refused(tmp_path: Path) -> None:
    trainer = trainer_of(lightning.pytorch, tmp_path, steps=-1)
    trainer.fit_loop.max_epochs = -1
    with pytest.raises(lrspec.BuildError, match="does not know when it stops: set its `max_steps` or `max_epochs`"):
        trainer.fit(module_by(SCHEDULED, Net()), points())


@pytest.mark.filterwarnings("ignore:.*returned `None`")
def test_what_the_method_forgets_to_return_is_missed(tmp_path: Path) -> None:
    module = module_by(SPEC, Net())
    configure = module.configure_optimizers
    module.configure_optimizers = lambda: configure() and None
    with pytest.raises(lrspec.BindError, match=r"^`configure_optimizers` returns nothing: return the optimizers"):
        trainer_of(lightning.pytorch, tmp_path).fit(module, points())


@pytest.mark.parametrize(
    ("found", "given"), [("Net", [Net(), SPEC]), ("SpecFile", [SPEC, Net()]), ("type", [LightningModule, SPEC])]
)
def test_what_is_no_lightning_module_is_told_so(found: str, given: list[Any]) -> None:
    with pytest.raises(TypeError, match=f"^expected a LightningModule, found {found}$"):
        configure_optimizers(*given)


def test_hyperparameters_replace_the_specs_rates(tmp_path: Path) -> None:
    record = Record()
    trainer_of(lightning.pytorch, tmp_path, record).fit(module_by(SPEC, Net(), lr=0.1, weight_decay=0.2), points())
    assert record.rates[0]["head"] == 0.1
    plan = lrspec.compile(SPEC, Net())
    with pytest.raises(ValueError, match="a plan has its rates already"):
        trainer_of(lightning.pytorch, tmp_path).fit(module_by(plan, Net(), lr=0.1), points())


def test_the_run_is_verified_and_frozen_as_the_spec_says(tmp_path: Path) -> None:
    class Meddle(Callback):
        def on_train_start(self, trainer: Any, *_: Any) -> None:
            trainer.optimizers[0].param_groups[0]["weight_decay"] = 0.3

    frozen = {"name": "stop", "match": r"^body\.", "freeze": True}
    net = Net()
    trainer = trainer_of(lightning.pytorch, tmp_path, Meddle())
    with pytest.raises(lrspec.VerifyError, match="weight decay of"):
        trainer.fit(module_by(BASE | {"rules": [frozen, *BASE["rules"][1:]]}, net), points())
    assert not net.body.weight.requires_grad


def test_a_second_fit_is_verified_by_the_second_spec(tmp_path: Path) -> None:
    trainer = trainer_of(lightning.pytorch, tmp_path)
    trainer.fit(module_by(SPEC, Net()), points())
    trainer.fit_loop.epoch_loop.max_steps = 2 * STEPS
    trainer.fit(module_by(SPEC, Net(), lr=0.1), points())
    assert [type(each) for each in trainer.callbacks].count(VerifyPlan) == 1


def test_several_optimizers_have_a_scheduler_each(tmp_path: Path) -> None:
    two: Any = TWO.document.value | {"schedules": {"main": [{"to": 0}]}}
    net, record = Net(), Record()
    module = module_by(two, net, automatic=False)
    trainer_of(lightning.pytorch, tmp_path, record, steps=2 * STEPS).fit(module, points())
    assert [type(each).__name__ for each in module.trainer.optimizers] == ["AdamW", "SGD"]
    assert [each.scheduler.steps for each in module.trainer.lr_scheduler_configs] == [STEPS, STEPS]
    assert [each.interval for each in module.trainer.lr_scheduler_configs] == ["step", "step"]


def test_the_monitor_shows_the_names_of_the_groups(tmp_path: Path) -> None:
    monitor = LearningRateMonitor()
    trainer = trainer_of(lightning.pytorch, tmp_path, monitor)
    trainer.loggers, trainer.log_every_n_steps = [CSVLogger(tmp_path)], 1
    net = Net()
    trainer.fit(module_by(SCHEDULED, net), points())
    plan = lrspec.compile(SCHEDULED, net)
    assert list(monitor.lrs) == [f"lr-AdamW/{group.name}" for group in plan.groups or ()]
    assert monitor.lrs["lr-AdamW/head"] == [plan.rates_at(step, STEPS)["head"] for step in range(STEPS)]


def test_audit_and_verify_look_into_what_lightning_takes() -> None:
    net = Net()
    plan = lrspec.compile(SPEC, net)
    optimizer = lrspec.build_optimizer(plan, net)
    configured = {"scheduler": StepLR(optimizer, 2), "interval": "step"}
    for given in (configured, [configured], {"adamw": configured}):
        assert lrspec.audit(optimizer, net, given).ok
        assert not plan.verify(optimizer, net, given)
    not_an_audit: Any = "x"
    with pytest.raises(TypeError, match=r"^since: expected an Audit, found str$"):
        lrspec.audit(optimizer, net, since=not_an_audit)


# ----------------------------------------------------------------------------------------------- resuming

ADDED = {"schedules": SCHEDULED["schedules"]}


def resumed(first: Any, spec: Any, folder: Path) -> tuple[Any, Net, Net, list[dict[str, float]]]:
    """A module that has trained by a spec, and another that has gone on from its checkpoint by another spec."""
    before, after, record = Net(), Net(), Record()
    trainer = trainer_of(lightning.pytorch, folder)
    trainer.fit(module_by(first, before), points())
    trainer.save_checkpoint(folder / "last.ckpt")
    trainer = trainer_of(lightning.pytorch, folder, record, steps=2 * STEPS)
    trainer.fit_loop.max_epochs = 10
    trainer.fit(module_by(spec, after), points(), ckpt_path=folder / "last.ckpt", weights_only=False)
    return trainer, before, after, record.rates


@pytest.mark.parametrize("first", [BASE, SCHEDULED], ids=["constant", "scheduled"])
@pytest.mark.parametrize("schedules", [{}, ADDED], ids=["to constant", "to scheduled"])
@pytest.mark.parametrize("spec", [BASE, EDITED], ids=["the same", "edited"])
def test_a_checkpoint_is_resumed_with_the_rates_of_the_spec(
    first: Any, schedules: Any, spec: Any, tmp_path: Path
) -> None:
    spec = spec | schedules
    trainer, _, after, rates = resumed(first, spec, tmp_path)
    plan = lrspec.compile(spec, after)
    assert rates == [plan.rates_at(step, 2 * STEPS) for step in range(STEPS, 2 * STEPS)]
    assert {float(state["step"]) for state in trainer.optimizers[0].state.values()} == {2 * STEPS}


def test_a_checkpoint_without_names_is_refused(tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(lightning.pytorch, tmp_path)
    trainer.fit(module_of(lightning.pytorch, net, lambda each: AdamW(each.parameters())), points())
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    with pytest.raises(lrspec.ResumeError, match="does not name its parameters: it was not made from a spec"):
        trainer_of(lightning.pytorch, tmp_path, steps=2 * STEPS).fit(
            module_by(SPEC, Net()), points(), ckpt_path=tmp_path / "last.ckpt", weights_only=False
        )


NAMED = str(EXAMPLES / "small-vit-scheduled.lrspec.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--model.spec", NAMED)], ids=["inline", "named"])
def test_the_command_line_of_lightning_holds_the_spec_or_names_it(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    config = EXAMPLES / "lightning-cli.yaml"
    command = [sys.executable, str(EXAMPLES / "train_lightning_cli.py"), "fit", "--config", str(config), *words]
    ran = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True)
    printed = [line.split(maxsplit=1) for line in ran.stdout.splitlines() if line.startswith("lr-")]
    spec: Any = NAMED if words else yaml.safe_load(config.read_text(encoding="utf-8"))["model"]["spec"]
    plan = lrspec.compile(spec, importlib.import_module("small_vit").build())
    steps = [plan.rates_at(step, 8) for step in range(8)]
    expected = {f"lr-SGD/{name}": [rates[name] for rates in steps] for name in steps[0]}
    assert {name: ast.literal_eval(rates) for name, rates in printed} == expected

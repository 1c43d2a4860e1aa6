"""`use` on transformers' Trainer: it trains by the spec, and resumes after the spec has changed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import nn

import lrspec
from lrspec.trainers.transformers import use
from tests.integration.test_callbacks import SPEC, STEPS, TWO, Net, Points

BASE: Any = SPEC.document.value
EDITED: Any = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 0.02, "weight_decay": 0.1},
    "rules": [{"name": "depth", "layers": [r"^body\.", r"^head\."], "layer_decay": 0.5}],
}
WARM_UP = [{"until": 2, "from": 0.25}, {"to": 0, "shape": "cosine"}]

Rates = list[dict[str, float]]
"""The rate of each group at each step."""


class Record(transformers.TrainerCallback):  # type: ignore[misc]
    """Records the optimizer's rates at the beginning of each step."""

    def __init__(self) -> None:
        self.rates: Rates = []

    def on_step_begin(self, *_: Any, optimizer: torch.optim.Optimizer, **others: Any) -> None:
        self.rates.append({str(group.get("name")): group["lr"] for group in optimizer.param_groups})


def trainer_of(folder: Path, model: nn.Module | None = None, trainer_class: Any = None, **changed: Any) -> Any:
    of_trainer: dict[str, Any] = {key: changed.pop(key) for key in ("optimizers", "model_init") if key in changed}
    arguments = {
        "max_steps": STEPS,
        "per_device_train_batch_size": 2,
        "use_cpu": True,
        "report_to": "none",
        "save_steps": STEPS,
        "logging_strategy": "no",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    return (trainer_class or transformers.Trainer)(
        model=None if "model_init" in of_trainer else model or Net(),
        args=transformers.TrainingArguments(str(folder), **(arguments | changed)),
        train_dataset=Points(),
        eval_dataset=Points(),
        callbacks=[Record()],
        **of_trainer,
    )


def recorded(trainer: Any) -> Rates:
    (record,) = (each for each in trainer.callback_handler.callbacks if isinstance(each, Record))
    return record.rates


def assert_follow(rates: Rates, plan: lrspec.Plan, factor: Callable[[int], float], first: int = 0) -> None:
    assert plan.groups is not None
    for step, found in enumerate(rates, first):
        expected = {group.name: (group.settings.lr or 0.0) * factor(step) for group in plan.groups}
        assert found == pytest.approx(expected, rel=0, abs=1e-12), step


def linear(steps: int = STEPS) -> Callable[[int], float]:
    return lambda step: 1 - step / steps


@pytest.mark.parametrize("form", ["path", "file", "mapping", "plan"])
def test_the_trainer_makes_its_optimizer_from_the_spec(form: str, tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    path = tmp_path / "net.lrspec.yaml"
    path.write_text(SPEC.text, encoding="utf-8")
    given = {"path": path, "file": SPEC, "mapping": BASE, "plan": lrspec.compile(SPEC, trainer.model)}
    plan = use(trainer, given[form])
    trainer.train()
    assert_follow(recorded(trainer), plan, linear())
    assert trainer.optimizer.param_groups[0]["weight_decay"] == 0.05
    assert len(trainer.optimizer.param_groups) == 4


def test_the_specs_schedules_are_the_trainers_scheduler(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    plan = use(trainer, BASE | {"schedules": {"main": WARM_UP}})
    trainer.train()
    assert recorded(trainer) == [plan.rates_at(step, STEPS) for step in range(STEPS)]


def test_rates_that_the_spec_leaves_out_are_those_of_the_arguments(tmp_path: Path) -> None:
    bare = BASE | {"optimizer": {"type": "AdamW"}}
    own: Any = {"learning_rate": 3e-4, "weight_decay": 0.2}
    for changed, lr, decay in (({}, 5e-5, 0.0), (own, 3e-4, 0.2)):
        trainer = trainer_of(tmp_path, **changed)
        use(trainer, bare)
        trainer.create_optimizer()
        groups = {group["name"]: group for group in trainer.optimizer.param_groups}
        assert [groups["head"]["lr"], groups["body"]["lr"]] == pytest.approx([lr, lr * 0.1])
        assert {group["weight_decay"] for group in groups.values()} == {decay, 0}


def test_a_class_without_weight_decay_gets_none_of_the_arguments(tmp_path: Path) -> None:
    rprop: Any = {"lrspec": 1, "optimizer": {"type": "Rprop"}, "rules": [{"name": "all", "match": ".", "lr_mult": 1}]}
    trainer = trainer_of(tmp_path)
    use(trainer, rprop)
    assert trainer.create_optimizer().param_groups[0]["lr"] == 5e-5


def test_the_same_rates_in_the_arguments_are_no_contradiction(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path, learning_rate=1e-2, weight_decay=0.05)
    use(trainer, SPEC)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"learning_rate": 0.02},
            "`optimizer.lr` is 0.01 in net.lrspec.yaml, but `learning_rate` of TrainingArguments is 0.02: "
            "leave out one of the two",
        ),
        (
            {"weight_decay": 0.1},
            "`optimizer.weight_decay` is 0.05 in net.lrspec.yaml, but `weight_decay` of TrainingArguments is 0.1: "
            "leave out one of the two",
        ),
    ],
)
def test_other_rates_in_the_arguments_are_refused(changed: Any, expected: str, tmp_path: Path) -> None:
    with pytest.raises(lrspec.BuildError, match=f"^{re.escape(expected)}$"):
        use(trainer_of(tmp_path, **changed), SPEC)


def test_arguments_that_do_nothing_are_named(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path, optim="sgd", lr_scheduler_type="cosine", warmup_steps=2)
    with pytest.warns(lrspec.SpecWarning) as issued:
        use(trainer, BASE | {"schedules": {"main": WARM_UP}})
    assert [str(each.message) for each in issued] == [
        "<mapping>: `optim` of TrainingArguments does nothing with the spec: its `optimizer` and `rules` decide",
        "<mapping>: `lr_scheduler_type` of TrainingArguments does nothing with the spec: its `schedules` decide",
        "<mapping>: `warmup_steps` of TrainingArguments does nothing with the spec: its `schedules` decide",
    ]


def test_options_that_are_dropped_are_named_unless_the_spec_repeats_them(tmp_path: Path) -> None:
    own: Any = {"adam_beta1": 0.0, "adam_beta2": 0.95, "adam_epsilon": 1e-6, "optim_args": "foo=1"}
    with pytest.warns(lrspec.SpecWarning) as issued:
        use(trainer_of(tmp_path, **own), BASE)
    assert [str(each.message).split("`")[1] for each in issued] == ["optim_args", *list(own)[:3]]
    repeated = BASE["optimizer"] | {"betas": [0.0, 0.95], "eps": 1e-6, "amsgrad": False}
    own["optim_args"] = "amsgrad=False, eps=1e-6"
    with warnings.catch_warnings():
        warnings.simplefilter("error", lrspec.SpecWarning)
        use(trainer_of(tmp_path, **own), BASE | {"optimizer": repeated})
        kwargs: Any = {"lr_scheduler_type": "cosine_with_min_lr", "lr_scheduler_kwargs": {"min_lr": 1e-4}}
        trainer = trainer_of(tmp_path, **kwargs)
        use(trainer, BASE)
    with pytest.warns(lrspec.SpecWarning, match="`lr_scheduler_kwargs` of TrainingArguments does nothing"):
        use(trainer, BASE | {"schedules": {"main": WARM_UP}})


def test_a_trainer_that_has_trained_is_told_to_use_before(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    trainer.train()
    with pytest.raises(lrspec.BuildError, match=r"call `use` before `train\(\)`"):
        use(trainer, SPEC)


def test_a_spec_with_several_optimizers_is_refused(tmp_path: Path) -> None:
    expected = r"^a Trainer steps one optimizer, and the spec has several \(adamw, sgd\)$"
    with pytest.raises(lrspec.BuildError, match=expected):
        use(trainer_of(tmp_path), TWO)


def test_a_trainer_that_has_an_optimizer_is_refused(tmp_path: Path) -> None:
    net = Net()
    trainer = trainer_of(tmp_path, net, optimizers=(torch.optim.SGD(net.parameters()), None))
    with pytest.raises(
        lrspec.BuildError, match=r"already: make it without `optimizers`, and call `use` before `train\(\)`$"
    ):
        use(trainer, SPEC)


class OwnTrainer(transformers.Trainer):  # type: ignore[misc]
    def create_optimizer(self, model: Any = None) -> Any:
        return torch.optim.SGD(self.model.parameters())


def test_a_trainer_that_makes_its_own_optimizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lrspec.BuildError, match=r"^OwnTrainer makes its own optimizer: it has a `create_optimizer`"):
        use(trainer_of(tmp_path, trainer_class=OwnTrainer), SPEC)


def test_a_loss_with_parameters_of_its_own_is_refused(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    trainer.loss = nn.ModuleDict({"model": trainer.model, "classifier": nn.Linear(2, 2)})  # as in sentence-transformers
    expected = "the loss has parameters that are not the model's, classifier.weight, classifier.bias: no rule"
    with pytest.raises(lrspec.BuildError, match=expected):
        use(trainer, SPEC)
    trainer.loss["classifier"].requires_grad_(False)
    use(trainer, SPEC)


def test_a_spec_that_does_not_fit_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(lrspec.SpecError, match="LRS201"):
        use(trainer_of(tmp_path), BASE | {"rules": BASE["rules"][1:]})


@pytest.mark.parametrize(
    ("given", "how", "expected"),
    [
        (SPEC, {"optimizer_class": "AdamW"}, "^optimizer_class: expected an optimizer class, found an object of str$"),
        (SPEC, {"optimizer_class": torch.optim.SGD}, "^the spec's optimizer is AdamW, but optimizer_class is SGD$"),
        (BASE | {"optimizer": {"type": "my.Lion", "lr": 0.1}}, {}, "^`my.Lion` is never imported from a spec"),
    ],
)
def test_a_class_that_does_not_fit_is_refused_at_once(given: Any, how: Any, expected: str, tmp_path: Path) -> None:
    with pytest.raises(lrspec.BuildError, match=expected):
        use(trainer_of(tmp_path), given, **how)


def test_a_plan_of_another_model_is_refused_at_once(tmp_path: Path) -> None:
    other: Any = {"lrspec": 1, "optimizer": {"lr": 0.1}, "rules": [{"name": "all", "match": ".", "lr_mult": 1}]}
    with pytest.raises(lrspec.BindError, match=r"^the plan does not know body\.weight, body\.bias, head\.weight"):
        use(trainer_of(tmp_path), lrspec.compile(other, nn.Linear(2, 2)))


@pytest.mark.parametrize(
    ("found", "given"), [("Net", [Net(), SPEC]), ("SpecFile", [SPEC, Net()]), ("type", [transformers.Trainer, SPEC])]
)
def test_what_is_no_trainer_is_told_so(found: str, given: list[Any]) -> None:
    with pytest.raises(TypeError, match=rf"^expected a Trainer \(transformers\.Trainer\), found {found}$"):
        use(*given)


def test_what_is_no_spec_is_told_so(tmp_path: Path) -> None:
    not_a_spec: Any = 3
    with pytest.raises(TypeError, match=r"^expected a spec .*, its path, or a mapping of its keys, found int$"):
        use(trainer_of(tmp_path), not_a_spec)


def test_verify_runs_when_training_starts(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    use(trainer, SPEC)
    trainer.create_optimizer().param_groups[0]["weight_decay"] = 0.3
    with pytest.raises(lrspec.VerifyError, match="weight decay of"):
        trainer.train()
    assert trainer.state.global_step == 0


def test_the_model_is_frozen_as_the_spec_says(tmp_path: Path) -> None:
    frozen = BASE | {"rules": [{"name": "stop", "match": r"^body\.", "freeze": True}, *BASE["rules"][1:]]}
    trainer = trainer_of(tmp_path)
    before = {name: tensor.clone() for name, tensor in trainer.model.named_parameters()}
    use(trainer, frozen)
    trainer.train()
    same = [name for name, tensor in trainer.model.named_parameters() if torch.equal(tensor, before[name])]
    assert same == ["body.weight", "body.bias"]


def test_what_thaws_thaws(tmp_path: Path) -> None:
    later = {"name": "later", "match": r"^body\.", "lr_mult": 0.1, "freeze": {"until": "50%"}}
    trainer = trainer_of(tmp_path)
    use(trainer, BASE | {"rules": [later, *BASE["rules"][1:]]})
    trained: list[bool] = []
    body = trainer.model.body
    body.register_forward_pre_hook(lambda *_: trained.append(body.weight.requires_grad))
    trainer.train()
    assert trained == [False, False, True, True]


def test_a_model_that_is_made_for_each_run_gets_a_plan_of_its_own(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path, model_init=Net)
    plan = use(trainer, SPEC)
    trainer.train()
    trainer.train()
    assert_follow(recorded(trainer)[STEPS:], plan, linear())


def test_a_second_spec_replaces_the_first(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    use(trainer, SPEC)
    trainer.train()
    plan = use(trainer, EDITED)
    trainer.train()
    assert_follow(recorded(trainer)[STEPS:], plan, linear())
    own = [each for each in trainer.callback_handler.callbacks if type(each).__module__.startswith("lrspec.")]
    assert len(own) == 2


# ----------------------------------------------------------------------------------------------- resuming


def resumed(folder: Path, spec: Mapping[str, Any], **changed: Any) -> tuple[Any, lrspec.Plan]:
    """A Trainer that has trained as far again from a checkpoint of the first spec, by another one."""
    trainer = trainer_of(folder, **changed)
    use(trainer, changed.pop("first", BASE))
    trainer.train()
    trainer = trainer_of(folder, **(changed | {"max_steps": 2 * STEPS}))
    plan = use(trainer, spec)
    trainer.train(resume_from_checkpoint=str(folder / f"checkpoint-{STEPS}"))
    assert trainer.state.global_step == 2 * STEPS
    return trainer, plan


@pytest.mark.parametrize("spec", [BASE, EDITED], ids=["the same", "edited"])
def test_a_checkpoint_is_resumed_with_the_rates_of_the_spec(spec: Any, tmp_path: Path) -> None:
    trainer, plan = resumed(tmp_path, spec)
    assert_follow(recorded(trainer), plan, linear(2 * STEPS), STEPS)
    assert {float(state["step"]) for state in trainer.optimizer.state.values()} == {2 * STEPS}


@pytest.mark.parametrize("spec", [BASE, EDITED], ids=["the same", "edited"])
def test_a_checkpoint_is_resumed_with_the_schedules_of_the_spec(spec: Any, tmp_path: Path) -> None:
    trainer, plan = resumed(tmp_path, spec | {"schedules": {"main": WARM_UP}})
    assert recorded(trainer) == [plan.rates_at(step, 2 * STEPS) for step in range(STEPS, 2 * STEPS)]


def test_state_is_resumed_by_name_however_the_groups_have_changed(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    use(trainer, BASE)
    trainer.train()
    saved = {id(tensor): name for name, tensor in trainer.model.named_parameters()}
    moments = {saved[id(tensor)]: state["exp_avg"] for tensor, state in trainer.optimizer.state.items()}
    trainer = trainer_of(tmp_path)  # trains no step more
    use(trainer, EDITED)
    trainer.train(resume_from_checkpoint=str(tmp_path / f"checkpoint-{STEPS}"))
    for name, tensor in trainer.model.named_parameters():
        assert torch.equal(trainer.optimizer.state[tensor]["exp_avg"], moments[name])


def test_a_resumed_checkpoint_can_be_saved_and_resumed_again(tmp_path: Path) -> None:
    resumed(tmp_path, EDITED)
    trainer = trainer_of(tmp_path, max_steps=3 * STEPS)
    plan = use(trainer, EDITED)
    trainer.train(resume_from_checkpoint=str(tmp_path / f"checkpoint-{2 * STEPS}"))
    assert_follow(recorded(trainer), plan, linear(3 * STEPS), 2 * STEPS)


def test_a_scheduler_that_keeps_the_rates_of_the_groups_resumes_only_the_same_spec(tmp_path: Path) -> None:
    plateau: Any = {"lr_scheduler_type": "reduce_lr_on_plateau", "eval_strategy": "steps", "eval_steps": 2}
    trainer, plan = resumed(tmp_path, BASE, **plateau)
    assert_follow(recorded(trainer), plan, lambda step: 1)
    faster = BASE | {"optimizer": BASE["optimizer"] | {"lr": 0.05}}
    for changed in (EDITED, faster):
        with pytest.raises(lrspec.ResumeError, match="ReduceLROnPlateau only knows the rates of the old groups"):
            resumed(tmp_path, changed, **plateau)


def test_a_checkpoint_of_the_trainers_own_groups_is_refused(tmp_path: Path) -> None:
    trainer_of(tmp_path).train()
    trainer = trainer_of(tmp_path, max_steps=2 * STEPS)
    use(trainer, SPEC)
    with pytest.raises(lrspec.ResumeError, match="does not name its parameters: it was not made from a spec"):
        trainer.train(resume_from_checkpoint=str(tmp_path / f"checkpoint-{STEPS}"))

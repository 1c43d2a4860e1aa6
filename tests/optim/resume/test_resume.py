"""State by name: the forms it is saved in, what is refused, and that nothing is half-loaded."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict
from torch.distributed.optim import ZeroRedundancyOptimizer
from torch.optim import Optimizer

import lrspec
from lrspec.spec.torch_optim import ARGUMENTS

ADAMW = "optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.1}"
OLD = "{name: low, match: '^[ab]', lr_mult: 0.5}, {name: high, match: '^c', lr_mult: 1}"
NEW = "{name: weights, match: 'weight', lr_mult: 1}, {name: biases, match: 'bias', lr_mult: 2, weight_decay: 0}"
NAMES = ("a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias")


def model(names: str = "abc", width: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return nn.ModuleDict({name: nn.Linear(width, width) for name in names})


def plan(rules: str, optimizer: str = ADAMW, of: nn.Module | None = None) -> lrspec.Plan:
    return lrspec.compile(lrspec.loads(f"{{lrspec: 1, {optimizer}, rules: [{rules}]}}"), of or model())


def built(rules: str, optimizer: str = ADAMW, of: nn.Module | None = None) -> tuple[lrspec.Plan, Optimizer]:
    """An optimizer that has not stepped yet."""
    of = of or model()
    made = plan(rules, optimizer, of)
    return made, lrspec.build_optimizer(made, of)


def stepped(optimizer: Optimizer) -> Optimizer:
    """After a step with gradients of which each parameter can be told."""
    for group in optimizer.param_groups:
        for name, parameter in zip(group["param_names"], group["params"], strict=True):
            parameter.grad = torch.full_like(parameter, mark(name))
    optimizer.step()
    return optimizer


def mark(name: str) -> float:
    return 1.0 + sum(map(ord, name)) / 1000


def saved(rules: str = OLD, optimizer: str = ADAMW, of: nn.Module | None = None) -> dict[str, Any]:
    state: dict[str, Any] = stepped(built(rules, optimizer, of)[1]).state_dict()
    return state


def moments(optimizer: Optimizer, key: str = "exp_avg") -> dict[str, float]:
    """The moment of each parameter, by its name; all of a parameter's elements have one."""
    found = {}
    for group in optimizer.param_groups:
        for name, parameter in zip(group["param_names"], group["params"], strict=True):
            if optimizer.state.get(parameter):
                found[name] = float(optimizer.state[parameter][key].unique())
    return found


def own_moments(names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    return {name: pytest.approx(0.1 * mark(name)) for name in names}


# ------------------------------------------------------------------------------------------- the forms it is saved in


def test_what_torch_saves_goes_to_the_same_names() -> None:
    new, optimizer = built(NEW)
    resumed = lrspec.load_optimizer_state(optimizer, saved(), new)
    assert moments(optimizer) == own_moments()
    assert (resumed.kept, resumed.new, resumed.dropped) == (NAMES, (), ())
    assert [group["param_names"] for group in optimizer.param_groups] == [list(g.params) for g in new.groups or ()]
    assert [(group["name"], group["lr"], group["weight_decay"]) for group in optimizer.param_groups] == [
        ("weights", 0.01, 0.1),
        ("biases", 0.02, 0),
    ]


@pytest.mark.parametrize("flat", [False, True], ids=["nested", "flat"])
def test_what_torch_distributed_saves_goes_to_the_same_names(flat: bool) -> None:
    before = model()
    optimizer = stepped(built(OLD, of=before)[1])
    options = StateDictOptions(flatten_optimizer_state_dict=flat)
    new, resumed = built(NEW)
    report = lrspec.load_optimizer_state(resumed, get_optimizer_state_dict(before, optimizer, options=options), new)
    assert moments(resumed) == own_moments()
    assert report.kept == NAMES
    assert [difference.setting for difference in report.differences] == ["lr", "lr", "weight_decay"]


class Own(torch.optim.AdamW):
    """A class that is not torch's may keep anything."""


def test_a_flattened_state_may_be_nested() -> None:
    """Shampoo's are, and torch flattens them with more dots."""
    before, options = model(), StateDictOptions(flatten_optimizer_state_dict=True)
    flat = get_optimizer_state_dict(before, stepped(built(OLD, of=before)[1]), options=options)
    nested = {key.replace(".exp_avg", ".inner.exp_avg"): value for key, value in flat.items()}
    after = model()
    new = plan(NEW, "optimizer: {type: my.Own, lr: 1e-2, weight_decay: 0.1}", after)
    optimizer = lrspec.build_optimizer(new, after, optimizer_class=Own)
    report = lrspec.load_optimizer_state(optimizer, nested, new)
    assert report.kept == NAMES
    weight = after.get_parameter("a.weight")
    assert set(optimizer.state[weight]) == {"step", "inner"}
    assert float(optimizer.state[weight]["inner"]["exp_avg"].unique()) == pytest.approx(0.1 * mark("a.weight"))


@pytest.mark.parametrize("keys", [("inner", "inner.exp_avg"), ("inner.exp_avg", "inner")], ids=["above", "below"])
def test_a_flattened_state_with_a_value_where_a_mapping_is_is_refused(keys: tuple[str, str]) -> None:
    new, optimizer = built(NEW)
    state = {**{f"state.a.weight.{key}": torch.ones(1) for key in keys}, "param_groups.a.weight.lr": 0.1}
    with pytest.raises(lrspec.ResumeError, match="of the checkpoint is both a value and a mapping"):
        lrspec.load_optimizer_state(optimizer, state, new)


def test_a_flattened_state_without_a_name_is_refused() -> None:
    new, optimizer = built(NEW)
    with pytest.raises(lrspec.ResumeError, match="has the state of step, but no group"):
        lrspec.load_optimizer_state(optimizer, {"state.step": 1, "param_groups.a.weight.lr": 0.1}, new)


def without_names(state: dict[str, Any]) -> dict[str, Any]:
    for group in state["param_groups"]:
        del group["param_names"], group["name"]
    return state


@pytest.mark.parametrize("form", ["dict", "path", "text", "Plan"])
def test_for_a_checkpoint_without_names_the_old_plan_says_which_is_which(form: str, tmp_path: Path) -> None:
    old, path = plan(OLD), tmp_path / "old.json"
    path.write_text(json.dumps(old.to_dict()), encoding="utf-8")
    given: dict[str, Any] = {"dict": old.to_dict(), "path": path, "text": str(path), "Plan": old}
    new, optimizer = built(NEW)
    lrspec.load_optimizer_state(optimizer, without_names(saved()), new, old_plan=given[form])
    assert moments(optimizer) == own_moments()


def test_names_of_the_checkpoint_come_before_the_old_plan() -> None:
    new, optimizer = built(NEW)
    lrspec.load_optimizer_state(optimizer, saved(), new, old_plan=plan(NEW))
    assert moments(optimizer) == own_moments()


def renamed(state: dict[str, Any], names: Callable[[str], str]) -> dict[str, Any]:
    for group in state["param_groups"]:
        group["param_names"] = [names(name) for name in group["param_names"]]
    return state


@pytest.mark.parametrize(
    "wrap",
    [
        lambda name: f"module.{name}",
        lambda name: f"module._orig_mod.{name}",
        lambda name: name.replace(".", "._checkpoint_wrapped_module."),
    ],
)
def test_what_wrappers_put_into_saved_names_is_left_out(wrap: Callable[[str], str]) -> None:
    new, optimizer = built(NEW)
    assert lrspec.load_optimizer_state(optimizer, renamed(saved(), wrap), new).kept == NAMES
    assert moments(optimizer) == own_moments()


def test_a_module_of_ones_own_that_is_called_module_keeps_its_name() -> None:
    of = nn.ModuleDict({"module": nn.ModuleDict({"a": nn.Linear(2, 2)}), "a": nn.Linear(2, 2)})
    rules = "{name: all, match: '^.+$', lr_mult: 1}"
    new, optimizer = built(rules, of=copy.deepcopy(of))
    state = renamed(saved(rules, of=of), lambda name: f"module.{name}")
    assert len(lrspec.load_optimizer_state(optimizer, state, new).kept) == 4
    assert moments(optimizer) == own_moments(("module.a.weight", "module.a.bias", "a.weight", "a.bias"))


def tied() -> nn.Module:
    made = model("ab")
    made.get_submodule("b").weight = made.get_parameter("a.weight")
    return made


def test_aliases_of_tied_parameters_are_known() -> None:
    rules = "{name: all, match: '^.+$', lr_mult: 1}"
    state = renamed(saved(rules, of=tied()), lambda name: {"a.weight": "b.weight"}.get(name, name))
    new, optimizer = built(rules, of=tied())
    assert lrspec.load_optimizer_state(optimizer, state, new).kept == ("a.weight", "a.bias", "b.bias")


def test_of_two_parameters_that_are_tied_now_the_first_goes_on() -> None:
    rules = "{name: all, match: '^.+$', lr_mult: 1}"
    new, optimizer = built(rules, of=tied())
    resumed = lrspec.load_optimizer_state(optimizer, saved(rules, of=model("ab")), new)
    assert resumed.reasons == {"b.weight": "tied to a.weight now"}
    assert moments(optimizer) == own_moments(("a.weight", "a.bias", "b.bias"))


# ------------------------------------------------------------------------------------------- kept, new, and dropped


def test_of_two_parameters_that_are_tied_now_the_first_goes_on_whatever_wrappers_put_into_their_names() -> None:
    state = renamed(
        saved("{name: all, match: '^.+$', lr_mult: 1}"), lambda name: name.replace(".", "._checkpoint_wrapped_module.")
    )
    for group in state["param_groups"]:
        group["params"], group["param_names"] = group["params"][::-1], group["param_names"][::-1]
    tied = nn.ModuleDict({"a": (first := nn.Linear(3, 3)), "b": nn.Linear(3, 3), "c": (last := nn.Linear(3, 3))})
    last.weight = first.weight
    new, optimizer = built(NEW, of=tied)
    resumed = lrspec.load_optimizer_state(optimizer, state, new)
    assert resumed.reasons == {"c.weight": "tied to a.weight now"}
    assert moments(optimizer) == own_moments(NAMES[:4] + NAMES[5:])


def test_what_is_new_and_what_is_dropped_is_said() -> None:
    """Parameters that come, that go, that are frozen now, and that are trained now."""
    old = "{name: c, match: '^c', freeze: true}, {name: all, match: '^[abd]', lr_mult: 1}"
    before, after = model("abcd"), model("abce")
    state = stepped(lrspec.build_optimizer(plan(old, of=before), before, freeze=True)).state_dict()
    new = plan("{name: a, match: '^a', freeze: true}, {name: all, match: '^[bce]', lr_mult: 1}", of=after)
    optimizer = lrspec.build_optimizer(new, after, freeze=True)
    resumed = lrspec.load_optimizer_state(optimizer, state, new)
    assert resumed.kept == ("b.weight", "b.bias")
    assert resumed.new == ("c.weight", "c.bias", "e.weight", "e.bias")
    assert resumed.dropped == ("a.weight", "a.bias", "d.weight", "d.bias")
    assert str(resumed) == (
        "2 parameters resumed, with the settings of the spec\n"
        "4 new: c.weight, c.bias, e.weight, e.bias\n"
        "2 dropped (frozen now): a.weight, a.bias\n"
        "2 dropped (not in the plan): d.weight, d.bias"
    )
    assert moments(optimizer) == own_moments(("b.weight", "b.bias"))
    stepped(optimizer)  # the new ones begin as torch begins


def test_a_part_of_the_model_takes_its_own_state() -> None:
    new = plan(NEW)
    part = model()
    del part["c"]  # type: ignore[operator]
    optimizer = lrspec.build_optimizer(new, part)
    resumed = lrspec.load_optimizer_state(optimizer, saved(), new)
    assert resumed.kept == NAMES[:4]
    assert set(resumed.reasons.values()) == {"in another optimizer, or in another part of the model"}


def test_an_option_that_needs_more_state_begins_anew() -> None:
    """torch would fail in the next step: KeyError 'max_exp_avg_sq'."""
    new, optimizer = built("{name: all, match: '^.+$', lr_mult: 1}, {match: '^a', options: {amsgrad: true}}")
    resumed = lrspec.load_optimizer_state(optimizer, saved(), new)
    assert resumed.new == resumed.dropped == ("a.weight", "a.bias")
    assert resumed.reasons["a.weight"] == "`amsgrad` is new, and the state has no max_exp_avg_sq for it"
    stepped(optimizer)


ADAM = ADAMW.replace("AdamW", "Adam")
DECOUPLED = ADAM.replace("}", ", decoupled_weight_decay: true}")


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (ADAM, ADAMW, "the state of Adam, now in AdamW"),
        (ADAMW, ADAM, "the state of AdamW, now in Adam"),
        (ADAMW, ADAMW, None),
        (ADAM, ADAM, None),
        (DECOUPLED, DECOUPLED, None),
        (ADAM, DECOUPLED, None),
    ],
)
@pytest.mark.parametrize("hold", ["spec", "checkpoint"])
def test_adam_and_adamw_share_their_state_and_that_is_said(before: str, now: str, words: str | None, hold: Any) -> None:
    new, optimizer = built(OLD, now)
    resumed = lrspec.load_optimizer_state(optimizer, saved(OLD, before), new, settings=hold)
    assert resumed.kept == NAMES
    assert resumed.carried == dict.fromkeys(NAMES if words else (), words)
    line = next((line for line in str(resumed).splitlines() if " kept (" in line), None)
    assert line == (f"6 kept ({words}): a.weight, a.bias, b.weight, b.bias, c.weight and 1 more" if words else None)
    if now == ADAMW:
        assert [group["decoupled_weight_decay"] for group in optimizer.param_groups] == [True, True]


def without(state: dict[str, Any], *settings: str) -> dict[str, Any]:
    for group in state["param_groups"]:
        for setting in settings or [key for key in group if key not in ("params", "param_names", "name")]:
            del group[setting]
    return state


def test_where_the_checkpoint_tells_no_class_that_is_said() -> None:
    """torch 2.6 saved nothing that tells Adam from AdamW; and what was taken out of a checkpoint tells nothing."""
    new, optimizer = built(OLD)
    resumed = lrspec.load_optimizer_state(optimizer, without(saved(), "decoupled_weight_decay"), new)
    assert set(resumed.carried.values()) == {"the state of Adam or AdamW, now in AdamW"}
    resumed = lrspec.load_optimizer_state(optimizer, without(saved()), new)
    assert set(resumed.carried.values()) == {"the state of a class that the checkpoint does not name, now in AdamW"}


class Cautious(torch.optim.AdamW):
    """A class of another package, whose groups have a setting more."""

    def __init__(self, params: Any, caution: float = 0.5) -> None:
        super().__init__(params)
        self.defaults["caution"] = caution
        for group in self.param_groups:
            group.setdefault("caution", caution)


def test_state_that_a_class_of_another_package_did_not_save_is_said_to_be_anothers() -> None:
    of = model()
    new = plan(OLD, ADAMW.replace("AdamW", "my.package.Cautious"), of)
    own, others = Cautious(new.param_groups(of)), Cautious(new.param_groups(of))
    assert lrspec.load_optimizer_state(others, stepped(own).state_dict(), new).carried == {}
    resumed = lrspec.load_optimizer_state(others, saved(), new)
    assert set(resumed.carried.values()) == {"the state of a class whose groups had no caution, now in Cautious"}


def saved_by(name: str) -> dict[str, Any]:
    """What a class of torch saves after a step, with all that it can keep: of SparseAdam, with sparse gradients."""
    _, optimizer = built(MATRICES, f"optimizer: {{type: {name}, lr: 0.1{MOMENTUM.get(name, '')}}}", matrices())
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            grad = torch.ones_like(parameter)
            parameter.grad = grad.to_sparse() if name == "SparseAdam" else grad
    optimizer.step()
    state: dict[str, Any] = optimizer.state_dict()
    return state


def matrices() -> nn.Module:
    return nn.ModuleDict({name: nn.Linear(3, 3, bias=False) for name in "ab"})


MATRICES = "{name: all, match: '^.+$', lr_mult: 1}"
MOMENTUM = dict.fromkeys(("SGD", "RMSprop"), ", momentum: 0.9")
SHARE = {("Adam", "AdamW"), ("AdamW", "Adam")}


@pytest.mark.parametrize("before", ARGUMENTS)
def test_no_class_of_torch_goes_on_with_the_state_of_another_in_silence(before: str) -> None:
    state = saved_by(before)
    for now in ARGUMENTS:
        new, optimizer = built(MATRICES, f"optimizer: {{type: {now}, lr: 0.1{MOMENTUM.get(now, '')}}}", matrices())
        if now == before or (before, now) in SHARE:
            resumed = lrspec.load_optimizer_state(optimizer, state, new)
            words = set() if now == before else {f"the state of {before}, now in {now}"}
            assert set(resumed.carried.values()) == words
            assert len(resumed.kept) == 2
        else:
            with pytest.raises(
                lrspec.ResumeError, match=f"resume nothing from the checkpoint\n.*: {now} trains it now, "
            ):
                lrspec.load_optimizer_state(optimizer, state, new)


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        ("RAdam", "AdamW", "AdamW trains it now, and the state is of RAdam"),
        ("AdamW", "RAdam", "RAdam trains it now, which has no amsgrad"),
        ("NAdam", "RAdam", "RAdam trains it now, which has no momentum_decay"),
        ("RAdam", "NAdam", r"NAdam trains it now, and the state is another's \(step, exp_avg, exp_avg_sq\)"),
        ("Adamax", "RAdam", r"RAdam trains it now, and the state is another's \(step, exp_avg, exp_inf\)"),
    ],
)
def test_the_report_says_whose_state_begins_anew(before: str, now: str, why: str) -> None:
    new, optimizer = built(MATRICES, f"optimizer: {{type: {now}, lr: 0.1}}", matrices())
    with pytest.raises(lrspec.ResumeError, match=why):
        lrspec.load_optimizer_state(optimizer, saved_by(before), new)


def test_groups_that_no_class_of_torch_saves_are_said_to_lack_what_this_one_has() -> None:
    new, optimizer = built(OLD)
    with pytest.raises(lrspec.ResumeError, match="AdamW trains it now, and the groups of the checkpoint had no eps"):
        lrspec.load_optimizer_state(optimizer, without(saved(), "eps"), new)


@pytest.mark.usefixtures("one_process")
def test_a_zero_redundancy_optimizer_resumes_as_the_class_that_it_was_given() -> None:
    of = model()
    new = plan(NEW, of=of)
    optimizer: Any = ZeroRedundancyOptimizer(new.param_groups(of), torch.optim.AdamW)
    assert lrspec.load_optimizer_state(optimizer, saved(), new).kept == NAMES
    assert moments(optimizer.optim) == own_moments()
    stepped(optimizer)
    optimizer.consolidate_state_dict()
    again, plain = built(OLD)
    assert lrspec.load_optimizer_state(plain, optimizer.state_dict(), again).carried == {}
    others: Any = ZeroRedundancyOptimizer(new.param_groups(of), torch.optim.RAdam)
    with pytest.raises(lrspec.ResumeError, match="RAdam trains it now, which has no amsgrad"):
        lrspec.load_optimizer_state(others, saved(), new)


@pytest.mark.usefixtures("one_process")
def test_a_zero_redundancy_optimizer_that_refuses_is_as_it_was() -> None:
    def refuse(_: Optimizer) -> None:
        raise RuntimeError("not today")

    of = model()
    new = plan(NEW, of=of)
    optimizer: Any = ZeroRedundancyOptimizer(new.param_groups(of), torch.optim.AdamW)
    optimizer.register_load_state_dict_post_hook(refuse)
    with pytest.raises(lrspec.ResumeError, match="ZeroRedundancyOptimizer refuses the state: not today"):
        lrspec.load_optimizer_state(optimizer, saved(), new)
    assert not optimizer.optim.state
    assert not optimizer.state


def test_what_no_gradient_has_reached_begins_anew() -> None:
    state = saved()
    del state["state"][1]
    new, optimizer = built(NEW)
    resumed = lrspec.load_optimizer_state(optimizer, state, new)
    assert (resumed.new, resumed.dropped) == (("a.bias",), ())
    assert "a.bias" not in moments(optimizer)


def test_an_optimizer_without_state_has_none_to_lose() -> None:
    plain = "optimizer: {type: SGD, lr: 1e-2}"
    new, optimizer = built(NEW, plain)
    assert lrspec.load_optimizer_state(optimizer, saved(OLD, plain), new).kept == NAMES
    assert [group["lr"] for group in optimizer.param_groups] == [0.01, 0.02]


def test_the_checkpoint_in_memory_is_not_trained_on() -> None:
    new, optimizer = built(NEW)
    state = saved()
    before = copy.deepcopy(state)
    lrspec.load_optimizer_state(optimizer, state, new)
    stepped(optimizer)
    assert same(state, before)


def test_types_and_devices_are_torchs_affair() -> None:
    new, optimizer = built(NEW, of=model().to(torch.bfloat16))
    lrspec.load_optimizer_state(optimizer, saved(), new)
    for state in optimizer.state.values():
        assert (state["exp_avg"].dtype, state["step"].dtype) == (torch.bfloat16, torch.float32)


# -------------------------------------------------------------------------------------------------------- settings


def test_the_specs_settings_hold_and_other_keys_stay() -> None:
    new, optimizer = built(NEW)
    optimizer.param_groups[0]["eps"] = 1e-5
    optimizer.param_groups[0]["of-mine"] = "kept"
    lrspec.load_optimizer_state(optimizer, saved(), new)
    assert optimizer.param_groups[0]["eps"] == 1e-5
    assert optimizer.param_groups[0]["of-mine"] == "kept"


def test_what_differs_is_reported_by_group() -> None:
    new, optimizer = built(NEW)
    resumed = lrspec.load_optimizer_state(optimizer, saved(), new)
    assert [(each.group, each.setting, each.checkpoint, each.spec) for each in resumed.differences] == [
        ("weights", "lr", (0.005, 0.01), 0.01),
        ("biases", "lr", (0.005, 0.01), 0.02),
        ("biases", "weight_decay", (0.1,), 0),
    ]
    assert str(resumed).splitlines()[1:] == [
        "`weights`: the learning rate is 0.005, 0.01 in the checkpoint and 0.01 in the spec",
        "`biases`: the learning rate is 0.005, 0.01 in the checkpoint and 0.02 in the spec",
        "`biases`: the weight decay is 0.1 in the checkpoint and 0 in the spec",
    ]


def test_the_checkpoints_settings_hold_where_they_are_asked_for() -> None:
    split = "{name: biases, match: 'bias', lr_mult: 2, weight_decay: 0}, {name: weights, match: 'weight', lr_mult: 3}"
    state = saved("{name: all, match: '^.+$', lr_mult: 0.1, options: {betas: [0.5, 0.6]}}")
    new, optimizer = built(split)
    resumed = lrspec.load_optimizer_state(optimizer, state, new, settings="checkpoint")
    assert [(g["name"], g["lr"], g["weight_decay"], g["betas"]) for g in optimizer.param_groups] == [
        ("weights", 0.001, 0.1, (0.5, 0.6)),
        ("biases", 0.001, 0.1, (0.5, 0.6)),
    ]
    assert [each.setting for each in resumed.differences] == ["lr", "betas", "lr", "weight_decay", "betas"]
    assert str(resumed).startswith("6 parameters resumed, with the settings of the checkpoint\n")


def test_how_a_step_is_computed_is_not_the_checkpoints() -> None:
    state = saved(OLD, ADAMW.replace("}", ", foreach: true}"))
    new, optimizer = built(OLD, ADAMW.replace("}", ", fused: true}"))
    lrspec.load_optimizer_state(optimizer, state, new, settings="checkpoint")
    assert [(group["foreach"], group["fused"]) for group in optimizer.param_groups] == [(None, True)] * 2
    stepped(optimizer)


def test_a_scheduler_that_is_attached_keeps_the_rates_that_it_has_set() -> None:
    new, optimizer = built(NEW)
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.25)
    lrspec.load_optimizer_state(optimizer, saved(), new)
    assert [(group["lr"], group["initial_lr"]) for group in optimizer.param_groups] == [(0.0025, 0.01), (0.005, 0.02)]


def test_a_group_of_new_parameters_is_as_far_along_the_schedule() -> None:
    before = stepped(built(OLD, of=model())[1])
    scheduler = torch.optim.lr_scheduler.ExponentialLR(before, 0.5)
    before.step()
    scheduler.step()
    after = model("abcd")
    new, optimizer = built("{name: old, match: '^[abc]', lr_mult: 1}, {name: new, match: '^d', lr_mult: 10}", of=after)
    lrspec.load_optimizer_state(optimizer, before.state_dict(), new)
    assert [(group["lr"], group["initial_lr"]) for group in optimizer.param_groups] == [(0.005, 0.01), (0.05, 0.1)]


def test_a_group_that_had_no_rate_is_as_far_along_the_schedule_as_the_others() -> None:
    _, before = built("{name: low, match: '^[ab]', lr: 0}, {name: high, match: '^c', lr_mult: 1}")
    scheduler = torch.optim.lr_scheduler.ExponentialLR(stepped(before), 0.5)
    before.step()
    scheduler.step()
    new, optimizer = built(OLD)
    lrspec.load_optimizer_state(optimizer, before.state_dict(), new)
    assert [(group["lr"], group["initial_lr"]) for group in optimizer.param_groups] == [(0.0025, 0.005), (0.005, 0.01)]


def test_a_rate_that_is_a_tensor_stays_one() -> None:
    new, optimizer = built(NEW)
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(1.0)
    lrspec.load_optimizer_state(optimizer, saved(), new)
    assert [group["lr"] for group in optimizer.param_groups] == [torch.tensor(0.01), torch.tensor(0.02)]


def test_a_rate_that_was_a_tensor_is_no_difference() -> None:
    state = saved(NEW)
    for group in state["param_groups"]:
        group["lr"] = torch.tensor(group["lr"])
    new, optimizer = built(NEW)
    assert not lrspec.load_optimizer_state(optimizer, state, new).differences


def test_a_setting_that_is_no_setting_of_the_plan_is_reported_whatever_it_is() -> None:
    state = saved(NEW)
    for group in state["param_groups"]:
        group["betas"] = [[0.9], {"beta": torch.zeros(2)}]
    new, optimizer = built(NEW)
    assert [each.setting for each in lrspec.load_optimizer_state(optimizer, state, new).differences] == ["betas"] * 2


class Wrapper:
    """A trainer's wrapper, which keeps for itself what is loaded into it."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.defaults, self.param_groups, self.state = optimizer.defaults, optimizer.param_groups, dict[Any, Any]()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.state = state["state"]


def test_under_a_trainers_wrapper_the_optimizer_itself_is_loaded() -> None:
    new, optimizer = built(NEW)
    lrspec.load_optimizer_state(Wrapper(optimizer), saved(), new)  # type: ignore[arg-type]
    assert moments(optimizer) == own_moments()


def test_under_a_trainers_wrapper_state_that_cannot_go_on_is_refused() -> None:
    new, optimizer = built(NEW, ADAMW.replace("}", ", amsgrad: true}"))
    with pytest.raises(lrspec.ResumeError, match="the state has no max_exp_avg_sq"):
        lrspec.load_optimizer_state(Wrapper(optimizer), saved(), new)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------------- refusals


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, and so is all inside them."""
    if isinstance(one, Tensor):
        return isinstance(other, Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def reshaped() -> dict[str, Any]:
    state = saved()
    state["state"][0]["exp_avg"] = torch.zeros(3)
    return state


def part_of(state: dict[str, Any]) -> dict[str, Any]:
    """What torch.distributed.checkpoint reads of two groups into one."""
    by_name = {name: group for group in state["param_groups"] for name in group["param_names"]}
    named = dict(zip(by_name, state["state"].values(), strict=True))
    groups = [{**group, "params": group["param_names"]} for group in state["param_groups"]]
    return {"state": named, "param_groups": groups[:1]}


OTHER = "optimizer: {type: SGD, lr: 0.1, momentum: 0.9}"
REFUSED: dict[str, tuple[Callable[[], Any], dict[str, Any], str]] = {
    "nothing": (dict, {}, "this state dict is empty"),
    "a list": (lambda: [saved()], {}, "this is not an optimizer state dict: .*, found list"),
    "a model's": (lambda: model().state_dict(), {}, "this is a model state dict, not an optimizer state dict"),
    "a whole checkpoint": (
        lambda: {"model": model().state_dict(), "optimizer": saved(), "epoch": 3},
        {},
        r"this is a whole checkpoint.*\nPass its entry at \['optimizer'\]\.",
    ),
    "Lightning's": (
        lambda: {"state_dict": model().state_dict(), "optimizer_states": [saved()]},
        {},
        r"Pass its entry at \['optimizer_states'\]\[0\]\.",
    ),
    "a scheduler's": (lambda: {"base_lrs": [1.0], "last_epoch": 2}, {}, "it has the keys base_lrs, last_epoch"),
    "no names": (lambda: without_names(saved()), {}, "does not say which parameters.*\nPass the plan .* old_plan="),
    "an old plan that does not fit": (
        lambda: without_names(saved()),
        {"old_plan": plan(NEW).to_dict()},
        "does not fit the checkpoint: it has 2 groups of 3, 3 parameters, and the checkpoint 2 groups of 4, 2 param",
    ),
    "an old plan that is none": (saved, {"old_plan": {"lrspec_params": 1}}, "old_plan: expected a plan as"),
    "an old plan with errors": (saved, {"old_plan": {**plan(OLD).to_dict(), "groups": None}}, "its spec had errors"),
    "names that do not fit": (
        lambda: {"state": {}, "param_groups": [{"params": [0, 1], "param_names": ["a.weight"]}]},
        {},
        "a group of the checkpoint has 2 parameters, but 1 name",
    ),
    "a name twice": (
        lambda: {"state": {}, "param_groups": [{"params": [0, 1], "param_names": ["a.weight", "a.weight"]}]},
        {},
        "the checkpoint has a.weight twice",
    ),
    "a name twice but for wrappers": (
        lambda: renamed(saved(), lambda name: name.replace("c.", "a._orig_mod.")),
        {},
        "has a.weight, a._orig_mod.weight, and both are a.weight apart from what wrappers insert",
    ),
    "parameters that are none": (
        lambda: {"state": {}, "param_groups": [{"params": [{}]}]},
        {},
        "not an optimizer state",
    ),
    "states that are none": (
        lambda: {**saved(), "state": {0: [1.0]}},
        {},
        r"the saved state of a\.weight is not a mapping: .*, found list",
    ),
    "a part": (lambda: part_of(saved()), {}, "the state of c.weight, c.bias, but no group .*\n.*flatten_optimizer"),
    "another model's": (
        lambda: renamed(saved(), lambda name: f"x.{name}"),
        {},
        "the plan knows no parameter of the checkpoint .*: it is another model's",
    ),
    "another optimizer's": (
        lambda: saved(OLD, OTHER),
        {},
        "can resume nothing from the checkpoint.*\n.*: AdamW trains it now, which has no dampening, momentum",
    ),
    "another optimizer's state": (
        lambda: saved(OLD, "optimizer: {type: Adamax, lr: 0.1}"),
        {},
        r"AdamW trains it now, and the state is another's \(step, exp_avg, exp_inf\)",
    ),
    "before the first step": (
        lambda: built(OLD)[1].state_dict(),
        {},
        "no state for any parameter .*before the first step",
    ),
    "momentum before the first step": (
        lambda: built(OLD, OTHER)[1].state_dict(),
        {},
        "AdamW trains it now, which has no dampening, momentum",
    ),
    "another shape": (
        reshaped,
        {},
        r"has other shapes than the parameters: a\.weight \[3, 3\] has exp_avg \[3\]",
    ),
    "settings that are not one": (
        saved,
        {"settings": "checkpoint"},
        "the group `weights` cannot have the settings of the checkpoint: a.weight, c.weight had .* lr 0.005 and 0.01",
    ),
}


@pytest.mark.parametrize(("state", "arguments", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_why_and_leaves_the_optimizer_as_it_was(
    state: Callable[[], Any], arguments: dict[str, Any], message: str
) -> None:
    new, optimizer = built(NEW)
    stepped(optimizer)
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(lrspec.ResumeError, match=f"(?s){message}"):
        lrspec.load_optimizer_state(optimizer, state(), new, **arguments)
    assert same(optimizer.state_dict(), before)


def test_an_optimizer_that_is_not_the_plans_is_refused() -> None:
    of, new = model(), plan(NEW)
    with pytest.raises(lrspec.ResumeError, match=r"group 0 .* does not name its parameters\nBuild it with"):
        lrspec.load_optimizer_state(torch.optim.AdamW(of.parameters()), saved(), new)
    with pytest.raises(lrspec.ResumeError, match=r"does not name its parameters\nBuild .* Leave out names=False\.$"):
        lrspec.load_optimizer_state(torch.optim.AdamW(new.param_groups(of, names=False)), saved(), new)
    with pytest.raises(lrspec.ResumeError, match="is not one of the plan's: it has parameters of weights, biases"):
        lrspec.load_optimizer_state(built(OLD)[1], saved(), new)
    with pytest.raises(lrspec.ResumeError, match=r"parameters that the plan does not train: d\.weight, d\.bias"):
        lrspec.load_optimizer_state(built("{name: d, match: '^d', lr: 1}", of=model("d"))[1], saved(), new)
    with pytest.raises(ValueError, match="expected 'spec' or 'checkpoint', found 'mine'"):
        lrspec.load_optimizer_state(built(NEW)[1], saved(), new, settings="mine")  # type: ignore[arg-type]


SEVERAL = "optimizers: {adamw: {type: AdamW, lr: 1e-2}, muon: {type: Muon, lr: 2e-2}}"
SPLIT = "{name: matrices, match: 'weight', optimizer: muon}, {name: all, match: '^.+$', lr_mult: 1}"


def several() -> tuple[lrspec.Plan, dict[str, Optimizer]]:
    of = model()
    made = plan(SPLIT, SEVERAL, of)
    return made, lrspec.build_optimizers(made, of)


def all_saved() -> dict[str, dict[str, Any]]:
    return {name: stepped(optimizer).state_dict() for name, optimizer in several()[1].items()}


def test_several_optimizers_take_their_own_states() -> None:
    new, optimizers = several()
    assert lrspec.load_optimizer_state(optimizers, all_saved(), new).kept == NAMES
    assert moments(optimizers["adamw"]) == own_moments(NAMES[1::2])
    assert set(moments(optimizers["muon"], "momentum_buffer")) == set(NAMES[::2])


def test_an_optimizer_that_had_no_scheduler_is_not_moved_along_anothers_schedule() -> None:
    _, before = several()
    scheduler = torch.optim.lr_scheduler.ExponentialLR(before["muon"], 0.5)
    for optimizer in before.values():
        stepped(optimizer)
    scheduler.step()
    new, after = several()
    lrspec.load_optimizer_state(after, {name: each.state_dict() for name, each in before.items()}, new)
    rates = {name: [(g["lr"], g.get("initial_lr")) for g in each.param_groups] for name, each in after.items()}
    assert rates == {"adamw": [(0.01, None)], "muon": [(0.01, 0.02)]}


def test_one_of_several_optimizers_takes_its_own_state_out_of_all() -> None:
    new, optimizers = several()
    resumed = lrspec.load_optimizer_state(optimizers["muon"], all_saved(), new)
    assert (resumed.kept, resumed.dropped) == (NAMES[::2], NAMES[1::2])


def test_the_checkpoint_of_another_optimizer_is_refused() -> None:
    new, optimizers = several()
    with pytest.raises(lrspec.ResumeError, match="this optimizer can resume nothing from the checkpoint"):
        lrspec.load_optimizer_state(optimizers["adamw"], all_saved()["muon"], new)


def test_checkpoints_of_several_optimizers_without_names_are_read_by_the_old_plan() -> None:
    new, optimizers = several()
    state = {name: without_names(each) for name, each in all_saved().items()}
    assert lrspec.load_optimizer_state(optimizers, state, new, old_plan=new.to_dict()).kept == NAMES
    _, others = several()
    assert lrspec.load_optimizer_state(others["muon"], state["muon"], new, old_plan=new).kept == NAMES[::2]


def test_checkpoints_of_several_optimizers_under_other_names_are_refused() -> None:
    new, optimizers = several()
    with pytest.raises(lrspec.ResumeError, match="no optimizer `moun`: did you mean `muon`"):
        lrspec.load_optimizer_state({"moun": optimizers["muon"]}, all_saved(), new)
    with pytest.raises(lrspec.ResumeError, match="belongs to `muon`, not to `adamw`"):
        lrspec.load_optimizer_state({"adamw": optimizers["muon"]}, all_saved(), new)


def test_where_the_last_optimizer_refuses_none_is_loaded() -> None:
    new, optimizers = several()
    state = all_saved()
    before = {name: copy.deepcopy(stepped(optimizer).state_dict()) for name, optimizer in optimizers.items()}

    def refuse(_: Optimizer) -> None:
        raise RuntimeError("not today")

    list(optimizers.values())[-1].register_load_state_dict_post_hook(refuse)
    with pytest.raises(lrspec.ResumeError, match="Muon refuses the state: not today"):
        lrspec.load_optimizer_state(optimizers, state, new)
    assert same({name: optimizer.state_dict() for name, optimizer in optimizers.items()}, before)


# ------------------------------------------------------------------------------------------------ whatever the groups


RATES = st.sampled_from([0.5, 1, 2])
GROUPINGS = st.permutations(NAMES).flatmap(
    lambda names: st.lists(RATES, min_size=len(names), max_size=len(names)).map(
        lambda r: list(zip(names, r, strict=True))
    )
)


def grouped(pairs: list[tuple[str, float]]) -> tuple[lrspec.Plan, Optimizer]:
    """A model whose parameters come in this order, and are grouped by these rates."""
    of = nn.Module()
    for name, _ in pairs:
        child, _, leaf = name.partition(".")
        if not hasattr(of, child):
            of.add_module(child, nn.Module())
        of.get_submodule(child).register_parameter(leaf, nn.Parameter(torch.zeros(3)))
    rules = ", ".join(f"{{name: {n.replace('.', '-')}, match: '^{n}$', lr_mult: {r}}}" for n, r in pairs)
    return built(rules, of=of)


@settings(max_examples=60)
@given(GROUPINGS, GROUPINGS, st.sets(st.sampled_from(NAMES), max_size=3), st.sets(st.sampled_from(NAMES), max_size=2))
def test_each_parameter_has_its_own_state_whatever_the_groups_were(
    before: list[tuple[str, float]], after: list[tuple[str, float]], gone: set[str], come: set[str]
) -> None:
    old = [pair for pair in before if pair[0] not in come - gone]
    new = [pair for pair in after if pair[0] not in gone]
    made, optimizer = grouped(new)
    resumed = lrspec.load_optimizer_state(optimizer, stepped(grouped(old)[1]).state_dict(), made)
    both = {name for name, _ in old} & {name for name, _ in new}
    assert set(resumed.kept) == both
    assert set(resumed.new) == {name for name, _ in new} - both
    assert set(resumed.dropped) == {name for name, _ in old} - both
    assert moments(optimizer) == own_moments(tuple(both))
    rates = dict(new)
    for group in optimizer.param_groups:
        assert {0.01 * rates[name] for name in group["param_names"]} == {group["lr"]}


def test_a_model_in_place_of_the_plan_is_refused() -> None:
    given: Any = model()
    with pytest.raises(TypeError, match=r"expected a plan \(lrspec\.compile\), found Module"):
        lrspec.load_optimizer_state(built(NEW)[1], saved(), given)

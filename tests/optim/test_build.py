"""Optimizers built from what a spec says: their classes, defaults and groups, and why one cannot be built."""

from __future__ import annotations

import functools
import importlib
import re
from typing import Any

import pytest
import torch
from torch import nn

import lrspec
from lrspec.spec.torch_optim import ARGUMENTS

TIMM: Any = importlib.import_module("timm.optim")
ALL = "[{name: all, match: '^.+$', lr_mult: 1}]"
PROBE = "[{name: last, match: '^1', lr_mult: 1}, {name: rest, fallback: true, freeze: true}]"
SEVERAL = """lrspec: 1
optimizers:
  adamw: {type: AdamW, lr: 1e-3, weight_decay: 0.1}
  muon: {type: Muon, lr: 0.02, momentum: 0.9}
rules:
  - {name: matrices, where: {ndim: 2}, optimizer: muon}
  - {name: all, match: '^.+$', lr_mult: 1}
"""


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3))


def spec(optimizer: str, rules: str = ALL) -> lrspec.SpecFile:
    return lrspec.loads(f"lrspec: 1\noptimizer: {optimizer}\nrules: {rules}")


class Own(torch.optim.SGD):
    """A class that only its user knows."""


@pytest.mark.parametrize("kind", sorted(ARGUMENTS))
def test_every_class_of_torch_is_built(kind: str) -> None:
    matrices = nn.Sequential(nn.Linear(4, 3, bias=False))
    optimizer = lrspec.build_optimizer(spec(f"{{type: {kind}, lr: 0.01}}"), matrices)
    assert type(optimizer) is getattr(torch.optim, kind)
    assert [group["lr"] for group in optimizer.param_groups] == [0.01]
    assert optimizer.param_groups[0]["param_names"] == ["0.weight"]


def test_a_list_with_one_float_is_of_floats_for_the_class() -> None:
    rules = [{"match": "^", "lr_mult": 1}]
    spec = {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3, "betas": [0, 0.999]}, "rules": rules}
    assert repr(lrspec.build_optimizer(spec, nn.Linear(2, 2)).defaults["betas"]) == "(0.0, 0.999)"


def test_the_groups_are_the_plans_and_the_arguments_are_the_defaults() -> None:
    net = model()
    text = "{type: AdamW, lr: 1e-3, weight_decay: 0.1, betas: [0.8, 0.9]}"
    rules = "[{name: all, match: '^.+$', lr_mult: 2}, {name: norms, where: {module: Norm}, weight_decay: 0}]"
    optimizer = lrspec.build_optimizer(spec(text, rules), net)
    assert [(g["lr"], g["weight_decay"], g["betas"]) for g in optimizer.param_groups] == [
        (2e-3, 0.1, (0.8, 0.9)),
        (2e-3, 0, (0.8, 0.9)),
    ]
    defaults = {key: optimizer.defaults[key] for key in ("lr", "weight_decay", "betas")}
    assert defaults == {"lr": 1e-3, "weight_decay": 0.1, "betas": (0.8, 0.9)}


@pytest.mark.parametrize(("name", "its"), [("lamb", "Lamb"), ("lion", "Lion"), ("sgd", "SGD"), ("adamw", "AdamW")])
def test_an_optimizer_of_timms_registry_is_built_by_its_name(name: str, its: str) -> None:
    optimizer = lrspec.build_optimizer(spec(f"{{type: 'timm:{name}', lr: 0.1, weight_decay: 0.2}}"), model())
    assert type(optimizer).__name__ == its
    assert (optimizer.defaults["lr"], optimizer.defaults["weight_decay"]) == (0.1, 0.2)
    if name == "sgd":
        assert optimizer.defaults["nesterov"]  # as timm's registry says


def built_by_timm(name: str, net: nn.Module) -> Any:
    return TIMM.create_optimizer_v2(net.parameters(), opt=name, lr=0.01, weight_decay=0.1)


@pytest.mark.filterwarnings("ignore:It is highly recommended to have 'opt_einsum'")  # of Kron
@pytest.mark.parametrize("name", TIMM.list_optimizers())
def test_every_optimizer_of_timms_registry_is_what_timms_factory_makes(name: str) -> None:
    net = nn.Linear(4, 3, bias=False)
    ready = spec(f"{{type: 'timm:{name}', lr: 0.01, weight_decay: 0.1}}")
    try:
        theirs = built_by_timm(name, net)
    except (AssertionError, ImportError) as failure:  # apex and bitsandbytes, which need a GPU
        with pytest.raises(lrspec.BuildError, match=f"^timm:{name} is not available here: {re.escape(str(failure))}$"):
            lrspec.build_optimizer(ready, net)
    else:
        ours = lrspec.build_optimizer(ready, net)
        assert (type(ours), ours.defaults) == (type(theirs), theirs.defaults)
        assert lrspec.compile(ready, net).verify(ours, net) == []


@pytest.mark.parametrize("name", ["SGD", "AdamW"])
def test_a_name_in_other_cases_is_what_timms_factory_makes_of_it(name: str) -> None:
    net = model()
    plan = lrspec.compile(spec(f"{{type: 'timm:{name}', lr: 0.01, weight_decay: 0.1}}"), net)
    ours, theirs = lrspec.build_optimizer(plan, net), built_by_timm(name, net)
    assert (type(ours), ours.defaults) == (type(theirs), theirs.defaults)
    assert plan.verify(ours, net) == []
    other = torch.optim.Adagrad(plan.param_groups(net))
    assert "LRS408" in [found.code for found in plan.verify(other, net)]


def test_an_optimizer_that_its_user_wraps_in_timms_lookahead_is_the_one_to_verify() -> None:
    net = model()
    plan = lrspec.compile(spec("{type: 'timm:sgd', lr: 0.1}"), net)
    optimizer = lrspec.build_optimizer(plan, net)
    TIMM.Lookahead(optimizer).step()
    assert plan.verify(optimizer, net) == []


def test_the_class_of_the_call_is_used_without_timms_momentum() -> None:
    ready = spec("{type: 'timm:sgd', lr: 0.1}")
    optimizer = lrspec.build_optimizer(ready, model(), optimizer_class=torch.optim.SGD)
    assert (type(optimizer), optimizer.defaults["momentum"]) == (torch.optim.SGD, 0)


def test_a_momentum_in_the_spec_comes_before_timms() -> None:
    text = "{type: 'timm:sgd', lr: 0.1, momentum: 0.5}"
    assert lrspec.build_optimizer(spec(text), model()).defaults["momentum"] == 0.5
    rules = "[{name: all, match: '^.+$', lr_mult: 1}, {name: norm, match: '^1', options: {momentum: 0.5}}]"
    optimizer = lrspec.build_optimizer(spec("{type: 'timm:sgd', lr: 0.1}", rules), model())
    assert [group["momentum"] for group in optimizer.param_groups] == [0.9, 0.5]


@pytest.mark.parametrize("kind", ["torch.optim.AdamW", "torch.optim.adamw.AdamW"])
def test_a_class_of_torch_is_built_with_its_module_before_its_name(kind: str) -> None:
    net = model()
    plan = lrspec.compile(spec(f"{{type: {kind}, lr: 0.1}}"), net)
    optimizer = lrspec.build_optimizer(plan, net)
    assert type(optimizer) is torch.optim.AdamW
    assert plan.verify(optimizer, net) == []
    other = torch.optim.Adam(plan.param_groups(net))
    assert [found.lines[0] for found in plan.verify(other, net)] == ["the optimizer is `Adam`, not `AdamW`"]
    with pytest.raises(lrspec.BuildError, match="the spec's optimizer is AdamW, but optimizer_class is Own"):
        lrspec.build_optimizer(plan, net, optimizer_class=Own)


@pytest.mark.parametrize("given", [Own, functools.partial(Own, momentum=0.5)])
def test_a_dotted_type_is_the_class_of_the_call(given: Any) -> None:
    optimizer = lrspec.build_optimizer(spec("{type: mine.own.Own, lr: 0.1}"), model(), optimizer_class=given)
    assert type(optimizer) is Own


def test_without_a_type_in_the_spec_the_call_brings_the_class() -> None:
    assert type(lrspec.build_optimizer(spec("{lr: 0.1}"), model(), optimizer_class=Own)) is Own


@pytest.mark.parametrize(
    ("optimizer", "given", "said"),
    [
        ("{lr: 1}", None, "the spec names no optimizer class: set `optimizer.type`, or pass optimizer_class="),
        ("{type: a.b.Own, lr: 1}", None, "`a.b.Own` is never imported from a spec: pass the class, optimizer_class="),
        ("{type: a.b.Own, lr: 1}", torch.optim.SGD, "the spec's optimizer is a.b.Own, but optimizer_class is SGD"),
        ("{type: Adam, lr: 1}", Own, "the spec's optimizer is Adam, but optimizer_class is Own"),
        ("{type: 'timm:lamm', lr: 1}", None, "timm has no optimizer `lamm`: did you mean `lamb`"),
        ("{type: 'timm:Lookahead_LAMB', lr: 1}", None, "timm:Lookahead_LAMB is not built: name `timm:lamb`, and wrap"),
        ("{type: 'timm:lookahead_lamm', lr: 1}", None, "timm has no optimizer `lookahead_lamm`"),
        ("{type: SGD, lr: 1, nesterov: true}", None, "SGD cannot be built: Nesterov momentum requires a momentum"),
        ("{type: AdamW, lr: 1, betas: [2, 2]}", None, "AdamW cannot be built: Invalid beta parameter"),
        (
            "{type: AdamW, lr: 1, fused: true, foreach: true}",
            None,
            "AdamW cannot be built: `fused` and `foreach` cannot",
        ),
        (
            "{type: a.Own, lr: 1}",
            Own(model().parameters()),
            "optimizer_class: expected an optimizer class, found an object of Own",
        ),
    ],
)
def test_an_optimizer_that_cannot_be_built_is_refused_with_the_reason(optimizer: str, given: Any, said: str) -> None:
    ready = spec(optimizer, "[{name: all, match: '^.+$', lr_mult: 1, check: {large-value: ignore}}]")
    with pytest.raises(lrspec.BuildError) as refused:
        lrspec.build_optimizer(ready, model(), optimizer_class=given)
    assert str(refused.value).startswith(said)


def test_what_an_older_torch_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(
        lrspec.BuildError, match=rf"torch {re.escape(torch.__version__)} has no Muon: it came with a later ver"
    ):
        lrspec.build_optimizer(spec("{type: Muon, lr: 1}"), nn.Linear(2, 2, bias=False))

    class Older(torch.optim.Optimizer):
        def __init__(self, params: Any, lr: float = 1e-3, eps: float = 1e-8) -> None:
            super().__init__(params, {"lr": lr, "eps": eps})

    monkeypatch.setattr(torch.optim, "Adam", Older)
    with pytest.raises(lrspec.BuildError, match="Adam does not take decoupled_weight_decay in the version that is"):
        lrspec.build_optimizer(spec("{type: Adam, lr: 1, decoupled_weight_decay: true}"), model())


def test_a_library_of_optimizers_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    build, refused = lrspec.build_optimizer, lrspec.BuildError  # lrspec imports these when they are first used
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(refused, match=r"timm:lamb needs timm\.optim, which cannot be imported"):
        build(spec("{type: 'timm:lamb', lr: 1}"), model())


def test_an_option_that_a_class_of_another_package_may_read_from_its_groups_is_let_through() -> None:
    rules = "[{name: all, match: '^.+$', lr_mult: 1}, {name: norm, match: '^1', options: {use_fallback: true}}]"
    net = model()
    own = lrspec.build_optimizer(spec("{type: mine.Own, lr: 0.1}", rules), net, optimizer_class=Own)
    assert [group.get("use_fallback") for group in own.param_groups] == [None, True]
    plan = lrspec.compile(spec("{type: 'timm:muon', lr: 0.1}", rules), net)
    muon = lrspec.build_optimizer(plan, net)
    net(torch.ones(2, 4)).square().sum().backward()
    muon.step()
    assert plan.verify(muon, net) == []
    assert "exp_avg" in muon.state[net[1].weight]  # type: ignore[index]
    muon.param_groups[-1]["use_fallback"] = False
    assert [found.code for found in plan.verify(muon, net)] == ["LRS405"]


def test_such_an_option_may_be_that_of_the_whole_optimizer() -> None:
    net = model()
    plan = lrspec.compile(spec("{type: 'timm:muon', lr: 0.1, use_fallback: true}"), net)
    muon = lrspec.build_optimizer(plan, net)
    assert [group["use_fallback"] for group in muon.param_groups] == [True]
    net(torch.ones(2, 4)).square().sum().backward()
    muon.step()
    assert "exp_avg" in muon.state[net[0].weight]  # type: ignore[index]
    assert plan.verify(muon, net) == []
    own = lrspec.build_optimizer(spec("{type: mine.Own, lr: 0.1, use_fallback: 1}"), net, optimizer_class=Own)
    assert own.param_groups[0]["use_fallback"] == 1


@pytest.mark.filterwarnings("error::lrspec.SpecWarning")
def test_the_name_of_such_an_option_is_not_checked() -> None:
    rules = "[{name: all, match: '^.+$', lr_mult: 1, options: {momentun: 0.5}}]"
    optimizer = lrspec.build_optimizer(spec("{type: 'timm:muon', lr: 0.1}", rules), model())
    assert optimizer.param_groups[0]["momentun"] == 0.5


@pytest.mark.parametrize("text", ["", "unknown keys"])
def test_a_class_that_asserts_the_keys_of_its_groups_is_refused_with_advice(text: str) -> None:
    class Asserting(torch.optim.SGD):
        def __init__(self, params: Any, lr: float) -> None:
            assert all(set(group) == {"params", "lr"} for group in params), text
            super().__init__(params, lr)

    net = model()
    plan = lrspec.compile(spec("{type: a.Asserting, lr: 0.1}"), net)
    with pytest.raises(lrspec.BuildError) as refused:
        lrspec.build_optimizer(plan, net, optimizer_class=Asserting)
    assert str(refused.value) == (
        f"a.Asserting cannot be built: {text or 'an assertion in it fails'}\n"
        "If it asserts the keys of its groups, pass it `plan.param_groups(model, names=False)` yourself."
    )
    assert plan.verify(Asserting(plan.param_groups(net, names=False), lr=0.1), net) == []


def test_a_setting_that_the_class_has_no_place_for_is_refused() -> None:
    class NoDecay(torch.optim.Optimizer):
        def __init__(self, params: Any, lr: float = 1e-3) -> None:
            super().__init__(params, {"lr": lr})

    ready = spec("{type: a.NoDecay, lr: 0.1}", "[{name: all, match: '^.+$', lr_mult: 1, weight_decay: 1}]")
    with pytest.raises(
        lrspec.BuildError, match=r"a\.NoDecay does not take weight_decay for single groups; it takes lr"
    ):
        lrspec.build_optimizer(ready, model(), optimizer_class=NoDecay)


def test_an_option_that_the_installed_torch_does_not_read_from_groups_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Older(torch.optim.Optimizer):
        def __init__(self, params: Any, lr: float = 1e-3, eps: float = 1e-8) -> None:
            super().__init__(params, {"lr": lr, "eps": eps})

    monkeypatch.setattr(torch.optim, "Adam", Older)
    rules = "[{name: all, match: '^.+$', lr_mult: 1, options: {amsgrad: true}}]"
    with pytest.raises(lrspec.BuildError, match="Adam does not take amsgrad for single groups; it takes lr, eps"):
        lrspec.build_optimizer(spec("{type: Adam, lr: 0.1}", rules), model())


def test_freezing_the_model_has_to_be_asked_for() -> None:
    net = model()
    with pytest.raises(lrspec.BindError, match=r"call plan\.freeze\(model\) first, or build with freeze=True"):
        lrspec.build_optimizer(spec("{type: SGD, lr: 0.1}", PROBE), net)
    optimizer = lrspec.build_optimizer(spec("{type: SGD, lr: 0.1}", PROBE), net, freeze=True)
    assert optimizer.param_groups[0]["param_names"] == ["1.weight", "1.bias"]
    assert not next(net.parameters()).requires_grad


def test_a_plan_is_built_as_it_is() -> None:
    net = model()
    plan = lrspec.compile(spec("{type: SGD, lr: 0.1}"), net, lr=0.2)
    optimizer = lrspec.build_optimizer(plan, net)
    assert (optimizer.param_groups[0]["lr"], optimizer.defaults["lr"]) == (0.2, 0.2)
    with pytest.raises(ValueError, match="a plan has its rates already"):
        lrspec.build_optimizer(plan, net, lr=0.3)


def test_several_optimizers_are_a_dict_by_name() -> None:
    net = model()
    built = lrspec.build_optimizers(lrspec.loads(SEVERAL), net)
    assert {name: type(each) for name, each in built.items()} == {"adamw": torch.optim.AdamW, "muon": torch.optim.Muon}
    assert [group["param_names"] for group in built["muon"].param_groups] == [["0.weight"]]
    assert [group["param_names"] for group in built["adamw"].param_groups] == [["0.bias", "1.weight", "1.bias"]]
    assert (built["muon"].param_groups[0]["lr"], built["adamw"].param_groups[0]["lr"]) == (0.02, 1e-3)
    assert lrspec.param_groups(lrspec.loads(SEVERAL), net, optimizer="muon")[0]["param_names"] == ["0.weight"]


def test_one_optimizer_is_a_dict_of_one() -> None:
    assert list(lrspec.build_optimizers(spec("{type: SGD, lr: 0.1}"), model())) == ["optimizer"]


def test_an_optimizer_without_parameters_in_a_part_is_left_out() -> None:
    net = model()
    plan = lrspec.compile(lrspec.loads(SEVERAL), net)
    norm = nn.ModuleDict({"1": net[1]})  # type: ignore[index]
    assert list(lrspec.build_optimizers(plan, norm)) == ["adamw"]
    assert plan.param_groups(norm, optimizer="muon") == []


def test_classes_of_several_optimizers_go_by_name() -> None:
    ready = lrspec.loads(SEVERAL.replace("type: AdamW", "type: mine.Own").replace("weight_decay: 0.1", "momentum: 0"))
    built = lrspec.build_optimizers(ready, model(), optimizer_class={"adamw": Own})
    assert type(built["adamw"]) is Own
    with pytest.raises(lrspec.BuildError, match="optimizer_class: the spec has no optimizer `adam`: did you mean `ada"):
        lrspec.build_optimizers(ready, model(), optimizer_class={"adam": Own})


def test_a_call_for_one_optimizer_is_refused_where_the_spec_has_several() -> None:
    ready = lrspec.loads(SEVERAL)
    with pytest.raises(lrspec.BuildError, match=r"several optimizers \(adamw, muon\): call build_optimizers"):
        lrspec.build_optimizer(ready, model())
    plan = lrspec.compile(ready, model())
    with pytest.raises(lrspec.BindError, match="pass optimizer=… with one of adamw, muon"):
        plan.param_groups(model())
    with pytest.raises(lrspec.BindError, match="the spec has no optimizer `muno`: did you mean `muon`"):
        plan.param_groups(model(), optimizer="muno")


def test_arguments_of_other_kinds_are_refused() -> None:
    net = model()
    swapped: Any = (net, spec("{type: SGD, lr: 0.1}"))
    with pytest.raises(
        TypeError, match=r"expected a spec \(lrspec\.load, lrspec\.loads\), its path, or a mapping of its"
    ):
        lrspec.build_optimizer(*swapped)
    plan: Any = lrspec.compile(spec("{type: SGD, lr: 0.1}"), net)
    with pytest.raises(TypeError, match=r"found a plan, already compiled: call plan\.param_groups\(model\)"):
        lrspec.param_groups(plan, net)
    one: Any = torch.optim.SGD
    with pytest.raises(TypeError, match=r"optimizer_class: expected a mapping of names \(optimizer"):
        lrspec.build_optimizers(spec("{type: SGD, lr: 0.1}"), net, optimizer_class=one)

"""Libraries that build parameters of their own: their names are kept, and groups hold what they train."""

from __future__ import annotations

import copy
from typing import Any

import peft
import pytest
import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]
from torch import Tensor, nn
from torch.nn.utils import parametrizations, weight_norm
from torch.optim.swa_utils import AveragedModel
from transformers import LlamaConfig, LlamaForCausalLM

import lrspec
from lrspec import Inventory

ALL = lrspec.loads("lrspec: 1\noptimizer: {type: SGD, lr: 0.1}\nrules: [{name: all, match: '^.+$', lr_mult: 1}]")
LORA = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.1}
rules:
  - {name: lora-A, match: '\.lora_A\.', lr_mult: 1}
  - {name: lora-B, match: '\.lora_B\.', lr_mult: 16}
  - {name: head, match: '^base_model\.model\.lm_head\.modules_to_save\.', lr_mult: 1, weight_decay: 0}
"""
)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.attn(x, x, x)[0]
        return result


def names(model: nn.Module) -> list[str]:
    return [parameter.name for parameter in Inventory.from_model(model).parameters]


def trained_by_a_step(model: nn.Module, spec: lrspec.SpecFile, *inputs: Tensor) -> set[str]:
    """The names of the parameters that one step with the groups of a spec changes."""
    before = copy.deepcopy(dict(model.named_parameters()))
    optimizer = torch.optim.SGD(
        [{key: group[key] for key in ("params", "lr")} for group in lrspec.param_groups(spec, model)]
    )
    result: Any = model(*inputs)
    getattr(result, "logits", result).square().sum().backward()
    optimizer.step()
    return {name for name, tensor in model.named_parameters() if not torch.equal(tensor, before[name])}


@pytest.fixture
def adapted() -> nn.Module:
    """A small Llama with LoRA on two projections, and a copy of its head that trains."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    lora = peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], modules_to_save=["lm_head"])
    model: Any = peft.get_peft_model(LlamaForCausalLM(LlamaConfig(vocab_size=32, **sizes)), lora)
    return model  # type: ignore[no-any-return]


from_peft = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated")  # which PEFT asks for


@from_peft
def test_names_of_peft_are_its_own(adapted: nn.Module) -> None:
    projection = "base_model.model.model.layers.0.self_attn.q_proj"
    head = "base_model.model.lm_head"
    parameters = {parameter.name: parameter for parameter in Inventory.from_model(adapted).parameters}
    assert list(parameters) == [name for name, _ in adapted.named_parameters()]
    assert [name for name in parameters if name.startswith((projection, head))] == [
        f"{projection}.base_layer.weight",
        f"{projection}.lora_A.default.weight",
        f"{projection}.lora_B.default.weight",
        f"{head}.original_module.weight",
        f"{head}.modules_to_save.default.weight",
    ]
    assert not parameters[f"{projection}.base_layer.weight"].requires_grad
    assert not parameters[f"{head}.original_module.weight"].requires_grad
    assert {parameter.module for name, parameter in parameters.items() if "lora" in name} == {("Linear",)}


@from_peft
def test_groups_of_peft_hold_its_adapters_and_saved_modules(adapted: nn.Module) -> None:
    plan = lrspec.compile(LORA, adapted)
    assert [(group.name, len(group.params)) for group in plan.groups or ()] == [
        ("lora-A", 4),
        ("lora-B", 4),
        ("head", 1),
    ]
    frozen = [planned for planned in plan.parameters if planned.status.value == "frozen-by-model"]
    assert len(frozen) == len(plan.parameters) - 9
    trained = trained_by_a_step(adapted, LORA, torch.arange(6).reshape(1, 6))
    assert trained == {
        name for name in names(adapted) if "lora_B" in name or "modules_to_save" in name
    }  # A: B is 0 yet


@from_peft
def test_what_wraps_an_adapted_model_adds_nothing(adapted: nn.Module) -> None:
    plan = lrspec.compile(LORA, adapted)
    assert lrspec.compile(LORA, nn.DataParallel(adapted)).to_dict() == plan.to_dict()


def test_attention_of_peft_has_its_parameters_back_after_a_batch() -> None:
    model = peft.get_peft_model(Attention(), peft.LoraConfig(r=2, target_modules=["attn"]))
    before = names(model)
    model(torch.zeros(1, 2, 4))
    assert names(model) == before == [name for name, _ in model.named_parameters()]
    assert "base_model.model.attn.base_layer.in_proj_weight" in before


def test_weight_norm_has_names_and_an_owner_of_its_own() -> None:
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(2, 2)))
    assert [(p.name, p.module) for p in Inventory.from_model(model).parameters] == [
        ("0.bias", ("Linear",)),
        ("0.parametrizations.weight.original0", ("ParametrizationList", "ModuleList")),
        ("0.parametrizations.weight.original1", ("ParametrizationList", "ModuleList")),
    ]
    assert trained_by_a_step(model, ALL, torch.ones(1, 2)) == set(names(model))


@pytest.mark.parametrize("parametrize", [parametrizations.orthogonal, parametrizations.spectral_norm])
def test_orthogonal_and_spectral_norm_have_one_original(parametrize: Any) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(parametrize(nn.Linear(2, 2)))
    assert names(model) == ["0.bias", "0.parametrizations.weight.original"]
    assert trained_by_a_step(model, ALL, torch.ones(1, 2)) == set(names(model))


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_the_old_weight_norm_has_the_names_g_and_v() -> None:
    model = nn.Sequential(weight_norm(nn.Linear(2, 2)))
    assert [(p.name, p.module) for p in Inventory.from_model(model).parameters] == [
        ("0.bias", ("Linear",)),
        ("0.weight_g", ("Linear",)),
        ("0.weight_v", ("Linear",)),
    ]
    assert trained_by_a_step(model, ALL, torch.ones(1, 2)) == set(names(model))


def test_a_parametrized_weight_may_be_tied() -> None:
    model = nn.ModuleDict({"embed": nn.Embedding(4, 4), "head": nn.Linear(4, 4, bias=False)})
    model["head"].weight = model["embed"].weight
    parametrizations.orthogonal(model["head"])
    (parameter,) = Inventory.from_model(model).parameters
    assert parameter.names == ("embed.weight", "head.parametrizations.weight.original")
    assert parameter.owners == (("Embedding",), ("ParametrizationList", "ModuleList"))
    assert lrspec.param_groups(ALL, model)[0]["params"] == [model["embed"].weight]


@pytest.mark.parametrize("average", [AveragedModel, ModelEmaV3])
def test_averaged_copies_are_models_of_their_own(average: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    averaged = average(model)
    assert names(averaged) == ["module.0.weight", "module.0.bias"] == [name for name, _ in averaged.named_parameters()]
    plan = lrspec.compile(ALL, model)
    with pytest.raises(lrspec.BindError, match=r"does not know module\.0\.weight"):
        plan.param_groups(averaged)
    assert plan.param_groups(averaged.module)[0]["params"] == list(averaged.module.parameters())


def test_integers_are_frozen_by_the_model() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model[0].register_parameter("codes", nn.Parameter(torch.zeros(2, dtype=torch.int8), requires_grad=False))
    plan = lrspec.compile(ALL, model)
    assert [planned.status.value for planned in plan.parameters] == ["trained", "trained", "frozen-by-model"]
    assert plan.param_groups(model)[0]["param_names"] == ["0.weight", "0.bias"]

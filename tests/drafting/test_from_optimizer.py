"""Grouping code as people have it, really run: the spec that is found gives every parameter the same settings."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
from timm.optim import Lamb, create_optimizer_v2, param_groups_layer_decay, param_groups_weight_decay  # type: ignore[attr-defined]
from timm.scheduler import CosineLRScheduler  # type: ignore[attr-defined]
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import SGD, Adam, AdamW, Optimizer, lr_scheduler

import lrspec
from tests.compiler.checks.test_steps import authors_layer
from tests.drafting.live import assert_gives, assert_reproduced, values_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what these import
    import peft
    import transformers
    from peft.optimizers import create_loraplus_optimizer

Groups = list[dict[str, Any]]


def resnet18() -> nn.Module:
    model = timm.create_model("resnet18", num_classes=2)
    assert isinstance(model, nn.Module)
    return model


def vit() -> nn.Module:
    model = timm.create_model("vit_tiny_patch16_224", depth=3, num_classes=10)
    assert isinstance(model, nn.Module)
    return model


# ---------------------------------------------------------------------------------------------- loops of one's own


def a_layer_per_parameter(model: nn.Module) -> Groups:
    """The tutorial's first loop: 62 groups on resnet18."""
    names = [name for name, _ in model.named_parameters()]
    groups, lr = [], 1e-2
    for name in reversed(names):
        groups.append({"params": [model.get_parameter(name)], "lr": lr})
        lr *= 0.9
    return groups


def a_layer_per_block(model: nn.Module) -> Groups:
    """The tutorial's second loop: 7 groups on resnet18."""
    groups, lr, last = [], 1e-2, ""
    for name, parameter in reversed(list(model.named_parameters())):
        block = name.split(".")[0]
        if last and block != last:
            lr *= 0.9
        last = block
        groups.append({"params": [parameter], "lr": lr})
    return groups


@pytest.mark.parametrize(("loop", "rates"), [(a_layer_per_parameter, 62), (a_layer_per_block, 7)])
def test_the_loops_of_the_tutorial(loop: Callable[[nn.Module], Groups], rates: int) -> None:
    model = resnet18()
    file = assert_reproduced(Adam(loop(model), lr=1e-2), model)
    assert file.spec.optimizer.type == "Adam"
    assert file.spec.optimizer.lr == 1e-2
    plan = lrspec.compile(file, model)
    assert len(plan.groups or ()) == rates


def test_a_group_per_parameter_as_in_detectron() -> None:
    """Norms without weight decay, biases at twice the rate and without, each parameter in a group of its own."""
    model = resnet18()
    norms = (nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)
    groups = []
    for module in model.modules():
        for key, value in module.named_parameters(recurse=False):
            lr, weight_decay = 0.02, 1e-4
            if isinstance(module, norms):
                weight_decay = 0.0
            elif key == "bias":
                lr, weight_decay = 0.04, 0.0
            groups.append({"params": [value], "lr": lr, "weight_decay": weight_decay})
    file = assert_reproduced(SGD(groups, lr=0.02, momentum=0.9), model)
    assert file.spec.optimizer.options == {"momentum": 0.9}
    assert file.spec.optimizer.weight_decay == 1e-4
    assert "# The optimizer had 62 groups, with 3 different settings.\n" in file.text


def test_the_discriminative_slices_of_fastai() -> None:
    """`slice(1e-5, 1e-3)`: rates at even multiples from the first layer group to the last, and none decays norms."""
    model: Any = resnet18()
    stem, body = [model.conv1, model.bn1, model.layer1, model.layer2], [model.layer3, model.layer4]
    parts = [stem, body, [model.fc]]
    ratio = (1e-3 / 1e-5) ** (1 / (len(parts) - 1))
    groups: Groups = []
    for number, modules in enumerate(parts):
        inside = [module for part in modules for module in part.modules()]
        norms = [p for m in inside if isinstance(m, nn.BatchNorm2d) for p in m.parameters(recurse=False)]
        others = [p for m in inside if not isinstance(m, nn.BatchNorm2d) for p in m.parameters(recurse=False)]
        for params, decay in ((others, 0.01), (norms, 0.0)):
            groups.append({"params": params, "lr": 1e-5 * ratio**number, "weight_decay": decay})
    file = assert_reproduced(Adam(groups, lr=1e-3, betas=(0.95, 0.99), eps=1e-5), model)
    assert file.spec.optimizer.options == {"betas": (0.95, 0.99), "eps": 1e-5}
    assert "# Group 5 has no parameters: omitted.\n" in file.text


class Vlm(nn.Module):
    """A vision tower, a projector and a language model."""

    def __init__(self) -> None:
        super().__init__()
        layer: dict[str, Any] = {"d_model": 8, "nhead": 2, "dim_feedforward": 16, "batch_first": True}
        self.vision_tower = nn.TransformerEncoder(nn.TransformerEncoderLayer(**layer), 2, enable_nested_tensor=False)
        self.projector = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))
        self.embed_tokens = nn.Embedding(32, 8)
        self.language_model = nn.TransformerEncoder(nn.TransformerEncoderLayer(**layer), 2, enable_nested_tensor=False)
        self.lm_head = nn.Linear(8, 32, bias=False)
        self.lm_head.weight = self.embed_tokens.weight


def test_a_split_of_a_vision_language_model() -> None:
    model = Vlm()
    model.vision_tower.layers[0].requires_grad_(False)
    rates = {"vision_tower": 2e-6, "projector": 1e-4}
    groups: Groups = []
    for decays in (True, False):
        for part in ("vision_tower", "projector", ""):
            params = [
                parameter
                for name, parameter in model.named_parameters()
                if parameter.requires_grad and (parameter.ndim > 1) is decays
                if (name.split(".")[0] if name.split(".")[0] in rates else "") == part
            ]
            groups.append({"params": params, "lr": rates.get(part, 2e-5), "weight_decay": 0.1 if decays else 0.0})
    file = assert_reproduced(AdamW(groups, lr=2e-5, weight_decay=0.1, betas=(0.9, 0.95)), model)
    frozen = [each.name for each in lrspec.compile(file, Vlm()).parameters if not each.status.trains]
    assert frozen
    assert all(name.startswith("vision_tower.layers.0.") for name in frozen)


def multiplied(name: str, blocks: int, decay: float) -> float:
    """The layer-wise decay of DINOv2: the embeddings are layer 0, a block is a layer, and the rest comes last."""
    found = re.search(r"^blocks\.(\d+)\.", name)
    embeds = name.split(".")[0] in ("cls_token", "pos_embed", "patch_embed")
    layer = int(found[1]) + 1 if found else 0 if embeds else blocks + 1
    return float(decay ** (blocks + 1 - layer))


def test_the_groups_of_dino() -> None:
    """`lr_multiplier` and `wd_multiplier` are the groups' own keys, from which a loop sets the rates at every step."""
    model = vit()
    groups: Groups = []
    for name, parameter in model.named_parameters():
        multiplier = multiplied(name, 3, 0.9) * (0.2 if "patch_embed" in name else 1.0)
        exempt = name.endswith(".bias") or "norm" in name
        groups.append(
            {
                "params": [parameter],
                "is_last_layer": name.startswith("head"),
                "lr_multiplier": multiplier,
                "wd_multiplier": 0.0 if exempt else 1.0,
                "lr": 4e-3 * multiplier,
                "weight_decay": 0.0 if exempt else 0.04,
            }
        )
    optimizer = AdamW(groups, betas=(0.9, 0.999))
    file = assert_reproduced(optimizer, model)
    assert file.spec.tag_names == ("lr_multiplier", "wd_multiplier", "is_last_layer")
    tags = {frozenset(group["params"]): [group[tag] for tag in file.spec.tag_names] for group in optimizer.param_groups}
    for group in lrspec.param_groups(file, model):
        assert all(tags[frozenset([each])] == [group[tag] for tag in file.spec.tag_names] for each in group["params"])
    assert "where: {ndim: [0, 1]}\n    weight_decay: 0\n    tags: {wd_multiplier: 0}\n" in file.text
    assert file.spec.optimizer.lr == 4e-3
    assert file.spec.optimizer.weight_decay == 0.04


def test_options_of_single_groups() -> None:
    model: Any = resnet18()
    groups = [
        {"params": [*model.layer1.parameters()], "momentum": 0.0, "nesterov": False},
        {"params": [*model.layer2.parameters()], "momentum": 0.8},
        {"params": [*model.layer3.parameters(), *model.layer4.parameters()], "maximize": True},
        {"params": [*model.fc.parameters()], "lr": 1.0, "dampening": 0.0},
    ]
    for part in (model.conv1, model.bn1):
        part.requires_grad_(False)
    optimizer = SGD(groups, lr=0.1, momentum=0.9, nesterov=True)
    expected = values_of(optimizer)
    found = lrspec.from_optimizer(optimizer, model)
    assert_gives(found, model, expected)
    assert found.spec.optimizer.options == {"momentum": 0.9, "nesterov": True}


def test_muon_for_matrices_and_adamw_for_the_others() -> None:
    model = vit()
    matrices = [p for name, p in model.named_parameters() if name.startswith("blocks.") and p.ndim == 2]
    inside = set(map(id, matrices))
    others = [p for p in model.parameters() if id(p) not in inside]
    muon = torch.optim.Muon(matrices, lr=0.02, weight_decay=0.05, momentum=0.9)
    adamw = AdamW([{"params": others, "lr": 1e-3}], lr=3e-4, weight_decay=0.0)
    file = assert_reproduced({"muon": muon, "adamw": adamw}, model)
    assert list(file.spec.bases) == ["adamw", "muon"]
    assert file.spec.bases["muon"].options == {"momentum": 0.9}


def test_the_layers_of_convnexts_authors() -> None:
    model = timm.create_model("convnext_atto", num_classes=10)
    named = list(model.named_parameters())
    groups = [{"params": [p], "lr": 4e-3 * 0.8 ** (13 - authors_layer(name))} for name, p in named]
    file = assert_reproduced(AdamW(groups, lr=4e-3), model)
    assert file.document.value["rules"][0]["layers"] == [
        r"^stem\.",
        r"^stages\.0\.",
        r"^stages\.1\.",
        {"match": r"^stages\.2\.blocks\.(\d+)\.", "every": 3},
        {"join": r"^stages\.2\.downsample\.", "to": "first"},
        {"gap": 7},
        r"^stages\.3\.",
        r"^head\.",
    ]


def test_the_slices_of_fastai() -> None:
    """`slice(1e-5, 1e-3)` on four groups."""
    model = resnet18()
    parts = [r"^(conv1|bn1|layer[12])\.", r"^layer3\.", r"^layer4\.", r"^fc\."]
    factor = (1e-3 / 1e-5) ** (1 / 3)
    groups = [
        {"params": [p for name, p in model.named_parameters() if re.search(part, name)], "lr": 1e-5 * factor**number}
        for number, part in enumerate(parts)
    ]
    file = assert_reproduced(Adam(groups, lr=1e-3), model)
    assert "    layer_decay: {first: 0.01}\n" in file.text


# ------------------------------------------------------------------------------------------------------------- timm


def test_the_weight_decay_groups_of_timm() -> None:
    model = vit()
    groups = param_groups_weight_decay(model, 0.05, no_weight_decay_list=("cls_token", "pos_embed"))
    file = assert_reproduced(AdamW(groups, lr=1e-3), model)
    assert file.spec.optimizer.weight_decay == 0.05


@pytest.mark.parametrize("build", [resnet18, vit])
def test_the_layer_decay_of_timm(build: Callable[[], nn.Module]) -> None:
    model = build()
    file = assert_reproduced(AdamW(param_groups_layer_decay(model, 0.05, layer_decay=0.75), lr=1e-3), model)
    assert "# `lr_scale` of the groups is multiplied into the rates.\n" in file.text
    assert file.spec.optimizer.lr == 1e-3


@pytest.mark.filterwarnings("ignore:It is highly recommended to have 'opt_einsum'")
@pytest.mark.parametrize("name", ["adamw", "sgd", "lamb", "lambc", "nadamw", "adan", "lion", "kron", "madgrad", "lars"])
def test_the_optimizers_of_timms_factory(name: str) -> None:
    model = vit()
    optimizer = create_optimizer_v2(model, opt=name, lr=2e-3, weight_decay=0.02, layer_decay=0.8)
    file = assert_reproduced(optimizer, model)
    type_ = {"adamw": "AdamW", "sgd": "SGD"}.get(name, f"timm:{name}")
    assert file.spec.optimizer.type == type_


def test_weight_decay_that_depends_on_the_default_rate_keeps_it() -> None:
    model = vit()
    groups = [{"params": [*model.parameters()], "lr": 1e-4}]
    file = assert_reproduced(Lamb(groups, lr=1e-3, corrected_weight_decay=True, weight_decay=0.1), model)
    assert file.spec.optimizer.lr == 1e-3


# -------------------------------------------------------------------------------------------------------- libraries


@pytest.mark.slow  # mmengine comes with the extra `dev`
@pytest.mark.filterwarnings("ignore")
def test_the_constructor_of_mmengine() -> None:
    from mmengine.optim import DefaultOptimWrapperConstructor

    model = resnet18()
    keys = {"layer1": {"lr_mult": 0.1, "decay_mult": 0.5}, "layer4.1": {"lr_mult": 0.5}, "conv1": {"lr_mult": 0.0}}
    paramwise = {"custom_keys": keys, "norm_decay_mult": 0.0, "bias_lr_mult": 2.0, "bias_decay_mult": 0.0}
    wrapper = {"type": "OptimWrapper", "optimizer": {"type": "AdamW", "lr": 1e-4, "weight_decay": 0.05}}
    wrapped = DefaultOptimWrapperConstructor(wrapper, paramwise_cfg=paramwise)(model)
    expected = values_of(wrapped.optimizer)
    file = lrspec.from_optimizer(wrapped, model)
    assert_gives(file, model, expected)
    assert file.spec.optimizer.lr == 1e-4


@pytest.mark.filterwarnings("ignore")
def test_the_groups_of_transformers_trainer(tmp_path: Any) -> None:
    config = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, vocab_size=32
    )
    model = transformers.BertForSequenceClassification(config)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), learning_rate=5e-5, weight_decay=0.01, use_cpu=True, report_to=[], warmup_steps=2
    )
    trainer = transformers.Trainer(model, arguments)
    trainer.create_optimizer()
    expected = values_of(trainer.optimizer)
    trainer.create_scheduler(10)
    file = lrspec.from_optimizer(trainer.optimizer, model, trainer.lr_scheduler)
    assert_gives(file, model, expected)
    assert file.spec.optimizer.lr == 5e-5
    assert file.spec.optimizer.weight_decay == 0.01


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_lora_plus_of_peft() -> None:
    config = transformers.BertConfig(
        hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, vocab_size=32
    )
    adapters = peft.LoraConfig(r=2, target_modules=["query", "value"], modules_to_save=["classifier"])
    model = peft.get_peft_model(transformers.BertForSequenceClassification(config), adapters)
    optimizer = create_loraplus_optimizer(model, AdamW, lr=1e-4, loraplus_lr_ratio=16)
    expected = values_of(optimizer)
    with pytest.warns(lrspec.SpecWarning, match="Group 1 has no parameters: omitted"):
        file = lrspec.from_optimizer(optimizer, model)
    assert_gives(file, model, expected)
    assert {group["lr"] for group in optimizer.param_groups if group["params"]} == {1e-4, 16e-4}


# ------------------------------------------------------------------------------------------- schedulers and wrappers


def one_cycle(optimizer: Optimizer) -> Any:
    rates = [group["lr"] for group in optimizer.param_groups]
    return lr_scheduler.OneCycleLR(optimizer, max_lr=rates, total_steps=10)


def in_a_row(optimizer: Optimizer) -> Any:
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=2)
    return lr_scheduler.SequentialLR(optimizer, [warm_up, lr_scheduler.CosineAnnealingLR(optimizer, 8)], [2])


def cyclic(optimizer: Optimizer) -> Any:
    rates = [group["lr"] for group in optimizer.param_groups]
    return lr_scheduler.CyclicLR(optimizer, base_lr=1e-5, max_lr=rates, step_size_up=4)


SCHEDULERS: dict[str, Callable[[Optimizer], Any]] = {
    "OneCycleLR": one_cycle,
    "SequentialLR": in_a_row,
    "CyclicLR": cyclic,
    "CosineAnnealingLR": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 10),
    "timm's cosine": lambda optimizer: CosineLRScheduler(optimizer, 10, warmup_t=2, warmup_lr_init=1e-6),
}


GIVEN_OR_NOT = [(name, given) for name in SCHEDULERS for given in (True, False) if given or name != "CyclicLR"]
"""CyclicLR leaves nothing of its heights in the groups."""


@pytest.mark.parametrize(("scheduler", "given"), GIVEN_OR_NOT)
def test_the_rates_are_those_that_a_schedule_starts_from(scheduler: str, given: bool) -> None:
    model = vit()
    optimizer = AdamW(param_groups_weight_decay(model, 0.05), lr=1e-3, betas=(0.85, 0.99))
    optimizer.param_groups[1]["lr"] = 2e-3
    expected = values_of(optimizer)
    schedule = SCHEDULERS[scheduler](optimizer)
    for step in range(1, 4):
        optimizer.step()
        schedule.step(step) if scheduler.startswith("timm") else schedule.step()
    assert optimizer.param_groups[0]["lr"] not in (1e-3, 2e-3)
    assert_gives(lrspec.from_optimizer(optimizer, model, schedule if given else None), model, expected)


def compiled(model: nn.Module) -> nn.Module:
    result: Any = torch.compile(model, backend="eager")
    return result  # type: ignore[no-any-return]


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize(
    "wrap", [compiled, DistributedDataParallel, lambda model: compiled(DistributedDataParallel(model))]
)
def test_a_wrapped_model_has_the_names_of_the_plain_one(wrap: Callable[[nn.Module], nn.Module]) -> None:
    model = vit()
    wrapped = wrap(model)
    optimizer = AdamW(param_groups_weight_decay(wrapped, 0.05), lr=1e-3)
    expected = values_of(optimizer)
    file = lrspec.from_optimizer(optimizer, wrapped)
    assert file.text == lrspec.from_optimizer(optimizer, model).text
    assert_gives(file, model, expected)


@pytest.mark.usefixtures("one_process")
def test_an_optimizer_whose_state_is_shared_among_processes() -> None:
    from torch.distributed.optim import ZeroRedundancyOptimizer

    model = vit()
    groups = param_groups_weight_decay(model, 0.05)
    optimizer = ZeroRedundancyOptimizer(groups, AdamW, lr=1e-3, betas=(0.9, 0.95))
    expected = {key: {**values, "class": "AdamW"} for key, values in values_of(optimizer).items()}
    file = lrspec.from_optimizer(optimizer, model)
    assert_gives(file, model, expected)
    assert file.spec.optimizer.type == "AdamW"


def test_the_wrappers_of_trainers_and_lookahead() -> None:
    from accelerate import Accelerator
    from lightning.pytorch.core.optimizer import LightningOptimizer
    from timm.optim import Lookahead  # type: ignore[attr-defined]

    model = vit()
    optimizer = AdamW(param_groups_weight_decay(model, 0.05), lr=1e-3, betas=(0.9, 0.95))
    plain = lrspec.from_optimizer(optimizer, model).text
    wrappers: list[Any] = [Accelerator(cpu=True).prepare(optimizer), LightningOptimizer(optimizer)]
    for wrapped in wrappers:
        assert lrspec.from_optimizer(wrapped, model).text == plain
    with pytest.warns(lrspec.SpecWarning, match="Lookahead around AdamW is not part of a spec"):
        file = lrspec.from_optimizer(Lookahead(optimizer), model)  # type: ignore[no-untyped-call]
    assert file.spec.optimizer.options == {"betas": (0.9, 0.95)}

"""Scripts about rates that fall from the input to the head: LRS513."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import timm
from timm.optim._optim_factory import create_optimizer_v2
from timm.optim._param_groups import param_groups_layer_decay
from timm.scheduler.scheduler_factory import create_scheduler_v2
from torch import nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR
from torchvision.models import resnet18
from transformers import BertConfig, BertModel

from tests.audit.cases import mistake, right


def net(layers: int) -> nn.Sequential:
    return nn.Sequential(*[nn.Linear(3, 3) for _ in range(layers)])


def names(layers: int) -> str:
    return " ".join(f"{layer}.{kind}" for layer in range(layers) for kind in ("weight", "bias"))


def with_rates(modules: Iterable[nn.Module], rates: Iterable[float]) -> Optimizer:
    groups = [{"params": list(each.parameters()), "lr": rate} for each, rate in zip(modules, rates, strict=True)]
    return AdamW(groups)


@mistake("LRS513", names(4), "Count the other way round")
def four_layers_upside_down() -> tuple[Any, ...]:
    model = net(4)
    return model, with_rates(model, [0.1 * 0.5**n for n in range(4)])


@mistake("LRS513", names(6), "Count the other way round")
def six_layers_in_three_steps_down() -> tuple[Any, ...]:
    model = net(6)
    return model, with_rates(model, [0.4, 0.4, 0.3, 0.2, 0.2, 0.1])


@mistake("LRS513", names(12), "the last layer has the full rate")
def twelve_layers_upside_down_under_one_cycle() -> tuple[Any, ...]:
    model = net(12)
    rates = [0.1 * 0.9**n for n in range(12)]
    optimizer = with_rates(model, rates)
    return model, optimizer, OneCycleLR(optimizer, rates, total_steps=10)


BLOCK = "norm1.weight norm1.bias attn.qkv.weight attn.qkv.bias attn.proj.weight attn.proj.bias norm2.weight norm2.bias"
BLOCK += " mlp.fc1.weight mlp.fc1.bias mlp.fc2.weight mlp.fc2.bias"


@mistake("LRS513", " ".join(f"blocks.{n}.{name}" for n in range(5) for name in BLOCK.split()), "Count the other way")
def a_transformer_upside_down_under_timm() -> tuple[Any, ...]:
    model = vit()
    groups = param_groups_layer_decay(model, 0, layer_decay=0.75)
    for group in groups:
        group["lr_scale"] = 0.75**5 / group["lr_scale"]
    optimizer = AdamW(groups, lr=1e-3, weight_decay=0)
    return model, optimizer, create_scheduler_v2(optimizer, num_epochs=10)[0]


LAYERS = [n for n, _ in resnet18().named_parameters() if n.startswith("layer")]


@mistake("LRS513", " ".join(LAYERS), "Count the other way")
def the_stages_of_a_resnet_upside_down() -> tuple[Any, ...]:
    model = resnet18()
    stages = [model.layer1, model.layer2, model.layer3, model.layer4]
    rest = nn.ModuleList([model.conv1, model.bn1, model.fc])
    return model, with_rates([*stages, rest], [0.1, 0.05, 0.02, 0.01, 0.1])


def vit() -> nn.Module:
    return timm.create_model("vit_tiny_patch16_224", img_size=16, embed_dim=6, depth=5, num_heads=2, num_classes=2)


class Named(nn.Module):
    """A body, and modules under a name."""

    def __init__(self, **modules: Iterable[nn.Module]) -> None:
        super().__init__()
        self.body = nn.Linear(3, 3)
        for name, each in modules.items():
            self.add_module(name, nn.ModuleList(each))


def falling(name: str, modules: Iterable[nn.Module]) -> tuple[Any, ...]:
    """A model with modules under a name, and with rates that fall along them."""
    known = list(modules)
    model: Any = Named(**{name: known})
    return model, with_rates([model.body, *known], [0.1, *(0.1 * 0.5**n for n in range(len(known)))])


LISTED = " ".join(f"layers.{layer}.{kind}" for layer in range(5) for kind in ("weight", "bias"))


@mistake("LRS513", LISTED, "Count the other way round")
def a_list_of_layers_upside_down() -> tuple[Any, ...]:
    return falling("layers", net(5))


@mistake(
    "LRS513", LISTED.replace("layers", "encode").replace(".weight", ".0.weight").replace(".bias", ".0.bias"), "Count"
)
def a_list_of_blocks_upside_down() -> tuple[Any, ...]:
    return falling("encode", [net(1) for _ in range(5)])


@right
def heads_with_a_rate_each() -> tuple[Any, ...]:
    return falling("heads", net(5))


@right
def scales_with_a_rate_each() -> tuple[Any, ...]:
    return falling("of_scale", net(5))


@right
def experts_with_a_rate_each() -> tuple[Any, ...]:
    return falling("experts", [net(2) for _ in range(6)])


@right
def the_numbered_stages_of_a_decoder_that_fall() -> tuple[Any, ...]:
    down, up = [[net(2) for _ in range(4)] for _ in range(2)]
    model = nn.Module()
    for number in range(4):
        model.add_module(f"down{number}", down[number])
        model.add_module(f"up{number}", up[number])
    return model, with_rates([*down, *up], [0.1] * 4 + [0.1 * 0.5**n for n in range(4)])


@mistake("LRS513", " ".join(f"head.{name}" for name in names(4).split()), "Count the other way round")
def the_layers_of_a_head_upside_down() -> tuple[Any, ...]:
    body, head = nn.Linear(3, 3), net(4)
    return nn.ModuleDict({"body": body, "head": head}), with_rates(
        [body, *head], [0.1, *(0.1 * 0.5**n for n in range(4))]
    )


@right
def a_decoder_that_falls_alone() -> tuple[Any, ...]:
    return falling("up_blocks", [net(2) for _ in range(4)])


@right
def a_transformer_with_layer_decay() -> tuple[Any, ...]:
    model = vit()
    optimizer = create_optimizer_v2(model, opt="adamw", lr=1e-3, weight_decay=0.05, layer_decay=0.75)
    return model, optimizer, create_scheduler_v2(optimizer, num_epochs=10, warmup_epochs=2)[0]


@right
def layers_that_rise_to_the_head() -> tuple[Any, ...]:
    model = net(6)
    optimizer = with_rates(model, [0.1 * 0.5 ** (5 - n) for n in range(6)])
    return model, optimizer, CosineAnnealingLR(optimizer, 10)


@right
def two_steps_down() -> tuple[Any, ...]:
    model = net(6)
    return model, with_rates(model, [0.3, 0.3, 0.2, 0.2, 0.1, 0.1])


@right
def rates_up_and_down() -> tuple[Any, ...]:
    model = net(6)
    return model, with_rates(model, [0.6, 0.4, 0.2, 0.1, 0.3, 0.5])


@right
def an_encoder_that_rises_and_a_decoder_that_falls() -> tuple[Any, ...]:
    encoder, decoder = net(5), net(5)
    model = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    rates = [0.1 * 0.5**n for n in range(5)]
    return model, with_rates([*encoder, *decoder], [*reversed(rates), *rates])


@right
def biases_at_twice_the_rate() -> tuple[Any, ...]:
    model = net(5)
    groups: list[dict[str, Any]] = []
    for number, layer in enumerate(model):
        rate = 0.1 * 0.5 ** (4 - number)
        groups += [{"params": [layer.weight], "lr": rate}, {"params": [layer.bias], "lr": 2 * rate}]
    return model, SGD(groups)


@right
def bert_with_layer_decay() -> tuple[Any, ...]:
    config = BertConfig(num_hidden_layers=4, hidden_size=4, num_attention_heads=2, intermediate_size=8, vocab_size=11)
    model: Any = BertModel(config)
    rates = [1e-5, 2e-5, 4e-5, 8e-5]
    return model, with_rates([model.embeddings, *list(model.encoder.layer), model.pooler], [5e-6, *rates, 1e-3])


@right
def stages_of_a_resnet_that_rise() -> tuple[Any, ...]:
    model = resnet18()
    stages = [model.layer1, model.layer2, model.layer3, model.layer4]
    rest = nn.ModuleList([model.conv1, model.bn1, model.fc])
    return model, with_rates([*stages, rest], [0.01, 0.02, 0.05, 0.1, 0.1])


@right
def a_rate_for_each_module_without_numbers() -> tuple[Any, ...]:
    model = nn.ModuleDict({name: nn.Linear(2, 2) for name in ("stem", "body", "neck", "head", "tail")})
    return model, with_rates(model.values(), [0.5, 0.4, 0.3, 0.2, 0.1])

"""Scripts about groups as such: LRS505 and LRS506."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, AdamW

from tests.audit.cases import mistake, right, slow


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))


def deep(depth: int) -> nn.Sequential:
    return nn.Sequential(*[nn.Linear(2, 2, bias=False) for _ in range(depth)])


def without_biases() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4, bias=False), nn.Linear(4, 2, bias=False))


# ---------------------------------------------------------------------------------------------- LRS505


@mistake("LRS505", "", "a name may not exist in this model")
def a_prefix_matches_nothing() -> tuple[Any, ...]:
    model = net()
    heads = [parameter for name, parameter in model.named_parameters() if name.startswith("classifier.")]
    rest = [parameter for name, parameter in model.named_parameters() if not name.startswith("classifier.")]
    return model, AdamW([{"params": rest, "lr": 1e-5}, {"params": heads, "lr": 1e-3, "name": "head"}])


@mistake("LRS505", "", "everything it matches is frozen")
def all_of_a_group_is_frozen() -> tuple[Any, ...]:
    model = net()
    model[0].requires_grad_(False)
    stem = [parameter for parameter in model[0].parameters() if parameter.requires_grad]
    return model, SGD([{"params": stem, "lr": 0.01}, {"params": model[1:].parameters(), "lr": 0.1}], momentum=0.9)


@mistake("LRS505", "", "leave the group out")
def a_group_has_an_empty_list() -> tuple[Any, ...]:
    model = net()
    empty: dict[str, Any] = {"params": []}
    return model, AdamW([{"params": model.parameters()}, empty], weight_decay=0.05)


@mistake("LRS505", "", "leave the group out")
def both_halves_of_the_head_are_empty() -> tuple[Any, ...]:
    model = net()
    head: list[dict[str, Any]] = [{"params": [], "lr": 1e-2, "weight_decay": decay} for decay in (0.1, 0.0)]
    return model, AdamW([{"params": model.parameters()}, *head])


@mistake("LRS505", "", "leave the group out")
def an_iterator_is_read_twice() -> tuple[Any, ...]:
    model = net()
    parameters = model.parameters()
    return model, [
        SGD([{"params": parameters}], lr=0.1),
        AdamW([{"params": list(parameters)}], lr=1e-3),
    ]


class Attention(nn.Module):
    """A model whose parts have the names that adapters are made for."""

    def __init__(self) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(8, 4)
        self.q_proj, self.v_proj = nn.Linear(4, 4), nn.Linear(4, 4)


def adapted(*targets: str) -> Any:
    from peft import LoraConfig, get_peft_model

    model: Any = Attention()
    return get_peft_model(model, LoraConfig(r=1, target_modules=list(targets)))


def lora_plus_by_attribute(model: nn.Module) -> AdamW:
    """LoRA+ as PEFT had it: it looked for the class of an embedding where it found the parameter itself."""
    from peft.tuners.lora.layer import Embedding

    groups: dict[str, list[nn.Parameter]] = {"A": [], "embedding": [], "B": [], "B_no_decay": []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            if isinstance(attrgetter(name)(model), Embedding):
                groups["embedding"].append(parameter)
            else:
                groups["B" if "lora_B" in name else "A"].append(parameter)
    rates, decays = (1e-4, 1e-6, 1.6e-3, 1.6e-3), (0.01, 0.01, 0.01, 0.0)
    return AdamW(
        [{"params": p, "weight_decay": d, "lr": r} for p, d, r in zip(groups.values(), decays, rates, strict=True)],
        lr=1e-4,
    )


EMBEDDING = "base_model.model.embed_tokens.lora_embedding_"


@mistake("LRS505", f"{EMBEDDING}A.default {EMBEDDING}B.default", "Move them into that group")
def lora_plus_leaves_the_group_of_embeddings_empty() -> tuple[Any, ...]:
    """PEFT's issue 3499."""
    model = adapted("q_proj", "embed_tokens")
    return model, lora_plus_by_attribute(model)


@right
def lora_plus_without_adapters_of_embeddings() -> tuple[Any, ...]:
    model = adapted("q_proj")
    return model, lora_plus_by_attribute(model)


def lora_plus(model: Any, cls: type[torch.optim.Optimizer], **options: Any) -> Any:
    from peft.optimizers import create_loraplus_optimizer

    return create_loraplus_optimizer(model, cls, lr=1e-4, loraplus_lr_ratio=16, **options)


@right
def lora_plus_of_peft() -> tuple[Any, ...]:
    model = adapted("q_proj", "v_proj")
    return model, lora_plus(model, AdamW, loraplus_weight_decay=0.01)


@right
def lora_plus_of_peft_without_weight_decay() -> tuple[Any, ...]:
    model = adapted("q_proj", "v_proj")
    return model, lora_plus(model, SGD)


@right
def lora_plus_of_peft_with_adapters_of_embeddings() -> tuple[Any, ...]:
    model = adapted("q_proj", "embed_tokens")
    return model, lora_plus(model, AdamW)


@right
def one_half_is_empty() -> tuple[Any, ...]:
    model = without_biases()
    vectors = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    matrices = [{"params": model.parameters(), "weight_decay": 0.05}]
    return model, AdamW([*matrices, {"params": vectors, "weight_decay": 0.0}], lr=1e-3)


@right
def one_half_of_four_is_empty() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False))
    groups = [
        {"params": split(module, matrices), "lr": lr, "weight_decay": 0.05 * matrices}
        for module, lr in ((model[0], 1e-5), (model[1], 1e-3))
        for matrices in (True, False)
    ]
    return model, AdamW(groups)


def split(module: nn.Module, matrices: bool) -> list[nn.Parameter]:
    return [parameter for parameter in module.parameters() if (parameter.ndim > 1) == matrices]


def trainer(model: nn.Module, **arguments: Any) -> Any:
    from transformers import Trainer, TrainingArguments

    return Trainer(model, TrainingArguments("unused", use_cpu=True, report_to=[], **arguments))


@right
def the_trainer_makes_its_groups() -> tuple[Any, ...]:
    model = net()
    return model, trainer(model, weight_decay=0.01).create_optimizer()


@right
def a_half_of_the_trainer_is_empty() -> tuple[Any, ...]:
    model = adapted("q_proj")
    return model, trainer(model, weight_decay=0.01).create_optimizer()


@right
def a_half_of_the_trainer_is_empty_without_weight_decay() -> tuple[Any, ...]:
    model = without_biases()
    return model, trainer(model).create_optimizer()


@right
def a_half_of_the_trainer_is_empty_under_sgd() -> tuple[Any, ...]:
    model = without_biases()
    return model, trainer(model, optim="sgd").create_optimizer()


@right
def a_half_of_the_trainer_is_empty_under_its_schedule() -> tuple[Any, ...]:
    model = without_biases()
    own = trainer(model, weight_decay=0.1, warmup_steps=5)
    own.create_optimizer_and_scheduler(20)
    return model, own.optimizer, own.lr_scheduler


# ---------------------------------------------------------------------------------------------- LRS506


def one_group_per_parameter(model: nn.Module, settings: int) -> Iterator[dict[str, Any]]:
    for number, (name, parameter) in enumerate(model.named_parameters()):
        yield {"params": [parameter], "name": name, "lr": 1e-4 * 0.8 ** (-number % settings)}


@mistake("LRS506", "", "Put parameters with equal settings into one group")
def every_parameter_has_a_group() -> tuple[Any, ...]:
    """rf-detr's issue 1409: 465 groups, where 28 say the same."""
    model = deep(465)
    return model, AdamW(one_group_per_parameter(model, 28), lr=1e-4)


@mistake("LRS506", "", "one group")
def a_loop_makes_groups_of_two_settings() -> tuple[Any, ...]:
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    parameters = list(model.named_parameters())
    groups = [{"params": [p], "weight_decay": 0.0 if name.endswith("bias") else 0.1} for name, p in parameters]
    return model, AdamW(groups)


@mistake("LRS506", "", "nothing else changes")
@slow
def mmengine_makes_a_group_of_each_parameter() -> tuple[Any, ...]:
    from mmengine.optim import DefaultOptimWrapperConstructor

    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    config = {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.1}}
    return model, DefaultOptimWrapperConstructor(config, {"bias_decay_mult": 0.0})(model)


@mistake("LRS506", "", "one group")
def layers_have_tags_and_one_rate() -> tuple[Any, ...]:
    model = deep(33)
    return model, SGD([{"params": layer.parameters(), "tag": f"layer {n}"} for n, layer in enumerate(model)], lr=0.1)


@right
@slow
def mmengine_makes_a_few_groups() -> tuple[Any, ...]:
    from mmengine.optim import DefaultOptimWrapperConstructor

    model = net()
    config = {"type": "OptimWrapper", "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}}
    paramwise = {"norm_decay_mult": 0.0, "bias_decay_mult": 0.0, "custom_keys": {"2": {"lr_mult": 10}}}
    return model, DefaultOptimWrapperConstructor(config, paramwise)(model)


@right
@slow
def mmengine_makes_one_group() -> tuple[Any, ...]:
    from mmengine.optim import DefaultOptimWrapperConstructor

    model = net()
    config = {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}}
    return model, DefaultOptimWrapperConstructor(config)(model)


@right
def as_many_groups_as_settings() -> tuple[Any, ...]:
    model = deep(40)
    return model, AdamW(one_group_per_parameter(model, 40), lr=1e-4)


@right
def three_times_as_many_groups_as_settings() -> tuple[Any, ...]:
    model = deep(42)
    return model, AdamW(one_group_per_parameter(model, 14), lr=1e-4)


@right
def as_many_groups_as_are_not_too_many() -> tuple[Any, ...]:
    model = deep(32)
    return model, AdamW(one_group_per_parameter(model, 1), lr=1e-4)


@right
def groups_have_buffers_of_their_own() -> tuple[Any, ...]:
    model = deep(40)
    return model, SGD([{"params": layer.parameters(), "buffer": torch.zeros(4)} for layer in model], lr=0.1)


def of_timm(model: nn.Module, **options: Any) -> Any:
    from timm.optim._optim_factory import create_optimizer_v2

    return create_optimizer_v2(model, **{"lr": 1e-3, "weight_decay": 0.05, **options})


def vit(depth: int = 2) -> Any:
    import timm

    return timm.create_model("vit_tiny_patch16_224", depth=depth, embed_dim=12, num_classes=4, img_size=32)


@right
def timm_makes_its_groups() -> tuple[Any, ...]:
    model = vit()
    return model, of_timm(model, opt="adamw")


@right
def timm_decays_rates_by_layers() -> tuple[Any, ...]:
    model = vit(16)
    return model, of_timm(model, opt="adamw", layer_decay=0.75)


@right
def timm_decays_rates_of_a_convolutional_network() -> tuple[Any, ...]:
    import timm

    model = timm.create_model("resnet18", num_classes=3)
    return model, of_timm(model, opt="sgd", layer_decay=0.9, momentum=0.9)


@right
def timm_looks_ahead() -> tuple[Any, ...]:
    model = vit()
    return model, of_timm(model, opt="lookahead_adamw")

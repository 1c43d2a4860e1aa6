"""Scripts about weight decay: LRS507 and LRS508."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import timm
import torch
from timm.models import resnet
from timm.optim._optim_factory import create_optimizer_v2
from timm.optim._param_groups import param_groups_layer_decay, param_groups_weight_decay
from torch import nn
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from tests.audit.cases import mistake, right

RESNET: Any = resnet.ResNet


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(8), nn.Linear(8, 8)
        self.norm2, self.mlp = nn.LayerNorm(8), nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))


class Gpt(nn.Module):
    """A language model with a last norm that is called otherwise than those of its blocks."""

    def __init__(self, blocks: int = 2) -> None:
        super().__init__()
        self.wte, self.blocks = nn.Embedding(20, 8), nn.ModuleList(Block() for _ in range(blocks))
        self.ln_f, self.lm_head = nn.LayerNorm(8), nn.Linear(8, 20, bias=False)


class Detector(nn.Module):
    """A backbone and a head, each with norms and matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"stem": nn.Linear(3, 8), "blocks": nn.ModuleList([Block(), Block()])})
        self.head = nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 4))


class Tokens(nn.Module):
    """A model that declares what should not decay."""

    def __init__(self) -> None:
        super().__init__()
        self.cls_token, self.pos_embed = nn.Parameter(torch.zeros(1, 1, 8)), nn.Parameter(torch.zeros(1, 5, 8))
        self.blocks, self.head = nn.ModuleList([Block(), Block()]), nn.Linear(8, 3)

    def no_weight_decay(self) -> set[str]:
        return {"cls_token", "pos_embed"}


class Scale(nn.Module):
    """LayerScale, whose `gamma` has one dimension."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(8))


def split(model: nn.Module, exempt: Callable[[str, nn.Parameter], bool], **others: Any) -> torch.optim.AdamW:
    named = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
    decayed = [each for name, each in named if not exempt(name, each)]
    free = [each for name, each in named if exempt(name, each)]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": free, "weight_decay": 0.0}], **others
    )


def small_vit(**arguments: Any) -> Any:
    sizes = {"img_size": 16, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 3}
    return timm.models.VisionTransformer(**{**sizes, **arguments})


@mistake("LRS507", "ln_f.weight ln_f.bias", "weight_decay=0")
def the_last_norm_has_another_name() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda name, _: "norm" in name or (name.endswith("bias") and "ln_f" not in name))


@mistake("LRS507", "ln_f.weight", "p.ndim < 2")
def the_weight_of_the_last_norm_decays() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda name, _: "norm" in name or name.endswith("bias"))


@mistake(
    "LRS507", "blocks.10.norm1.weight blocks.10.norm2.weight blocks.11.norm1.weight blocks.11.norm2.weight", "name"
)
def a_regex_has_one_digit() -> tuple[Any, ...]:
    import re

    model = Gpt(blocks=12)
    free = re.compile(r"^blocks\.\d\.norm|ln_f|bias$")
    return model, split(model, lambda name, _: bool(free.search(name)))


@mistake("LRS507", "layer1.0.downsample.1.weight layer1.0.downsample.1.bias", "weight_decay=0")
def the_norm_of_a_shortcut_is_not_called_bn() -> tuple[Any, ...]:
    model = RESNET(resnet.Bottleneck, (1, 1, 1, 1), num_classes=3, stem_width=8)
    later = ("layer2.0.downsample", "layer3.0.downsample", "layer4.0.downsample", "fc.bias")
    return model, split(model, lambda name, _: "bn" in name or (name.startswith(later) and "downsample.0" not in name))


@mistake("LRS507", "2.1.weight 2.1.bias", "weight_decay=0")
def a_norm_of_a_stack_of_sequences_is_missed() -> tuple[Any, ...]:
    model = nn.Sequential(*(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.ReLU()) for _ in range(4)))
    return model, split(model, lambda name, each: each.ndim < 2 and not name.startswith("2.1."))


@mistake("LRS507", "layer4.0.bn1.weight layer4.0.bn2.weight layer4.0.downsample.1.weight", "p.ndim < 2")
def the_norms_of_the_last_stage_decay() -> tuple[Any, ...]:
    model = RESNET(resnet.BasicBlock, (1, 1, 1, 1), num_classes=3, stem_width=8)
    norms = {id(each.weight) for each in model.modules() if isinstance(each, nn.BatchNorm2d)}
    return model, split(
        model, lambda name, each: name.endswith("bias") or (id(each) in norms and not name.startswith("layer4"))
    )


@mistake("LRS507", "2.bias", "weight_decay=0")
def one_bias_of_a_flat_model_is_missed() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    return model, split(model, lambda name, each: each.ndim < 2 and name != "2.bias")


@mistake("LRS507", "blocks.0.norm1.weight blocks.0.norm1.bias", "or none")
def only_one_norm_is_exempt() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda name, _: name.startswith("blocks.0.norm1"))


@mistake("LRS507", "scales.1.gamma", "p.ndim < 2")
def a_layer_scale_is_missed() -> tuple[Any, ...]:
    model = nn.ModuleDict({"linears": nn.ModuleList(nn.Linear(8, 8) for _ in range(3))})
    model["scales"] = nn.ModuleList(Scale() for _ in range(3))
    return model, split(model, lambda name, each: each.ndim < 2 and name != "scales.1.gamma")


@mistake("LRS508", "cls_token pos_embed", "weight_decay=0")
def tokens_have_three_dimensions() -> tuple[Any, ...]:
    model = Tokens()
    return model, split(model, lambda _, each: each.ndim < 2)


@mistake("LRS508", "cls_token pos_embed", "no_weight_decay()")
def everything_decays() -> tuple[Any, ...]:
    model = small_vit()
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)


@mistake("LRS508", "model.cls_token model.pos_embed", "wrapper")
def timm_is_given_a_module_around_the_model() -> tuple[Any, ...]:
    model = nn.ModuleDict({"model": small_vit()})
    return model, create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.05)


@mistake("LRS508", "reg_token", "weight_decay=0")
def a_list_of_old_leaves_out_register_tokens() -> tuple[Any, ...]:
    """What timm did for its own vision transformers before their `no_weight_decay()` named `reg_token`."""
    model = small_vit(reg_tokens=4)
    groups = param_groups_weight_decay(model, 0.05, no_weight_decay_list={"pos_embed", "cls_token", "dist_token"})
    return model, torch.optim.AdamW(groups, lr=1e-3)


class OlderVit(timm.models.VisionTransformer):
    """A vision transformer of timm before it declared `reg_token`, which then was on the last layer, too."""

    def no_weight_decay(self) -> set[str]:
        return {"pos_embed", "cls_token", "dist_token"}

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        return {
            "stem": r"^cls_token|pos_embed|patch_embed",
            "blocks": r"^blocks\.(\d+)",
        }


@right
def a_model_that_forgets_register_tokens_declares_nothing_of_them() -> tuple[Any, ...]:
    """That `reg_token` decays and has the rate of the head, the table shows; nothing says that it should not."""
    model = OlderVit(img_size=16, patch_size=8, embed_dim=16, depth=2, num_heads=2, num_classes=3, reg_tokens=4)
    return model, create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.05, layer_decay=0.75)


@right
def biases_that_a_swin_transformer_declares() -> tuple[Any, ...]:
    """Those of its networks for positions, which some of its biases are and others are not."""
    arguments: dict[str, Any] = {
        "img_size": 64,
        "window_size": 4,
        "embed_dim": 12,
        "depths": (1, 1),
        "num_heads": (1, 1),
    }
    model: Any = timm.create_model("swinv2_tiny_window8_256", num_classes=3, **arguments)
    declared = model.no_weight_decay()
    return model, split(model, lambda name, _: name in declared)


@right
def a_bias_that_is_marked() -> tuple[Any, ...]:
    model: Any = Gpt()
    marked = model.blocks[0].attn.bias
    marked._no_weight_decay = True
    return model, split(model, lambda _, each: each is marked)


@mistake("LRS508", "1.weight", "_no_weight_decay")
def a_marked_parameter_decays() -> tuple[Any, ...]:
    model: Any = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[1].weight._no_weight_decay = True  # as Mamba marks its `D` and `A_log`
    return model, split(model, lambda _, each: each.ndim < 2)


@right
def the_trainer_splits_by_itself() -> tuple[Any, ...]:
    config = BertConfig(
        vocab_size=30,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=8,
    )
    model = BertForSequenceClassification(config)
    arguments = TrainingArguments(output_dir="unused", weight_decay=0.01, report_to=[], use_cpu=True)
    trainer = Trainer(model, arguments)
    return model, trainer.create_optimizer()


@right
def timm_heeds_what_the_model_declares() -> tuple[Any, ...]:
    model = small_vit(reg_tokens=2)
    return model, create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.05)


@right
def timm_decays_by_layer() -> tuple[Any, ...]:
    model = small_vit(init_values=1e-5, depth=12)
    return model, torch.optim.AdamW(param_groups_layer_decay(model, 0.05, model.no_weight_decay(), layer_decay=0.75))


@right
def all_norms_and_biases_are_exempt() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda _, each: each.ndim < 2)


@right
def only_biases_are_exempt() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda name, _: name.endswith("bias"))


@right
def only_norms_are_exempt() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda name, _: "norm" in name or "ln_f" in name)


@right
def everything_decays_alike() -> tuple[Any, ...]:
    model = Gpt()
    return model, torch.optim.AdamW(model.parameters(), weight_decay=0.1)


@right
def the_backbone_does_not_decay() -> tuple[Any, ...]:
    model = Detector()
    backbone = {"params": model.backbone.parameters(), "weight_decay": 0.0, "lr": 1e-5}
    return model, torch.optim.AdamW([backbone, {"params": model.head.parameters(), "weight_decay": 0.05}])


@right
def the_head_decays_as_a_whole() -> tuple[Any, ...]:
    model = Detector()
    groups = param_groups_weight_decay(model.backbone, 0.05)
    return model, torch.optim.AdamW([*groups, {"params": model.head.parameters(), "weight_decay": 0.05, "lr": 1e-2}])


@right
def a_linear_head_decays_as_a_whole() -> tuple[Any, ...]:
    model = nn.ModuleDict({"backbone": nn.ModuleList([Block(), Block()]), "head": nn.Linear(8, 3)})
    groups = param_groups_weight_decay(model["backbone"], 0.05)
    return model, torch.optim.AdamW([*groups, {"params": model["head"].parameters(), "weight_decay": 0.05}])


@right
def a_classifier_inside_a_head_decays_as_a_whole() -> tuple[Any, ...]:
    head = nn.ModuleDict({"norm": nn.LayerNorm(8), "fc1": nn.Linear(8, 8), "fc": nn.Linear(8, 3)})
    model = nn.ModuleDict({"blocks": nn.ModuleList([Block(), Block()]), "head": head})
    rest = nn.ModuleList([model["blocks"], head["norm"], head["fc1"]])
    groups = [*param_groups_weight_decay(rest, 0.05), {"params": head["fc"].parameters(), "weight_decay": 0.05}]
    return model, torch.optim.AdamW(groups)


@mistake("LRS507", "norm_f.weight", "p.ndim < 2")
def a_model_without_biases_has_another_last_norm() -> tuple[Any, ...]:
    """The Trainer's own split of Mamba, whose `norm_f` its pattern does not know."""
    from transformers import MambaConfig, MambaModel

    model = MambaModel(MambaConfig(vocab_size=20, hidden_size=8, state_size=2, num_hidden_layers=2))
    return model, Trainer(
        model, TrainingArguments("unused", weight_decay=0.01, report_to=[], use_cpu=True)
    ).create_optimizer()


@right
def the_head_decays_in_the_group_of_the_matrices() -> tuple[Any, ...]:
    model = Detector()
    return model, split(model, lambda name, each: each.ndim < 2 and not name.startswith("head."))


@right
def the_last_norm_decays_with_the_head() -> tuple[Any, ...]:
    model = Gpt()
    last = {"params": [*model.ln_f.parameters(), *model.lm_head.parameters()], "weight_decay": 0.05, "lr": 1e-2}
    first = {"params": model.wte.parameters(), "weight_decay": 0.0}
    return model, torch.optim.AdamW([*param_groups_weight_decay(model.blocks, 0.05), first, last])


@right
def each_parameter_has_a_group_as_in_mmengine() -> tuple[Any, ...]:
    model = Detector()
    groups = []
    for name, each in model.named_parameters():
        free = name.startswith("backbone.") and each.ndim < 2
        lr = 1e-5 if name.startswith("backbone.") else 1e-4
        groups.append({"params": [each], "lr": lr, "weight_decay": 0.0 if free else 0.05})
    return model, torch.optim.AdamW(groups)


@right
def two_networks_decay_differently() -> tuple[Any, ...]:
    model = nn.ModuleDict({"generator": Gpt(), "discriminator": Gpt()})
    one = split(model["generator"], lambda _, each: each.ndim < 2)
    return model, [one, torch.optim.SGD(model["discriminator"].parameters(), lr=0.1)]


@right
def weight_decay_rises_with_depth() -> tuple[Any, ...]:
    model = Gpt(blocks=4)
    groups = [
        {"params": block.parameters(), "weight_decay": 0.01 * number} for number, block in enumerate(model.blocks)
    ]
    rest = [*model.wte.parameters(), *model.ln_f.parameters(), *model.lm_head.parameters()]
    return model, torch.optim.AdamW([*groups, {"params": rest, "weight_decay": 0.1}])


@right
def only_biases_train() -> tuple[Any, ...]:
    model = Gpt()
    for name, each in model.named_parameters():
        each.requires_grad_(name.endswith("bias"))
    return model, split(model, lambda name, _: "norm" in name)


@right
def a_loop_multiplies_as_in_dino() -> tuple[Any, ...]:
    """DINOv2's groups all have the decay of the optimizer until its loop multiplies it."""
    model = Tokens()
    groups = [
        {
            "params": [each],
            "is_last_layer": name.startswith("head"),
            "lr_multiplier": 1.0,
            "wd_multiplier": 0.0 if each.ndim < 2 or name in model.no_weight_decay() else 1.0,
        }
        for name, each in model.named_parameters()
    ]
    return model, torch.optim.AdamW(groups, betas=(0.9, 0.999))


@right
def dino_exempts_biases_and_norms() -> tuple[Any, ...]:
    model = Gpt()
    regularized = [each for name, each in model.named_parameters() if not name.endswith("bias") and each.ndim > 1]
    others = [each for name, each in model.named_parameters() if name.endswith("bias") or each.ndim < 2]
    groups: list[dict[str, Any]] = [{"params": regularized}, {"params": others, "weight_decay": 0.0}]
    return model, torch.optim.AdamW(groups)


@right
def embeddings_are_exempt_as_in_mingpt() -> tuple[Any, ...]:
    model = Gpt()
    return model, split(model, lambda name, each: each.ndim < 2 or name.startswith("wte"))


@right
def frozen_parameters_do_not_count() -> tuple[Any, ...]:
    model = small_vit()
    model.pos_embed.requires_grad_(False)
    return model, create_optimizer_v2(model, "adamw", lr=1e-3, weight_decay=0.05)


@right
def a_tower_inside_does_not_speak_for_a_model_of_transformers() -> tuple[Any, ...]:
    from transformers import TimmWrapperConfig, TimmWrapperModel

    sizes = {"img_size": 16, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
    config = TimmWrapperConfig.from_dict(
        {"architecture": "vit_tiny_patch16_224", "num_classes": 0, "model_args": sizes}
    )
    model = TimmWrapperModel(config)
    return model, torch.optim.AdamW(model.parameters(), weight_decay=0.05)


@right
def muon_decays_matrices_and_adam_nothing() -> tuple[Any, ...]:
    model = Gpt()
    matrices = [each for each in model.blocks.parameters() if each.ndim > 1]
    inside = {id(each) for each in matrices}
    others = [each for each in model.parameters() if id(each) not in inside]
    return model, [torch.optim.Muon(matrices, lr=0.02, weight_decay=0.1), torch.optim.AdamW(others, weight_decay=0.0)]


@right
def a_marked_parameter_is_exempt() -> tuple[Any, ...]:
    model: Any = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[1].weight._no_weight_decay = True
    return model, split(model, lambda _, each: each.ndim < 2 or hasattr(each, "_no_weight_decay"))


@right
def the_last_norm_decays_with_embedding_and_head() -> tuple[Any, ...]:
    model = Gpt()
    tables = [*model.wte.parameters(), *model.lm_head.parameters()]
    inner = [*model.blocks.parameters()]
    one = torch.optim.AdamW([{"params": [*tables, *model.ln_f.parameters()], "weight_decay": 0.05}])
    matrices = {"params": [each for each in inner if each.ndim > 1], "weight_decay": 0.05}
    other = torch.optim.AdamW([matrices, {"params": [each for each in inner if each.ndim < 2], "weight_decay": 0.0}])
    return model, {"tables": one, "blocks": other}

"""Scripts about the running statistics of what is frozen: LRS514."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import timm
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.swa_utils import AveragedModel
from torchvision.models import resnet18, resnet34
from torchvision.ops import FrozenBatchNorm2d

from tests.audit.cases import mistake, right


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)
    )


def trained(model: nn.Module, *frozen: nn.Module) -> tuple[nn.Module, SGD]:
    for module in frozen:
        module.requires_grad_(False)
    return model, SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)


def momentum(module: nn.Module) -> nn.Module:
    return deepcopy(module).requires_grad_(False)


@mistake("LRS514", "1.weight 1.bias", "`eval()`")
def a_frozen_stem_in_training_mode() -> tuple[Any, ...]:
    model = net()
    return trained(model, model[0], model[1])


@mistake("LRS514", "1.weight 1.bias 4.weight 4.bias", "after each `model.train()`")
def norms_that_are_frozen_by_their_parameters() -> tuple[Any, ...]:
    model = net()
    return trained(model, model[1], model[4])


NORMS = [
    f"{name}.{kind}"
    for name, each in resnet18().named_modules()
    if isinstance(each, nn.BatchNorm2d)
    for kind in ("weight", "bias")
]


@mistake("LRS514", " ".join(NORMS), "`eval()`")
def a_frozen_backbone_with_a_head_that_trains() -> tuple[Any, ...]:
    model = resnet18()
    return trained(model, *[each for name, each in model.named_children() if name != "fc"])


@mistake("LRS514", " ".join(name for name in NORMS if name.startswith(("bn1", "layer1"))), "`eval()`")
def the_first_stages_of_a_resnet() -> tuple[Any, ...]:
    model = resnet18()
    return trained(model, model.conv1, model.bn1, model.layer1)


TEACHER = [f"teacher.{name}" for name, each in resnet34().named_parameters() if each.ndim < 2 and name != "fc.bias"]


@mistake("LRS514", " ".join(TEACHER), "`eval()`")
def a_teacher_with_blocks_like_those_of_the_student() -> tuple[Any, ...]:
    model = nn.ModuleDict({"student": resnet18(), "teacher": resnet34()})
    return trained(model, model["teacher"])


@mistake("LRS514", "frozen.other.1.weight frozen.other.1.bias", "`eval()`")
def another_network_beside_a_momentum_encoder() -> tuple[Any, ...]:
    body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    other = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))
    frozen = nn.ModuleDict({"target": momentum(body), "other": other})
    return trained(nn.ModuleDict({"body": body, "frozen": frozen}), other)


@right
def a_frozen_norm_without_momentum() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=0.0), nn.Linear(4, 2))
    return trained(model, model[1])


@mistake("LRS514", "1.weight 1.bias", "`eval()`")
def a_frozen_norm_that_averages_all_batches() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, momentum=None), nn.Linear(4, 2))
    return trained(model, model[1])


@mistake("LRS514", "0.1.weight 0.1.bias", "`eval()`")
def the_first_of_two_blocks() -> tuple[Any, ...]:
    model = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(2)], nn.Linear(4, 2))
    return trained(model, model[0])


@mistake("LRS514", "", "`eval()`")
def a_norm_without_parameters() -> tuple[Any, ...]:
    body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4, affine=False))
    return trained(nn.Sequential(body, nn.Linear(4, 2)), body)


@mistake("LRS514", "body.1.weight body.1.bias", "`eval()`")
def an_instance_norm_that_tracks_statistics() -> tuple[Any, ...]:
    body = nn.Sequential(nn.Conv2d(3, 4, 1), nn.InstanceNorm2d(4, affine=True, track_running_stats=True))
    return trained(nn.ModuleDict({"body": body, "head": nn.Conv2d(4, 2, 1)}), body)


@mistake("LRS514", "body.1.weight body.1.bias", "`eval()`")
def a_body_whose_head_is_like_it() -> tuple[Any, ...]:
    body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    head = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    return trained(nn.ModuleDict({"body": body, "head": head}), body)


@right
def a_frozen_stem_in_eval_mode() -> tuple[Any, ...]:
    model = net()
    model[:2].eval()
    return trained(model, model[0], model[1])


@right
def norms_that_train() -> tuple[Any, ...]:
    return trained(net())


@right
def a_frozen_layer_before_a_norm_that_trains() -> tuple[Any, ...]:
    model = net()
    return trained(model, model[0])


@right
def frozen_batch_norms_of_torchvision() -> tuple[Any, ...]:
    model = resnet18(norm_layer=FrozenBatchNorm2d)
    return trained(model, model.conv1, model.layer1)


@right
def norms_without_running_statistics() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.InstanceNorm2d(4, affine=True), nn.Conv2d(4, 2, 1))
    return trained(model, model[0], model[1])


@right
def layer_norms_of_a_frozen_transformer() -> tuple[Any, ...]:
    model: Any = timm.create_model(
        "vit_tiny_patch16_224", img_size=16, embed_dim=6, depth=2, num_heads=2, num_classes=2
    )
    return trained(model, model.patch_embed, model.blocks, model.norm)


@right
def moco() -> tuple[Any, ...]:
    encoder = resnet18(num_classes=8)
    return trained(nn.ModuleDict({"encoder_q": encoder, "encoder_k": momentum(encoder)}))


@right
def byol() -> tuple[Any, ...]:
    online = nn.ModuleDict({"encoder": net(), "projector": net()})
    predictor = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    return trained(nn.ModuleDict({"online": online, "target": momentum(online), "predictor": predictor}))


@right
def byol_with_the_predictor_inside() -> tuple[Any, ...]:
    online = nn.ModuleDict({"encoder": net(), "projector": net()})
    target = momentum(online)
    online["predictor"] = nn.Linear(2, 2)
    return trained(nn.ModuleDict({"online": online, "target": target}))


@right
def momentum_encoders_side_by_side() -> tuple[Any, ...]:
    backbone, head = net(), net()
    parts = {"backbone": backbone, "backbone_momentum": momentum(backbone)}
    return trained(nn.ModuleDict({**parts, "head": head, "head_momentum": momentum(head)}))


@right
def a_momentum_branch_beside_the_model() -> tuple[Any, ...]:
    parts = {"backbone": net(), "head": net()}
    return trained(nn.ModuleDict({**parts, "momentum": momentum(nn.ModuleDict(parts))}))


@right
def a_list_of_student_and_teacher() -> tuple[Any, ...]:
    student = net()
    return trained(nn.ModuleList([student, momentum(student)]))


@right
def an_average_inside_of_the_model() -> tuple[Any, ...]:
    model = net()
    average = AveragedModel(model)
    average.requires_grad_(False)
    return trained(nn.ModuleDict({"model": model, "average": average}))


@right
def moco_compiled() -> tuple[Any, ...]:
    encoder = net()
    compiled: Any = torch.compile(encoder)
    model = nn.ModuleDict({"query": compiled, "key": momentum(encoder)})
    return trained(model)

"""Scripts about where parameters are: LRS501 to LRS504."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.optim import SGD, AdamW

import lrspec
from tests.audit.cases import mistake, right, slow


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def trained(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


class Parts(nn.Module):
    """A model of named parts."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


# ---------------------------------------------------------------------------------------------- LRS501


@mistake("LRS501", "2.weight 2.bias", "add_param_group")
def the_head_is_in_no_group() -> tuple[Any, ...]:
    model = net()
    return model, SGD([*model[0].parameters(), *model[1].parameters()], lr=0.1)


@mistake("LRS501", "0.bias 1.bias 2.bias", "Give them to the optimizer")
def biases_are_filtered_out_by_name() -> tuple[Any, ...]:
    model = net()
    return model, SGD([parameter for name, parameter in model.named_parameters() if "weight" in name], lr=0.1)


@mistake("LRS501", "token", "Give it to the optimizer")
def a_token_is_added_after_the_optimizer() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    model.token = nn.Parameter(torch.zeros(1, 1, 5))
    return model, optimizer


@mistake("LRS501", "2.weight 2.bias", "add_param_group")
def the_head_is_replaced_for_other_classes() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    model[2] = nn.Linear(4, 7)
    return model, optimizer


@mistake("LRS501", "0.weight 0.bias", "add_param_group")
def the_backbone_is_unfrozen_and_never_added() -> tuple[Any, ...]:
    model = net()
    model[0].requires_grad_(False)
    optimizer = AdamW(trained(model))
    model[0].requires_grad_(True)
    return model, optimizer


@mistake("LRS501", "0.weight 0.bias", "add_param_group")
def another_spec_is_compiled_on_the_same_model() -> tuple[Any, ...]:
    """What the first spec froze requires grad again, and the optimizer is that of the first."""
    model = net()
    optimizer = {"type": "AdamW", "lr": 1e-3}
    rest = {"name": "rest", "fallback": True, "lr_mult": 1}
    frozen = {"name": "stem", "match": r"^0\.", "freeze": True}
    first = lrspec.compile(lrspec.loads(lrspec_of(optimizer, [frozen, rest])), model)
    first.freeze(model)
    running = lrspec.build_optimizer(first, model)
    second = lrspec.compile(lrspec.loads(lrspec_of(optimizer, [{**frozen, "freeze": False}, rest])), model)
    second.freeze(model)
    return model, running


def lrspec_of(optimizer: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    import json

    return json.dumps({"lrspec": 1, "optimizer": optimizer, "rules": rules})


@mistake("LRS501", "discriminator.weight discriminator.bias", "Give them to the optimizer")
def the_discriminator_has_no_optimizer() -> tuple[Any, ...]:
    model: Any = Parts(generator=nn.Linear(2, 3), discriminator=nn.Linear(3, 1))
    return model, {"generator": AdamW(model.generator.parameters())}


@mistake("LRS501", "projector.weight projector.bias", "freeze them")
def the_projector_between_tower_and_language_model_is_forgotten() -> tuple[Any, ...]:
    model: Any = Parts(vision=nn.Linear(2, 3), projector=nn.Linear(3, 4), language=nn.Linear(4, 4))
    model.vision.requires_grad_(False)
    return model, AdamW([{"params": model.language.parameters(), "lr": 1e-5}])


@mistake("LRS501", "1.weight 1.bias", "Give them to the optimizer")
def the_head_is_forgotten_in_low_precision_beside_a_loss() -> tuple[Any, ...]:
    """What the loss has is no copy of the head, not even what has its number of elements."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).bfloat16()
    loss = [nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(9))]
    return model, AdamW([*model[0].parameters(), *loss])


@mistake("LRS501", "1.weight 1.bias", "Give them to the optimizer")
def mixed_precision_copies_one_of_two_like_layers() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3)).bfloat16()
    return model, AdamW([each.detach().float().requires_grad_() for each in model[0].parameters()])


@mistake("LRS501", "1.weight", "Give it to the optimizer")
def mixed_precision_copies_all_but_one() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).bfloat16()
    copied = [each for name, each in model.named_parameters() if name != "1.weight"]
    return model, AdamW([parameter.detach().clone().float().requires_grad_() for parameter in copied])


@mistake("LRS501", "0.weight", "freeze it")
def matrices_for_muon_are_dropped() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    return model, AdamW([parameter for parameter in model.parameters() if parameter.ndim < 2])


@right
def everything_in_one_group() -> tuple[Any, ...]:
    model = net()
    return model, AdamW(model.parameters())


@right
def a_frozen_backbone_is_left_out() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    return model, AdamW(trained(model))


@right
def a_backbone_is_added_when_it_thaws() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    optimizer = AdamW(trained(model), lr=1e-3)
    model[0].requires_grad_(True)
    optimizer.add_param_group({"params": model[0].parameters(), "lr": 1e-4})
    return model, optimizer


@right
def an_average_of_torch_is_part_of_the_model() -> tuple[Any, ...]:
    model = nn.Module()
    model.net = net()
    model.average = torch.optim.swa_utils.AveragedModel(model.net)
    return model, AdamW(model.net.parameters())


@right
def an_average_of_timm_is_part_of_the_model() -> tuple[Any, ...]:
    from timm.utils.model_ema import ModelEmaV2, ModelEmaV3

    model = nn.Module()
    model.net = net()
    slow: Any = ModelEmaV2
    model.slow, model.slower = ModelEmaV3(model.net), slow(model.net)
    return model, AdamW(model.net.parameters())


@right
@slow
def an_average_of_mmengine_is_part_of_the_model() -> tuple[Any, ...]:
    from mmengine.model import ExponentialMovingAverage

    model = nn.Module()
    model.net = net()
    model.average = ExponentialMovingAverage(model.net)
    return model, AdamW(model.net.parameters())


@right
def an_average_beside_the_model() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    torch.optim.swa_utils.AveragedModel(model).update_parameters(model)
    return model, optimizer


@right
def tied_weights_are_given_once() -> tuple[Any, ...]:
    model: Any = Parts(embed=nn.Embedding(5, 3), head=nn.Linear(3, 5, bias=False))
    model.head.weight = model.embed.weight
    return model, AdamW(model.parameters())


@right
def a_module_in_two_places() -> tuple[Any, ...]:
    block = nn.Linear(3, 3)
    model = nn.Sequential(block, nn.ReLU(), block)
    return model, AdamW(model.parameters())


@right
def a_part_of_what_is_trained_is_audited() -> tuple[Any, ...]:
    model = net()
    return model[0], AdamW(model.parameters())


@right
def parametrizations_before_the_optimizer() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    parametrizations.weight_norm(model[0])
    parametrizations.orthogonal(model[1])
    parametrizations.spectral_norm(model[2])
    return model, AdamW(model.parameters())


@right
def spectral_norm_after_the_optimizer() -> tuple[Any, ...]:
    """The parameter is the same, under another name."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimizer = AdamW(model.parameters())
    parametrizations.spectral_norm(model[0])
    return model, optimizer


@right
def pruned_after_the_optimizer() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimizer = AdamW(model.parameters())
    vars(prune)["random_unstructured"](model[0], "weight", amount=0.5)
    return model, optimizer


@right
def quantised_weights_are_left_out() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].weight = nn.Parameter(torch.zeros(4, 3, dtype=torch.int8), requires_grad=False)
    return model, AdamW(trained(model))


# ---------------------------------------------------------------------------------------------- LRS502


@mistake("LRS502", "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias", "one group, once")
def parameters_are_listed_twice() -> tuple[Any, ...]:
    model = net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model, SGD([*model.parameters(), *model.parameters()], lr=0.1)


@mistake("LRS502", "2.weight", "Leave it in one group")
def a_weight_is_appended_to_a_group() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW([{"params": list(model[0].parameters())}, {"params": list(model[1:].parameters())}])
    optimizer.param_groups[0]["params"].append(model[2].weight)
    return model, optimizer


@mistake("LRS502", "2.weight 2.bias", "parameter-in-two-groups")
def two_optimizers_have_the_head() -> tuple[Any, ...]:
    model = net()
    return model, [AdamW(model.parameters()), SGD(model[2].parameters(), lr=0.1)]


@mistake("LRS502", "embed.weight", "in one group, once")
def a_tied_weight_is_in_two_optimizers() -> tuple[Any, ...]:
    model: Any = Parts(embed=nn.Embedding(5, 3), head=nn.Linear(3, 5))
    model.head.weight = model.embed.weight
    return model, {"embed": SGD(model.embed.parameters(), lr=0.1), "head": AdamW(model.head.parameters())}


@mistake("LRS502", "0.weight 1.weight", "in one group, once")
def muon_has_matrices_that_adamw_has_too() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    return model, {"muon": torch.optim.Muon(matrices), "adamw": AdamW(model.parameters())}


@right
def optimizers_take_turns() -> tuple[Any, ...]:
    model = net()
    both = [AdamW(model.parameters()), SGD(model.parameters(), lr=0.1)]
    return model, both, {"ignore": ["parameter-in-two-groups"]}


@right
def a_gan_has_two_optimizers() -> tuple[Any, ...]:
    model: Any = Parts(generator=nn.Linear(2, 3), discriminator=nn.Linear(3, 1))
    betas = (0.5, 0.999)
    return model, {
        "generator": torch.optim.Adam(model.generator.parameters(), lr=2e-4, betas=betas),
        "discriminator": torch.optim.Adam(model.discriminator.parameters(), lr=1e-4, betas=betas),
    }


@right
def every_parameter_has_an_optimizer_that_steps_in_the_backward_pass() -> tuple[Any, ...]:
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    return model, [AdamW([parameter]) for parameter in model.parameters()]


@right
def muon_and_adamw_share_the_parameters_out() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 4))
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    others = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    return model, [torch.optim.Muon(matrices), AdamW(others, weight_decay=0.0)]


# ---------------------------------------------------------------------------------------------- LRS503


@mistake("LRS503", "0.weight 0.bias", "requires_grad_(True)")
def a_frozen_backbone_is_given_to_the_optimizer() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    return model, AdamW(model.parameters())


@mistake("LRS503", "2.bias", "leave it out")
def a_bias_is_frozen_after_the_optimizer() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    model[2].bias.requires_grad_(False)
    return model, optimizer


@mistake("LRS503", "pos_embed", "leave it out")
def a_fixed_position_embedding_is_given_to_the_optimizer() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model.pos_embed = nn.Parameter(torch.zeros(1, 7, 4), requires_grad=False)
    return model, AdamW(model.parameters())


@right
def a_momentum_encoder_is_left_out() -> tuple[Any, ...]:
    query = nn.Linear(3, 4)
    model: Any = Parts(query=query, key=copy.deepcopy(query).requires_grad_(False))
    return model, SGD(model.query.parameters(), lr=0.03, momentum=0.9)


THAWING = """
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: stem, match: '^0\\.', freeze: {until: 100}}
  - {name: rest, fallback: true, lr_mult: 1}
"""


@right
def a_plan_thaws_the_stem_later() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    plan = lrspec.compile(lrspec.loads(THAWING), model)
    plan.freeze(model)
    optimizer = lrspec.build_optimizer(plan, model)
    plan.advance(model, 0)
    return model, optimizer


@right
def a_plan_has_thawed_the_stem() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    plan = lrspec.compile(lrspec.loads(THAWING), model)
    optimizer = lrspec.build_optimizer(plan, model)
    plan.advance(model, 0)
    plan.advance(model, 100)
    return model, optimizer


# ---------------------------------------------------------------------------------------------- LRS504


@mistake("LRS504", "2.weight 2.bias", "Build the optimizer last")
def the_head_is_replaced_by_one_of_its_shape() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    model[2] = nn.Linear(4, 2)
    return model, optimizer


@mistake("LRS504", "0.weight 0.bias 1.weight 1.bias", "Build the optimizer last")
def a_checkpoint_is_assigned() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimizer = AdamW(model.parameters())
    model.load_state_dict(copy.deepcopy(model.state_dict()), assign=True)
    return model, optimizer


@mistake("LRS504", "0.weight 0.bias 1.weight 1.bias", "from the model that trains")
def a_copy_of_the_model_is_trained() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    return copy.deepcopy(model), AdamW(model.named_parameters())


@mistake("LRS504", "0.weight 0.bias", "`to_empty`")
def a_model_on_the_meta_device_is_materialised_later() -> tuple[Any, ...]:
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(3, 4))
    optimizer = AdamW(model.parameters())
    model.to_empty(device="cpu")
    return model, optimizer


@mistake("LRS504", "1.weight", "make new parameters")
def a_weight_is_initialised_by_a_new_parameter() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimizer = SGD(model.parameters(), lr=0.1)
    model[1].weight = nn.Parameter(torch.zeros(2, 4))
    return model, optimizer


class ArcFace(nn.Module):
    """A loss with a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(10, 4))


@right
def a_loss_has_parameters_of_its_own() -> tuple[Any, ...]:
    model, loss = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 4)), ArcFace()
    own: dict[str, Any] = {"params": loss.parameters(), "lr": 1e-2}
    return model, AdamW([{"params": model.parameters()}, own])


@right
def a_loss_has_an_optimizer_of_its_own() -> tuple[Any, ...]:
    model, loss = nn.Sequential(nn.Linear(3, 10), nn.LayerNorm(10), nn.Linear(10, 4)), ArcFace()
    return model, [AdamW(model.parameters()), SGD(loss.parameters(), lr=0.5)]


@right
def mixed_precision_steps_copies() -> tuple[Any, ...]:
    model = net().bfloat16()
    return model, AdamW([parameter.detach().clone().float().requires_grad_() for parameter in model.parameters()])


@right
def mixed_precision_steps_a_flat_copy() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)).half()
    flat = torch.cat([parameter.detach().float().flatten() for parameter in model.parameters()])
    return model, AdamW([flat.requires_grad_()])


@right
def mixed_precision_steps_a_flat_copy_beside_a_loss() -> tuple[Any, ...]:
    model, optimizer = mixed_precision_steps_a_flat_copy()
    optimizer.add_param_group({"params": ArcFace().parameters()})
    return model, optimizer


@right
def an_old_head_stays_in_the_optimizer_beside_the_new() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    optimizer = AdamW(model.parameters())
    model[1] = nn.Linear(4, 2)
    optimizer.add_param_group({"params": model[1].parameters()})
    return model, optimizer

"""Scripts about optimizers' state: LRS515."""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import Any

import torch
from timm.optim._optim_factory import create_optimizer_v2
from timm.optim.lion import Lion
from torch import nn
from transformers.optimization import Adafactor

from tests.audit.cases import mistake, right


def net() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 2), nn.Flatten(), nn.Linear(4, 2))


def stepped(model: nn.Module, optimizer: Any, steps: int = 2) -> Any:
    def closure() -> torch.Tensor:
        with torch.enable_grad():  # transformers' Adafactor has none
            loss = torch.stack([(each**2).sum() for each in model.parameters()]).sum()
            torch.autograd.backward(loss)
        return loss

    for _ in range(steps):
        optimizer.zero_grad()
        optimizer.step(closure)
    return optimizer


class Adam8bit(torch.optim.Optimizer):
    """A stand-in for bitsandbytes', whose state is quantised in blocks."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {"lr": 1e-3, "weight_decay": 0.0})
        for group in self.param_groups:
            for each in group["params"]:
                state = torch.zeros(each.numel() // 2 + 1, dtype=torch.uint8)
                self.state[each] = {"step": 1, "exp_avg": state, "state1": state, "absmax1": torch.zeros(1)}


class GaLoreAdamW(torch.optim.AdamW):
    """A stand-in for classes that keep state in a projected space."""


@mistake("LRS515", "0.weight 0.bias", "state.pop")
def a_group_is_taken_out() -> tuple[Any, ...]:
    model = net()
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters()}]
    optimizer = stepped(model, torch.optim.AdamW(groups, weight_decay=0.0))
    del optimizer.param_groups[0]
    model[0].requires_grad_(False)
    return model, optimizer


@mistake("LRS515", "", "make the optimizer again")
def a_head_is_replaced_in_its_group() -> tuple[Any, ...]:
    model = net()
    optimizer = stepped(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    model[2] = nn.Linear(4, 5)
    optimizer.param_groups[0]["params"] = list(model.parameters())
    return model, optimizer


@mistake("LRS515", "2.weight 2.bias", "state.pop")
def a_head_moves_to_another_optimizer_without_its_state() -> tuple[Any, ...]:
    """The first one cannot be saved."""
    model = net()
    first = stepped(model, torch.optim.AdamW(model.parameters()))
    first.param_groups[0]["params"] = list(model[0].parameters())
    return model, [first, torch.optim.SGD(model[2].parameters(), lr=0.1)]


@mistake("LRS515", "2.weight 2.bias", "same order")
def a_checkpoint_has_another_order() -> tuple[Any, ...]:
    model = nn.Sequential(nn.Linear(2, 2), nn.Flatten(), nn.Linear(2, 4), nn.Linear(4, 4))
    first = [*model[0].parameters(), *model[3].parameters(), *model[2].parameters()]
    other = nn.Sequential(nn.Linear(2, 2), nn.Linear(4, 4), nn.Linear(2, 2))
    saved = stepped(other, torch.optim.AdamW(other.parameters())).state_dict()
    optimizer = torch.optim.AdamW(first)
    optimizer.load_state_dict(saved)
    return model, optimizer


@mistake("LRS515", "2.weight", "state.pop")
def an_embedding_grows_in_place() -> tuple[Any, ...]:
    model = net()
    optimizer = stepped(model, Lion(model.parameters(), lr=1e-4))
    model[2].weight.grad = None
    model[2].weight.data = torch.zeros(5, 4)
    return model, optimizer


def _torch_optimizers(model: nn.Module) -> dict[str, Any]:
    optim, parameters = torch.optim, list(model.parameters())
    return {
        "adam": optim.Adam(parameters, amsgrad=True),
        "adamw": optim.AdamW(parameters),
        "adamax": optim.Adamax(parameters),
        "nadam": optim.NAdam(parameters),
        "radam": optim.RAdam(parameters),
        "sgd": optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True),
        "rmsprop": optim.RMSprop(parameters, momentum=0.9, centered=True),
        "rprop": optim.Rprop(parameters),
        "asgd": optim.ASGD(parameters),
        "adagrad": optim.Adagrad(parameters),
        "adadelta": optim.Adadelta(parameters),
        "adafactor": optim.Adafactor(parameters),
        "lbfgs": optim.LBFGS(parameters, max_iter=2),
        "transformers_adafactor": Adafactor(parameters, lr=None),
        "transformers_adafactor_momentum": Adafactor(parameters, beta1=0.9, lr=1e-3, relative_step=False),
        "flat_galore": GaLoreAdamW(parameters),
        "eight_bit": Adam8bit(parameters),
    }


def _right(name: str) -> None:
    def script() -> tuple[Any, ...]:
        model = net()
        optimizer = _torch_optimizers(model)[name]
        return model, optimizer if name == "eight_bit" else stepped(model, optimizer)

    script.__name__ = f"{name}_has_stepped"
    right(script)


def _right_of_timm(name: str) -> None:
    def script() -> tuple[Any, ...]:
        model = net()
        return model, stepped(model, create_optimizer_v2(model, name, lr=1e-3, momentum=0.9))

    script.__name__ = f"timms_{name}_has_stepped"
    right(script)


OF_TORCH = "adam adamw adamax nadam radam sgd rmsprop rprop asgd adagrad adadelta adafactor lbfgs"
OTHERS = "transformers_adafactor transformers_adafactor_momentum flat_galore eight_bit"
OF_TIMM = (
    "adabelief adafactor cadafactor adafactorbv adamp adan adopt lamb laprop lion mars nadamw rmsproptf sgdw sgdp lars "
    "madgrad nadamlegacy novograd radamlegacy muon lookahead_adamw"
)
for each in f"{OF_TORCH} {OTHERS}".split():
    _right(each)
for each in OF_TIMM.split():
    _right_of_timm(each)


@right
def kron_has_stepped() -> tuple[Any, ...]:
    model = net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather have another package
        return model, stepped(model, create_optimizer_v2(model, "kron", lr=1e-3))


@right
def state_is_projected_as_galore_does() -> tuple[Any, ...]:
    model = net()
    optimizer = stepped(model, GaLoreAdamW(model.parameters()))
    optimizer.state[model[2].weight]["exp_avg"] = torch.zeros(1, 4)
    return model, optimizer


@right
def a_sparse_embedding_has_stepped() -> tuple[Any, ...]:
    model = nn.ModuleDict({"embed": nn.Embedding(5, 3, sparse=True), "out": nn.Linear(3, 2)})
    tables: Any = torch.optim.SparseAdam(model["embed"].parameters())
    model["out"](model["embed"](torch.tensor([1, 2]))).sum().backward()
    tables.step()
    return model, [tables, torch.optim.AdamW(model["out"].parameters())]


@right
def a_checkpoint_is_loaded() -> tuple[Any, ...]:
    model = net()
    saved = deepcopy(stepped(model, torch.optim.AdamW(model.parameters())).state_dict())
    optimizer = torch.optim.AdamW(model.parameters())
    optimizer.load_state_dict(saved)
    return model, optimizer


@right
def a_group_is_added_after_some_steps() -> tuple[Any, ...]:
    model = net()
    optimizer = stepped(model[0], torch.optim.AdamW(model[0].parameters()))
    optimizer.add_param_group({"params": model[2].parameters(), "lr": 1e-4})
    return model, optimizer


@right
def an_empty_state_is_left_behind() -> tuple[Any, ...]:
    model = net()
    optimizer: Any = torch.optim.SGD(model[2].parameters(), lr=0.1)
    model[0].requires_grad_(False)
    assert optimizer.state[model[0].weight] == {}
    return model, optimizer


@right
def a_head_moves_to_another_optimizer_and_its_state_is_removed() -> tuple[Any, ...]:
    model = net()
    first = stepped(model, torch.optim.AdamW(model.parameters()))
    first.param_groups[0]["params"] = list(model[0].parameters())
    for parameter in model[2].parameters():
        del first.state[parameter]
    return model, [first, stepped(model[2], torch.optim.SGD(model[2].parameters(), lr=0.1, momentum=0.9))]


@right
def state_of_the_whole_optimizer_has_names() -> tuple[Any, ...]:
    model = net()
    optimizer: Any = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.state["global"] = {"step": 3}
    return model, optimizer


@right
def half_of_the_model_is_frozen_after_some_steps() -> tuple[Any, ...]:
    model = net()
    optimizer = stepped(model, torch.optim.AdamW(model.parameters()))
    for parameter in model[0].parameters():
        del optimizer.state[parameter]
    optimizer.param_groups[0]["params"] = list(model[2].parameters())
    model[0].requires_grad_(False)
    return model, optimizer

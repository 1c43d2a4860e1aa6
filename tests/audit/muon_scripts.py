"""Scripts about Muon: LRS509; its classes are stand-ins for those of Keller Jordan, Moonshot AI and Dion."""

from __future__ import annotations

from typing import Any

import torch
from timm.optim._optim_factory import create_optimizer_v2
from timm.optim.muon import Muon as TimmMuon
from torch import nn

from tests.audit.cases import mistake, right
from tests.audit.decay_scripts import small_vit


class Language(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(16, 8)
        self.hidden: Any = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 16)


class Stepping(torch.optim.Optimizer):
    def __init__(self, params: Any, **defaults: Any) -> None:
        super().__init__(params, {"lr": 0.02, "weight_decay": 0.0, **defaults})


class SingleDeviceMuonWithAuxAdam(Stepping):
    """Keller Jordan's, whose groups have `use_muon`."""


class SingleDeviceMuon(Stepping):
    """Keller Jordan's, which steps all that it gets."""


class Muon(Stepping):
    """Moonshot AI's, which notes in the state what it steps; Dion's, whose groups have `algorithm`."""


class MuonWithAdamFallback(Stepping):
    """A class that tells by itself what it steps."""


def matrices(model: nn.Module) -> list[nn.Parameter]:
    return [each for each in model.parameters() if each.ndim > 1]


def vectors(model: nn.Module) -> list[nn.Parameter]:
    return [each for each in model.parameters() if each.ndim < 2]


def others(model: Language) -> list[Any]:
    return [*model.embed.parameters(), *vectors(model), model.head.weight]


@mistake("LRS509", "embed.weight", "second optimizer steps")
def muon_gets_all_matrices() -> tuple[Any, ...]:
    model = Language()
    return model, [torch.optim.Muon(matrices(model)), torch.optim.AdamW(vectors(model), weight_decay=0.0)]


@mistake("LRS509", "head.weight", "use_fallback=True")
def timm_steps_the_head_by_muon() -> tuple[Any, ...]:
    model = small_vit(num_classes=10)
    return model, create_optimizer_v2(model, "muon", lr=0.02, weight_decay=0.05)


@mistake("LRS509", "embed.weight", "use_muon=False")
def a_group_with_use_muon_has_the_embedding() -> tuple[Any, ...]:
    model = Language()
    groups = [{"params": matrices(model), "use_muon": True}, {"params": vectors(model), "use_muon": False}]
    return model, SingleDeviceMuonWithAuxAdam(groups)


@mistake("LRS509", "embed.weight", "AdamW")
def a_muon_of_its_own_has_the_embedding() -> tuple[Any, ...]:
    model = Language()
    return model, [SingleDeviceMuon(matrices(model)), torch.optim.AdamW(vectors(model), weight_decay=0.0)]


@right
def muon_steps_hidden_layers() -> tuple[Any, ...]:
    model = Language()
    hidden = [each.weight for each in model.hidden]
    return model, {"muon": torch.optim.Muon(hidden), "adamw": torch.optim.AdamW(others(model), weight_decay=0.0)}


@right
def use_muon_is_false_for_the_embedding() -> tuple[Any, ...]:
    model = Language()
    hidden = {"params": [each.weight for each in model.hidden], "use_muon": True}
    return model, SingleDeviceMuonWithAuxAdam([hidden, {"params": others(model), "use_muon": False, "lr": 3e-4}])


@right
def flags_are_heeded_for_classes_that_do_not_read_them() -> tuple[Any, ...]:
    model = Language()
    groups = [
        {"params": matrices(model)[1:-1], "use_muon": True},
        {"params": model.embed.parameters(), "use_muon": False},
    ]
    return model, [torch.optim.Muon(groups), torch.optim.AdamW([*vectors(model), model.head.weight])]


@right
def timm_falls_back_by_a_flag() -> tuple[Any, ...]:
    model = Language()
    hidden: dict[str, Any] = {"params": [each.weight for each in model.hidden]}
    return model, TimmMuon([hidden, {"params": others(model), "use_fallback": True}], lr=0.02)


@right
def timm_falls_back_for_what_it_is_told() -> tuple[Any, ...]:
    model = small_vit(num_classes=10)
    return model, create_optimizer_v2(model, "muon", lr=0.02, weight_decay=0.05, fallback_list=["head.weight"])


@right
def timm_falls_back_for_narrow_heads() -> tuple[Any, ...]:
    model = small_vit(num_classes=2)
    return model, create_optimizer_v2(model, "muon", lr=0.02, weight_decay=0.05)


@right
def the_state_notes_what_muon_steps() -> tuple[Any, ...]:
    model = Language()
    optimizer = Muon(model.parameters())
    hidden = {id(each.weight) for each in model.hidden}
    for each in model.parameters():
        optimizer.state[each]["use_muon"] = id(each) in hidden
    return model, optimizer


@right
def groups_name_an_algorithm() -> tuple[Any, ...]:
    model = Language()
    hidden: dict[str, Any] = {"params": [each.weight for each in model.hidden]}
    return model, Muon([hidden, {"params": others(model), "algorithm": "adamw"}], algorithm="muon")


@right
def a_class_decides_by_itself() -> tuple[Any, ...]:
    model = Language()
    return model, MuonWithAdamFallback(model.parameters())


@right
def a_frozen_embedding_under_muon() -> tuple[Any, ...]:
    model = Language()
    model.embed.requires_grad_(False)
    return model, [
        SingleDeviceMuon([each.weight for each in model.hidden]),
        torch.optim.SGD([*vectors(model), model.head.weight], lr=0.1),
    ]

"""What `train_thaw_ddp.py` and `train_thaw_fsdp2.py` train, in two processes each, and what one process makes of it."""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn

import lrspec

SPEC = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.1}
rules:
  - name: all
    layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.']
    layer_decay: 0.9
    freeze: {but_last: 1, until: 2, every: 2}
"""
PARTLY = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.1}
rules:
  - {name: all, match: '.', lr_mult: 1}
  - {name: weights, match: '^(embed|blocks.*)\.weight$', freeze: {until: 5}}
"""
STEPS = 12


class Net(nn.Module):
    """An embedding, four blocks and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(4, 4)
        self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        for block in self.blocks:
            x = x + block(x).tanh()
        scores: Tensor = self.head(x)
        return scores


def build() -> Net:
    torch.manual_seed(0)
    return Net()


def batch(step: int) -> Tensor:
    return torch.randn(8, 4, generator=torch.Generator().manual_seed(step))


def own_share(step: int) -> Tensor:
    """What this process trains on."""
    return batch(step).chunk(distributed.get_world_size())[distributed.get_rank()]


def train(model: nn.Module, optimizer: torch.optim.Optimizer, share: Tensor) -> None:
    optimizer.zero_grad()
    model(share).square().mean().backward()
    optimizer.step()


def by_hand(spec: str) -> dict[str, Tensor]:
    """The parameters after a run in one process, in which they are frozen by hand."""
    model = build()
    plan = lrspec.compile(lrspec.loads(spec), model)
    optimizer = lrspec.build_optimizer(plan, model)
    until = {each["name"]: each.get("frozen_until", 0) for each in plan.to_dict()["parameters"]}
    for step in range(STEPS):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(until[name] <= step)
        train(model, optimizer, batch(step))
    return dict(model.named_parameters())


def show_difference(label: str, trained: dict[str, Tensor], spec: str) -> None:
    """Say in the first process how far these are from what one process makes of it."""
    expected = by_hand(spec)
    assert trained.keys() == expected.keys()
    difference = max((value - expected[name]).abs().max().item() for name, value in trained.items())
    if distributed.get_rank() == 0:
        print(f"{label}: differs by up to {difference:.2g}", flush=True)


def with_state(model: nn.Module, optimizer: torch.optim.Optimizer) -> set[str]:
    """The names of the parameters that have state."""
    return {
        name.removeprefix("module.") for name, parameter in model.named_parameters() if parameter in optimizer.state
    }

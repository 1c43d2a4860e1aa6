"""Specs as people who know what they do write them, for many architectures: not one of them may have a finding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import lrspec
from tests.test_examples import SPECS as EXAMPLES
from tests.test_examples import inventory

FOLDER = Path(__file__).parents[2] / "well_written"
SPECS = sorted(FOLDER.glob("*.lrspec.yaml"))


class RootNorm(nn.Module):
    """A norm of one's own: a weight and no bias."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))


class Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_1, self.norm_2 = RootNorm(width), RootNorm(width)
        self.attention = nn.MultiheadAttention(width, 4)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)


class LanguageModel(nn.Module):
    """What is of interest of a language model: the names, shapes and owners of its parameters, and a tied head."""

    def __init__(self, width: int = 32, depth: int = 12) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(100, width), nn.Embedding(16, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(depth))
        self.final_norm = RootNorm(width)
        self.head = nn.Linear(width, 100, bias=False)
        self.head.weight = self.tokens.weight


OF_ONES_OWN = {"language-model.lrspec.yaml": LanguageModel}


@pytest.mark.parametrize("path", [*SPECS, *EXAMPLES], ids=lambda path: path.name)
def test_a_well_written_spec_has_no_findings(path: Path) -> None:
    file = lrspec.load(path)
    inventories = [inventory(model, path.parent) for model in file.spec.sources]
    if path.name in OF_ONES_OWN:
        inventories = [lrspec.Inventory.from_model(OF_ONES_OWN[path.name]())]
    assert inventories
    for model in inventories:
        assert lrspec.check(file, model) == []
        plan = lrspec.compile(file, model)
        assert plan.groups


def test_every_architecture_is_there() -> None:
    named = {model.source for path in SPECS for model in lrspec.load(path).spec.sources}
    assert len(named) >= 12

# Needs lrspec, and: pip install torch
"""Your own model with a spec: a small language model whose output head is its token embedding.

lrspec needs no registry of models: it compiles a spec against any `torch.nn.Module`, or, without the code that builds
one, against an inventory of its parameters.

    python own_model.py          compile own-model.lrspec.yaml for the model, take a step, print the groups
    python own_model.py --save   write own-model.params.json, to check the spec without this code
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor, nn

import lrspec

HERE = Path(__file__).parent
SPEC, PARAMS = HERE / "own-model.lrspec.yaml", HERE / "own-model.params.json"


class Block(nn.Module):
    """A pre-norm transformer block; maps (batch, length, width) to the same shape."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        y: Tensor = self.norm1(x)
        x = x + self.attention(y, y, y, attn_mask=future, need_weights=False)[0]
        y = self.mlp(self.norm2(x))
        return x + y


class LanguageModel(nn.Module):
    """Maps tokens (batch, length) to scores for the next tokens (batch, length, vocabulary)."""

    def __init__(self, vocabulary: int = 100, length: int = 16, width: int = 32, depth: int = 2) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, heads=4) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.head(self.norm(x))
        return scores


def save(path: Path) -> None:
    """Write the inventory of the model's parameters."""
    inventory = lrspec.Inventory.from_model(LanguageModel(), source="py:own_model:LanguageModel")
    path.write_text(json.dumps(inventory.to_dict(), indent=2) + "\n", encoding="utf-8")


def step() -> None:
    """Compile the spec for the model, train one step on random tokens, and print the optimizer's groups."""
    torch.manual_seed(0)
    model = LanguageModel()
    plan = lrspec.compile(SPEC, model)
    optimizer = torch.optim.AdamW(plan.param_groups(model))
    tokens = torch.randint(100, (8, 16))
    scores = model(tokens[:, :-1])
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    for group in optimizer.param_groups:
        print(f"{group['name']:30} lr {group['lr']:.3g}, weight decay {group['weight_decay']:g}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Your own model, with a spec.")
    parser.add_argument(
        "--save", nargs="?", type=Path, const=PARAMS, metavar="FILE", help=f"write the inventory ({PARAMS.name})"
    )
    arguments = parser.parse_args()
    if arguments.save:
        save(arguments.save)
    else:
        step()


if __name__ == "__main__":
    main()

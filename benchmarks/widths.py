"""Finds the best learning rates of small models of several widths, with factors from shapes (μP) and without.

    python -m benchmarks.widths [--quick] [--page FILE]

A full run writes WIDTHS.md next to this file; it takes a few minutes on two cores. The page of a quick run is written
only with `--page`.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import lrspec
from benchmarks.models import SPECS
from benchmarks.page import Table, bold, machine

PAGE = Path(__file__).with_name("WIDTHS.md")
SPEC = SPECS / "mup.lrspec.yaml"
WIDTHS, QUICK = (64, 128, 256, 512, 1024), (64, 128)
RATES = tuple(2.0**power for power in range(-12, -4))
SPECS_OF: dict[str, dict[str, int]] = {"with": {}, "without": {"rules.mup.lr_scale": 1}}
"""What is replaced in the spec, by the columns of the page."""
FEATURES, TOKENS, LENGTH, HEAD = 16, 32, 16, 16
SEED = 16

HEAD_OF_PAGE = f"""\
# Rates across widths

Written by `python -m benchmarks.widths`. Two small models are trained by Adam on made data, at {len(RATES)} rates from
2⁻¹² to 2⁻⁵, each twice the one before, and at widths from {WIDTHS[0]} to {WIDTHS[-1]}: once with the spec below, and
once with its `lr_scale` set to 1. Both start from the same weights and see the same data; output layers start from 0.

"With" and "without" are the rates with the lowest loss, which is the mean of the last quarter of the steps. "Moves" is
how far the best rates of the widths lie apart, bold if it is more than a factor of two. Under the spec, the rate that
is best at width {WIDTHS[0]} serves all widths: "then" is the loss at that rate.

"""


class Mlp(nn.Module):
    """Two hidden layers; the data are ten classes that another network of this kind makes of random features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.input, self.output = nn.Linear(FEATURES, width), nn.Linear(width, 10)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        nn.init.zeros_(self.output.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Return a logit for each class."""
        hidden = functional.relu(self.input(features))
        for layer in self.hidden:
            hidden = functional.relu(layer(hidden))
        logits: Tensor = self.output(hidden)
        return logits

    @staticmethod
    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        """Yield features and classes: the largest of ten random waves."""
        random = torch.Generator().manual_seed(SEED)
        waves = torch.randn(FEATURES, 10, generator=random)
        while True:
            features = torch.randn(32, FEATURES, generator=random)
            yield features, torch.sin(features @ waves / 4).argmax(1)


class Transformer(nn.Module):
    """One block; the data are sequences in which the next token follows from the last two, most of the time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.input = nn.Embedding(TOKENS, width)
        self.position = nn.Parameter(torch.randn(1, LENGTH, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.qkv, self.proj = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, width), nn.Linear(width, width)
        self.output = nn.Linear(width, TOKENS)
        nn.init.zeros_(self.output.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return a logit for each token that may come next."""
        hidden = self.input(tokens) + self.position
        heads = (*tokens.shape, 3, -1, HEAD)
        query, key, value = self.qkv(self.norms[0](hidden)).view(heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        hidden = hidden + self.proj(mixed.transpose(1, 2).flatten(2))
        hidden = hidden + self.down(functional.gelu(self.up(self.norms[1](hidden))))
        logits: Tensor = self.output(self.norms[2](hidden))
        return logits.flatten(0, 1)

    @staticmethod
    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        """Yield sequences, and the tokens that come next."""
        random = torch.Generator().manual_seed(SEED)
        following = torch.randint(TOKENS, (TOKENS, TOKENS), generator=random)
        while True:
            tokens = torch.randint(TOKENS, (4, LENGTH + 1), generator=random)
            noise = torch.rand(4, LENGTH + 1, generator=random) < 0.1
            for place in range(2, LENGTH + 1):
                follows = following[tokens[:, place - 1], tokens[:, place - 2] // 8]
                tokens[:, place] = torch.where(noise[:, place], tokens[:, place], follows)
            yield tokens[:, :-1], tokens[:, 1:].flatten()


Model = type[Mlp] | type[Transformer]
MODELS: dict[str, tuple[Model, int]] = {"MLP": (Mlp, 80), "transformer": (Transformer, 50)}
"""The models, and how many steps each is trained."""

Run = tuple[str, int, str]
"""A model, its width, and a key of `SPECS_OF`."""
Losses = dict[float, float]
"""The loss at each rate."""


def main() -> None:
    """Measure, print and write."""
    words = _parser().parse_args()
    begun = time.monotonic()
    result = page(QUICK if words.quick else WIDTHS, 8 if words.quick else None)
    print(result, end="")
    print(f"{time.monotonic() - begun:.0f} s")
    if output := words.page or (None if words.quick else PAGE):
        output.write_text(result, encoding="utf-8")


def page(widths: tuple[int, ...], steps: int | None = None) -> str:
    """The page: a table for each model."""
    runs = [(name, width, which) for width in reversed(widths) for name in MODELS for which in SPECS_OF]
    with ProcessPoolExecutor(2) as pool:
        losses = dict(zip(runs, pool.map(_losses, *zip(*runs, strict=True), [steps] * len(runs)), strict=True))
    tables = [f"## {name}\n\n{_table(name, widths, losses)}\n" for name in MODELS]
    spec = f"```yaml\n{SPEC.read_text(encoding='utf-8')}```\n"
    return "\n".join([f"{HEAD_OF_PAGE}{machine()}\n\n{spec}", *tables])


def _table(name: str, widths: tuple[int, ...], losses: dict[Run, Losses]) -> Table:
    rows, moves = [[str(width)] for width in widths], ["moves"]
    for which in SPECS_OF:
        best = [min(RATES, key=losses[name, width, which].__getitem__) for width in widths]
        for row, width, rate in zip(rows, widths, best, strict=True):
            of_rates = losses[name, width, which]
            row += [f"2^{math.log2(rate):.0f}", f"{of_rates[rate]:.3f}", f"{of_rates[best[0]]:.3f}"]
        apart = max(best) / min(best)
        moves += [bold(f"{apart:g} ×", apart > 2), "", ""]
    return Table(("width", "with", "loss", "then", "without", "loss", "then"), [tuple(row) for row in [*rows, moves]])


def _losses(name: str, width: int, which: str, steps: int | None) -> Losses:
    """The loss at each rate; infinite where it diverges."""
    torch.set_num_threads(1)
    model, usual = MODELS[name]
    spec = lrspec.load(SPEC).override(SPECS_OF[which])
    losses = {rate: _trained(model, width, spec.override({"optimizer.lr": rate}), steps or usual) for rate in RATES}
    print(name, width, which, *(f"{loss:.3f}" for loss in losses.values()), flush=True)
    return losses


def _trained(model_class: Model, width: int, spec: lrspec.SpecFile, steps: int) -> float:
    torch.manual_seed(SEED)
    model = model_class(width)
    optimizer = lrspec.build_optimizer(spec, model)
    last = []
    for step, (inputs, targets) in zip(range(steps), model_class.batches(), strict=False):
        loss = functional.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if step >= steps * 3 // 4:
            last.append(loss.item())
    mean = sum(last) / len(last)
    return mean if math.isfinite(mean) else math.inf


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widths", description="Finds best rates across widths.")
    parser.add_argument("--quick", action="store_true", help="few steps at two widths, to see that it runs")
    parser.add_argument("--page", type=Path, help="where to write the page")
    return parser


if __name__ == "__main__":
    main()

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
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import lrspec
from benchmarks.models import SPECS
from benchmarks.page import Table, bold, machine

PAGE = Path(__file__).with_name("WIDTHS.md")
SPEC = SPECS / "mup.lrspec.yaml"
BASE, WIDTHS, QUICK = 64, (64, 128, 256, 512, 1024), (64, 128)
RATES = tuple(2.0**power for power in range(-12, -4))
WITHOUT = {"rules.mup.lr_scale": 1}
FEATURES, TOKENS, LENGTH, HEAD = 16, 32, 16, 16
SEED = 16

HEAD_OF_PAGE = f"""\
# Rates across widths

Written by `python -m benchmarks.widths`. Two small models are trained by Adam on made data, at {len(RATES)} rates from
2⁻¹² to 2⁻⁵, each twice the one before, and at widths from {WIDTHS[0]} to {WIDTHS[-1]}: once with the spec below, and
once with its `lr_scale` set to 1. Both start from the same weights and see the same data. The models multiply their
outputs by {BASE} / width, as μP asks for (Yang et al. 2022, table 8), in both runs.

"With" and "without" are the rates with the lowest loss, the mean of the last quarter of the steps. "Moves" is by what
factor the best rates of the widths lie apart: bold if it is more than 2. Under the spec a rate that was found at width
{BASE} serves width {WIDTHS[-1]}; "at the rate of {BASE}" are the losses there.

"""


class Mlp(nn.Module):
    """Two hidden layers; the data are ten classes that another network of this kind makes of random features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.input, self.output = nn.Linear(FEATURES, width), nn.Linear(width, 10)
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.multiplier = BASE / width
        nn.init.zeros_(self.output.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Return a logit for each class."""
        hidden = functional.relu(self.input(features))
        for layer in self.hidden:
            hidden = functional.relu(layer(hidden))
        logits: Tensor = self.output(hidden) * self.multiplier
        return logits

    @staticmethod
    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        """Yield features and classes: the largest of ten random waves."""
        random = torch.Generator().manual_seed(SEED)
        waves = torch.randn(FEATURES, 10, generator=random)
        while True:
            features = torch.randn(64, FEATURES, generator=random)
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
        self.multiplier = BASE / width
        nn.init.zeros_(self.output.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return a logit for each token that may come next."""
        hidden = self.input(tokens) + self.position
        heads = (*tokens.shape, 3, -1, HEAD)
        query, key, value = self.qkv(self.norms[0](hidden)).view(heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        hidden = hidden + self.proj(mixed.transpose(1, 2).flatten(2))
        hidden = hidden + self.down(functional.gelu(self.up(self.norms[1](hidden))))
        logits: Tensor = self.output(self.norms[2](hidden)) * self.multiplier
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
MODELS: dict[str, tuple[Model, int]] = {"MLP": (Mlp, 100), "transformer": (Transformer, 90)}
"""The models, and how many steps each is trained."""


def main() -> None:
    """Measure, print and write."""
    words = _parser().parse_args()
    torch.set_num_threads(1)  # several would wait for one another: the matrices are small
    begun = time.monotonic()
    result = page(QUICK if words.quick else WIDTHS, 8 if words.quick else None)
    print(result, end="")
    print(f"{time.monotonic() - begun:.0f} s")
    if output := words.page or (None if words.quick else PAGE):
        output.write_text(result, encoding="utf-8")


def page(widths: tuple[int, ...], steps: int | None = None) -> str:
    """The page: a table for each model."""
    tables = [f"## {name}\n\n{_table(name, widths, steps)}\n" for name in MODELS]
    spec = f"```yaml\n{SPEC.read_text(encoding='utf-8')}```\n"
    return "\n".join([f"{HEAD_OF_PAGE}{machine()}\n\n{spec}", *tables])


def _table(name: str, widths: tuple[int, ...], steps: int | None) -> Table:
    model, usual = MODELS[name]
    specs = {"with": lrspec.load(SPEC), "without": lrspec.load(SPEC).override(WITHOUT)}
    losses = {
        (width, which): _losses(model, width, specs[which], steps or usual) for width in widths for which in specs
    }
    best = {key: min(RATES, key=lambda rate: of_rates[rate]) for key, of_rates in losses.items()}
    rows = []
    for width in widths:
        cells = [str(width)]
        for which in specs:
            of_rates = losses[width, which]
            at_base = of_rates[best[widths[0], which]]
            cells += [_power(best[width, which]), f"{of_rates[best[width, which]]:.3f}", f"{at_base:.3f}"]
        rows.append(tuple(cells))
    moves = ["moves"]
    for which in specs:
        rates = [best[width, which] for width in widths]
        apart = max(rates) / min(rates)
        moves += [bold(f"{apart:g} ×", apart > 2), "", ""]
    then = f"at the rate of {widths[0]}"
    return Table(("width", "with", "loss", then, "without", "loss", then), [*rows, tuple(moves)])


def _losses(model: Model, width: int, spec: lrspec.SpecFile, steps: int) -> dict[float, float]:
    """The loss at each rate; infinite where it diverges."""
    losses = {rate: _trained(model, width, spec.override({"optimizer.lr": rate}), steps) for rate in RATES}
    print(model.__name__, width, *(f"{loss:.3f}" for loss in losses.values()), flush=True)
    return losses


def _trained(model_class: Model, width: int, spec: lrspec.SpecFile, steps: int) -> float:
    torch.manual_seed(SEED)
    model = model_class(width)
    optimizer = lrspec.build_optimizer(spec, model)
    last = []
    for step, (inputs, targets) in zip(range(steps), model_class.batches(), strict=False):
        loss = functional.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step >= steps * 3 // 4:
            last.append(loss.item())
    mean = sum(last) / len(last)
    return mean if math.isfinite(mean) else math.inf


def _power(rate: float) -> str:
    return f"2^{math.log2(rate):.0f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widths", description="Finds best rates across widths.")
    parser.add_argument("--quick", action="store_true", help="few steps at two widths, to see that it runs")
    parser.add_argument("--page", type=Path, help="where to write the page")
    return parser


if __name__ == "__main__":
    main()

"""The columns of a plot: blocks and the modules around them, and what is written below each."""

from __future__ import annotations

from itertools import product

import pytest

from lrspec.review.plot.columns import MOST, columns_of, labels

ATTENTION = ("norm1.weight", "attn.qkv.weight", "norm2.weight", "mlp.0.weight", "mlp.2.weight")


def names(*patterns: str) -> list[str]:
    """The parameters of some modules: `{}` stands for a block's own modules, `0-2` for three numbers."""
    found = []
    for pattern in patterns:
        steps = [numbers(step) for step in pattern.split(".")]
        for path in product(*steps):
            name = ".".join(path)
            found += [name.replace("{}", leaf) for leaf in ATTENTION] if "{}" in name else [name]
    return found


def numbers(step: str) -> list[str]:
    first, dash, last = step.partition("-")
    return [str(number) for number in range(int(first), int(last) + 1)] if dash else [step]


@pytest.mark.parametrize(
    ("parameters", "columns"),
    [
        (names("cls", "stem.conv.weight", "blocks.0-2.{}", "head.weight", "head.bias"), "cls stem blocks.0 1 2 head"),
        (names("stem.weight", "layers.0-1.blocks.0-1.{}"), "stem layers.0.blocks.0 1 layers.1.blocks.0 1"),
        (names("a.layers.0-1.{}", "b.text.layers.0-1.{}", "b.norm.weight"), "a.layers.0 1 b.text.layers.0 1 b.norm"),
        (names("features.denseblock1.denselayer1.{}", "features.denseblock1.denselayer2.{}"), "…denselayer1 2"),
        (names("net.0.weight", "net.2.weight", "net.2.bias", "head.weight"), "net.0 2 head"),
        (names("a", "b"), "a b"),
    ],
    ids=["blocks", "blocks in stages", "two towers", "numbers at the end", "no blocks", "no modules"],
)
def test_blocks_are_columns_and_so_is_each_module_beside_them(parameters: list[str], columns: str) -> None:
    found = columns_of(parameters)
    assert labels(found.names, 20) == columns.split()
    for name, column in zip(parameters, found.of, strict=True):
        assert f"{name}.".startswith(f"{found.names[column]}.")


def test_inner_blocks_are_not_shown_if_they_are_too_many() -> None:
    shown = columns_of(names("layers.0-31.norm.weight", "layers.0-31.attn.weight", "layers.0-31.experts.0-7.{}"))
    assert [*shown.names] == [f"layers.{number}" for number in range(32)]


def test_there_are_never_more_columns_than_can_be_told_apart() -> None:
    columns = columns_of([f"p{number}" for number in range(10_000)])
    assert len(columns.names) <= MOST
    assert {*columns.of} == {*range(len(columns.names))}
    assert [*columns.of] == sorted(columns.of)


def test_long_names_lose_their_beginning() -> None:
    assert labels(["model.language_model.norm", "x" * 30], 12) == ["…norm", "…" + "x" * 11]

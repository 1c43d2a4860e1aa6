"""Rules of a draft are called by what they select, each by a name of its own."""

from __future__ import annotations

import pytest

from lrspec import Parameter
from lrspec.drafting.naming import leaves, unique, word
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.models.parameters import Columns


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["cls_token", "pos_embed"], "embeddings"),
        (["a.pos_embed", "rel_pos"], "positions"),
        (["cls_token", "dist_token"], "tokens"),
        (["a.bias", "b.c.bias"], "biases"),
        (["a.in_proj_bias", "a.norm.bias"], "biases"),
        (["blocks.0.attn.attention_biases", "blocks.1.attn.attention_biases"], "attention-biases"),
        (["layer4.0.weight", "layer4.1.bias"], "layer4"),
        (["conv1.weight", "bn1.bias"], ""),
        (["a.x", "b.y", "c.z"], ""),
    ],
)
def test_a_word_is_what_names_have_in_common(names: list[str], expected: str) -> None:
    columns = Columns.of(Parameter(name) for name in names)
    assert word(columns, Selector(exclude=("x",)), range(len(names))) == expected


@pytest.mark.parametrize(
    ("regexes", "expected"),
    [
        ([r"^bert\.encoder\.layer\.(?:8|9|10|11)\."], "layer-8-11"),
        ([r"^blocks\.(?:3|11)\."], "blocks-3-11"),
        ([r"^blocks\.\d+\.attn\."], "attn"),
        ([r"^blocks\.3\.attn\."], "blocks-3-attn"),
        ([r"^0\.(?:6|7)\."], "part-0-6-7"),
        ([r"\.(?:lora_A|lora_B)\."], "lora"),
        ([r"\.(?:lora_A|modules_to_save)\."], "lora-a-and-modules-to-save"),
        ([r"^backbone\.", r"\.sampling_offsets\.", r"^transformer\.reference_points\."], "backbone-and-others"),
        ([r"^\d+\.attention_biases$"], "attention-biases"),
        ([r"^neck\..*\.(?:weight|bias)$"], "neck"),
        ([r"^.+$"], ""),
    ],
)
def test_a_word_is_that_of_the_regex_and_no_coincidence(regexes: list[str], expected: str) -> None:
    columns = Columns.of([Parameter("a.child.x"), Parameter("b.child.y")])
    found = word(columns, Selector(match=tuple(regexes)), range(2))
    assert found == (expected or "child")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (Selector(declared=("embedding", "head")), "embeddings-and-head"),
        (Selector(declared=("no_weight_decay",)), "declared"),
        (Selector(ndim=(2,)), "matrices"),
        (Selector(module="^LayerNorm$"), "norms"),
        (Selector(module="^WindowAttention$"), "window-attention"),
    ],
)
def test_a_word_is_that_of_the_selector(selector: Selector, expected: str) -> None:
    assert word(Columns.of([Parameter("a")]), selector, [0]) == expected


def test_leaves_say_what_something_is() -> None:
    columns = Columns.of(
        [Parameter("pos.token_projection.weight"), Parameter("cls_token"), Parameter("blocks.0.weight")]
    )
    assert leaves(columns, range(3)) == ["token_projection", "cls_token", "blocks"]


def test_names_of_rules_are_unique() -> None:
    rules = [DraftRule(name, Selector(), ()) for name in ("a", "a", "a-2", "a")]
    assert [rule.name for rule in unique(rules)] == ["a", "a-2", "a-2-2", "a-3"]

"""The ladder of a draft puts every parameter on its layer, by the entries that a person would write."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrspec import Inventory
from lrspec.compiler.compile import attempt
from lrspec.drafting.ladder.ladder import ladder
from lrspec.drafting.ladder.merging import insert_join, merge
from lrspec.drafting.rules import DraftRule, Entry, Selector
from lrspec.drafting.write import spec_text
from lrspec.models.parameters import Parameter
from lrspec.spec.language import Optimizer
from lrspec.spec.load import loads
from tests.strategies import VOCABULARIES

Layers = Sequence[int | None]
AVOIDED = {"LRS202", "LRS205", "LRS207", "LRS301", "LRS306", "LRS313", "LRS315"}


def wrong(inventory: Inventory, layers: Layers, free: Collection[int], entries: tuple[Entry, ...]) -> list[str]:
    """What is wrong with a ladder: findings, and parameters that are on another layer than they should be."""
    base = {"optimizer": Optimizer(type="SGD", lr=1.0)}
    rules = [
        DraftRule("depth", Selector(layers=entries), (("layer_decay", 0.5),)),
        DraftRule("rest", Selector(), (("freeze", True),), fallback=True),
    ]
    text = spec_text(base, rules, check=[("unused-rule", "ignore", "")])
    outcome = attempt(loads(text, path="a.yaml"), inventory)
    found = [f"{finding.code} {finding.message}" for finding in outcome.diagnostics if finding.code in AVOIDED]
    if outcome.plan is None:
        return [*found, *(finding.message for finding in outcome.diagnostics)]
    top = max(layer for layer in layers if layer is not None)
    for place, (parameter, layer) in enumerate(zip(outcome.plan.parameters, layers, strict=True)):
        rate = parameter.settings.lr if parameter.status.trains else None
        if place not in free and rate != (None if layer is None else 0.5 ** (top - layer)):
            found.append(f"{parameter.name}: {rate}, layer {layer}")
    return found


def entries_of(*wanted: tuple[str, int | None], free: Collection[str] = ()) -> list[str]:
    """The entries for parameters and their layers as text; what they say is checked by the way."""
    names = [name for name, _ in wanted]
    inventory, layers = Inventory.from_names(names), [layer for _, layer in wanted]
    places = [names.index(name) for name in free]
    entries = ladder(inventory.columns, layers, places)
    assert wrong(inventory, layers, places, entries) == []
    kinds = [f"join {each.join}" if each.join else f"every {each.every}" if each.every else "" for each in entries]
    return [" ".join([kind, *each.regexes]).strip() for kind, each in zip(kinds, entries, strict=True)]


def test_numbered_modules_are_one_entry() -> None:
    blocks = [(f"blocks.{n}.{rest}.weight", n + 1) for n in range(12) for rest in ("attn", "norm", "mlp")]
    assert entries_of(("stem.weight", 0), *blocks, ("head.weight", 13)) == [r"^stem\.", r"^blocks\.(\d+)\.", r"^head\."]


def test_two_numbers_tell_layers_apart() -> None:
    blocks = [(f"layer{s}.{b}.{c}.weight", 2 * s + b - 1) for s in (1, 2) for b in (0, 1) for c in ("conv1", "conv2")]
    assert entries_of(("stem.w", 0), *blocks, ("fc.w", 5)) == [r"^stem\.", r"^layer(\d+)\.(\d+)\.", r"^fc\."]


def test_a_number_on_which_the_layer_does_not_depend_is_not_captured() -> None:
    experts = [(f"layers.{n}.{m}.experts.{e}.w", 2 * n + m) for n, m, e in product(range(3), range(2), range(4))]
    other = [(f"layers.{n}.gate.{e}.w", 2 * n) for n, e in product(range(3), range(2))]
    assert entries_of(*experts) == [r"^layers\.(\d+)\.(\d+)\."]
    assert entries_of(*sorted([*experts, *other])) == [
        r"^layers\.(\d+)\.(\d+)\.",
        r"join first ^layers\.(\d+)\.gate\.",
    ]


def test_a_stage_of_one_block_has_the_number_of_the_block() -> None:
    stages = [
        (f"stages.{s}.{rest}.weight", s + 1)
        for s in range(3)
        for rest in ("down", "blocks.0.conv", "blocks.0.bn", "out")
    ]
    assert entries_of(("stem.w", 0), *stages, ("head.w", 4)) == [
        r"^stem\.",
        r"^stages\.(\d+)\.(?:down|blocks\.(\d+))\.",
        r"join last ^stages\.(\d+)\.out\.",
        r"^head\.",
    ]


def test_what_stands_before_a_layer_is_on_the_first_and_what_stands_after_it_on_the_last() -> None:
    wanted: list[tuple[str, int | None]] = [("stem.w", 0)]
    for s in range(3):
        wanted.append((f"stages.{s}.down.w", 1 + 2 * s))
        wanted += [(f"stages.{s}.blocks.{b}.{p}", 1 + 2 * s + b) for b in range(2) for p in "ab"]
        wanted.append((f"stages.{s}.transition.w", 2 + 2 * s))
    assert entries_of(*wanted, ("norm.w", 6), ("head.w", 7)) == [
        r"^stem\.",
        r"^stages\.(\d+)\.(?:down|blocks\.(\d+))\.",
        r"join last ^stages\.(\d+)\.transition\.",
        r"join last ^norm\.",
        r"^head\.",
    ]


def stages(begin: int, *parts: str) -> list[tuple[str, int]]:
    """Stages of two blocks, and parts that are on the layer of the first, which they stand before."""
    found = []
    for s in range(3):
        found += [(f"stages.{s}.{part}", 1 + 2 * s) for part in parts]
        found += [(f"stages.{s}.blocks.{b + begin}.{p}", 1 + 2 * s + b) for b in range(2) for p in "ab"]
    return [("stem.w", 0), *found]


def test_what_stands_before_the_first_block_is_written_into_the_entry_where_it_counts_as_block_0() -> None:
    blocks, stem = r"^stages\.(\d+)\.blocks\.(\d+)\.", r"^stem\."
    assert entries_of(*stages(0, "pos", "pool.w")) == [stem, r"^stages\.(\d+)\.(?:pos$|pool\.|blocks\.(\d+)\.)"]
    assert entries_of(*stages(1, "pool.w")) == [stem, blocks, r"join first ^stages\.(\d+)\.pool\."]


def test_what_stands_before_the_first_block_is_an_entry_if_it_is_long() -> None:
    blocks, stem = r"^stages\.(\d+)\.blocks\.(\d+)\.", r"^stem\."
    assert entries_of(*stages(0, "a.w", "b.w", "c.w")) == [stem, blocks, r"join first ^stages\.(\d+)\.(?:a|b|c)\."]


def test_only_one_number_may_be_missing_where_a_join_is_written_into_its_spine() -> None:
    join = r"^a\.(\d+)\.b\."
    assert insert_join(r"^a\.(\d+)\.c\.(\d+)\.", join) == r"^a\.(\d+)\.(?:b|c\.(\d+))\."
    for spine in (r"^a\.(\d+)\.c\.(\d+)\.(\d+)\.", r"^a\.(\d+)\.c\.(1|2)\.(\d+)\.", r"^a\.(\d+)\.(\d+)\."):
        assert insert_join(spine, join) is None
    for spine in (r"^a\.(?!0\.)(\d+)\.c\.(\d+)\.", r"^a\.(\d+)\.c\.(?!0\.)(\d+)\.", r"^a\.(1|2)\.c\.(\d+)\."):
        assert insert_join(spine, join) is None


def test_regexes_that_differ_in_one_word_are_one() -> None:
    assert merge([r"^a\.(\d+)\.(?:b|c)\.", r"^a\.(\d+)\.d\d+\.", r"^e\."]) == (r"^a\.(\d+)\.(?:b|c|d\d+)\.", r"^e\.")
    assert merge([r"^a\.b\.", r"^a\.c\.", r"^d\.b\.", r"^d\.c\."]) == (r"^(?:a|d)\.(?:b|c)\.",)
    apart = (r"^a\.b\.", r"^d\.c\.", r"^e(?!(?:1|2)\.)(\d+)\.", r"^e(?!3\.)(\d+)\.", r"^f(1|2)\.", r"^f(3|4)\.")
    assert merge(apart) == apart


def test_parts_that_join_with_numbers_and_without_are_one_regex() -> None:
    wanted: list[tuple[str, int | None]] = [("stages.0.conv1.w", 0), ("stages.0.conv2.w", 0)]
    for s in range(3):
        wanted += [(f"stages.{s}.{part}.w", 2 * s) for part in ("conv", "bn") if s]
        wanted += [(f"stages.{s}.blocks.{b}.{p}", 2 * s + b) for b in range(2) for p in "ab"]
    assert entries_of(*wanted)[1] == r"join first ^stages\.(\d+)\.(?:conv\d+|conv|bn)\."


def test_a_single_module_between_numbered_ones_is_in_their_entry() -> None:
    wanted: list[tuple[str, int | None]] = [(f"network.0.{b}.{p}", b) for b in range(2) for p in "ab"]
    wanted += [("network.1.proj.weight", 2), *((f"network.2.{b}.{p}", 3 + b) for b in range(2) for p in "ab")]
    assert entries_of(*wanted) == [r"^network\.(\d+)\.(\d+)\. ^network\.(\d+)\.proj\."]


def test_prefixes_with_the_same_numbers_are_one_regex() -> None:
    wanted = [(f"{tower}.{n}.w", n) for n in range(4) for tower in ("image", "text")]
    assert entries_of(*wanted) == [r"^(?:image|text)\.(\d+)\."]


def test_numbers_that_go_on_under_another_name_are_one_regex() -> None:
    wanted = [(f"layer1.{b}.{p}.w", b) for b in range(2) for p in "ab"] + [("transition1.w", 1)]
    wanted += [(f"stage{s}.{b}.{p}.w", 2 * s - 2 + b) for s in (2, 3) for b in range(2) for p in "ab"]
    assert entries_of(*wanted, ("transition2.w", 3)) == [
        r"^(?:layer|stage)(\d+)\.(\d+)\.",
        r"join last ^transition(\d+)\.",
    ]


def test_a_first_module_of_one_block_is_in_the_entry_of_those_that_go_on_from_it() -> None:
    wanted = [(f"layer1.0.{p}.w", 1) for p in "ab"] + [("transition1.0.w", 1)]
    wanted += [(f"stage{s}.0.{p}.w", s) for s in (2, 3, 4) for p in "ab"]
    wanted += [(f"transition{s}.0.w", s) for s in (2, 3)]
    assert entries_of(("conv1.w", 0), *wanted, ("fc.w", 5)) == [
        r"^conv1\.",
        r"^(?:layer|stage)(\d+)\.(\d+)\.",
        r"join last ^transition(\d+)\.",
        r"^fc\.",
    ]


def test_a_number_that_follows_from_another_is_not_captured() -> None:
    wanted = [
        (f"stages.{s}.{1 + s // 2}.blocks.{b}.{p}.w", 2 * s + b) for s in range(3) for b in range(2) for p in "ab"
    ]
    assert entries_of(*wanted) == [r"^stages\.(\d+)\.\d+\.blocks\.(\d+)\."]


def test_an_encoder_and_a_decoder_are_an_entry_each() -> None:
    wanted = [("shared.w", 0), *((f"encoder.block.{n}.q.w", n + 1) for n in range(3)), ("encoder.norm.w", 3)]
    wanted += [*((f"decoder.block.{n}.q.w", n + 4) for n in range(3)), ("decoder.norm.w", 6), ("lm_head.w", 7)]
    assert entries_of(*wanted) == [
        r"^shared\.",
        r"^encoder\.block\.(\d+)\.",
        r"join last ^encoder\.norm\.",
        r"^decoder\.block\.(\d+)\.",
        r"join last ^decoder\.norm\.",
        r"^lm_head\.",
    ]


def test_parts_of_numbered_modules_that_are_elsewhere_are_left_out() -> None:
    wanted = [("shared.w", 0), *((f"blocks.{n}.{p}.w", n + 1) for n in range(3) for p in ("norm1", "norm2", "attn"))]
    assert entries_of(*wanted, *((f"blocks.{n}.position.w", 0) for n in range(3)))[1] == (
        r"^blocks\.(\d+)\.(?:norm\d+|attn)\."
    )


def test_the_first_numbers_are_ruled_out_rather_than_all_others_listed() -> None:
    wanted: list[tuple[str, int | None]] = [("patch_embed1.w", 0), ("pos_embed1", 0)]
    for s, b in product((1, 2, 3), (0, 1)):
        wanted += [
            (f"{name}{s}{end}", 2 * s - 1)
            for name, end in (("patch_embed", ".w"), ("pos_embed", ""))
            if s * (1 - b) > 1
        ]
        wanted += [(f"block{s}.{b}.{p}.w", 2 * s - 1 + b) for p in "ab"]
    assert entries_of(*wanted) == [
        r"^patch_embed1\. ^pos_embed1$",
        r"^block(\d+)\.(\d+)\.",
        r"join first ^patch_embed(?!1\.)(\d+)\. ^pos_embed(?!1$)(\d+)$",
    ]
    assert entries_of(*((f"cell_{n}.w", n - 3 if n > 2 else None) for n in range(5))) == [
        r"^cell_(?!(?:0|1|2)\.)(\d+)\."
    ]


def test_few_numbers_are_listed_and_few_others_ruled_out() -> None:
    assert entries_of(*((f"features.{n}.w", max(0, n - 2)) for n in range(10)))[1:] == [
        r"^features\.(?!(?:0|1|2)\.)(\d+)\."
    ]
    assert entries_of(*((f"cell_{n}.w", n if n < 3 else None) for n in range(10))) == [r"^cell_(0|1|2)\."]


def test_a_spine_is_cut_where_something_shares_a_layer_that_has_no_number_of_its_own() -> None:
    cells = [(f"cell_{n}.w", n) for n in range(8)]
    assert entries_of(*cells[:4], ("reduction.w", 4), *cells[4:]) == [
        r"^cell_(0|1|2|3)\.",
        r"^cell_(?!(?:0|1|2|3)\.)(\d+)\.",
        r"join first ^reduction\.",
    ]


def test_modules_without_numbers_are_named_by_words() -> None:
    modules = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc")
    assert entries_of(*((f"{name}.{p}", n) for n, name in enumerate(modules) for p in "ab")) == [r"^(\w+)\."]
    assert entries_of(*((f"net.{name}.{p}", n) for n, name in enumerate(modules) for p in "ab")) == [r"^net\.(\w+)\."]
    mixed = [(f"mixed_{part}.{p}", n + 1) for n, part in enumerate(("5b", "5c", "6a", "6b", "7a")) for p in "ab"]
    assert entries_of(("stem.a", 0), ("stem.b", 0), *mixed, ("fc.a", 6), ("fc.b", 7)) == [
        r"^stem\.",
        r"^mixed_(\w+)\.",
        r"^fc\.a$",
        r"^fc\.b$",
    ]


def test_layers_of_single_parameters_and_of_single_modules_are_in_the_order_of_the_model() -> None:
    names = [f"{a}.{b}.{c}" for a, b, c in product(("stem", "body", "head"), ("conv", "norm"), ("weight", "bias"))]
    assert entries_of(*((name, n) for n, name in enumerate(names))) == [r"^(.+)$"]
    assert entries_of(*((name, n // 2) for n, name in enumerate(names))) == [r"^(.+)\."]


def test_several_blocks_to_a_layer_are_one_entry() -> None:
    blocks = [(f"s.{s}.b.{n}.w", 1 + n // 3 if s else 0) for s, size in ((0, 3), (1, 9)) for n in range(size)]
    down, head = [("s.0.down.w", 0), ("s.1.down.w", 1)], [("norm.w", 3), ("head.w", 4)]
    assert entries_of(("stem.w", 0), *down, *blocks, *head) == [
        r"^stem\. ^s\.0\.",
        r"every 3 ^s\.1\.b\.(\d+)\.",
        r"join first ^s\.1\.down\.",
        r"join last ^norm\.",
        r"^head\.",
    ]


def test_blocks_that_no_number_divides_are_single() -> None:
    odd = [(f"b.{n}.w", layer) for n, layer in enumerate((0, 0, 0, 1, 1, 2, 2, 2))]
    assert not any(entry.startswith("every") for entry in entries_of(*odd))


def test_numbers_that_look_alike_are_not_divided_for_one_another() -> None:
    odd = [(f"b.{n}.w", layer) for n, layer in (("0", 0), ("1", 0), ("01", 1), ("2", 1), ("3", 1))]
    assert not any(entry.startswith("every") for entry in entries_of(*odd))
    long = "1" * 500
    entries_of(("b.0.w", 0), ("b.1.w", 0), ("b.2.w", 1), (f"b.{long}.w", 1))


def test_what_is_on_a_middle_layer_of_several_blocks_keeps_them_apart() -> None:
    blocks = [(f"b.{n}.w", n // 2) for n in range(6)]
    assert not any(entry.startswith("every") for entry in entries_of(*blocks, ("mid.w", 1)))


def test_layers_that_fall_with_the_numbers_are_single() -> None:
    assert entries_of(*((f"blocks.{n}.w", 3 - n) for n in range(4))) == [rf"^blocks\.{n}\." for n in (3, 2, 1, 0)]


def test_free_parameters_below_all_others_may_be_layers() -> None:
    wanted = [("stem.w", None), *((f"blocks.{n}.w", n - 2 if n >= 2 else None) for n in range(6)), ("head.w", 4)]
    assert entries_of(*wanted, free=["stem.w", "blocks.0.w", "blocks.1.w"]) == [r"^blocks\.(\d+)\.", r"^head\."]
    assert entries_of(*wanted) == [r"^blocks\.(?!(?:0|1)\.)(\d+)\.", r"^head\."]


def test_free_parameters_elsewhere_are_no_layers() -> None:
    wanted = [(f"blocks.{n}.w", (0, 1, None, 2, 3)[n]) for n in range(5)]
    assert entries_of(*wanted, ("head.w", 4), free=["blocks.2.w"]) == [r"^blocks\.(?!2\.)(\d+)\.", r"^head\."]


def test_an_alias_of_a_tied_parameter_is_not_selected_by_another_entry() -> None:
    blocks = [Parameter(f"blocks.{n}.{p}") for n in range(3) for p in ("attn", "mlp")]
    parameters = [Parameter("embed.w", aliases=("blocks.1.tied", "head.w")), *blocks, Parameter("head.bias")]
    inventory, layers = Inventory(parameters), [0, 1, 1, 2, 2, 3, 3, 4]
    entries = ladder(inventory.columns, layers, ())
    assert wrong(inventory, layers, (), entries) == []
    assert entries[1].regexes == (r"^blocks\.(\d+)\.(?:attn|mlp)$",)


def test_a_free_parameter_that_is_tied_to_two_blocks_is_on_no_layer() -> None:
    blocks = [Parameter(f"blocks.{n}.w") for n in range(4)]
    parameters = [Parameter("blocks.9.tied", aliases=("blocks.0.tied", "blocks.2.tied")), *blocks]
    entries = ladder(Inventory(parameters).columns, [None, 0, 1, 2, 3], [0])
    assert entries == (Entry((r"^blocks\.(\d+)\.w$",)),)


def test_odd_names_are_exact() -> None:
    assert entries_of(("a.3.w", 0), ("a.\u0664.w", 1), ("a.5.w", 2), ("a.w w", 3)) != []
    unseen = [(f"a{mark}-.{n}.w", n) for n in range(3) for mark in "\x02\x1b"]
    assert entries_of(*unseen) == [r"^a\x02-\.(\d+)\. ^a\x1b-\.(\d+)\."]
    deep = [".".join(["a"] * depth + [last]) for depth in range(1, 60) for last in "xy"]
    assert len(entries_of(*((name, n % 2) for n, name in enumerate(deep)))) == 2


NAMES = [
    *(f"stages.{s}.{rest}" for s in range(3) for rest in ("down.weight", "out", "blocks")),
    *(f"stages.{s}.blocks.{b}.{rest}" for s in range(3) for b in (0, 1, 10) for rest in ("attn.weight", "norm1.bias")),
    *(f"conv{n}_{m}.0.weight" for n in (1, 2) for m in (1, 2, 10)),
    *("0", "1.0", "01.0", "1", "10", "a", "a.b", "a.b.c", "x-y.w", "h0w1.w", "stem.0.w", "stem.1.w"),
]


@st.composite
def assignments(draw: st.DrawFn) -> tuple[Inventory, list[int | None], list[int]]:
    """A model, the layer of each parameter, and those that are free: anything, or by the beginnings of names."""
    names = draw(st.lists(st.sampled_from(draw(st.sampled_from([NAMES, *VOCABULARIES]))), min_size=1, unique=True))
    depth, size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    beginnings = list(dict.fromkeys(".".join(name.split(".")[:depth]) for name in names))
    layers: list[int | None] = [beginnings.index(".".join(name.split(".")[:depth])) // size for name in names]
    for place in draw(st.lists(st.integers(0, len(names) - 1), max_size=draw(st.sampled_from([0, 2, len(names)])))):
        layers[place] = draw(st.one_of(st.none(), st.integers(0, len(names))))
    free = [place for place, layer in enumerate(layers) if layer is None and draw(st.booleans())]
    order = sorted({layer for layer in layers if layer is not None})
    others = st.sampled_from([*NAMES, "head.tied", "stages.1.tied"]).filter(lambda name: name not in names)
    ties = draw(st.dictionaries(others, st.integers(0, len(names) - 1), max_size=3))
    aliases = {place: tuple(alias for alias, tied in ties.items() if tied == place) for place in ties.values()}
    parameters = [Parameter(name, aliases=aliases.get(place, ())) for place, name in enumerate(names)]
    return Inventory(parameters), [None if layer is None else order.index(layer) for layer in layers], free


@given(assignments())
@settings(deadline=None)
def test_any_assignment_is_exact(assignment: tuple[Inventory, list[int | None], list[int]]) -> None:
    inventory, layers, free = assignment
    entries = ladder(inventory.columns, layers, free)
    if any(layer is not None for layer in layers):
        assert wrong(inventory, layers, free, entries) == []
    else:
        assert entries == ()


@pytest.mark.parametrize("seed", range(3))
def test_layers_in_disorder_are_exact_for_many_names(seed: int) -> None:
    names = [f"blocks.{n}.{part}.weight" for n in range(40) for part in ("attn", "mlp", "norm")]
    layers = [*range(15), *random.Random(seed).choices(range(15), k=len(names) - 15)]
    inventory = Inventory.from_names(names)
    assert wrong(inventory, layers, (), ladder(inventory.columns, layers, ())) == []

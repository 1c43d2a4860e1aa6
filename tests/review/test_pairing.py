"""What became of parameters between two versions of a model."""

from __future__ import annotations

from random import Random

from lrspec.models.parameters import Parameter
from lrspec.review.pairing.pairing import Pairing, pair
from lrspec.review.pairing.renames import Replacement


def parameters(**shapes: tuple[int, ...]) -> list[Parameter]:
    return [Parameter(name.replace("__", "."), shape=shape) for name, shape in shapes.items()]


def blocks(names: dict[str, tuple[int, ...]], prefix: str = "", count: int = 3) -> list[Parameter]:
    return [
        Parameter(f"{prefix}layers.{number}.{name}", shape=shape)
        for number in range(count)
        for name, shape in names.items()
    ]


def names(pairing: Pairing, old: list[Parameter], new: list[Parameter]) -> list[tuple[str, str]]:
    return [(old[one].name, new[other].name) for rename in pairing.renamed for one, other in rename.pairs]


BLOCK = {"norm.weight": (8,), "q.weight": (8, 8), "k.weight": (8, 8), "v.weight": (8, 8), "fc.weight": (16, 8)}


def test_equal_models_are_kept() -> None:
    old = blocks(BLOCK)
    assert pair(old, old) == Pairing(tuple((place, place) for place in range(len(old))), (), (), (), (), ())


def test_a_step_that_goes_is_one_rename_of_all_names() -> None:
    old, new = blocks(BLOCK, "tower.vision_model."), blocks(BLOCK, "tower.")
    (rename,) = pair(old, new).renamed
    assert rename.replacement == Replacement(("vision_model",), ())
    assert rename.pairs == tuple((place, place) for place in range(len(old)))


def test_a_prefix_that_comes_is_one_rename_of_all_names() -> None:
    old, new = blocks(BLOCK), blocks(BLOCK, "model.")
    (rename,) = pair(old, new).renamed
    assert rename.replacement == Replacement((), ("model",))
    assert len(rename.pairs) == len(old)


def test_renamed_modules_of_one_shape_are_told_apart() -> None:
    new = blocks({name.replace("q.", "query.").replace("k.", "key."): shape for name, shape in BLOCK.items()})
    old = blocks(BLOCK)
    pairing = pair(old, new)
    assert {
        (one.rpartition("layers.")[2][2:], other.rpartition("layers.")[2][2:])
        for one, other in names(pairing, old, new)
    } == {
        ("q.weight", "query.weight"),
        ("k.weight", "key.weight"),
    }
    assert not pairing.gone
    assert not pairing.added


def test_one_parameter_is_renamed_if_it_is_where_it_was() -> None:
    old = parameters(cls_token=(1, 8), norm__weight=(8,), head__weight=(2, 8))
    new = parameters(class_token=(1, 8), norm__weight=(8,), head__weight=(2, 8))
    assert names(pair(old, new), old, new) == [("cls_token", "class_token")]
    elsewhere = parameters(norm__weight=(8,), head__weight=(2, 8), mask_token=(1, 8), last=(3,))
    assert pair(old, elsewhere).gone == (0,)
    assert pair(old, elsewhere).added == (2, 3)


def test_another_shape_under_one_name_is_kept() -> None:
    assert pair(parameters(a=(2, 3)), parameters(a=(4, 3))).kept == ((0, 0),)


def test_parts_beside_each_other_are_fused() -> None:
    old = blocks({"w1.weight": (16, 8), "w2.weight": (8, 16), "w3.weight": (16, 8)})
    new = blocks({"w13.weight": (32, 8), "w2.weight": (8, 16)})
    pairing = pair(old, new)
    assert [(each.parts, each.whole) for each in pairing.fused] == [((0, 2), 0), ((3, 5), 2), ((6, 8), 4)]
    assert (pairing.gone, pairing.added) == ((), ())
    assert [(each.parts, each.whole) for each in pair(new, old).split] == [((0, 2), 0), ((3, 5), 2), ((6, 8), 4)]


def test_biases_are_fused_with_biases() -> None:
    old = parameters(a__q__weight=(8, 8), a__q__bias=(8,), a__k__weight=(8, 8), a__k__bias=(8,))
    new = parameters(a__qk__weight=(16, 8), a__qk__bias=(16,))
    assert [(each.parts, each.whole) for each in pair(old, new).fused] == [((0, 2), 0), ((1, 3), 1)]


def test_experts_are_stacked() -> None:
    experts = {f"experts.{number}.{name}.weight": (16, 8) for number in range(4) for name in ("gate", "up")}
    old = parameters(router__weight=(4, 8)) + [Parameter(name, shape=shape) for name, shape in experts.items()]
    new = [old[0], Parameter("experts.gate_up", shape=(4, 32, 8))]
    assert [(each.parts, each.whole) for each in pair(old, new).fused] == [(tuple(range(1, 9)), 1)]


def test_parts_are_fused_in_a_module_that_was_renamed() -> None:
    old, new = (
        blocks(BLOCK, "tower.vision_model."),
        blocks({"norm.weight": (8,), "qkv.weight": (24, 8), "fc.weight": (16, 8)}, "tower."),
    )
    pairing = pair(old, new)
    assert [each.parts for each in pairing.fused] == [(1, 2, 3), (6, 7, 8), (11, 12, 13)]
    assert len(names(pairing, old, new)) == 6


def test_one_that_is_added_is_nothing_else() -> None:
    old = blocks(BLOCK)
    new = [*old, Parameter("adapter.weight", shape=(4, 8))]
    assert pair(old, new).added == (len(old),)
    assert pair(new, old).gone == (len(old),)


def test_towers_of_equal_shapes_are_renamed_in_turn() -> None:
    old = [*blocks(BLOCK, "vision."), *blocks(BLOCK, "text.")]
    for one, other in (("image_encoder.", "language_encoder."), ("towers.0.", "towers.1.")):
        new = [*blocks(BLOCK, one), *blocks(BLOCK, other)]
        assert pair(old, new).pairs == [(place, place) for place in range(len(old))]


def test_numbers_in_words_tell_experts_matrices_apart() -> None:
    def experts(*kinds: str) -> list[Parameter]:
        return [Parameter(f"experts.{n}.{kind}.weight", shape=(16, 8)) for n in range(4) for kind in kinds]

    old = experts("w1", "w2", "w3")
    new = [Parameter("experts.w13", shape=(4, 32, 8)), Parameter("experts.w2", shape=(4, 16, 8))]
    assert [(each.parts, each.whole) for each in pair(old, new).fused] == [
        ((0, 2, 3, 5, 6, 8, 9, 11), 0),
        ((1, 4, 7, 10), 1),
    ]


def test_a_whole_has_the_parts_of_its_own_name_first() -> None:
    old = [Parameter(f"experts.{n}.{kind}.weight", shape=(4, 8)) for n in range(2) for kind in ("norm", "w1")]
    new = [Parameter("experts.w1.weight", shape=(2, 4, 8))]
    assert [each.parts for each in pair(old, new).fused] == [(1, 3)]


def test_parameters_of_other_modules_are_not_fused() -> None:
    old = [Parameter(f"blocks.{n}.attn.q.weight", shape=(8, 8)) for n in range(4)]
    new = [Parameter("proj.weight", shape=(32, 8))]
    assert pair(old, new).fused == ()
    assert pair(old, new).gone == (0, 1, 2, 3)


def test_no_parameter_is_fused_and_split() -> None:
    old = parameters(a__q__weight=(8, 8), a__v__weight=(16, 8))
    new = parameters(a__qv__weight=(24, 8), a__x__weight=(8, 8), a__y__weight=(8, 8))
    pairing = pair(old, new)
    assert [each.parts for each in pairing.fused] == [(0, 1)]
    assert pairing.split == ()
    assert pairing.added == (1, 2)


def test_a_block_that_goes_and_one_that_comes_are_not_one_renamed() -> None:
    old = blocks(BLOCK, count=4)
    new = [Parameter(each.name.replace("layers.0.", "layers.4."), shape=each.shape) for each in old]
    pairing = pair(old, [*new[len(BLOCK) :], *new[: len(BLOCK)]])
    assert pairing.renamed == ()
    assert len(pairing.gone) == len(pairing.added) == len(BLOCK)


def test_each_parameter_has_one_fate() -> None:
    random = Random(0)
    for _ in range(500):
        old, new = (
            [
                Parameter(f"m.{random.randrange(2)}.{name}.weight", shape=random.choice([(2, 4), (4, 4), (6, 4)]))
                for name in random.sample("abcdef", 4)
            ]
            for _ in range(2)
        )
        pairing = pair(old, new)
        fates = [*pairing.pairs, *((part, each.whole) for each in pairing.fused for part in each.parts)]
        olds = [one for one, _ in fates] + [each.whole for each in pairing.split] + [*pairing.gone]
        assert sorted(olds) == [*range(len(old))]

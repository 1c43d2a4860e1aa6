"""Factors from shapes: which sizes parameters have, and what becomes of the factors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.init import _calculate_fan_in_and_fan_out
from transformers.pytorch_utils import Conv1D

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.compiler.sizes import factor, size
from lrspec.formats.explanation import explain
from lrspec.formats.table import table
from lrspec.models.parameters import Parameter
from lrspec.spec.language import SizeFactor
from tests.compiler.checks.linted import zoo
from tests.compiler.checks.marked import expected, found, spec

SIZES = ("rows", "cols", "fan_in", "fan_out")
ALL = "{match: '^.+$', lr_mult: 1}"
VIT = zoo("vit_base_patch16_224")


def sizes(*parameters: Parameter) -> list[tuple[int | None, ...]]:
    columns = lrspec.Inventory(parameters).columns
    return [tuple(size(columns, index, of) for of in SIZES) for index in range(len(parameters))]


def of_module(module: nn.Module, name: str = "weight") -> tuple[int | None, ...]:
    inventory = lrspec.Inventory.from_model(nn.ModuleDict({"a": module}))
    return tuple(size(inventory.columns, inventory.index[f"a.{name}"], of) for of in SIZES)


def parameter(shape: Sequence[int] | None, *owners: Sequence[str], name: str = "a") -> Parameter:
    aliases = tuple(f"{name}{index}" for index in range(1, len(owners)))
    first, *others = map(tuple, owners or [()])
    return Parameter(name, aliases, None if shape is None else tuple(shape), True, first, tuple(others))


# ------------------------------------------------------------------------------------------- which sizes there are


def test_a_matrix_has_rows_and_columns_and_fans_as_a_linear_layer() -> None:
    assert of_module(nn.Linear(3, 5)) == (5, 3, 3, 5)
    assert of_module(nn.Bilinear(2, 3, 5)) == (None,) * 4  # three dimensions, and no convolution
    assert of_module(nn.LSTM(3, 5), "weight_ih_l0") == (20, 3, 3, 20)


def test_the_linear_layer_of_gpt2_has_its_inputs_first() -> None:
    assert of_module(Conv1D(5, 3)) == (3, 5, 3, 5)  # five outputs, three inputs


CONVOLUTIONS = (
    nn.Conv1d(6, 4, 3),
    nn.Conv2d(6, 4, (3, 5)),
    nn.Conv2d(6, 4, 3, groups=2),
    nn.Conv3d(6, 4, (1, 2, 3)),
    nn.ConvTranspose1d(6, 4, 3),
    nn.ConvTranspose2d(6, 4, 3, groups=2),
)


@pytest.mark.parametrize("convolution", CONVOLUTIONS, ids=str)
def test_a_convolution_has_the_fans_of_torch_and_no_rows(convolution: nn.Module) -> None:
    assert isinstance(convolution.weight, torch.Tensor)
    assert of_module(convolution) == (None, None, *_calculate_fan_in_and_fan_out(convolution.weight))


class Table(nn.Embedding):
    """A class derived from an embedding."""


@pytest.mark.parametrize("table_of_rows", [nn.Embedding(10, 4), nn.EmbeddingBag(10, 4), Table(10, 4)], ids=str)
def test_an_embedding_has_rows_and_columns_and_no_fans(table_of_rows: nn.Module) -> None:
    assert of_module(table_of_rows) == (10, 4, None, None)


def test_an_embedding_of_an_inventory_is_known_by_the_name_of_its_class() -> None:
    assert (
        sizes(parameter((10, 4), ["Embedding"]), parameter((10, 4), ["Table", "EmbeddingBag"], name="b"))
        == [(10, 4, None, None)] * 2
    )


def test_any_owner_of_a_tied_parameter_makes_it_an_embedding_a_convolution_or_transposed() -> None:
    assert sizes(parameter((10, 4), ["Linear"], ["Embedding"])) == [(10, 4, None, None)]
    assert sizes(parameter((10, 4), ["Linear"], ["Conv1D"])) == [(10, 4, 10, 4)]
    assert sizes(parameter((10, 4, 2), ["Block"], ["Conv1d", "_ConvNd"])) == [(None, None, 8, 20)]


def test_an_embedding_tied_to_a_head_has_no_fans() -> None:
    model = nn.ModuleDict({"a": nn.Linear(4, 10, bias=False), "b": nn.Embedding(10, 4)})
    model["b"].weight = model["a"].weight
    inventory = lrspec.Inventory.from_model(model)
    assert [size(inventory.columns, 0, of) for of in SIZES] == [10, 4, None, None]


def test_vectors_scalars_position_embeddings_and_fused_experts_have_no_size() -> None:
    shapes = [(), (4,), (1, 197, 768), (8, 4, 4)]
    assert sizes(*(parameter(shape, ["Block"], name=f"a{n}_") for n, shape in enumerate(shapes))) == [(None,) * 4] * 4


def test_a_size_of_0_is_none() -> None:
    assert sizes(parameter((0, 4), ["Linear"])) == [(None, 4, 4, None)]
    assert sizes(parameter((4, 0, 3), ["Conv1d", "_ConvNd"])) == [(None, None, None, 12)]


def test_a_shape_that_is_not_known_has_no_size() -> None:
    assert sizes(parameter(None, ["Linear"])) == [(None,) * 4]


def test_a_factor_is_computed_in_float64() -> None:
    assert factor(SizeFactor(of="rows", base=256, power=-1), 1024) == 0.25
    assert factor(SizeFactor(of="rows", power=-0.5), 3) == 3**-0.5
    assert factor(SizeFactor(of="rows", base=3, power=1), 1) == 1 / 3
    assert factor(SizeFactor(of="rows", power=1e3), 10) == float("inf")
    assert factor(SizeFactor(of="rows", base=1e308, power=-2), 1) == float("inf")


# ------------------------------------------------------------------------------------------- what becomes of them


class Net(nn.Module):
    """Two hidden layers of different widths, an embedding, a norm and a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 256)
        self.up, self.down = nn.Linear(256, 1024), nn.Linear(1024, 256)
        self.norm = nn.LayerNorm(256)
        self.conv = nn.Conv1d(64, 32, 4)


NET = lrspec.Inventory.from_model(Net())
MUP = "{name: mup, match: '^(up|down|conv)\\.weight$', lr_scale: {of: fan_in, base: 256, power: -1}}"
DECAYED = "{name: mup, match: '^(up|down)\\.weight$', weight_decay_mult: {of: fan_in, base: 256, power: 1}}"


def settings(text: str, model: lrspec.Inventory = NET) -> dict[str, tuple[float | None, float | None]]:
    plan = lrspec.compile(lrspec.loads(text), model)
    return {planned.name: (planned.settings.lr, planned.settings.weight_decay) for planned in plan.parameters}


def test_rates_and_groups_go_by_the_resulting_number() -> None:
    plan = lrspec.compile(lrspec.loads(spec(f"{ALL}\n{MUP}")), NET)
    rates = {planned.name: planned.settings.lr for planned in plan.parameters}
    assert rates["up.weight"] == rates["conv.weight"] == 1e-3
    assert rates["down.weight"] == 2.5e-4
    assert rates["embed.weight"] == rates["down.bias"] == 1e-3
    assert plan.groups is not None
    assert [len(group.params) for group in plan.groups] == [8, 1]


def test_weight_decay_is_multiplied_by_the_size() -> None:
    decays = settings(spec(f"{ALL}\n{DECAYED}"))
    assert (decays["up.weight"][1], decays["down.weight"][1], decays["up.bias"][1]) == (0.05, 0.2, 0.05)


def test_of_several_optimizers_each_ones_weight_decay_is_multiplied() -> None:
    two = "{a: {type: AdamW, lr: 1e-3, weight_decay: 0.05}, b: {type: SGD, lr: 0.1, weight_decay: 1e-3}}"
    decays = settings(spec(f"{ALL}\n{{match: '^up\\.', optimizer: b}}\n{DECAYED}", two))
    assert decays["up.weight"] == (0.1, 1e-3)
    assert decays["down.weight"] == (1e-3, 0.05 * 4)


def test_of_several_optimizers_one_without_weight_decay_is_one_finding() -> None:
    two = "{a: {type: AdamW, lr: 1e-3, weight_decay: 0.05}, b: {type: SGD, lr: 0.1}}"
    rules = f"{ALL}\n{{match: '^(up|down)\\.', optimizer: b}}\n{DECAYED.replace('{of', '«{of').replace('}}', '}»}')}"
    text = spec(rules, two)
    assert found(text, NET) == expected(text, "LRS104")


PAGE_OF_REFUSALS = {
    "no power": ("lr_scale: «{of: fan_in}»", "the key `power` of `lr_scale` is missing"),
    "a power of 0": ("lr_scale: {of: fan_in, power: «0»}", "`power`: expected a number other than 0, found 0"),
    "no size of that name": ("lr_scale: {of: «width», power: -1}", "`of`: expected 'rows', 'cols', 'fan_in' or"),
    "a base of 0": ("lr_scale: {of: cols, power: -1, base: «0»}", "`base`: expected a number above 0, found 0"),
    "a negative base": ("lr_scale: {of: cols, power: -1, base: «-2»}", "`base`: expected a number above 0"),
    "no size": ("weight_decay_mult: «{power: 1}»", "the key `of` of `weight_decay_mult` is missing"),
    "a power in quotes": ("lr_scale: {of: cols, power: «'-1'»}", "`power`: expected a number, found the string '-1'"),
    "true as a base": ("lr_scale: {of: cols, power: 1, base: «true»}", "`base`: expected a number, found true"),
    "a list": ("lr_scale: «[1, 2]»", "`lr_scale`: expected a number, or `{of: fan_in, base: …, power: …}`"),
}


@pytest.mark.parametrize(("setting", "message"), PAGE_OF_REFUSALS.values(), ids=PAGE_OF_REFUSALS)
def test_what_is_no_factor_from_a_shape_is_refused(setting: str, message: str) -> None:
    text = spec(f"{{match: '.', lr: 1, {setting}}}")
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.loads(text.replace("«", "").replace("»", ""))
    (diagnostic,) = caught.value.diagnostics
    (_, line, column, piece) = expected(text, "LRS104")[0]
    assert (diagnostic.code, diagnostic.line, diagnostic.column) == ("LRS104", line, column)
    assert diagnostic.end_column == column + len(piece)
    assert message in diagnostic.message


def test_an_unknown_key_of_a_factor_is_unknown() -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.loads(spec("{match: '.', lr: 1, lr_scale: {of: cols, pow: -1}}"))
    assert [found.code for found in caught.value.diagnostics] == ["LRS103"]


# ------------------------------------------------------------------------------------------- what is found


def test_biases_and_the_position_embedding_of_a_vit_have_no_fan_in() -> None:
    text = spec("{match: '.', lr_mult: 1, lr_scale: {of: «fan_in», power: -1}}")
    assert [each for each in found(text, VIT) if each[0] != "LRS302"] == expected(text, "LRS214")
    found_in = lrspec.check(lrspec.loads(text.replace("«", "").replace("»", "")), VIT)
    (diagnostic,) = [each for each in found_in if each.code == "LRS214"]
    without = {planned.name for planned in VIT.parameters if planned.shape and len(planned.shape) != 2}
    assert set(diagnostic.parameters) == without - {"patch_embed.proj.weight"}
    assert {"pos_embed", "blocks.0.attn.qkv.bias"} <= set(diagnostic.parameters)


def test_a_frozen_parameter_needs_no_size() -> None:
    text = spec(
        f"{{match: '(bias|norm|embed|conv)', freeze: true}}\n{ALL}\n{{match: '^', lr_scale: {{of: cols, power: -1}}}}"
    )
    assert "LRS214" not in {code for code, *_ in found(text, NET)}


def test_where_another_rule_holds_no_size_is_needed() -> None:
    first = "{match: ['bias$', '^(norm|embed)\\.'], lr_scale: 2}"
    text = spec(f"{ALL}\n{first}\n{{fallback: true, lr_scale: {{of: fan_in, power: -1}}}}")
    assert found(text, NET) == []


def test_a_parameter_in_no_group_counts_as_trained() -> None:
    text = spec("{match: '^norm', lr_scale: {of: «fan_in», power: -1}}")
    text = text.replace("check: {", "check: {unmatched-parameter: warning, ")
    assert expected(text, "LRS214")[0] in found(text, NET)


def test_lowered_the_factor_is_1_and_overlaps_with_nothing() -> None:
    scaled = "{name: mup, match: '^(up|norm)\\.', lr_scale: {of: cols, base: 256, power: -1}}"
    more = "{match: '^(up\\.bias|norm\\.)', lr_scale: 3}"
    lowered = spec(f"{ALL}\n{scaled}\n{more}").replace("check: {", "check: {no-such-number: ignore, ")
    outcome = attempt(lrspec.loads(lowered), NET)
    assert [found.code for found in outcome.diagnostics] == ["LRS204"]  # the second rule comes too late
    assert outcome.plan is not None
    assert {planned.settings.lr for planned in outcome.plan.parameters} == {1e-3}


def test_overlaps_and_redundancy_go_by_the_resulting_number() -> None:
    scaled = "{name: mup, match: '^(up|down)\\.weight$', lr_scale: {of: fan_in, base: 256, power: -1}}"
    text = spec(f"{ALL}\n{scaled}\n{{match: '^down\\.weight$', lr_scale: «0.25»}}")
    assert expected(text, "LRS209")[0] in found(text, NET)
    text = spec(
        f"{ALL}\n{{match: '^down\\.weight$', lr_scale: 0.5}}\n{scaled.replace('{of', '«{of').replace('}}', '}»}')}"
    )
    assert found(text, NET) == expected(text, "LRS202")


def test_a_message_about_several_values_names_none() -> None:
    scaled = "{name: mup, match: '^(up|down)\\.weight$', lr_scale: {of: fan_in, base: 256, power: -1}}"
    (_, diagnostic) = lrspec.check(
        lrspec.loads(spec(f"{ALL}\n{scaled}\n{{name: twice, match: '^(up|down)\\.weight$', lr_scale: 2}}")), NET
    )
    assert diagnostic.message.startswith(
        "`mup` sets `lr_scale` of 2 parameters (524,288 elements) before `twice` does\n"
    )


def test_a_product_that_is_not_finite_is_refused_at_the_factor() -> None:
    text = spec(f"{ALL}\n{{match: '^up\\.weight$', lr_scale: «{{of: fan_in, power: 200}}»}}")
    assert found(text, NET) == expected(text, "LRS104")
    text = spec(f"{ALL}\n{{match: '^(up|down)\\.weight$', weight_decay_mult: «{{of: fan_in, power: 200}}»}}")
    assert found(text, NET) == expected(text, "LRS104")
    nothing = spec(
        f"{ALL}\n{{match: '^up\\.weight$', weight_decay_mult: {{of: fan_in, power: 200}}}}",
        "{type: AdamW, lr: 1e-3, weight_decay: 0}",
    )
    assert {code for code, *_ in found(nothing, NET)} == {"LRS104"}


def test_values_above_1_are_found_at_the_factor() -> None:
    text = spec(f"{ALL}\n{{match: '^up\\.weight$', lr_scale: «{{of: fan_in, power: 2}}»}}")
    assert found(text, NET) == expected(text, "LRS304")
    text = spec(f"{ALL}\n{{match: '^up\\.weight$', weight_decay_mult: «{{of: fan_in, power: 1}}»}}")
    assert found(text, NET) == expected(text, "LRS304")


def test_a_decay_above_1_that_a_small_factor_leaves_is_the_optimizers() -> None:
    text = spec(
        "{match: '^.+$', lr_mult: 1, exclude: '^up\\.weight$', weight_decay: 0}\n"
        "{match: '^up\\.weight$', lr_mult: 1, weight_decay_mult: {of: fan_in, base: 512, power: 1}}",
        "{type: AdamW, lr: 1e-3, weight_decay: «4»}",
    )
    assert found(text, NET) == expected(text, "LRS304")


def test_a_factor_of_0_is_found_at_the_factor() -> None:
    text = spec(f"{ALL}\n{{match: '^up\\.weight$', lr_scale: «{{of: fan_in, power: -200}}»}}")
    assert found(text, NET) == expected(text, "LRS303")


def test_a_fallback_behind_a_factor_is_judged_by_the_number_without_it() -> None:
    rules = """
        {match: '^up\\.', lr_mult: 1}
        {fallback: true, lr_mult: 1, weight_decay_mult: %s}
        {match: '^up\\.weight$', fallback: true, weight_decay_mult: {of: fan_in, base: 512, power: 1}}
    """
    equal = spec(rules % "0.5")
    assert "LRS312" in {code for code, *_ in found(equal, NET)}  # of `up.bias`
    only = equal.replace("match: '^up\\.', lr", "match: '^up\\.weight$', lr")
    assert "LRS312" not in {code for code, *_ in found(only, NET)}


# ------------------------------------------------------------------------------------------- names without shapes


def test_names_without_shapes_are_unknown_at_the_setting() -> None:
    names = lrspec.Inventory.from_names(["up.weight", "up.bias"])
    text = spec(
        f"{ALL}\n{{match: '^up', lr_scale: «{{of: fan_in, power: -1}}», weight_decay_mult: «{{of: cols, power: 1}}»}}"
    )
    assert found(text, names) == expected(text, "LRS208")


def test_one_parameter_without_its_shape_is_enough() -> None:
    some = lrspec.Inventory((parameter((4,), ["Linear"], name="a"), parameter(None, name="b")))
    text = spec(f"{ALL}\n{{match: '^[ab]', lr_scale: «{{of: cols, power: -1}}»}}")
    assert found(text, some) == expected(text, "LRS208")
    text = spec(f"{ALL}\n{{match: '^a', lr_scale: {{of: «cols», power: -1}}}}")
    assert found(text, some) == expected(text, "LRS214")


def test_lowered_names_without_shapes_have_the_factor_1() -> None:
    names = lrspec.Inventory.from_names(["up.weight"])
    text = spec(f"{ALL}\n{{match: '^up', lr_scale: {{of: fan_in, power: -1}}}}")
    assert settings(text.replace("check: {", "check: {shape-unknown: ignore, "), names) == {"up.weight": (1e-3, 0.05)}


# ------------------------------------------------------------------------------------------- what is shown


def explained(text: str, name: str, model: lrspec.Inventory = NET) -> str:
    outcome = attempt(lrspec.loads(text), model)
    assert outcome.resolution is not None
    assert outcome.plan is not None
    return explain(outcome.resolution, outcome.plan, model.index[name])


def test_an_explanation_writes_the_factor_out() -> None:
    text = explained(spec(f"{ALL}\n{MUP}"), "down.weight")
    assert "learning rate   2.5e-4 = 0.001 (optimizer.lr) × 1 (lr_mult of rule-1) × 0.25" in text.replace(
        "0.00025", "2.5e-4"
    )
    assert "0.25 (mup: (1024 / 256) ** -1, fan_in)" in text
    assert "mup     selects it by '^(up|down|conv)\\.weight$': sets `lr_scale` to 0.25" in text


def test_an_explanation_writes_the_factor_of_weight_decay_out() -> None:
    text = explained(spec(f"{ALL}\n{DECAYED}"), "down.weight")
    assert "weight decay    0.2 = 0.05 (optimizer.weight_decay) × 4 (mup: (1024 / 256) ** 1, fan_in)" in text


def test_an_explanation_leaves_out_a_base_of_1_and_tells_a_missing_size() -> None:
    scaled = spec(f"{ALL}\n{{name: s, match: '^down', lr_scale: {{of: rows, power: -0.5}}}}")
    assert "0.0625 (s: 256 ** -0.5, rows)" in explained(scaled, "down.weight")
    assert "× 1 (s: no rows)" in explained(scaled, "down.bias")


def test_the_table_writes_the_size_and_the_power() -> None:
    shown = table(lrspec.compile(lrspec.loads(spec(f"{ALL}\n{MUP}\n{DECAYED.replace('mup', 'decay')}")), NET))
    assert "lr_scale ×fan_in^-1" in shown
    assert "weight_decay_mult ×fan_in^1" in shown


def test_an_override_reaches_the_parts_of_a_factor(tmp_path: Path) -> None:
    file = lrspec.loads(spec(f"{ALL}\n{MUP}"))
    rates = lrspec.compile(file.override({"rules.mup.lr_scale.base": 512}), NET)
    assert {each.name: each.settings.lr for each in rates.parameters}["down.weight"] == 5e-4
    without_base = lrspec.loads(spec(f"{ALL}\n{MUP.replace('base: 256, ', '')}"))
    assert without_base.override({"rules.mup.lr_scale.base": 256}).spec == file.spec
    assert file.override({"rules.mup.lr_scale.of": "fan_out", "rules.mup.lr_scale.power": 0.5}).spec != file.spec
    plain = file.override({"rules.mup.lr_scale": 2})
    assert plain.override({"rules.mup.lr_scale": {"of": "fan_in", "base": 256, "power": -1}}).spec == file.spec
    with pytest.raises(lrspec.OverrideError, match="expected a number other than 0"):
        file.override({"rules.mup.lr_scale.power": 0})
    with pytest.raises(lrspec.OverrideError, match="is not a mapping"):
        plain.override({"rules.mup.lr_scale.base": 512})


def test_families_of_one_name_have_factors_of_their_own() -> None:
    """Blocks whose widths differ: names that differ in digits alone are not alike."""
    model = nn.ModuleDict({"blocks": nn.ModuleList([nn.Linear(2**n, 2, bias=False) for n in range(1, 5)])})
    text = spec("{match: '^blocks', lr_mult: 1, lr_scale: {of: fan_in, power: -1}}")
    rates = settings(text, lrspec.Inventory.from_model(model))
    assert [rate for rate, _ in rates.values()] == [1e-3 / 2, 1e-3 / 4, 1e-3 / 8, 1e-3 / 16]

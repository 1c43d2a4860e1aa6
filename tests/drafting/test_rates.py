"""Rules for learning rates give every parameter its rate, and say it as a person would."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st

from lrspec import Inventory, Settings, loads
from lrspec.compiler.compile import attempt
from lrspec.diagnostics.wording import count
from lrspec.drafting.axes import freeze_rules
from lrspec.drafting.draft import draft
from lrspec.drafting.prove import TooLongError
from lrspec.drafting.rates.rates import rate_rules
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.wanted import Wanted
from lrspec.drafting.write import scalar, spec_text
from lrspec.models.by_name import inventory_of
from lrspec.spec.language import Optimizer
from tests.drafting.plans import wanted_of
from tests.drafting.real import LADDERS, inventory
from tests.drawing import drawn

LEAVES = ("norm1.weight", "norm1.bias", "attn.qkv.weight", "attn.qkv.bias", "mlp.fc1.weight", "mlp.fc1.bias")
VIT = [
    *("cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"),
    *(f"blocks.{block}.{leaf}" for block in range(12) for leaf in LEAVES),
    *("norm.weight", "norm.bias", "head.weight", "head.bias"),
]
DETECTOR = [
    *("backbone.conv1.weight", "backbone.bn1.weight", "backbone.bn1.bias"),
    *(f"backbone.layer{n}.{b}.conv.{leaf}" for n in (1, 2) for b in (0, 1) for leaf in ("weight", "bias")),
    *("neck.conv.weight", "neck.conv.bias", "head.fc.weight", "head.fc.bias"),
]
TOWER = ("embed.weight", *(f"layers.{n}.{leaf}" for n in range(6) for leaf in ("fc.weight", "norm.weight")))
VLM = [
    *(f"model.vision_tower.{name}" for name in (*TOWER, "norm.weight")),
    *("model.projector.0.weight", "model.projector.2.weight"),
    *(f"model.language_model.{name}" for name in (*TOWER, "norm.weight")),
    "lm_head.weight",
]
DEPTH = """\
  - name: depth
    layers:
      - ['^(?:cls_token|pos_embed)$', '^patch_embed\\.']
      - '^blocks\\.(\\d+)\\.'
      - join: '^norm\\.'
      - '^head\\.'
"""

Multiple = Callable[[str], float | None]


def vit_layer(name: str) -> int:
    first, *rest = name.split(".")
    return {"blocks": int(rest[0]) + 1 if first == "blocks" else 0, "norm": 12, "head": 13}.get(first, 0)


def ladder(name: str, factor: float = 0.75) -> float:
    return factor ** (13 - vit_layer(name))


def tower_layer(name: str) -> int:
    words = name.split(".")
    return 6 if "norm" in words[2] else 0 if "embed" in words[2] else int(words[3]) + 1


def wanted(names: Sequence[str] | Inventory, multiples: Iterable[float | None], lr: float = 1e-3) -> Wanted:
    inventory = names if isinstance(names, Inventory) else Inventory.from_names(names)
    settings = [None if multiple is None else Settings(lr * multiple, None, ()) for multiple in multiples]
    return Wanted(inventory, settings, {"optimizer": Optimizer(type="AdamW", lr=lr)})


def text_of(wanted: Wanted, clean: bool = True) -> str:
    """The rules for rates as text, which are compiled with those that freeze, and give just what is wanted."""
    rules = rate_rules(wanted)
    numbered = [replace(rule, name=f"{rule.name}-{number}") for number, rule in enumerate(rules)]
    text = spec_text(wanted.bases, [*freeze_rules(wanted), *numbered])
    outcome = attempt(loads(text), wanted.inventory)
    assert outcome.plan is not None, outcome.diagnostics
    for parameter, settings in zip(outcome.plan.parameters, wanted.settings, strict=True):
        assert parameter.status.trains == (settings is not None), parameter.name
        if settings is not None and settings.lr is not None:
            assert parameter.settings.lr is not None
            assert math.isclose(parameter.settings.lr, settings.lr, rel_tol=1e-12), (parameter.name, text)
    assert not clean or not outcome.diagnostics, outcome.diagnostics
    return re.sub(" +#", "   #", spec_text({}, rules).partition("rules:\n")[2])


def drafted(names: Sequence[str], multiple: Multiple, lr: float = 1e-3) -> str:
    return text_of(wanted(names, map(multiple, names), lr))


def outline(rules: Sequence[DraftRule]) -> list[str]:
    """Each rule in a line, without its selectors."""
    return [" ".join([rule.name, *(f"{key}: {scalar(value)}" for key, value in rule.settings)]) for rule in rules]


def rest(multiple: str) -> str:
    return f"  - name: rest\n    fallback: true\n    lr_mult: {multiple}\n"


def rule(name: str, regex: str, setting: str) -> str:
    return f"  - name: {name}\n    match: '{regex}'\n    {setting}\n"


@pytest.mark.parametrize("multiple", [1, 0.1, 3])
def test_one_rate_is_a_fallback(multiple: float) -> None:
    assert drafted(VIT, lambda name: multiple) == rest(str(multiple))


def test_a_model_of_one_parameter_has_one_rule() -> None:
    assert drafted(["weight"], lambda name: 1) == rest("1")


def test_a_multiple_is_short_although_it_was_computed() -> None:
    """0.1 · 3e-4 is 2.9999999999999997e-05."""
    assert drafted(VIT, lambda name: 0.1, lr=3e-4) == rest("0.1")


def test_head_and_body_are_two_rates_and_no_ladder() -> None:
    found = drafted(VIT, lambda name: 1 if name.startswith("head.") else 0.1)
    assert found == rule("head", r"^head\.", "lr_mult: 1") + rest("0.1")


def test_the_rate_that_is_hardest_to_select_is_the_fallback() -> None:
    rates = {"backbone": 0.1, "neck": 0.5}
    found = drafted(DETECTOR, lambda name: rates.get(name.partition(".")[0], 1))
    backbone, neck = rule("backbone", r"^backbone\.", "lr_mult: 0.1"), rule("neck", r"^neck\.", "lr_mult: 0.5")
    assert found == backbone + neck + rest("1")


def test_a_long_multiple_that_is_a_quotient_has_a_comment() -> None:
    """As `lr / 2.6` for the layers of BERT."""
    found = drafted(DETECTOR, lambda name: 1 / 2.6 if name.startswith("backbone.layer1.") else 1)
    assert found.startswith("  - name: layer1   # the rate divided by 2.6\n")


def test_parts_apart_at_one_rate_have_rules_of_their_own() -> None:
    """As `lr_backbone_names` and `lr_linear_proj_names` of Deformable DETR."""
    offsets = [f"decoder.{n}.attn.{part}.weight" for n in range(2) for part in ("offsets", "proj")]
    found = drafted([*DETECTOR, *offsets], lambda name: 0.1 if "backbone." in name or "offsets" in name else 1)
    backbone, sampling = (
        rule(name, regex, "lr_mult: 0.1") for name, regex in (("backbone", r"^backbone\."), ("offsets", r"\.offsets\."))
    )
    assert found == backbone + sampling + rest("1")
    assert drafted(VIT, lambda name: 0.1 if vit_layer(name) == 0 else 1).count("- name:") == 2


def test_a_rate_is_absolute_where_the_multiple_would_be_long() -> None:
    found = drafted(DETECTOR, lambda name: 3e-5 / 7e-4 if "backbone" in name else 1, lr=7e-4)
    assert found == rule("backbone", r"^backbone\.", "lr: 3e-5") + rest("1")


@pytest.mark.parametrize(("multiple", "setting"), [(2000, "lr: 2"), (1e-4, "lr: 1e-7"), (500, "lr_mult: 500")])
def test_nobody_multiplies_by_a_thousand(multiple: float, setting: str) -> None:
    rules = rate_rules(wanted(DETECTOR, [multiple if "backbone" in name else 1 for name in DETECTOR]))
    assert f"backbone {setting}" in outline(rules)


def test_a_multiple_that_is_its_optimizers_rate_is_written_as_a_rate() -> None:
    """It would be LRS319, and this is tested with the lints."""
    found = drafted(DETECTOR, lambda name: 1e-3 if "backbone" in name else 1)
    assert found == rule("backbone", r"^backbone\.", "lr: 1e-6") + rest("1")


def test_a_rate_that_looks_like_a_multiple_is_written_as_a_multiple() -> None:
    """It would be LRS310."""
    rules = rate_rules(wanted(DETECTOR, [0.1 / 7e-3 if "backbone" in name else 1 for name in DETECTOR], lr=7e-3))
    assert outline(rules) == ["backbone lr_mult: 14.285714285714", "rest lr_mult: 1"]


def test_a_rate_of_zero_is_a_rate() -> None:
    multiples = [0 if name.startswith("patch_embed.") else 1 for name in VIT]
    found = text_of(wanted(VIT, multiples), clean=False)  # LRS303
    assert found == rule("patch-embed", r"^patch_embed\.", "lr_mult: 0") + rest("1")


def test_rates_that_are_no_powers_are_single() -> None:
    found = drafted(VIT, lambda name: (vit_layer(name) + 1) / 14)
    assert "layer_decay" not in found
    assert count(found.count("lr_mult"), "rule") == "14 rules"
    assert rule("blocks-5", r"^blocks\.5\.", "lr_mult: 0.5") in found


def test_powers_of_one_factor_are_a_ladder() -> None:
    assert drafted(VIT, ladder) == f"{DEPTH}    layer_decay: 0.75\n"


def test_the_top_of_a_ladder_may_have_another_rate() -> None:
    found = drafted(VIT, lambda name: 0.1 * ladder(name))
    assert found == f"{DEPTH}    lr_mult: 0.1\n    layer_decay: 0.75\n"


def test_a_ladder_has_a_floor_and_a_layer_for_each_block_below_it() -> None:
    found = drafted(VIT, lambda name: max(ladder(name), 0.1))
    assert found == f"{DEPTH}    layer_decay: {{factor: 0.75, min_mult: 0.1}}\n"


def test_a_ladder_keeps_its_floor_where_a_higher_rate_would_make_that_a_long_number() -> None:
    names = [*(f"blocks.{n}.weight" for n in range(6)), "norm.weight"]
    found = rate_rules(wanted(names, [*(max(0.25 ** (5 - n), 0.101) for n in range(6)), 4]))
    assert outline(found) == ["depth layer_decay: {factor: 0.25, min_mult: 0.101}", "norm lr_mult: 4"]


def test_rates_may_be_powers_only_up_to_rounding() -> None:
    rates = [1.0]
    while len(rates) < len(VIT):
        rates.append(rates[-1] * 0.9)
    found = text_of(wanted(VIT, reversed(rates)))
    assert found.endswith("    layers: '^(.+)$'\n    layer_decay: 0.9\n")


def test_rates_by_block_are_one_rule() -> None:
    inventory = inventory_of("resnet18", {}, Path())
    blocks = list(dict.fromkeys(name.partition(".")[0] for name in inventory.columns.names))
    multiples = [0.9 ** (6 - blocks.index(name.partition(".")[0])) for name in inventory.columns.names]
    [found] = rate_rules(wanted(inventory, multiples))
    assert outline([found]) == ["depth layer_decay: 0.9"]
    text_of(wanted(inventory, multiples))


def test_three_slices_of_a_model_are_a_ladder() -> None:
    slices = {"backbone": 1e-2, "neck": 1e-1, "head": 1}
    found = drafted(DETECTOR, lambda name: slices[name.partition(".")[0]])
    assert "- '^backbone\\.'\n      - '^neck\\.'\n      - '^head\\.'\n    layer_decay: 0.1\n" in found


def test_steps_that_no_layer_has_are_a_gap() -> None:
    found = drafted(VIT, lambda name: ladder(name) * (1 if vit_layer(name) > 6 else 0.75**3))
    assert found.endswith(
        "      - ['^(?:cls_token|pos_embed)$', '^patch_embed\\.']\n"
        "      - '^blocks\\.([0-5])\\.'\n      - {gap: 3}\n      - '^blocks\\.(?![0-5]\\.)(\\d+)\\.'\n"
        "      - join: '^norm\\.'\n      - '^head\\.'\n    layer_decay: 0.75\n"
    )
    found = drafted(VIT, lambda name: 0.75 * ladder(name) if vit_layer(name) < 13 else 1)
    assert found == DEPTH.replace("      - '^head", "      - {gap: 1}\n      - '^head") + "    layer_decay: 0.75\n"


def test_a_ladder_from_a_short_rate_is_said_by_its_first_layer() -> None:
    """fastai's `slice(1e-5, 1e-3)`."""
    found = drafted(VIT, lambda name: 0.01 ** ((13 - vit_layer(name)) / 13))
    assert found == f"{DEPTH}    layer_decay: {{first: 0.01}}\n"
    found = drafted(VIT, lambda name: 0.2 * 0.01 ** ((13 - vit_layer(name)) / 13))
    assert found == f"{DEPTH}    lr_mult: 0.2\n    layer_decay: {{first: 0.01}}\n"


@pytest.mark.parametrize(("factor", "written"), [(0.1, "0.1"), (0.987654, "0.987654")])
def test_a_ladder_is_said_by_its_factor_where_that_is_shorter(factor: float, written: str) -> None:
    assert drafted(VIT, lambda name: ladder(name, factor)).endswith(f"    layer_decay: {written}\n")


def test_several_blocks_to_a_layer_and_a_gap_are_one_ladder() -> None:
    def multiple(name: str) -> float:
        layer = vit_layer(name)
        return float(0.8 ** (9 - (9 if layer == 13 else 0 if layer == 0 else 1 + (layer - 1) // 3)))

    found = drafted(VIT, multiple)
    assert (
        found
        == DEPTH.replace(
            "      - '^blocks\\.(\\d+)\\.'\n      - join: '^norm\\.'\n",
            "      - {match: '^blocks\\.(\\d+)\\.', every: 3}\n      - join: '^norm\\.'\n      - {gap: 4}\n",
        )
        + "    layer_decay: 0.8\n"
    )


def test_rates_against_the_order_of_the_model_are_no_ladder() -> None:
    found = drafted(DETECTOR, lambda name: {"backbone": 1, "neck": 0.1, "head": 0.01}[name.partition(".")[0]])
    assert "layer_decay" not in found


def test_frozen_blocks_below_have_layers_of_their_own() -> None:
    found = drafted(VIT, lambda name: ladder(name) if vit_layer(name) > 4 else None)
    assert "      - '^blocks\\.(\\d+)\\.'\n      - join: '^norm\\.'\n      - '^head\\.'\n" in found


def test_a_frozen_parameter_is_not_selected_by_two_rules() -> None:
    """It would be LRS202."""
    drafted(
        [f"body.{n}.{leaf}" for n in range(4) for leaf in ("fc.weight", "fc.bias")],
        lambda name: None if name.endswith("bias") else {"0": 0.1, "1": 0.7, "2": 0.3, "3": 1}[name.split(".")[1]],
    )


def test_biases_have_a_factor_on_top_of_a_ladder() -> None:
    found = drafted(VIT, lambda name: ladder(name) * (2 if name.endswith("bias") else 1))
    assert found == f"{DEPTH}    layer_decay: 0.75\n" + rule("biases", r"\.bias$", "lr_scale: 2")


def test_biases_at_another_rate_are_two_rates() -> None:
    found = drafted(VIT, lambda name: 2 if name.endswith("bias") else 1)
    assert found == rule("biases", r"\.bias$", "lr_mult: 2") + rest("1")


def test_the_cross_product_of_two_factors_comes_apart() -> None:
    found = drafted(VIT, lambda n: (1 if n.startswith("head.") else 0.1) * (2 if n.endswith("bias") else 1))
    two = rule("head", r"^head\.", "lr_mult: 1") + rest("0.1")
    assert found == two + rule("biases", r"\.bias$", "lr_scale: 2")


def test_a_cross_product_of_three_is_the_products_of_two_on_top_of_rates() -> None:
    """A bias of attention has both factors, 0.5 and 2: together 1."""
    factors = (("attn", 0.5), ("bias", 2), ("blocks.3.", 0.1), ("blocks.11.", 0.1))
    found = drafted(VIT, lambda name: math.prod(factor for text, factor in factors if text in name))
    assert found == (
        rule("blocks-3-11", r"^blocks\.(?:3|11)\.", "lr_mult: 0.1")
        + rest("1")
        + "  - name: biases\n    match: '\\.bias$'\n    exclude: '^blocks\\.\\d+\\.attn\\.'\n    lr_scale: 2\n"
        + rule("qkv", r"\.qkv\.weight$", "lr_scale: 0.5")
    )


def test_the_biases_of_one_part_alone_are_a_rate() -> None:
    """As `bias_lr_mult` of mmengine has it, which `custom_keys` override."""
    multiples = [0.1 if n.startswith("backbone.") else 2 if n.endswith("bias") else 1 for n in DETECTOR]
    assert outline(rate_rules(wanted(DETECTOR, multiples))) == [
        "backbone lr_mult: 0.1",
        "biases lr_mult: 2",
        "rest lr_mult: 1",
    ]
    text_of(wanted(DETECTOR, multiples))


def test_a_head_may_have_a_factor_on_top_of_a_ladder() -> None:
    found = drafted(VIT, lambda name: ladder(name) * (10 if name.startswith("head.") else 1))
    assert found == f"{DEPTH}    layer_decay: 0.75\n" + rule("head", r"^head\.", "lr_scale: 10")


def test_an_embedding_may_have_a_factor_on_top_of_a_ladder() -> None:
    """As `patch_embed_lr_mult` of DINOv2."""
    found = drafted(VIT, lambda name: ladder(name) * (0.2 if name.startswith("patch_embed.") else 1))
    assert found == f"{DEPTH}    layer_decay: 0.75\n" + rule("patch-embed", r"^patch_embed\.", "lr_scale: 0.2")


def test_of_two_factors_on_one_parameter_one_is_a_rate() -> None:
    """Two rules with `lr_scale` would be LRS202."""
    found = drafted(VIT, lambda n: ladder(n) * (10 if n.startswith("head.") else 1) * (2 if n.endswith("bias") else 1))
    biases = rule("biases", r"\.bias$", "lr_scale: 2")
    assert found == f"{DEPTH}    layer_decay: 0.75\n" + biases + rule("head", r"^head\.", "lr_mult: 10")


def test_the_second_matrices_of_adapters_have_a_factor() -> None:
    names = [f"base.layers.{n}.{p}.lora_{m}.default.weight" for n in range(6) for p in "qv" for m in "AB"]
    plus = [16 if "lora_B" in name else 1 for name in names]
    assert text_of(wanted(names, plus)) == rule("lora-b", r"\.lora_B\.", "lr_mult: 16") + rest("1")
    deep = [factor * 0.9 ** (5 - int(name.split(".")[2])) for name, factor in zip(names, plus, strict=True)]
    assert text_of(wanted(names, deep)).endswith(rule("lora-b", r"\.lora_B\.", "lr_scale: 16"))
    assert outline(rate_rules(wanted(names, deep))) == ["depth layer_decay: 0.9", "lora-b lr_scale: 16"]


def vlm(name: str, language: float) -> float:
    if "projector" in name or name.startswith("lm_head"):
        return 1
    top, factor = (0.09, 0.9) if "vision" in name else (language, language)
    return float(top * factor ** (6 - tower_layer(name)))


@pytest.mark.parametrize("language", [0.8, 0.9])
def test_each_tower_has_a_ladder_with_its_own_top(language: float) -> None:
    rules = rate_rules(wanted(VLM, [vlm(name, language) for name in VLM]))
    assert outline(rules) == [
        "vision-tower lr_mult: 0.09 layer_decay: 0.9",
        f"language-model layer_decay: {language}",
    ]
    drafted(VLM, lambda name: vlm(name, language))


def test_towers_with_one_factor_and_other_depths_are_told_apart() -> None:
    def multiple(name: str) -> float:
        if "projector" in name or name.startswith("lm_head"):
            return 1
        depth = 4 if "vision" in name else 6
        return 0.9 ** (depth - min(tower_layer(name), depth))

    names = [
        name for name in VLM if not name.startswith(("model.vision_tower.layers.4", "model.vision_tower.layers.5"))
    ]
    rates = [multiple(name) for name in names]
    assert [name.partition(" ")[0] for name in outline(rate_rules(wanted(names, rates)))] == [
        "vision-tower",
        "language-model",
    ]
    text_of(wanted(names, rates))


def test_a_ladder_stands_beside_single_rates() -> None:
    rates = {"vision_tower": 0.1, "projector": 1}

    def multiple(name: str) -> float:
        part = name.split(".")[1]
        return rates.get(part, 0.2) * (0.9 ** (6 - tower_layer(name)) if part == "vision_tower" else 1)

    assert outline(rate_rules(wanted(VLM, map(multiple, VLM)))) == [
        "depth lr_mult: 0.1 layer_decay: 0.9",
        "projector lr_mult: 1",
        "rest lr_mult: 0.2",
    ]
    drafted(VLM, multiple)


def test_encoder_and_decoder_with_the_same_rates_share_a_ladder() -> None:
    names = [f"{part}.{name}" for part in ("encoder", "decoder") for name in TOWER] + ["head.weight"]

    def multiple(name: str) -> float:
        return 1 if name == "head.weight" else 0.8 ** (7 if "embed" in name else 6 - int(name.split(".")[2]))

    assert outline(rate_rules(wanted(names, map(multiple, names)))) == ["depth layer_decay: 0.8"]
    drafted(names, multiple)


def test_multiples_are_of_the_parameters_own_optimizer() -> None:
    bases = {"adamw": Optimizer(type="AdamW", lr=3e-4), "muon": Optimizer(type="Muon", lr=0.02)}
    own = ["muon" if "qkv.weight" in name else "adamw" for name in VIT]
    settings = [
        Settings((bases[kind].lr or 0) * ladder(name), None, (), kind) for name, kind in zip(VIT, own, strict=True)
    ]
    rules = rate_rules(Wanted(Inventory.from_names(VIT), settings, bases))
    assert outline(rules) == ["depth layer_decay: 0.75"]


def test_without_a_rate_to_multiply_rates_are_absolute() -> None:
    def found(multiple: Callable[[str], float | None]) -> list[str]:
        rates = [multiple(name) for name in VIT]
        settings = [Settings(None if rate is None else rate * 1e-3, None, ()) for rate in rates]
        return outline(rate_rules(Wanted(Inventory.from_names(VIT), settings, {"optimizer": Optimizer(type="AdamW")})))

    assert found(lambda name: 1) == ["rest lr: 1e-3"]
    assert found(ladder) == ["depth lr: 1e-3 layer_decay: 0.75"]
    assert found(lambda name: 2 if name.endswith("bias") else 1) == ["biases lr: 2e-3", "rest lr: 1e-3"]
    assert found(lambda name: 2 if name.endswith("bias") else None) == ["biases lr: 2e-3"]
    assert found(lambda name: None) == []


def test_a_real_ladder_has_one_rule() -> None:
    inventory = inventory_of("vit_tiny_patch16_224", {}, Path())
    multiples = [ladder(name, 0.65) for name in inventory.columns.names]
    assert outline(rate_rules(wanted(inventory, multiples))) == ["depth layer_decay: 0.65"]
    text_of(wanted(inventory, multiples))


WORDS = st.sampled_from(["blocks", "a", "norm", "0", "1", "2", "10"])
NAMES = st.lists(st.lists(WORDS, min_size=1, max_size=3).map(".".join), min_size=1, max_size=20, unique=True)
RATES = st.one_of(st.none(), st.sampled_from([1, 0, 2, 0.5, 0.25, 0.125, 0.1, 0.2]), st.floats(0.001, 2))


@drawn(NAMES, st.lists(RATES, min_size=20, max_size=20), st.sampled_from([1e-3, 7e-4, 0.05]), few=50, many=2000)
def test_any_rates_of_any_names_are_given_exactly(names: list[str], rates: list[float | None], lr: float) -> None:
    leaves = [name + ".weight" for name in names]
    if any(rate is not None for rate in rates[: len(leaves)]):
        text_of(wanted(leaves, rates[: len(leaves)], lr), clean=False)


RESNET, SWIN, ATTO = "resnet18", "swin_tiny_patch4_window7_224", "convnext_atto"
VIT_TINY, EFFICIENTNET, MIXER = "vit_tiny_patch16_224", "efficientnet_b0", "mixer_s16_224"


def redrafted(model: str, *rules: DraftRule, decay: float | dict[str, float] = 0.5) -> str:
    """The regexes, factors and rates of the rules that are found for a ladder of a real model with other rules."""
    ladder_of = DraftRule("depth", Selector(layers=LADDERS[model]), (("layer_decay", decay),))
    plan = attempt(loads(spec_text(wanted([], []).bases, [*rules, ladder_of])), inventory(model)).plan
    assert plan is not None
    return text_of(wanted_of(plan))


def frozen(regex: str) -> DraftRule:
    return DraftRule("frozen", Selector(match=(regex,)), (("freeze", True),))


def factor(selector: Selector, scale: float) -> DraftRule:
    return DraftRule("factor", selector, (("lr_scale", scale),))


def settings_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if re.match(" +(lr|layer_)", line)]


def test_another_factor_than_the_likeliest_may_come_first() -> None:
    factors = (("stages.2.blocks.3.", 0.3), (".conv_dw.", 2), (".mlp.", 2), (".bias", 0.5))
    names = inventory(ATTO).columns.names
    rates = [math.prod(factor for text, factor in factors if text in name) for name in names]
    assert len(rate_rules(wanted(inventory(ATTO), rates))) == len(factors)


BLOCK_OF = {RESNET: r"^layer3\.0\.", VIT_TINY: r"^blocks\.7\.", EFFICIENTNET: r"^blocks\.3\."}


@pytest.mark.parametrize("model", BLOCK_OF)
@pytest.mark.parametrize("scale", [0.01, 0.1])
@pytest.mark.parametrize("is_frozen", [False, True])
def test_norms_have_a_factor_on_one_ladder_though_a_block_is_frozen(model: str, scale: float, is_frozen: bool) -> None:
    some = [frozen(BLOCK_OF[model])] if is_frozen else []
    found = redrafted(model, *some, factor(Selector(module="Norm"), scale))
    assert settings_of(found) == ["layer_decay: 0.5", f"lr_scale: {scale}"]
    assert [entry.regexes[0] in found for entry in LADDERS[model]] == [True] * len(LADDERS[model])


def test_a_factor_is_that_of_all_of_a_kind_though_one_is_at_the_edge() -> None:
    found = redrafted(EFFICIENTNET, frozen(r"^conv_stem\."), factor(Selector(module="Norm"), 0.01))
    assert settings_of(found) == ["layer_decay: 0.5", "lr_scale: 0.01"]
    assert "'^blocks\\.(\\d+)\\.(\\d+)\\.'" in found


@pytest.mark.parametrize(("model", "regex"), [(VIT_TINY, r"^blocks\.(?:1|11)\."), (MIXER, r"^blocks\.(?:6|7)\.")])
def test_frozen_blocks_between_others_have_layers_of_their_own(model: str, regex: str) -> None:
    found = redrafted(model, frozen(regex), decay=0.75)
    assert settings_of(found) == ["layer_decay: 0.75"]
    assert "      - '^blocks\\.(\\d+)\\.'\n" in found


def test_a_step_that_no_frozen_block_has_is_a_gap() -> None:
    """Block 4 is frozen, but two steps are missing."""
    found = drafted(
        VIT, lambda name: None if "blocks.4." in name else ladder(name) * (1 if vit_layer(name) > 5 else 0.75)
    )
    assert count(found.count("layer_decay"), "ladder") == "1 ladder"
    assert "      - {gap: 2}\n" in found


@pytest.mark.parametrize(
    ("layer", "entries"),
    [
        (1, "      - '^blocks\\.(\\d+)\\.'\n      - {join: '^patch_embed\\.', to: first}\n"),
        (2, "      - '^patch_embed\\.'\n      - {gap: 1}\n      - '^blocks\\.(?![0-2]\\.)(\\d+)\\.'\n"),
    ],
)
def test_what_is_on_the_layer_of_a_frozen_block_joins_it_if_it_is_the_first(layer: int, entries: str) -> None:
    def multiple(name: str) -> float | None:
        if re.match(r"blocks\.[0-2]\.", name):
            return None
        return 0.75 ** (13 - layer) if name.startswith("patch_embed") else ladder(name)

    assert entries in drafted(VIT, multiple)


FLOORS = [
    (SWIN, 0.5, 0.1),
    (SWIN, 0.65, 0.3),
    (SWIN, 0.5, 0.3),
    (RESNET, 0.5, 0.3),
    (VIT_TINY, 0.5, 0.3),
    (EFFICIENTNET, 0.5, 0.1),
    ("densenet121", 0.65, 0.1),
]


@pytest.mark.parametrize(("model", "rate", "floor"), FLOORS)
def test_below_a_floor_the_ladder_goes_on_as_above(model: str, rate: float, floor: float) -> None:
    found = redrafted(model, decay={"factor": rate, "min_mult": floor})
    assert settings_of(found) == [f"layer_decay: {{factor: {rate}, min_mult: {floor}}}"]
    whole = {SWIN: [r"^layers\.(\d+)\.(?:downsample|blocks\.(\d+))\."]}
    captured = whole.get(model, [regex for entry in LADDERS[model] for regex in entry.regexes if r"(\d+)" in regex])
    assert [regex in found for regex in captured] == [True] * len(captured)


def test_a_floor_after_one_step_needs_layers_below() -> None:
    rates = {"backbone": 0.3, "neck": 0.5, "head": 1}
    assert "layer_decay" not in drafted(["backbone.weight", *DETECTOR[-4:]], lambda name: rates[name.split(".")[0]])


def test_a_factor_of_blocks_does_not_shift_the_ladder_of_their_stages() -> None:
    found = redrafted(ATTO, factor(Selector(match=(r"\.blocks\.",)), 2), decay=0.75)
    assert settings_of(found) == ["layer_decay: 0.75", "lr_scale: 2"]


def test_no_rule_has_a_vague_name_or_that_of_a_part_alone() -> None:
    rates = {"backbone": 0.3, "neck": 0.5, "head": 0.5}
    rules = rate_rules(wanted(DETECTOR, [rates[name.split(".")[0]] * (3 if "1." in name else 1) for name in DETECTOR]))
    names = [rule.name for rule in rules]
    assert not {"rate", "tensors", "neck"} & {*names}
    assert "neck-and-head" in names


def test_what_has_no_rate_has_that_of_its_optimizer() -> None:
    def found(lr: float | None) -> str:
        settings = [Settings(None if "bias" in name else 2e-3, None, ()) for name in VIT]
        return draft(
            Wanted(Inventory.from_names(VIT), settings, {"optimizer": Optimizer(type="AdamW", lr=lr)})
        ).file.text

    assert "lr_mult: 1\n" in found(1e-3)
    assert "lr: 2e-3" in found(None)
    assert "fallback" not in found(None)


def test_too_many_rates_without_a_ladder_are_an_error_in_words() -> None:
    names = [f"blocks.{n}.weight" for n in range(1001)]
    settings = [Settings(1e-3 * (1 + n * n), None, ()) for n in range(1001)]
    with pytest.raises(TooLongError, match=r"^there are 1,001 different settings and no ladder in them: a spec would"):
        draft(Wanted(Inventory.from_names(names), settings, {"optimizer": Optimizer(type="AdamW", lr=1e-3)}))


def test_too_much_text_is_an_error_in_words() -> None:
    names = [f"{'x' * 1000}{n * 7919 % 1300:05}.weight" for n in range(1300)]
    settings = [Settings(1e-5 * (1 + n * n % 97), None, ()) for n in range(1300)]
    with pytest.raises(TooLongError, match=r"would need .* MiB of text, and 1 MiB is the most that it may have$"):
        draft(Wanted(Inventory.from_names(names), settings, {"optimizer": Optimizer(type="AdamW", lr=1e-3)}))

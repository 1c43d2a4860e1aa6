"""Rules for what is frozen, optimizers, weight decay and options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from lrspec import Inventory, Parameter, Settings
from lrspec.drafting.axes import decay_rules, freeze_rules, optimizer_rules, option_rules, tag_rules
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import ONLY, Optimizer

ADAMW = Optimizer.model_validate({"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05, "betas": [0.9, 0.999]})
MUON = Optimizer(type="Muon", lr=0.02, weight_decay=0.05)
EMBED, BODY, BIAS, HEAD = (
    Parameter("embed.weight", shape=(9, 4), module=("Embedding",), declared=("embedding",)),
    Parameter("body.weight", shape=(4, 4), module=("Linear",), declared=()),
    Parameter("body.bias", shape=(4,), module=("Linear",), declared=()),
    Parameter("head.weight", shape=(9, 4), module=("Linear",), declared=("head",)),
)
MODEL = [EMBED, BODY, BIAS, HEAD]


def wanted(settings: Sequence[Settings | None], model: Sequence[Parameter] = MODEL) -> Wanted:
    return Wanted(Inventory(model), settings, {ONLY: ADAMW})


def split(*settings: Settings, muon: Optimizer = MUON) -> Wanted:
    return Wanted(Inventory(MODEL), settings, {"adamw": ADAMW, "muon": muon})


def decays(*values: float | None) -> Wanted:
    return wanted([Settings(1e-3, value, ()) for value in values])


def said(rules: Sequence[DraftRule]) -> list[tuple[str, Selector, dict[str, object]]]:
    return [(rule.name, rule.selector, dict(rule.settings)) for rule in rules]


PLAIN = Settings(1e-3, 0.05, ())


def test_what_is_not_trained_is_frozen() -> None:
    rules = freeze_rules(wanted([None, PLAIN, PLAIN, PLAIN]))
    assert said(rules) == [("frozen", Selector(declared=("embedding",)), {"freeze": True})]


def test_names_and_classes_say_what_is_frozen_rather_than_dimensions() -> None:
    model = [
        *(Parameter(f"body.{n}.weight", shape=(4, 4, 3, 3), module=("Conv2d",), declared=()) for n in range(3)),
        *(Parameter(f"body.{n}.scale", shape=(4,), module=("BatchNorm2d",), declared=()) for n in range(3)),
        Parameter("head.weight", shape=(9, 4), module=("Linear",), declared=()),
    ]
    frozen = [None if len(each.shape or ()) == 4 else PLAIN for each in model]
    assert said(freeze_rules(wanted(frozen, model))) == [
        ("frozen", Selector(match=(r"^body\.\d+\.weight$",)), {"freeze": True}),
    ]


def test_what_the_model_declares_goes_before_the_class_that_it_is_in() -> None:
    tables = [
        Parameter(f"{part}.{name}", shape=(9, 4), module=("Window",), declared=("no_weight_decay",))
        for part, name in ("ak", "bl", "cm")
    ]
    norms = [Parameter(f"{part}.norm", shape=(4,), module=("LayerNorm",), declared=()) for part in "abc"]
    free = Parameter("d.weight", shape=(4,), module=("Conv2d",), declared=())
    values = [Settings(1e-3, decay, ()) for decay in (0.0, 0.0, 0.0, 0.05, 0.05, 0.05, 0.0)]
    rules = decay_rules(wanted(values, [*tables, *norms, free]))
    assert [rule.name for rule in rules] == ["no-decay-declared", "no-decay-d"]


def test_what_the_model_has_frozen_is_thawed_if_it_is_to_train() -> None:
    model = [Parameter("a.w", requires_grad=False), Parameter("b.w"), Parameter("c.w", requires_grad=False)]
    rules = freeze_rules(wanted([PLAIN, PLAIN, None], model))
    assert [(rule.name, dict(rule.settings)) for rule in rules] == [
        ("frozen", {"freeze": True}),
        ("thawed", {"freeze": False}),
    ]
    assert [rule.selector.match for rule in rules] == [(r"^c\.",), (r"^a\.",)]


def test_everything_alike_needs_no_rules() -> None:
    plain = wanted([PLAIN] * 4)
    assert freeze_rules(plain) + optimizer_rules(plain) + decay_rules(plain) + option_rules(plain) == []


def test_norms_and_biases_without_decay_are_a_rule_by_dimensions() -> None:
    rules = decay_rules(decays(0.05, 0.05, 0.0, 0.05))
    assert said(rules) == [("no-decay", Selector(ndim=(0, 1)), {"weight_decay": 0.0})]
    assert rules[0].comment == "biases"


def test_a_table_that_is_a_bias_by_name_is_said_to_be_one() -> None:
    table = Parameter("rel.attention_bias.weight", shape=(8, 2), module=("Embedding",), declared=())
    rules = decay_rules(wanted([PLAIN, PLAIN, Settings(1e-3, 0.0, ())], [EMBED, BODY, table]))
    assert [rule.comment for rule in rules] == ["biases by name, though not in shape"]


@pytest.mark.parametrize(
    ("decay", "setting"),
    [(0.1, {"weight_decay": 0.1}), (0.5, {"weight_decay": 0.5}), (0.0375, {"weight_decay_mult": 0.75})],
)
def test_other_decay_is_said_in_the_shorter_number(decay: float, setting: dict[str, object]) -> None:
    rules = decay_rules(decays(0.05, 0.05, 0.05, decay))
    assert said(rules) == [("decay-head", Selector(declared=("head",)), setting)]


def test_decay_that_nobody_wants_stays_unset() -> None:
    inventory = Inventory(MODEL)
    values = [Settings(1e-3, 0.1, ()), *[Settings(1e-3, None, ())] * 3]
    rules = decay_rules(Wanted(inventory, values, {ONLY: Optimizer(type="AdamW", lr=1e-3)}))
    assert said(rules) == [("decay-embeddings", Selector(declared=("embedding",)), {"weight_decay": 0.1})]


def test_what_another_optimizer_has_anyway_makes_rules_shorter() -> None:
    values = [Settings(1e-3, 0.05, (), "adamw"), Settings(0.02, 0.0, (), "muon"), Settings(1e-3, 0.0, (), "adamw")]
    values.append(Settings(1e-3, 0.05, (), "adamw"))
    rules = decay_rules(split(*values, muon=Optimizer(type="Muon", lr=0.02, weight_decay=0.0)))
    assert [rule.selector for rule in rules] == [Selector(ndim=(0, 1))]


def test_options_that_go_together_are_one_rule() -> None:
    special = Settings(1e-3, 0.05, (("betas", (0.9, 0.95)), ("eps", 1e-6)))
    rules = option_rules(wanted([PLAIN, PLAIN, PLAIN, special]))
    options = {"betas": [0.9, 0.95], "eps": 1e-6}
    assert said(rules) == [("options-head", Selector(declared=("head",)), {"options": options})]


def test_options_equal_to_the_optimizers_own_are_not_set() -> None:
    assert option_rules(wanted([Settings(1e-3, 0.05, (("betas", (0.9, 0.999)),))] * 4)) == []


def tagged(*tags: Mapping[str, object] | None) -> list[tuple[str, Selector, bool, object]]:
    values = [None if each is None else Settings(1e-3, 0.05, (), tags=tuple(sorted(each.items()))) for each in tags]
    return [
        (rule.name, rule.selector, rule.fallback, dict(rule.settings)["tags"]) for rule in tag_rules(wanted(values))
    ]


HEAD_ALONE, EVERYTHING = Selector(declared=("head",)), Selector()


def test_a_tag_that_some_have_is_a_rule_for_each_value() -> None:
    assert tagged({}, {}, {}, {}) == []
    assert tagged({"a": True}, {}, {}, {"a": 1}) == [
        ("a-embeddings", Selector(declared=("embedding",)), False, {"a": True}),
        ("a-head", HEAD_ALONE, False, {"a": 1}),
    ]


def test_of_a_tag_that_all_have_a_fallback_gives_the_value_that_is_hardest_to_select() -> None:
    head, others = (
        ("is-last-head", HEAD_ALONE, False, {"is_last": True}),
        ("others", EVERYTHING, True, {"is_last": False}),
    )
    assert tagged(*[{"is_last": False}] * 3, {"is_last": True}) == [head, others]
    assert tagged(None, *[{"is_last": False}] * 2, {"is_last": True}) == [head, others]
    assert tagged(*[{"a": 1, "b": "x"}] * 4) == [("tags", EVERYTHING, True, {"a": 1, "b": "x"})]


def test_tags_that_go_together_are_one_rule() -> None:
    assert tagged({}, {}, {}, {"a": 1, "b": "x"}) == [("tags-head", HEAD_ALONE, False, {"a": 1, "b": "x"})]


def test_muon_gets_what_is_left_of_the_matrices() -> None:
    adamw, muon = Settings(1e-3, 0.05, (), "adamw"), Settings(0.02, 0.05, (), "muon")
    rules = optimizer_rules(split(adamw, muon, adamw, adamw))
    assert said(rules) == [
        ("embeddings-and-head", Selector(declared=("embedding", "head")), {"optimizer": "adamw"}),
        ("matrices", Selector(ndim=(2,)), {"optimizer": "muon"}),
    ]
    assert [rule.fallback for rule in rules] == [False, True]


def test_a_head_that_alone_stays_behind_is_excluded() -> None:
    adamw, muon = Settings(1e-3, 0.05, (), "adamw"), Settings(0.02, 0.05, (), "muon")
    (rule,) = optimizer_rules(split(muon, muon, adamw, adamw))
    assert rule.selector == Selector(ndim=(2,), exclude=(r"^head\.",))
    assert rule.comment == "all matrices but those of the head"
    assert not rule.fallback


def test_matrices_that_all_go_to_muon_are_one_rule() -> None:
    adamw, muon = Settings(1e-3, 0.05, (), "adamw"), Settings(0.02, 0.05, (), "muon")
    rules = optimizer_rules(split(muon, muon, adamw, muon))
    assert said(rules) == [("matrices", Selector(ndim=(2,)), {"optimizer": "muon"})]


def test_a_frozen_parameter_is_selected_once_on_each_axis() -> None:
    model = [Parameter(f"{part}.{leaf}") for part in "ab" for leaf in ("w", "frozen")]
    values = [Settings(1e-3, 0.0, ()), None, Settings(1e-3, 0.2, ()), None]
    selectors = [rule.selector for rule in decay_rules(wanted(values, model))]
    assert selectors == [Selector(match=(r"^a\.",)), Selector(match=(r"^b\.",))]

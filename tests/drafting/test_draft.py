"""A draft says what was wanted, for every parameter, and is clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrspec import Inventory, Parameter, Settings
from lrspec.compiler.compile import check
from lrspec.drafting import draft as drafting
from lrspec.drafting.depth.ends import ladder_comment
from lrspec.drafting.draft import Draft, draft
from lrspec.drafting.merging import in_model_order
from lrspec.drafting.plain import plain_rules
from lrspec.drafting.prove import DraftError, compare, compile_draft
from lrspec.drafting.rates.rates import rate_rules
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.wanted import Wanted
from lrspec.spec.language import ONLY, Optimizer

BASE = Optimizer.model_validate({"type": "AdamW", "lr": 1e-3, "weight_decay": 0.1, "betas": [0.9, 0.999]})


def drafted(parameters: Sequence[Parameter], wanted: Sequence[Settings | None], **bases: Optimizer) -> Draft:
    """Return the draft for some parameters, which must be clean."""
    inventory = Inventory(parameters)
    found = draft(Wanted(inventory, wanted, bases or {ONLY: BASE}))
    assert check(found.file, inventory) == []
    return found


def rules_of(found: Draft) -> str:
    return found.file.text.partition("rules:\n")[2]


def parameter(name: str, *shape: int, **more: Any) -> Parameter:
    return Parameter(name, shape=shape, **{"declared": (), "module": ("Linear",), **more})


BODY = [parameter(f"body.{n}.{leaf}", *shape) for n in (0, 1) for leaf, shape in (("weight", (4, 4)), ("bias", (4,)))]
HEAD = [parameter("head.weight", 2, 4), parameter("head.bias", 2)]


def test_a_draft_gives_every_parameter_what_is_wanted() -> None:
    inventory = Inventory.from_names(["body.weight", "body.bias", "head.weight"])
    settings = [Settings(1e-4, 0.1, ()), None, Settings(1e-3, 0.0, ())]
    found = draft(Wanted(inventory, settings, {"optimizer": Optimizer(type="AdamW", lr=1e-3, weight_decay=0.1)}))
    assert "lr_mult: 0.1" in found.file.text
    assert "weight_decay: 0\n" in found.file.text


@pytest.mark.parametrize("find", [draft, None])
def test_tags_are_what_is_wanted_too(find: Any) -> None:
    tags: list[tuple[tuple[str, Any], ...] | None] = [(("a", True),), (("a", 1), ("b", "x")), None]
    inventory = Inventory.from_names(["body.weight", "body.bias", "head.weight"])
    wanted = Wanted(inventory, [Settings(1e-3, 0.1, (), tags=each) for each in tags], {ONLY: BASE})
    found = draft(wanted) if find else drafting._written(wanted, plain_rules(wanted))
    assert [each.settings.tags for each in found.plan.parameters] == [(("a", True),), (("a", 1), ("b", "x")), ()]
    other = [Settings(1e-3, 0.1, (), tags=each) for each in ((("a", 1),), *tags[1:])]
    with pytest.raises(DraftError, match=r"wanted <Settings: lr 0.001, weight_decay 0.1, a 1>"):
        compare(found.plan, replace(wanted, settings=other))


def test_where_little_is_frozen_it_is_not_tried_as_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates are then looked for once: that takes most of the time of a draft."""
    searches: list[Wanted] = []

    def searched(wanted: Wanted) -> list[DraftRule]:
        searches.append(wanted)
        return rate_rules(wanted)

    monkeypatch.setattr(drafting, "rate_rules", searched)
    body = [parameter(f"body.{n}.weight", 4, 4) for n in range(21)]
    drafted(body, [None] * 2 + [Settings(1e-3, 0.1, ())] * 19)
    assert len(searches) == 2
    drafted(body, [None] + [Settings(1e-3, 0.1, ())] * 20)
    assert len(searches) == 3


def test_where_rules_do_not_say_what_is_wanted_names_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "plain_rules", plain_rules)
    monkeypatch.setattr(drafting, "rate_rules", lambda _: [])
    bases = {"adamw": BASE, "sgd": Optimizer.model_validate({"type": "SGD", "lr": 0.1, "momentum": 0.9})}
    frozen = Parameter("head.scale", shape=(1,), declared=(), module=("Linear",), requires_grad=False)
    some = [Settings(1e-4, 0.1, (), "adamw"), Settings(1e-3, 0, (("betas", (0.9, 0.95)),), "adamw"), None]
    wanted = [*some, Settings(0.2, 0, (), "sgd"), *some[:2], Settings(1e-3, 0.1, (), "adamw")]
    found = drafted([*BODY, *HEAD, frozen], wanted, **bases)
    assert r"match: ['^body\.0\.weight$', '^head\.weight$']" in rules_of(found)


def test_a_draft_that_the_language_refuses_is_a_draft_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafting, "plain_rules", plain_rules)
    wanted = Wanted(Inventory(HEAD), [Settings(1e-3, 0.1, (), "a b"), None], {"a b": BASE, "c": BASE})
    with pytest.raises(DraftError, match=r"the draft cannot be read: .* letters, digits, `_` and `-` only"):
        draft(wanted)
    with pytest.raises(DraftError, match=r"the draft cannot be read: .*list"):
        compile_draft("lrspec: 1\nrules: 1\n", wanted.inventory)


def test_a_linear_probe_is_a_head_and_a_fallback_that_freezes() -> None:
    found = drafted([*BODY, *HEAD], [None] * 4 + [Settings(1e-3, 0.1, ())] * 2)
    assert rules_of(found).endswith(
        "  - name: rest                        # plan.freeze(model) sets requires_grad\n"
        "    fallback: true\n    freeze: true\n"
    )
    assert rules_of(found).count("name:") == 2


def test_parts_are_in_the_order_of_the_model() -> None:
    rates = {"stem": 1e-3, "encoder": 1e-5, "adapter": 5e-3, "decoder": 1e-3}
    model = [parameter(f"{part}.{leaf}.weight", 4, 4) for part in rates for leaf in "ab"]
    found = drafted(model, [Settings(rate, 0.1, ()) for rate in rates.values() for _ in "ab"])
    assert [rule.name for rule in found.rules] == ["encoder", "adapter", "rest"]


def test_parts_that_overlap_keep_their_order() -> None:
    columns = Inventory([Parameter("a.w"), Parameter("b.bias"), Parameter("c.bias")]).columns
    biases, part, last = (
        DraftRule(regex, Selector(match=(regex,)), (("lr_mult", 2),)) for regex in (r"bias$", r"^b\.", r"^a\.")
    )
    assert in_model_order(columns, [biases, part, last]) == [biases, part, last]
    assert in_model_order(columns, [biases, last]) == [last, biases]


def test_a_ladder_says_where_it_begins_and_ends() -> None:
    names = ["stem.weight", *(f"blocks.{n}.{part}.weight" for n in range(4) for part in "ab"), "head.weight"]
    model = [parameter(name, 4, 4, declared=("head",) if "head" in name else ()) for name in names]
    mults = [0.5**5, *(0.5 ** (4 - n) for n in range(4) for _ in "ab"), 1.0]
    whole = drafted(model, [Settings(1e-3 * mult, 0.1, ()) for mult in mults])
    assert [rule.comment for rule in whole.rules] == ["from the input to the head"]
    columns = Inventory(model).columns
    assert ladder_comment(columns, [None] * 3 + [0, 0, 1, 1, None, None, None]) == "from blocks.1 to blocks.2"


def test_a_frozen_stem_is_a_rule_of_its_own() -> None:
    found = drafted([*BODY, *HEAD], [None] * 2 + [Settings(1e-3, 0.1, ())] * 4)
    assert "match: '^body\\.0\\.'\n    freeze: true\n" in rules_of(found)


def test_rules_about_the_same_parameters_are_one_rule() -> None:
    special = Settings(1e-2, 0.0, (("betas", (0.9, 0.95)),))
    found = drafted([*BODY, *HEAD], [Settings(1e-3, 0.1, ())] * 4 + [special] * 2)
    assert rules_of(found).count("^head") == 1
    assert "options: {betas: [0.9, 0.95]}" in found.file.text


def test_a_rule_for_decay_is_one_with_that_for_the_rates_of_the_same_trained_parameters() -> None:
    lora = [
        parameter(f"{part}.{layer}.{leaf}.weight", 4, 4)
        for part in ("vision", "text")
        for layer in ("q", "v")
        for leaf in ("base", "lora_A.mine", "lora_B.mine")
    ]
    settings = [None if "lora" not in each.name or "vision" in each.name else Settings(1e-3, 0.0, ()) for each in lora]
    found = drafted([*lora, *HEAD], [*settings, *[Settings(5e-5, 0.1, ())] * 2])
    assert rules_of(found).count("name:") == 3
    assert "    weight_decay: 0\n  - name: head\n" in rules_of(found)


def test_norms_that_are_trained_are_told_and_all_else_is_frozen() -> None:
    conv, norm, other = {"module": ("Conv2d",)}, {"module": ("BatchNorm2d",)}, {"module": ("BatchNorm1d",)}
    body = [
        parameter(f"0.{n + at}.{m}", *shape, **kind)
        for n in range(0, 16, 2)
        for at, m, shape, kind in (
            (0, "weight", (4, 4, 3, 3), conv),
            (1, "weight", (4,), norm),
            (1, "bias", (4,), norm),
        )
    ]
    head = [parameter("1.0.weight", 4, **other), parameter("1.0.bias", 4, **other), parameter("1.1.weight", 2, 4)]
    settings = [None if len(each.shape or ()) > 1 else Settings(1e-5, 0.1, ()) for each in body]
    found = drafted([*body, *head], [*settings, *[Settings(1e-3, 0.1, ())] * 3])
    assert "ndim" not in rules_of(found)
    assert rules_of(found).split("  - name: rest")[1].endswith("\n    fallback: true\n    freeze: true\n")


def test_one_rate_for_all_is_a_rule_called_so() -> None:
    found = drafted([*BODY, *HEAD], [Settings(1e-3, 0.1, ())] * 6)
    assert rules_of(found).splitlines()[0] == "  - name: all                         # one learning rate"


def test_optimizers_that_train_nothing_are_left_out() -> None:
    muon = Optimizer(type="Muon", lr=0.02)
    found = drafted(HEAD, [Settings(1e-3, 0.1, (), "adamw")] * 2, adamw=BASE, muon=muon)
    assert "muon" not in found.file.text


def test_muon_gets_the_matrices_and_adamw_the_tables_among_them() -> None:
    adamw, muon = Settings(1e-3, 0.1, (), "adamw"), Settings(0.02, 0.1, (), "muon")
    embed = parameter("embed.weight", 9, 4, declared=("embedding",), module=("Embedding",))
    head = parameter("head.weight", 9, 4, declared=("head",))
    bases = {"adamw": BASE, "muon": Optimizer(type="Muon", lr=0.02, weight_decay=0.1)}
    found = drafted([embed, *BODY, head], [adamw, muon, adamw, muon, adamw, adamw], **bases)
    assert "where: {declared: [embedding, head]}\n    optimizer: adamw\n" in found.file.text
    assert "where: {ndim: 2}\n    fallback: true\n    optimizer: muon\n" in found.file.text


def test_what_is_wanted_is_allowed_with_a_reason() -> None:
    found = drafted([*BODY, *HEAD], [Settings(1e-3, 0.1, ())] * 5 + [Settings(3.0, 0.0, ())])
    assert "large-value: ignore   # a value above 1 is wanted\n" in found.file.text
    assert "mixed-decay: ignore   # some of a kind are to decay, and some are not\n" in found.file.text


def test_weight_decay_alone_needs_no_rates() -> None:
    base = Optimizer(type="AdamW", weight_decay=0.1)
    wanted = [Settings(None, 0.0 if len(each.shape or ()) < 2 else 0.1, ()) for each in (*BODY, *HEAD)]
    found = drafted([*BODY, *HEAD], wanted, optimizer=base)
    assert "unmatched-parameter: ignore   # rates are left to the optimizer\n" in found.file.text


def test_names_that_must_be_listed_are_owned_up_to() -> None:
    names = [Parameter(f"{letter}.{other}{number}") for number, letter in enumerate("abcdefghij") for other in "xyzuvw"]
    wanted = [Settings(1e-3, 0.1 if (n * n) % 7 < 3 else 0.0, ()) for n in range(len(names))]
    assert "nothing shorter tells these apart" in drafted(names, wanted).file.text


def test_a_rule_for_each_of_many_values_is_owned_up_to() -> None:
    names = [Parameter(f"{letter}.weight") for letter in "abcdefghij"]
    text = drafted(names, [Settings(1e-3, 0.01 * n * n, ()) for n in range(10)]).file.text
    assert "# 10 weight decays, a rule for each: nothing shorter gives these" in " ".join(text.split())


_COMPONENTS = st.sampled_from(["a", "blocks", "0", "1", "10", "norm1", "fc2", "weight", "bias", "é", "it's", "\x1b"])
_NAMES = st.lists(
    st.lists(_COMPONENTS, min_size=1, max_size=4).map(".".join), min_size=1, max_size=10, unique=True
).map(lambda names: [name for name in names if not name.startswith(("module.", "_orig_mod."))])
_SETTINGS = st.none() | st.builds(
    Settings,
    st.sampled_from([1e-3, 1e-4, 2e-3, 0.0, 3.0]),
    st.sampled_from([0.1, 0.0, 0.05, 0.01]),
    st.sampled_from([(), (("betas", (0.9, 0.95)),), (("eps", 1e-6),), (("betas", (0.8, 0.9)), ("eps", 1e-6))]),
)


@settings(deadline=None)
@given(_NAMES, st.data())
def test_any_settings_of_any_names_are_drafted_clean(names: list[str], data: st.DataObject) -> None:
    known = data.draw(st.booleans())
    shapes = st.lists(st.integers(1, 4), max_size=4).map(tuple) if known else st.none()
    owners = st.sampled_from([("Linear",), ("LayerNorm",), ("BatchNorm2d", "_BatchNorm")] if known else [()])
    declared = st.sampled_from([(), ("head",), ("embedding",), ("no_weight_decay",)]) if known else st.none()
    parameters = [
        Parameter(
            name,
            shape=data.draw(shapes),
            requires_grad=data.draw(st.booleans()),
            module=data.draw(owners),
            declared=data.draw(declared),
        )
        for name in names
    ]
    drafted(parameters, data.draw(st.lists(_SETTINGS, min_size=len(names), max_size=len(names))))


@settings(deadline=None)
@given(_NAMES, st.data())
def test_any_split_between_optimizers_is_drafted_clean(names: list[str], data: st.DataObject) -> None:
    adamw = st.sampled_from([Settings(1e-3, 0.1, (), "adamw"), Settings(1e-4, 0.0, (("eps", 1e-6),), "adamw")])
    sgd = st.sampled_from([Settings(1e-2, 0.0, (), "sgd"), Settings(1e-2, 0.1, (("momentum", 0.5),), "sgd")])
    muon = st.just(Settings(0.02, 0.1, (), "muon"))
    parameters, wanted = [], []
    for name in names:
        shape = tuple(data.draw(st.lists(st.integers(1, 4), max_size=3)))
        declared = data.draw(st.sampled_from([(), ("head",), ("embedding",), ("no_weight_decay",)]))
        parameters.append(parameter(name, *shape, declared=declared))
        wanted.append(data.draw(st.none() | adamw | sgd | muon if len(shape) == 2 else st.none() | adamw | sgd))
    sgd_base = Optimizer.model_validate({"type": "SGD", "lr": 1e-2, "weight_decay": 0.0, "momentum": 0.9})
    muon_base = Optimizer(type="Muon", lr=0.02, weight_decay=0.1)
    drafted(parameters, wanted, adamw=BASE, sgd=sgd_base, muon=muon_base)

"""`tags`: keys of their own in the groups of an optimizer, for a loop that reads them."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import lrspec

DINO: list[dict[str, Any]] = [
    {"name": "last", "match": "^last_layer\\.", "tags": {"is_last_layer": True}},
    {"name": "others", "fallback": True, "tags": {"is_last_layer": False}},
    {"name": "all", "fallback": True, "lr_mult": 1},
]


def model() -> torch.nn.ModuleDict:
    layers = {name: torch.nn.Linear(2, 2) for name in ("backbone", "last_layer")}
    return torch.nn.ModuleDict(layers)


def spec(rules: list[dict[str, Any]], **keys: Any) -> dict[str, Any]:
    return {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3}, "rules": rules, **keys}


def tagged(*tags: dict[str, Any]) -> dict[str, Any]:
    return spec([{"match": name, "lr_mult": 1, "tags": tag} for name, tag in zip(("^b", "^l"), tags, strict=False)])


def codes(rules_or_spec: Any, at: Any = None) -> list[str]:
    return [finding.code for finding in lrspec.check(rules_or_spec, at or model())]


def test_tags_stand_in_the_groups_beside_the_settings() -> None:
    plan = lrspec.compile(spec(DINO), model())
    groups = {group["is_last_layer"]: group["param_names"] for group in plan.param_groups(model())}
    assert groups == {False: ["backbone.weight", "backbone.bias"], True: ["last_layer.weight", "last_layer.bias"]}
    assert [group["tags"] for group in plan.to_dict()["groups"]] == [{"is_last_layer": False}, {"is_last_layer": True}]


def test_a_group_that_no_rule_tags_lacks_the_key() -> None:
    plan = lrspec.compile(spec([DINO[0], DINO[2]]), model())
    assert [group.get("is_last_layer", "none") for group in plan.param_groups(model())] == ["none", True]
    assert [group["tags"] for group in plan.to_dict()["groups"]] == [{}, {"is_last_layer": True}]


def test_a_spec_without_tags_says_nothing_of_them() -> None:
    plan = lrspec.compile(spec([DINO[2]]), model()).to_dict()
    assert "tags" not in plan["groups"][0]
    assert "tags" not in plan["parameters"][0]


def test_tags_tell_groups_apart_and_true_is_not_1() -> None:
    plan = lrspec.compile(
        {"lrspec": 1, "optimizer": {"lr": 1}, "rules": [{"match": "b", "lr_mult": 1, "tags": {"kind": True}},
                                                          {"fallback": True, "lr_mult": 1, "tags": {"kind": 1}}]},
        lrspec.Inventory.from_names(["b", "c"]),
    )  # fmt: skip
    assert [group.settings.tags for group in plan.groups or ()] == [(("kind", True),), (("kind", 1),)]


def test_the_first_rule_wins_a_tag_and_another_value_overlaps() -> None:
    every: dict[str, Any] = {"match": ".", "lr_mult": 1, "tags": {"kind": "a"}}
    (finding,) = lrspec.check(spec([every, {"match": "^last", "tags": {"kind": "b", "other": 1}}]), model())
    assert finding.code == "LRS202"
    assert "the tag `kind`" in finding.message
    assert codes(spec([every, {"match": "^last", "tags": {"kind": "a"}}])) == ["LRS204", "LRS209"]
    assert codes(spec([every, {"match": "^last", "tags": {"other": 1}}])) == []


def test_a_fallback_tags_what_has_none_and_decides_nothing() -> None:
    assert codes(spec(DINO)) == []
    assert codes(spec(DINO[:2])) == ["LRS201"]


def test_a_frozen_parameter_has_its_tags_in_the_plan() -> None:
    rules: list[dict[str, Any]] = [{"match": ".", "tags": {"kind": 1}}, {"match": "^backbone", "freeze": True}, DINO[2]]
    parameters = lrspec.compile(spec(rules), model()).to_dict()["parameters"]
    assert [(each["status"], each["tags"]) for each in parameters[::2]] == [
        ("frozen-by-spec", {"kind": 1}),
        ("trained", {"kind": 1}),
    ]


@pytest.mark.parametrize("name", ["params", "param_names", "name", "lr", "weight_decay", "initial_lr", "max_lr"])
@pytest.mark.parametrize("optimizer", [{"lr": 1e-3}, {"type": "my.Own", "lr": 1e-3}])
def test_a_name_that_groups_have_anyway_is_refused(name: str, optimizer: dict[str, Any]) -> None:
    assert codes({**tagged({name: 1}), "optimizer": optimizer}) == ["LRS106"]


@pytest.mark.parametrize("name", ["min_lr", "swa_lr", "lr_scale", "momentum", "base_momentum", "max_momentum", "betas"])
def test_a_name_that_schedulers_use_is_refused(name: str) -> None:
    assert codes(tagged({name: 1})) == ["LRS106"]


def test_an_argument_of_any_optimizer_of_the_spec_is_refused() -> None:
    assert codes(tagged({"eps": 1})) == ["LRS106"]
    assert codes({**tagged({"eps": 1}, {}), "optimizer": {"type": "SGD", "lr": 1}}) != ["LRS106"]
    several = {"a": {"type": "SGD", "lr": 1}, "b": {"type": "my.Own", "lr": 1, "beta3": 0.5}}
    own = [{"match": "b", "lr_mult": 1, "tags": {"beta3": 1}}, {"fallback": True, "lr_mult": 1, "optimizer": "b"}]
    assert codes({"lrspec": 1, "optimizers": several, "rules": own}) == ["LRS106"]


def test_an_option_of_any_rule_is_refused() -> None:
    rules: list[dict[str, Any]] = [
        {"match": "b", "lr_mult": 1, "tags": {"rank": 1}},
        {"fallback": True, "lr_mult": 1, "options": {"rank": 2}},
    ]
    assert codes({"lrspec": 1, "optimizer": {"type": "my.Own", "lr": 1}, "rules": rules}) == ["LRS106"]


@pytest.mark.parametrize("value", [[1], None, {"b": 1}, float("nan"), float("inf")])
def test_a_value_is_a_number_a_boolean_or_text(value: Any) -> None:
    assert codes(tagged({"kind": value})) == ["LRS104"]


@pytest.mark.parametrize("tags", [{}, {"is-last": 1}, {"": 1}, {"ä": 1}, "kind"])
def test_tags_are_a_mapping_of_plain_names(tags: Any) -> None:
    assert codes(tagged(tags)) == ["LRS104"]


def test_what_is_frozen_for_good_has_no_tags_of_that_rule() -> None:
    (finding,) = lrspec.check(spec([{"match": ".", "freeze": True, "tags": {"kind": 1}}]), model())
    assert finding.code == "LRS104"
    assert "`freeze: true` excludes `tags`" in finding.message


def test_verify_compares_tags() -> None:
    live = model()
    plan = lrspec.compile(spec(DINO), live)
    optimizer = lrspec.build_optimizer(plan, live)
    assert plan.verify(optimizer, live) == []
    optimizer.param_groups[1]["is_last_layer"] = 1
    (finding,) = plan.verify(optimizer, live)
    assert (finding.code, finding.rule) == ("LRS405", "last")
    assert "the tag `is_last_layer`" in finding.message
    del optimizer.param_groups[1]["is_last_layer"]
    assert [finding.code for finding in plan.verify(optimizer, live)] == ["LRS405"]


class Scaled(torch.optim.SGD):
    """An optimizer with an argument that a spec cannot know."""

    def __init__(self, params: Any, lr: float, rank: int = 4) -> None:
        super().__init__(params, lr)
        self.defaults["rank"] = rank
        for group in self.param_groups:
            group.setdefault("rank", rank)


def test_a_tag_that_is_a_default_of_the_class_is_refused_when_building() -> None:
    own = {**tagged({"rank": 1}, {"rank": 2}), "optimizer": {"lr": 1e-3}}
    with pytest.raises(lrspec.BuildError, match="Scaled has an argument called rank: give the tag another name"):
        lrspec.build_optimizer(own, model(), optimizer_class=Scaled)


def test_an_optimizer_is_built_with_tags_of_any_name() -> None:
    groups = lrspec.build_optimizer(tagged({"use_muon": True}, {"part": "head"}), model()).param_groups
    assert [(group.get("use_muon"), group.get("part")) for group in groups] == [(True, None), (None, "head")]


def test_an_override_reaches_a_tag() -> None:
    file = lrspec.load(spec(DINO)).override({"rules.last.tags.is_last_layer": False, "rules.all.tags.kind": "x"})
    plan = lrspec.compile(file, model())
    assert {group.settings.tags for group in plan.groups or ()} == {(("is_last_layer", False), ("kind", "x"))}


def test_resuming_takes_the_tags_of_the_spec() -> None:
    live = model()
    optimizer = lrspec.build_optimizer(spec(DINO), live)
    live["backbone"](torch.ones(2)).sum().backward()
    optimizer.step()
    saved = optimizer.state_dict()
    changed = lrspec.compile(spec([{**DINO[0], "tags": {"is_last_layer": "yes"}}, *DINO[1:]]), live)
    new = lrspec.build_optimizer(changed, live)
    lrspec.load_optimizer_state(new, saved, changed)
    assert [group["is_last_layer"] for group in new.param_groups] == [False, "yes"]


def test_the_explanation_and_the_table_say_the_tags() -> None:
    plan = lrspec.compile(spec(DINO), model())
    assert "is_last_layer true" in str(plan)

"""From a spec to what every parameter gets, and back: the draft says the same, as shortly as a person does."""

from __future__ import annotations

import warnings
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim import Optimizer

import lrspec
from benchmarks.drafting import lines
from lrspec import BuildError, SpecError
from lrspec.compiler.compile import attempt
from lrspec.drafting.draft import Draft, draft
from lrspec.spec.torch_optim import IN_THE_RULE
from tests.compiler.test_against_bruteforce import attempted
from tests.drafting.live_models import model_of
from tests.drafting.plans import wanted_of
from tests.drafting.real import Written, inventory, written_specs
from tests.drawing import drawn
from tests.strategies import CHECKED_BY_MODEL, CHECKED_BY_RULE, inventories, specs
from tests.test_examples import inventory as found_inventory

TESTS = Path(__file__).parent.parent
MATRIX = 2


def drafted(plan: lrspec.Plan) -> Draft:
    """The draft for what a plan gives, which is held against it and in which nothing is found."""
    found = draft(wanted_of(plan))
    outcome = attempt(found.file, plan.inventory)
    assert outcome.plan is not None
    assert not outcome.diagnostics, (found.file.text, outcome.diagnostics)
    for one, other in zip(plan.parameters, outcome.plan.parameters, strict=True):
        assert one.status.trains == other.status.trains, one.name
        if one.status.trains:
            assert_same(one, other)
    return found


def assert_same(one: lrspec.PlannedParameter, other: lrspec.PlannedParameter) -> None:
    assert other.settings.lr == (None if one.settings.lr is None else pytest.approx(one.settings.lr, rel=1e-12, abs=0))
    assert other.settings.weight_decay == one.settings.weight_decay
    assert other.settings.options == one.settings.options


def without_errors(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec that gives groups in spite of what is found in it."""
    rules = [{key: value for key, value in rule.items() if key != "check"} for rule in spec["rules"]]
    return {**spec, "rules": rules, "check": dict.fromkeys(CHECKED_BY_RULE + CHECKED_BY_MODEL, "ignore")}


@drawn(specs(running=False), inventories(), few=30, many=5000, parts=8, suppress_health_check=list(HealthCheck))
def test_what_a_random_spec_gives_is_said_again(spec: dict[str, Any], parameters: dict[str, Any]) -> None:
    plan = attempted(without_errors(spec), parameters).plan
    assume(plan is not None and plan.groups and can_be_built(plan))
    assert plan is not None
    drafted(plan)


def can_be_built(plan: lrspec.Plan) -> bool:
    """Whether optimizers could have these groups: each has a learning rate, and torch's Muon has matrices only."""
    bases, default = plan.file.spec.bases, plan.file.spec.default
    trained = [each for each in plan.parameters if each.status.trains]
    of_muon = [each for each in trained if bases[each.settings.optimizer or default].type == "Muon"]
    return all(each.settings.lr is not None for each in trained) and all(
        len(each.parameter.shape or ()) == MATRIX for each in of_muon
    )


def are_no_longer(strategy: st.SearchStrategy[Written], count: int) -> tuple[int, int]:
    """How many drafts of so many specs are no longer than the specs, and how many were compared."""
    compared: dict[str, bool] = {}

    @settings(max_examples=count, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def judge(original: Written) -> None:
        file = lrspec.loads(original.text)
        outcome = attempt(file, inventory(original.model))
        assume(not outcome.diagnostics)
        assert outcome.plan is not None
        compared[original.text] = lines(drafted(outcome.plan).file) <= lines(file)

    judge()
    return sum(compared.values()), len(compared)


def test_drafts_for_real_models_are_no_longer_than_what_people_write() -> None:
    shorter, compared = are_no_longer(written_specs(), 40)
    assert shorter >= 0.9 * compared > 0


@pytest.mark.slow
def test_nine_in_ten_of_many_drafts_for_real_models_are_no_longer_than_what_people_write() -> None:
    shorter, compared = are_no_longer(written_specs(), 1000)
    assert shorter >= 0.9 * compared > 0


@pytest.mark.slow
def test_nine_in_ten_drafts_are_no_longer_than_what_was_written_by_hand() -> None:
    files = [
        lrspec.load(path) for folder in ("timm_families", "well_written") for path in sorted((TESTS / folder).iterdir())
    ]
    known = [file for file in files if file.spec.sources]
    plans = [lrspec.compile(file, found_inventory(file.spec.sources[0], TESTS)) for file in known]
    shorter = [lines(drafted(plan).file) <= lines(file) for plan, file in zip(plans, known, strict=True)]
    assert sum(shorter) >= 0.9 * len(shorter) > 90


@drawn(specs(running=False), inventories(), few=15, many=2000, parts=2, suppress_health_check=list(HealthCheck))
def test_what_live_optimizers_have_is_said_by_a_spec(spec: dict[str, Any], parameters: dict[str, Any]) -> None:
    model = model_of(parameters["parameters"])
    try:
        optimizers = built(spec, model)
    except (SpecError, BuildError):
        reject()
    assume(optimizers)
    groups = [group for each in optimizers.values() for group in each.param_groups if type(each).__name__ == "SGD"]
    assume(all(group["momentum"] for group in groups if group["nesterov"]))  # torch makes no SGD of the others
    with warnings.catch_warnings(action="ignore"):  # groups may have keys that are not arguments
        file = lrspec.from_optimizer(optimizers, model)
    assert lrspec.check(file, model) == []
    again = built(file, model)
    before, after = groups_by_name(optimizers, model), groups_by_name(again, model)
    assert before.keys() == after.keys()
    for name, group in before.items():
        rounded = {key: pytest.approx(group[key], rel=1e-12, abs=0) for key in IN_THE_RULE & group.keys()}
        assert after[name] == {**group, **rounded}, (name, file.text)


def built(spec: lrspec.SpecFile | dict[str, Any], model: nn.Module) -> dict[str, Optimizer]:
    """The optimizers of a spec, without warnings; one that trains nothing is not built."""
    with warnings.catch_warnings(action="ignore"):
        return lrspec.build_optimizers(spec, model, freeze=True)


def groups_by_name(optimizers: dict[str, Optimizer], model: nn.Module) -> dict[str, dict[str, Any]]:
    """The class of the optimizer of each parameter, and what its group has for the arguments of the class.

    What an optimizer notes for itself is not compared, such as the rate that timm's Lamb was made with.
    """
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: {
            "class": type(optimizer).__name__,
            **{key: group[key] for key in signature(type(optimizer)).parameters if key in group and key != "params"},
        }
        for optimizer in optimizers.values()
        for group in optimizer.param_groups
        for parameter in group["params"]
    }

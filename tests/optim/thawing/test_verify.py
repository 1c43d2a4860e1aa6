"""LRS409 of what thaws: only at a known step, both ways, at the rule's `freeze`."""

from __future__ import annotations

import pytest

import lrspec
from tests.optim.thawing.test_advance import EVERY, PERCENT, fresh


def test_a_run_that_never_advances_is_found_out_at_a_step() -> None:
    model, plan, optimizer = fresh()
    assert not plan.verify(optimizer, model)
    (found,) = plan.verify(optimizer, model, step=0)
    assert (found.code, found.rule, found.line, found.column) == ("LRS409", "all", 8, 13)
    assert found.parameters == tuple(name for name, _ in model.named_parameters() if not name.startswith("head"))
    assert found.message.startswith("26 parameters (260 elements) should be frozen at step 0, but `requires_grad` is")
    assert not plan.verify(optimizer, model, step=1000)


def test_what_has_not_thawed_in_time_is_found_out() -> None:
    model, plan, optimizer = fresh()
    plan.advance(model, 0)
    assert not plan.verify(optimizer, model)
    assert not plan.verify(optimizer, model, step=EVERY - 1)
    (found,) = plan.verify(optimizer, model, step=EVERY)
    assert found.parameters == ("blocks.11.weight", "blocks.11.bias")
    assert "should train at step 2, but `requires_grad` is false" in found.message


def test_percentages_need_the_number_of_steps() -> None:
    model, plan, optimizer = fresh(PERCENT)
    plan.advance(model, 0, 1000)
    assert not plan.verify(optimizer, model)
    assert not plan.verify(optimizer, model, step=124, steps=1000)
    (found,) = plan.verify(optimizer, model, step=137, steps=1000)
    assert len(found.parameters) == 26
    with pytest.raises(ValueError, match="step: expected a whole number of at least 0"):
        plan.verify(optimizer, model, step=-1)
    with pytest.raises(ValueError, match="pass the number of all steps"):
        plan.verify(optimizer, model, step=1)


def test_what_thaws_has_to_be_in_its_group_from_the_start() -> None:
    model, plan, optimizer = fresh()
    plan.advance(model, 0)
    del optimizer.param_groups[0]["params"][0], optimizer.param_groups[0]["param_names"][0]
    (found,) = plan.verify(optimizer, model, step=0)
    assert (found.code, found.parameters) == ("LRS401", ("embed.weight",))


def test_what_does_not_thaw_is_judged_as_ever() -> None:
    model, plan, optimizer = fresh()
    model.get_submodule("head").requires_grad_(False)
    (found,) = plan.verify(optimizer, model)
    assert (found.code, found.parameters) == ("LRS409", ("head.weight", "head.bias"))


SCHEDULED = PERCENT.replace("rules:", "schedules: {main: [{to: 0, shape: cosine}]}\nrules:")


def test_the_scheduler_of_the_plan_knows_the_step() -> None:
    model, plan, optimizer = fresh(SCHEDULED)
    scheduler = lrspec.build_scheduler(plan, optimizer, 1000)
    (found,) = plan.verify(optimizer, model, scheduler)
    assert (found.code, len(found.parameters)) == ("LRS409", 26)
    plan.advance(model, 0, 1000)
    assert not plan.verify(optimizer, model, scheduler)
    scheduler = lrspec.build_scheduler(plan, optimizer, 1000, step=137)
    (found,) = plan.verify(optimizer, model, scheduler)
    assert "should train at step 137" in found.message
    (found,) = plan.verify(optimizer, model, scheduler, step=125)  # the step that is given holds
    assert found.parameters == ("blocks.11.weight", "blocks.11.bias")

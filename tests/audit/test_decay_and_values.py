"""Severities of what is said of values, `ignore`, and that an audit changes nothing; the scripts have the rest."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import nn

from lrspec.auditing.audit import audit
from lrspec.diagnostics.codes import Severity
from tests.audit.cases import MISTAKES, named
from tests.audit.state_scripts import stepped
from tests.audit.test_scripts import audited

ERRORS = (
    *("yaml_reads_a_rate_as_text", "yaml_reads_a_decay_as_text", "a_loop_sets_a_negative_rate", "a_decay_is_negative"),
    *("a_rate_is_nan", "a_decay_is_infinite"),
)
WARNINGS = (
    *("a_rate_of_zero_is_to_freeze", "an_exponent_is_lost", "a_multiple_stands_for_a_rate"),
    "a_kin_of_adam_has_a_rate_above_one",
)


@pytest.mark.parametrize("name", ERRORS)
def test_a_value_that_no_step_can_use_is_an_error(name: str) -> None:
    found = audited(MISTAKES[name].script)
    assert [each.severity for each in found.diagnostics] == [Severity.error]
    assert not found.ok


@pytest.mark.parametrize("name", WARNINGS)
def test_a_rate_of_zero_or_above_one_is_a_warning(name: str) -> None:
    found = audited(MISTAKES[name].script)
    assert [each.severity for each in found.diagnostics] == [Severity.warning]
    assert found.ok


def test_a_value_of_several_groups_is_said_once() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    (found,) = audit(torch.optim.SGD([{"params": each.parameters(), "lr": "1"} for each in model]), model).diagnostics
    assert found.message.startswith("`lr` of group 0 and group 1 is the text '1'")
    assert len(found.parameters) == 4


def test_each_key_has_a_finding() -> None:
    model = nn.Linear(2, 2)
    group = {"params": model.parameters(), "lr": "1e-3", "weight_decay": -1.0, "initial_lr": "1e-3"}
    found = audit(torch.optim.AdamW([group]), model).diagnostics
    assert [each.message.partition(" of ")[0] for each in found] == ["`lr`", "`weight_decay`"]


def test_a_finding_is_ignored_by_its_name() -> None:
    model, optimizer = MISTAKES["the_last_norm_has_another_name"].script()
    assert audit(optimizer, model, ignore=["mixed-decay"]).diagnostics == ()


def test_norms_that_are_exempt_by_oversight_are_listed_apart() -> None:
    """Of one kind few decay, of another few do not: each has its finding."""
    model = nn.ModuleList(nn.ModuleList([nn.LayerNorm(2), nn.Linear(2, 2)]) for _ in range(4))
    free = {"0.0.weight", "1.0.weight", "2.0.weight", "3.1.bias"}
    named = list(model.named_parameters())
    decayed = {"params": [each for name, each in named if name not in free], "weight_decay": 0.1}
    exempt = {"params": [each for name, each in named if name in free], "weight_decay": 0.0}
    found = audit(torch.optim.AdamW([decayed, exempt]), model).diagnostics
    assert [each.parameters for each in found] == [("3.0.weight",), ("3.1.bias",)]
    assert [" get no " in each.message or " gets no " in each.message for each in found] == [False, True]


def test_torch_cannot_save_state_that_no_group_has() -> None:
    """What the finding says it costs."""
    _, optimizer = MISTAKES["a_group_is_taken_out"].script()
    with pytest.raises(KeyError):
        optimizer.state_dict()


@pytest.mark.parametrize("name", named(name for name, each in MISTAKES.items() if "LRS507" <= each.code <= "LRS515"))
def test_an_audit_changes_nothing(name: str) -> None:
    model, optimizer, *_ = MISTAKES[name].script()
    optimizers = list(optimizer) if isinstance(optimizer, list) else [optimizer]
    before = [_seen(each) for each in optimizers]
    audit(optimizer, model)
    assert str([_seen(each) for each in optimizers]) == str(before)


def _seen(optimizer: Any) -> Any:
    groups = [
        {**group, "params": [(id(each), each.grad) for each in group["params"]]} for group in optimizer.param_groups
    ]
    return deepcopy((groups, {id(key): value for key, value in optimizer.state.items()}))


def test_state_is_judged_in_each_of_several_optimizers() -> None:
    model = nn.ModuleDict({"one": nn.Linear(2, 2), "other": nn.Linear(2, 2)})
    optimizers = {name: stepped(each, torch.optim.AdamW(each.parameters())) for name, each in model.items()}
    optimizers["other"].state[model["other"].weight]["exp_avg"] = torch.zeros(3)
    (found,) = audit(optimizers, model).diagnostics
    assert (found.code, found.parameters) == ("LRS515", ("other.weight",))

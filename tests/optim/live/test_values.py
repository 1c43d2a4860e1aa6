"""The values of live groups as a spec has them, whatever numbers are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lrspec.optim.live.values import identical, is_plain, plain_value, same

META = torch.tensor(1.0, device="meta")


@pytest.mark.parametrize(
    "rate",
    [
        torch.tensor(1e-3),
        torch.tensor([1e-3]),
        torch.tensor(1e-3, dtype=torch.float64),
        np.float64(1e-3),
        np.float32(1e-3),
    ],
)
def test_a_number_is_the_one_that_was_meant(rate: Any) -> None:
    assert repr(plain_value(rate)) == "0.001"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ([torch.tensor(0.8), 0.99], (0.8, 0.99)),
        (torch.tensor([0.8, 0.99]), (0.8, 0.99)),
        (torch.tensor(True), True),
        (np.int64(3), 3),
        (np.str_("a"), "a"),
        (torch.tensor(float("inf")), float("inf")),
    ],
)
def test_tensors_and_numbers_of_numpy_are_pythons(value: Any, plain: Any) -> None:
    found = plain_value(value)
    assert (found, type(found)) == (plain, type(plain))


@pytest.mark.parametrize("value", [META, print, {"a": 1}, (), "", "\x1b", float("nan")])
def test_what_no_spec_can_have_is_the_same_object(value: Any) -> None:
    assert plain_value(value) is value
    assert not is_plain(value)
    assert identical(value, value)
    assert not is_plain(("a", value))


def test_equal_numbers_differ_by_no_more_than_their_precision() -> None:
    third = torch.tensor(0.1) * torch.tensor(0.3)
    assert same(third, 0.03)
    assert not same(third.item(), 0.03)
    assert not identical(0.1 + 0.2, 0.3)
    assert not identical(META, META.clone())

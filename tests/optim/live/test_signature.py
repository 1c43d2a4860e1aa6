"""The class of a live optimizer as a spec has it."""

from __future__ import annotations

from torch import nn
from torch.optim import AdamW

from lrspec.optim.live.optimizers import live_optimizers
from lrspec.optim.live.signature import REQUIRED, signature_of
from tests.optim.live.own import Both, Further, Own


def test_a_class_of_torch_goes_by_its_name() -> None:
    type_, arguments = signature_of(AdamW, {})
    assert type_ == "AdamW"
    assert arguments["betas"] == (0.9, 0.999)
    assert "params" not in arguments


def test_what_an_optimizer_notes_for_itself_is_not_an_argument() -> None:
    (optimizer,) = live_optimizers(Own([{"params": [nn.Parameter()], "d0": 1e-5, "d": 0.3, "k": 17}]))
    assert optimizer.signature == (f"{Own.__module__}.Own", {"lr": 1.0, "hook": None, "d0": 1e-6})
    assert optimizer.options == [{"hook": None, "d0": 1e-5}]


def test_the_arguments_of_a_base_class_are_the_classs_own() -> None:
    assert signature_of(Further, {}).arguments == {"extra": False, "lr": 1.0, "hook": None, "d0": 1e-6}


def test_a_key_by_which_a_class_tells_groups_apart_is_an_argument() -> None:
    keys = ["use_muon", "betas", "largest", "layer_id"]
    assert signature_of(Both, {}, keys).arguments == {"lr": 0.1, "use_muon": REQUIRED, "betas": REQUIRED}

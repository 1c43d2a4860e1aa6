"""Scripts about rates and weight decays by themselves: LRS510."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from timm.optim.adafactor import Adafactor as TimmAdafactor
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import nn
from torch.optim import lr_scheduler
from transformers.optimization import Adafactor, get_linear_schedule_with_warmup

from tests.audit.cases import mistake, right


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def halves(model: nn.Sequential, **second: Any) -> list[dict[str, Any]]:
    return [{"params": model[0].parameters()}, {"params": model[2].parameters(), **second}]


class Prodigy(torch.optim.Optimizer):
    """A stand-in for one of those that multiply the rate by an estimate of their own."""

    def __init__(self, params: Any, lr: float = 1.0) -> None:
        super().__init__(params, {"lr": lr, "d": 1e-6, "weight_decay": 0.0})


class DAdaptAdam(Prodigy):
    """Another."""


class AdamW8bit(torch.optim.Optimizer):
    """A stand-in for bitsandbytes', which needs a GPU."""

    def __init__(self, params: Any, lr: float = 1e-3) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": 0.01})


@mistake("LRS510", "2.weight 2.bias", "float(…)")
def yaml_reads_a_rate_as_text() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(halves(model, lr="1e-3"), lr=1e-3)


@mistake("LRS510", "2.weight 2.bias", "1.0e-3")
def yaml_reads_a_decay_as_text() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(halves(model, weight_decay="1e-2"), lr=1e-3)


@mistake("LRS510", "0.weight 0.bias 2.weight 2.bias", "not negative")
def a_loop_sets_a_negative_rate() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.param_groups[0]["lr"] = -0.01
    return model, optimizer


@mistake("LRS510", "2.weight 2.bias", "not negative")
def a_decay_is_negative() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(halves(model, weight_decay=-0.01), lr=1e-3)


@mistake("LRS510", "0.weight 0.bias 2.weight 2.bias", "finite")
def a_rate_is_nan() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=torch.tensor(0.1))
    optimizer.param_groups[0]["lr"].fill_(float("nan"))
    return model, optimizer


@mistake("LRS510", "2.weight 2.bias", "finite")
def a_decay_is_infinite() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(halves(model, weight_decay=float("inf")), lr=1e-3)


@mistake("LRS510", "2.weight 2.bias", "requires_grad_(False)")
def a_rate_of_zero_is_to_freeze() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(halves(model, lr=0.0), lr=1e-3)


def one_moves_and_one_does_not(moved: Any) -> tuple[Any, ...]:
    """Two optimizers, of which the second has a rate of 0; `moved` gives the scheduler of the first."""
    model = net()
    first, second = torch.optim.AdamW(model[0].parameters()), torch.optim.SGD(model[2].parameters(), lr=0.0)
    return model, [first, second], moved(first, second)


@mistake("LRS510", "2.weight 2.bias", "requires_grad_(False)")
def a_scheduler_moves_the_other_optimizer() -> tuple[Any, ...]:
    return one_moves_and_one_does_not(lambda first, _: lr_scheduler.StepLR(first, 2))


@right
def a_scheduler_moves_each_optimizer() -> tuple[Any, ...]:
    return one_moves_and_one_does_not(
        lambda first, second: [lr_scheduler.StepLR(first, 2), lr_scheduler.LambdaLR(second, lambda step: 0.1 * step)]
    )


@right
def a_scheduler_does_not_say_what_it_moves() -> tuple[Any, ...]:
    return one_moves_and_one_does_not(lambda *_: SimpleNamespace(step=lambda: None))


@right
def a_scheduler_moves_an_optimizer_that_is_not_known() -> tuple[Any, ...]:
    def around(first: Any, second: Any) -> Any:
        wrapper = SimpleNamespace(optimizers=[first, second])
        return SimpleNamespace(optimizer=wrapper, step=lambda: None)

    return one_moves_and_one_does_not(around)


@mistake("LRS510", "0.weight 0.bias 2.weight 2.bias", "exponent")
def an_exponent_is_lost() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(model.parameters(), lr=3)


@mistake("LRS510", "2.weight 2.bias", "multiple")
def a_multiple_stands_for_a_rate() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.Adam(halves(model, lr=10.0), lr=1e-3)
    return model, optimizer, lr_scheduler.CosineAnnealingLR(optimizer, 10)


@mistake("LRS510", "0.weight 0.bias 2.weight 2.bias", "exponent")
def a_kin_of_adam_has_a_rate_above_one() -> tuple[Any, ...]:
    model = net()
    return model, AdamW8bit(model.parameters(), lr=2.0)


@right
def a_warm_up_starts_from_zero() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return model, optimizer, get_linear_schedule_with_warmup(optimizer, 5, 10)


@right
def a_warm_up_is_not_passed() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    get_linear_schedule_with_warmup(optimizer, 5, 10)
    return model, optimizer


@right
def a_cosine_has_ended() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, 2)
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0
    return model, optimizer, scheduler


@right
def a_scheduler_raises_a_rate_of_zero() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    return model, optimizer, lr_scheduler.LambdaLR(optimizer, lambda step: 0.1 * step)


@right
def timm_warms_up_from_zero() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return model, optimizer, CosineLRScheduler(optimizer, t_initial=10, warmup_t=2, warmup_lr_init=0)


@right
def decay_is_zero() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0)


@right
def the_rate_is_a_tensor() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(model.parameters(), lr=torch.tensor(1e-3), capturable=False)


@right
def steps_are_captured() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(model.parameters(), lr=torch.tensor(1e-3), capturable=True)


@right
def steps_are_fused() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)


@right
def a_rate_on_the_meta_device_is_not_known() -> tuple[Any, ...]:
    model = net().to("meta")
    optimizer = torch.optim.AdamW(model.parameters())
    optimizer.param_groups[0]["lr"] = torch.tensor(1e-3, device="meta")
    return model, optimizer


@right
def sgd_has_a_rate_above_one() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.SGD(model.parameters(), lr=4.8, momentum=0.9)


@right
def prodigy_has_a_rate_of_one() -> tuple[Any, ...]:
    model = net()
    return model, Prodigy(model.parameters())


@right
def d_adaptation_doubles_its_rate() -> tuple[Any, ...]:
    model = net()
    return model, DAdaptAdam(model.parameters(), lr=2.0)


@right
def adadelta_has_a_rate_of_its_own() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.Adadelta(model.parameters(), lr=2.0)


@right
def lbfgs_has_a_rate_of_one() -> tuple[Any, ...]:
    model = net()
    return model, torch.optim.LBFGS(model.parameters(), lr=1.5)


@right
def a_factor_of_noam_is_one() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98))
    return model, optimizer, lr_scheduler.LambdaLR(optimizer, lambda step: 1e-3 * min(step + 1, 10))


@right
def adafactor_sets_its_own_rate() -> tuple[Any, ...]:
    model = net()
    return model, Adafactor(model.parameters(), lr=None)


@right
def timms_adafactor_sets_its_own_rate() -> tuple[Any, ...]:
    model = net()
    return model, TimmAdafactor(model.parameters(), lr=None)


@right
def one_cycle_begins_low() -> tuple[Any, ...]:
    model = net()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return model, optimizer, lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=10, div_factor=1e9)

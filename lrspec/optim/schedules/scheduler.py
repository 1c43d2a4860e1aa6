"""A scheduler of torch that sets a plan's rates by the spec's schedules. Imported only when one is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrspec.diagnostics.errors import warn
from lrspec.optim.schedules.planned import Course, factor


class PlanScheduler(LRScheduler):
    """Sets the rate of each group, computed from the step alone: the plan's, times the factor of its schedule."""

    follows_plan = True

    def __init__(self, optimizer: Optimizer, rates: Sequence[tuple[float, Course]], steps: int, step: int) -> None:
        self.steps, self.courses = steps, [course for _, course in rates]
        for group, (rate, _) in zip(optimizer.param_groups, rates, strict=True):
            group["initial_lr"] = rate
        super().__init__(optimizer, last_epoch=step - 1)

    def get_lr(self) -> list[float | Tensor]:
        """Return the rate of each group at this step."""
        return [
            rate * factor(course, self.last_epoch) for rate, course in zip(self.base_lrs, self.courses, strict=True)
        ]

    def step(self, epoch: int | None = None) -> None:
        """Go to the next step, or to a given one."""
        if epoch is None:
            super().step()
        else:
            self._step_count += 1
            self._go_to(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return plain numbers: the step, how often `step` was called, and the number of all steps."""
        return {"last_epoch": self.last_epoch, "_step_count": self._step_count, "steps": self.steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go to the saved step, and set all rates at once; a `SpecWarning` if that run had another number of steps."""
        if (steps := state_dict.get("steps", self.steps)) != self.steps:
            warn([f"the saved scheduler was for {steps:,} steps, and this one is for {self.steps:,}, which hold"])
        self._step_count = state_dict.get("_step_count", self._step_count)
        self._go_to(state_dict["last_epoch"])

    def _go_to(self, step: int) -> None:
        self.last_epoch = step
        self._last_lr = self.get_lr()
        for group, rate in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

"""Optimizers as other packages have them."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer


class Own(Optimizer):
    """Notes something for itself in its groups."""

    def __init__(self, params: Any, lr: float = 1.0, hook: Any = None, d0: float = 1e-6, **rest: Any) -> None:
        super().__init__(params, {"lr": lr, "hook": hook, "d0": d0, "d": d0, "k": 0, **rest})


class Further(Own):
    """Passes on what it does not know."""

    def __init__(self, params: Any, extra: bool = False, **rest: Any) -> None:
        super().__init__(params, **rest)
        for group in self.param_groups:
            group["extra"] = extra


class Both(Optimizer):
    """As some write Muon: its groups say which of two ways is theirs, and only those of one have `betas`."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": 0.0})
        for group in self.param_groups:
            if not group.setdefault("use_muon", False):
                group.setdefault("betas", (0.9, 0.95))

    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            group["largest"] = 1.0

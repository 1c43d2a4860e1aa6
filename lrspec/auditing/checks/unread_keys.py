"""Do multipliers in groups change anything? LRS511."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.rates import distinct, factor, filled, places_in, understood
from lrspec.auditing.run import Run
from lrspec.diagnostics.wording import count
from lrspec.models.describe import count_parameters
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.signature import keys_read
from lrspec.optim.live.unwrap import class_of
from lrspec.optim.live.values import is_number, plain_value

_KEY = re.compile(r"(?:lr|learning_rate|wd|weight_decay|decay)_?(?:scale|mult|multi|multiplier|factor|ratio|coeff?)")

_PACKAGES = ("torch.optim.", "timm.optim.", "transformers.", "bitsandbytes.")


def unread_key(run: Run) -> Iterator[AuditFinding]:
    """LRS511: multipliers that neither the scheduler nor the optimizer reads."""
    for optimizer in run.optimizers:
        if keys := unread_keys(run, optimizer):
            numbers = [n for n in filled(optimizer) if any(factor(optimizer, n, key) != 1 for key in keys)]
            places = places_in(run, optimizer, numbers)
            are, them = ("is", "it") if len(keys) == 1 else ("are", "them")
            readers = dict.fromkeys(
                [*(each.name for each in optimizer.schedules), class_of(optimizer.stepping).__name__]
            )
            subject = count_parameters(run.inventory.columns, places)
            settings = _all(list(dict.fromkeys(map(_setting, keys))))
            yield run.finding(
                "LRS511",
                places,
                f"{_all(keys)} of {count(len(numbers), 'group')} {are} not read by {' or '.join(readers)}: "
                f"{subject} {'trains' if len(places) == 1 else 'train'} as if without {them}",
                f"Multiply {them} into {settings} of each group before the scheduler is made. Of all schedulers, "
                "timm's read `lr_scale`.",
            )


def unread_keys(run: Run, optimizer: LiveOptimizer) -> list[str]:
    """Return the multipliers that change nothing, as far as that can be known.

    A step of another package, a hook before each step, or a function per group in a LambdaLR may read them.
    """
    hooks = getattr(optimizer.stepping, "_optimizer_step_pre_hooks", None)
    if hooks or not understood(run, optimizer) or not _has_known_step(optimizer):
        return []
    read = {*optimizer.signature.arguments, *optimizer.defaults, *(each.reads for each in optimizer.schedules)}
    keys = {key: None for group in optimizer.groups for key in group if isinstance(key, str) and _KEY.fullmatch(key)}
    read.update(keys_read(class_of(optimizer.stepping), keys))
    return [key for key in keys if key not in read and _is_left_out(optimizer, key)]


def _has_known_step(optimizer: LiveOptimizer) -> bool:
    definer = next((cls for cls in class_of(optimizer.stepping).__mro__ if "step" in vars(cls)), object)
    return definer.__module__.startswith(_PACKAGES)


def _is_left_out(optimizer: LiveOptimizer, key: str) -> bool:
    """Return whether settings are as without a multiplier: dividing by it gives more values, rather than fewer."""
    setting = _setting(key)
    gained = [_values_gained(optimizer, key, setting, source) for source in (f"initial_{setting}", setting)]
    return min(gained) >= 0 and max(gained) > 0


def _values_gained(optimizer: LiveOptimizer, key: str, setting: str, source: str) -> int:
    pairs = [
        (plain_value(optimizer.groups[number][source]), factor(optimizer, number, key))
        for number in filled(optimizer)
        if source in optimizer.groups[number]
    ]
    pairs.append((plain_value(optimizer.defaults.get(setting)), 1.0))
    known = [(value, by) for value, by in pairs if is_number(value) and (value or by)]
    return distinct(value / by if by else math.inf for value, by in known) - distinct(value for value, _ in known)


def _setting(key: str) -> str:
    return "lr" if key.startswith("l") else "weight_decay"


def _all(keys: Sequence[str]) -> str:
    return " and ".join(f"`{key}`" for key in keys)

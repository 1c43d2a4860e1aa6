"""Do multipliers in groups change anything? LRS511."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.multipliers import factor, multiplied
from lrspec.auditing.rates import counted, distinct, filled, plans, understood
from lrspec.auditing.run import Run
from lrspec.diagnostics.wording import count
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.signature import keys_read
from lrspec.optim.live.unwrap import class_of
from lrspec.optim.live.values import is_number, plain_value

_PACKAGES = ("torch.optim.", "timm.optim.", "transformers.", "bitsandbytes.")


def unread_key(run: Run) -> Iterator[AuditFinding]:
    """LRS511: multipliers that neither the scheduler nor the optimizer reads."""
    for optimizer in run.optimizers:
        if keys := unread_keys(run, optimizer):
            yield _unread(run, optimizer, keys)


def _unread(run: Run, optimizer: LiveOptimizer, keys: Sequence[str]) -> AuditFinding:
    numbers = [number for number in filled(optimizer) if any(factor(optimizer, number, key) != 1 for key in keys)]
    places = run.places_in(optimizer, numbers)
    them = "it" if len(keys) == 1 else "them"
    readers = dict.fromkeys([*(each.name for each in plans(run, optimizer)), class_of(optimizer.stepping).__name__])
    one = len(places or numbers) == 1
    return run.finding(
        "LRS511",
        places,
        f"neither {' nor '.join(readers)} reads {_quoted(keys)} of {count(len(numbers), 'group')}: "
        f"{counted(run, optimizer, numbers)} {'trains' if one else 'train'} as if without {them}",
        _cure(keys, them),
    )


def _cure(keys: Sequence[str], them: str) -> str:
    settings = list(dict.fromkeys(map(multiplied, keys)))
    first = " before the scheduler is made" if "lr" in settings else ""
    readers = " Of all schedulers, timm's read `lr_scale`." if "lr_scale" in keys else ""
    return f"Multiply {them} into {_quoted(settings)} of each group{first}.{readers}"


def unread_keys(run: Run, optimizer: LiveOptimizer) -> list[str]:
    """Return the multipliers that change nothing, as far as that can be known.

    A step of another package, a hook before each step, or a function per group in a LambdaLR may read them.
    """
    hooks = getattr(optimizer.stepping, "_optimizer_step_pre_hooks", None)
    if hooks or not understood(run, optimizer) or not _has_known_step(optimizer):
        return []
    read = {*optimizer.signature.arguments, *optimizer.defaults, *(each.reads for each in optimizer.schedules)}
    keys = list(filter(multiplied, dict.fromkeys(key for group in optimizer.groups for key in group)))
    read.update(keys_read(class_of(optimizer.stepping), keys))
    return [key for key in keys if key not in read and _is_left_out(optimizer, key)]


def _has_known_step(optimizer: LiveOptimizer) -> bool:
    definer = next((cls for cls in class_of(optimizer.stepping).__mro__ if "step" in vars(cls)), object)
    return definer.__module__.startswith(_PACKAGES)


def _is_left_out(optimizer: LiveOptimizer, key: str) -> bool:
    """Return whether settings are as without a multiplier: dividing by it gives more values, rather than fewer."""
    setting = multiplied(key)
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


def _quoted(keys: Sequence[str]) -> str:
    return " and ".join(f"`{key}`" for key in keys)

"""Is each rate and each weight decay a number that an optimizer can use? LRS510."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lrspec.auditing.finding import AuditFinding, labels
from lrspec.auditing.rates import may_move
from lrspec.auditing.run import Run
from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.wording import value_words
from lrspec.optim.live.members import Member
from lrspec.optim.live.values import is_number, plain_value

_KEYS = ("lr", "initial_lr", "weight_decay")
_ADAM = re.compile(
    r"(Paged|Fused|DeepSpeedCPU|Stable|Sparse|N|R)*Adam(W|ax|P)?(Legacy|ScheduleFree)?(8bit|4bit|32bit|Fp8)?"
)
"""The names of Adam, AdamW and their kin, whose steps are about as large as the learning rate."""


class _Fault(NamedTuple):
    """What is wrong with a value, and what to do."""

    what: str
    cure: str


def unfit_value(run: Run) -> Iterator[AuditFinding]:
    """LRS510: rates and weight decays that are text, negative or not finite, and rates of 0 or far too large."""
    groups = list(run.places)
    yield from _no_amounts(run, groups)
    yield from _zero_rates(run, groups)
    yield from _large_rates(run, groups)


def _no_amounts(run: Run, groups: list[Member]) -> Iterator[AuditFinding]:
    """Values that no step can use, or that it goes the wrong way with; the first rate is most often the present one."""
    found: dict[tuple[str, _Fault], list[Member]] = {}
    for group in groups:
        faults = {key: fault for key in _KEYS if (fault := _fault(_value(group, key), key))}
        for key, fault in faults.items():
            if key != "initial_lr" or fault != faults.get("lr"):
                found.setdefault((key, fault), []).append(group)
    for (key, fault), those in found.items():
        yield _finding(run, those, f"`{key}` of {labels(those)} is {fault.what}", fault.cure)


def _fault(value: Any, key: str) -> _Fault | None:
    if isinstance(value, str):
        cure = "Convert it (`float(…)`): YAML 1.1 reads `1e-3` as text, and `1.0e-3` as a number."
        return _Fault(f"the text {value_words(value)}: no step can compute with it", cure)
    if isinstance(value, float) and not math.isfinite(value):
        return _Fault(f"{value}: after the next step, so are the parameters", "Set a finite number.")
    if is_number(value) and value < 0:
        cost = "pushes weights away from zero" if key == "weight_decay" else "climbs the loss"
        return _Fault(f"{value_words(value)}: each step {cost}", "Set a number that is not negative.")
    return None


def _zero_rates(run: Run, groups: list[Member]) -> Iterator[AuditFinding]:
    """Rates of 0 that no scheduler is known to raise."""
    still = [group for group in groups if _is_still(group) and not may_move(run, group.optimizer)]
    if still:
        yield _finding(
            run,
            still,
            f"`lr` of {labels(still)} is 0, and no scheduler raises it: no step changes these parameters, though they "
            "have gradients and state",
            "Set a rate, or freeze them: `requires_grad_(False)`. If a scheduler raises it, pass `scheduler`.",
        ).at(Severity.warning)


def _is_still(group: Member) -> bool:
    first, rate = _value(group, "initial_lr"), _value(group, "lr")
    return is_number(rate) and rate == 0 and not (is_number(first) and first > 0) and _trains(group)


def _large_rates(run: Run, groups: list[Member]) -> Iterator[AuditFinding]:
    """Rates above 1 of optimizers whose steps are as large as the rate."""
    found: dict[str, list[Member]] = {}
    for group in groups:
        rate = _value(group, "lr") if _value(group, "initial_lr") is None else _value(group, "initial_lr")
        if is_number(rate) and rate > 1 and _trains(group) and _is_adam(group):
            found.setdefault(value_words(rate), []).append(group)
    for rate, those in found.items():
        name = type(those[0].optimizer.stepping).__name__
        yield _finding(
            run,
            those,
            f"the learning rate of {labels(those)} is {rate}: a step of {name} moves each weight by about as much",
            "Is it a multiple of the rate, or was an exponent lost? 1e-5 to 1e-2 are usual.",
        ).at(Severity.warning)


def _is_adam(group: Member) -> bool:
    """Return whether the optimizer is an Adam; Prodigy and D-Adaptation multiply the rate by an estimate, `d`."""
    classes = [cls.__name__ for cls in type(group.optimizer.stepping).__mro__]
    return "d" not in group.keys and any(map(_ADAM.fullmatch, classes))


def _finding(run: Run, groups: list[Member], message: str, cure: str) -> AuditFinding:
    return run.finding("LRS510", [place for group in groups for place in run.places[group]], message, cure)


def _value(group: Member, key: str) -> Any:
    return plain_value(group.keys.get(key))


def _trains(group: Member) -> bool:
    return group.optimizer.trains[group.group]

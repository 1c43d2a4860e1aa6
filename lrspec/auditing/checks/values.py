"""Is each rate and each weight decay a number that an optimizer can use? LRS510."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lrspec.auditing.finding import AuditFinding
from lrspec.auditing.run import Run
from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.wording import few, value_words
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.values import is_number, plain_value

_KEYS = ("lr", "initial_lr", "weight_decay")
_ADAM = re.compile(
    r"(Paged|Fused|DeepSpeedCPU|Stable|Sparse|N|R)*Adam(W|ax|P)?(Legacy|ScheduleFree)?(8bit|4bit|32bit|Fp8)?"
)
"""The names of Adam, AdamW and their kin, whose steps are about as large as the learning rate."""


class _Group(NamedTuple):
    """A group of an optimizer, and the places of its parameters."""

    optimizer: LiveOptimizer
    number: int
    places: list[int]

    @property
    def label(self) -> str:
        return self.optimizer.label(self.number)

    def value(self, key: str) -> Any:
        return plain_value(self.optimizer.groups[self.number].get(key))

    @property
    def trains(self) -> bool:
        """Whether some of its tensors require grad; the loss may have them."""
        return any(tensor.requires_grad for tensor in self.optimizer.groups[self.number]["params"])


class _Fault(NamedTuple):
    """What is wrong with a value, and what to do."""

    what: str
    cure: str


def unfit_value(run: Run) -> Iterator[AuditFinding]:
    """LRS510: rates and weight decays that are text, negative or not finite, and rates of 0 or far too large."""
    groups = _groups(run)
    yield from _no_amounts(run, groups)
    yield from _zero_rates(run, groups)
    yield from _large_rates(run, groups)


VALUES = (unfit_value,)
"""Every check of rates and weight decays by themselves."""


def _groups(run: Run) -> list[_Group]:
    places: dict[tuple[int, int], list[int]] = {}
    for slot in run.slots:
        if slot.place is not None:
            places.setdefault((id(slot.optimizer), slot.group), []).append(slot.place)
    return [
        _Group(optimizer, number, places.get((id(optimizer), number), []))
        for optimizer in run.optimizers
        for number in range(len(optimizer.groups))
    ]


def _no_amounts(run: Run, groups: list[_Group]) -> Iterator[AuditFinding]:
    """Values that no step can use, or that it goes the wrong way with; the first rate is most often the present one."""
    found: dict[tuple[str, _Fault], list[_Group]] = {}
    for group in groups:
        faults = {key: fault for key in _KEYS if (fault := _fault(group.value(key), key))}
        for key, fault in faults.items():
            if key != "initial_lr" or fault != faults.get("lr"):
                found.setdefault((key, fault), []).append(group)
    for (key, fault), those in found.items():
        yield _finding(run, those, f"`{key}` of {_labels(those)} is {fault.what}", fault.cure)


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


def _zero_rates(run: Run, groups: list[_Group]) -> Iterator[AuditFinding]:
    """Rates of 0 that no scheduler is known to raise."""
    still = [group for group in groups if not run.schedulers and _is_still(group)]
    if still:
        yield _finding(
            run,
            still,
            f"`lr` of {_labels(still)} is 0, and there is no scheduler: no step changes these parameters, though they "
            "have gradients and state",
            "Set a rate, or freeze them: `requires_grad_(False)`. If a scheduler raises it, pass `scheduler`.",
        ).at(Severity.warning)


def _is_still(group: _Group) -> bool:
    first = group.value("initial_lr")
    rate = group.value("lr")
    return is_number(rate) and rate == 0 and not (is_number(first) and first > 0) and group.trains


def _large_rates(run: Run, groups: list[_Group]) -> Iterator[AuditFinding]:
    """Rates above 1 of optimizers whose steps are as large as the rate."""
    found: dict[str, list[_Group]] = {}
    for group in groups:
        rate = group.value("lr") if group.value("initial_lr") is None else group.value("initial_lr")
        if is_number(rate) and rate > 1 and group.trains and _is_adam(group):
            found.setdefault(value_words(rate), []).append(group)
    for rate, those in found.items():
        name = type(those[0].optimizer.stepping).__name__
        yield _finding(
            run,
            those,
            f"the learning rate of {_labels(those)} is {rate}: a step of {name} moves each weight by about as much",
            "Is it a multiple of the rate, or was an exponent lost? 1e-5 to 1e-2 are usual.",
        ).at(Severity.warning)


def _is_adam(group: _Group) -> bool:
    """Return whether the optimizer is an Adam; Prodigy and D-Adaptation multiply the rate by an estimate, `d`."""
    keys = group.optimizer.groups[group.number]
    classes = [cls.__name__ for cls in type(group.optimizer.stepping).__mro__]
    return "d" not in keys and any(map(_ADAM.fullmatch, classes))


def _labels(groups: list[_Group]) -> str:
    return few([group.label for group in groups], 3)


def _finding(run: Run, groups: list[_Group], message: str, cure: str) -> AuditFinding:
    return run.finding("LRS510", [place for group in groups for place in group.places], message, cure)

"""Is each group of use? LRS505 and LRS506: groups that hold nothing, and far more groups than settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.auditing.finding import AuditFinding, listed
from lrspec.auditing.run import Run
from lrspec.diagnostics.wording import SHOWN, count, few, value_words
from lrspec.models.describe import count_parameters
from lrspec.optim.live.groups import LiveOptimizer
from lrspec.optim.live.values import plain_value
from lrspec.spec.torch_optim import NOT_SETTINGS

_MANY, _TIMES_SETTINGS = 32, 4
"""Beyond how many groups these are too many, if there are so many times as many as there are settings."""

_EMBEDDINGS = 1
"""The group that PEFT's LoRA+ has for adapters of embeddings, one of four."""

_DECAY = frozenset({"weight_decay", "initial_weight_decay"})


def empty_group(run: Run) -> Iterator[AuditFinding]:
    """LRS505: groups without parameters."""
    for optimizer in run.optimizers:
        empty = [number for number, group in enumerate(optimizer.groups) if not len(group["params"])]
        if empty and _is_lora_plus(run, optimizer):
            yield from _empty_embeddings(run, optimizer)
        elif empty := sorted(set(empty) - set(_halves(optimizer) if empty else ())):
            labels = listed((_label(optimizer, number) for number in empty), SHOWN)
            has, its = ("has", "its") if len(empty) == 1 else ("have", "their")
            yield run.finding(
                "LRS505",
                [],
                f"{labels} {has} no parameters: {its} settings have no effect",
                "Check what selects them: a name may not exist in this model, or everything it matches is frozen. "
                "If nothing should be selected, leave the group out.",
            )


def needless_groups(run: Run) -> Iterator[AuditFinding]:
    """LRS506: far more groups than there are different settings."""
    for optimizer in run.optimizers:
        groups = len(optimizer.groups)
        if groups <= _MANY:
            continue
        settings = len({frozenset(_settings(optimizer, number).items()) for number in range(groups)})
        if groups >= _TIMES_SETTINGS * settings:
            of = "" if len(run.optimizers) == 1 else f" `{optimizer.name}`"
            yield run.finding(
                "LRS506",
                [],
                f"the optimizer{of} has {groups:,} groups for {count(settings, 'combination')} of settings: a step "
                "handles one group after the other, and logs show the rate of each",
                "Put parameters with equal settings into one group: steps are faster, and nothing else changes.",
            )


GROUPS = (empty_group, needless_groups)
"""Every check of groups as such."""


def _label(optimizer: LiveOptimizer, number: int) -> str:
    """What to call a group, with its name or its rate."""
    group = optimizer.groups[number]
    name = group.get("name")
    own = f"`{name}`" if isinstance(name, str) else f"lr {value_words(optimizer.rate(number))}"
    return f"{optimizer.label(number)} ({own})"


def _halves(optimizer: LiveOptimizer) -> Iterator[int]:
    """The empty groups from which another one, that is not empty, differs in weight decay alone.

    The Trainer's two groups may have the same weight decay, too: 0.
    """
    settings = [_settings(optimizer, number) for number in range(len(optimizer.groups))]
    rests = [frozenset((key, value) for key, value in own.items() if key not in _DECAY) for own in settings]
    others: dict[Any, list[int]] = {}
    for number, group in enumerate(optimizer.groups):
        if len(group["params"]):
            others.setdefault(rests[number], []).append(number)
    for number, own in enumerate(settings):
        alike = others.get(rests[number], ())
        if (_gives_decay(optimizer, number) and alike) or any(settings[other] != own for other in alike):
            yield number


def _gives_decay(optimizer: LiveOptimizer, number: int) -> bool:
    """Return whether a group was given its weight decay: torch puts the default of a key after what is given."""
    keys = list(optimizer.groups[number])
    if "weight_decay" not in keys:
        return False
    default = plain_value(optimizer.defaults.get("weight_decay"))
    return optimizer.decay(number) != default or ("lr" in keys and keys.index("weight_decay") < keys.index("lr"))


def _is_lora_plus(run: Run, optimizer: LiveOptimizer) -> bool:
    """Return whether these are the groups of LoRA+: A, embeddings, B and B without weight decay."""
    if len(optimizer.groups) != 4 or not any("lora_" in name for name in run.inventory.columns.names):
        return False
    rates, decays = zip(*[(optimizer.rate(number), optimizer.decay(number)) for number in range(4)], strict=True)
    return bool(rates[2] == rates[3] and decays[0] == decays[1] == decays[2] and not decays[3])


def _empty_embeddings(run: Run, optimizer: LiveOptimizer) -> Iterator[AuditFinding]:
    """LRS505 of LoRA+: its group for embeddings is empty, though adapters of embeddings train."""
    names = run.inventory.columns.names
    trained = [place for place, name in enumerate(names) if "lora_embedding_" in name and run.trains(place)]
    if trained and not len(optimizer.groups[_EMBEDDINGS]["params"]):
        others = dict.fromkeys(slot.label for place in trained for slot in run.slots_of.get(place, ()))
        elsewhere = few(list(others)) or "no group"
        yield run.finding(
            "LRS505",
            trained,
            f"{_label(optimizer, _EMBEDDINGS)}, which LoRA+ has for embeddings, has no parameters: "
            f"{count_parameters(run.inventory.columns, trained)} of adapters of embeddings are in {elsewhere}",
            "Move them into that group, as newer versions of PEFT do.",
        )


def _settings(optimizer: LiveOptimizer, number: int) -> dict[Any, Any]:
    """What a group has besides its parameters and names, in values that can be compared."""
    known = {*optimizer.signature.arguments, *optimizer.defaults}
    items = optimizer.groups[number].items()
    return {k: _comparable(v) for k, v in items if k not in NOT_SETTINGS and (k in known or not _is_name(v))}


def _is_name(value: Any) -> bool:
    """Return whether a value is a name, or a list of names."""
    return isinstance(value, str) or (isinstance(value, list | tuple) and isinstance(next(iter(value), None), str))


def _comparable(value: Any) -> Any:
    """A value as a key of a mapping; large tensors and what has no hash by identity."""
    if hasattr(value, "numel") and value.numel() != 1:
        return id(value)
    plain = plain_value(value)
    try:
        hash(plain)
    except TypeError:
        return id(value)
    return plain

"""Reads the saved state of optimizers: the saved parameters, by name.

Three forms: `optimizer.state_dict()`, with numbers for parameters; `get_optimizer_state_dict` of
torch.distributed.checkpoint, with names; and the same flattened. For several optimizers, a mapping of names to these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.optim.resume.old_plan import OldGroup
from lrspec.optim.resume.result import ResumeError
from lrspec.spec.torch_optim import NOT_SETTINGS

State: TypeAlias = Mapping[str, Any]

_EXPECTED = "expected the result of `optimizer.state_dict()` or `get_optimizer_state_dict`"


@dataclass(frozen=True)
class SavedParameter:
    """The saved state of one parameter, and the settings of the group that it was in."""

    name: str
    state: State = field(repr=False)
    settings: State = field(repr=False)


def read_state(
    state_dict: Any, old_groups: Sequence[OldGroup] | None, optimizer: str | None = None
) -> list[SavedParameter]:
    """Return the parameters that were saved, under the names that they were saved with, in order.

    `old_groups` are those of the plan that the optimizers were made from: they name the parameters if the state
    dict has only numbers. `optimizer` is the one that a lone state dict belongs to, if that plan has several.

    ResumeError for anything but the state of optimizers, and if the old groups are needed and missing, or do not fit.
    """
    saved: list[SavedParameter] = []
    state_dicts = state_dict if _is_several(state_dict) else {optimizer: state_dict}
    for name, states in state_dicts.items():
        if _is_flat(states):
            saved += _from_flat(states)
        elif _is_nested(states):
            saved += _from_nested(states["state"], states["param_groups"], old_groups, name)
        else:
            raise ResumeError(_not_a_state(states))
    if twice := [name for name, times in Counter(parameter.name for parameter in saved).items() if times > 1]:
        raise ResumeError(f"the checkpoint has {few(twice, SHOWN)} twice: it is not clear which state is meant")
    return saved


def _is_nested(value: Any) -> bool:
    if not (isinstance(value, Mapping) and isinstance(value.get("state"), Mapping)):
        return False
    groups = value.get("param_groups")
    if not (isinstance(groups, list) and all(isinstance(group, Mapping) for group in groups)):
        return False
    params = [group.get("params") for group in groups]
    return all(isinstance(keys, list) and all(isinstance(key, int | str) for key in keys) for keys in params)


def _is_flat(value: Any) -> bool:
    if not (isinstance(value, Mapping) and value and all(isinstance(key, str) for key in value)):
        return False
    starts = {key.partition(".")[0] for key in value if "." in key}
    return "param_groups" in starts and starts <= {"state", "param_groups"} and all("." in key for key in value)


def _is_one(value: Any) -> bool:
    return _is_nested(value) or _is_flat(value)


def _is_several(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and not _is_one(value) and all(map(_is_one, value.values()))


def _not_a_state(value: Any) -> str:
    """The message for something that is not the state of an optimizer."""
    if not isinstance(value, Mapping):
        return f"this is not an optimizer state dict: {_EXPECTED}, found {type(value).__name__}"
    if not value:
        return f"this state dict is empty: {_EXPECTED}\nEvery process needs the state, not just the first."
    keys = f"it has the keys {few([str(key) for key in value], SHOWN)}"
    for key, content in value.items():
        place = f"[{printable(repr(key))}]"
        candidates = {place: content}
        if isinstance(content, list):
            candidates |= {f"{place}[{index}]": item for index, item in enumerate(content)}
        for where, candidate in candidates.items():
            if _is_one(candidate) or _is_several(candidate):
                return f"this is a whole checkpoint, not an optimizer state dict: {keys}\nPass its entry at {where}."
    if all(hasattr(content, "shape") for content in value.values()):
        message = f"this is a model state dict, not an optimizer state dict: {keys}"
        return f"{message}\nSave and load `optimizer.state_dict()`, too."
    return f"this is not an optimizer state dict: {keys}\n{_EXPECTED.capitalize()}."


def _from_nested(
    state: Mapping[Any, Any],
    groups: Sequence[Mapping[str, Any]],
    old_groups: Sequence[OldGroup] | None,
    optimizer: str | None,
) -> Iterator[SavedParameter]:
    grouped = {key for group in groups for key in group["params"]}
    types = {type(key) for key in grouped}  # what a library keeps of all parameters together has another type of key
    if groupless := [str(key) for key in state if key not in grouped and type(key) in types]:
        raise _read_in_part(groupless)
    own_names = [_own_names(group) for group in groups]
    names = [known for known in own_names if known is not None]
    if len(names) < len(own_names):
        names = _names_by_plan(groups, old_groups, optimizer)
    for group, known in zip(groups, names, strict=True):
        settings = {key: value for key, value in group.items() if key not in NOT_SETTINGS}
        for key, name in zip(group["params"], known, strict=True):
            own = state.get(key, {})
            if not isinstance(own, Mapping):
                message = f"the saved state of {printable(name)} is not a mapping"
                raise ResumeError(f"{message}: {_EXPECTED}, found {type(own).__name__}")
            yield SavedParameter(name, own, settings)


def _own_names(group: Mapping[str, Any]) -> Sequence[str] | None:
    params, names = group["params"], group.get("param_names")
    if all(isinstance(param, str) for param in params):
        return params  # type: ignore[no-any-return]
    if not isinstance(names, list | tuple):
        return None
    if len(names) != len(params):
        counts = f"{count(len(params), 'parameter')}, but {count(len(names), 'name')}"
        raise ResumeError(f"a group of the checkpoint has {counts}")
    return [str(name) for name in names]


def _names_by_plan(
    groups: Sequence[Mapping[str, Any]], old_groups: Sequence[OldGroup] | None, optimizer: str | None
) -> list[Sequence[str]]:
    if old_groups is None:
        raise ResumeError(
            "the checkpoint does not say which parameters its states belong to (its groups have no `param_names`)\n"
            "Pass the plan that its optimizer was made from: old_plan=, the output of `lrspec compile --format json`."
        )
    optimizers = {group.optimizer for group in old_groups}
    if len(optimizers) > 1 and optimizer not in optimizers:
        listed = ", ".join(sorted(map(str, optimizers)))
        raise ResumeError(
            f"the old plan has several optimizers ({listed}), and it is not clear which one this checkpoint is of\n"
            "Pass the optimizers, and what was saved of them, as mappings of these names."
        )
    names = [group.params for group in old_groups if len(optimizers) == 1 or group.optimizer == optimizer]
    saved, planned = [len(group["params"]) for group in groups], [len(params) for params in names]
    if saved != planned:
        raise ResumeError(
            f"the old plan does not fit the checkpoint: it has {_sizes(planned)}, and the checkpoint {_sizes(saved)}\n"
            "Pass the plan that the checkpoint's optimizer was made from."
        )
    return names


def _sizes(sizes: Sequence[int]) -> str:
    return f"{count(len(sizes), 'group')} of {few([str(size) for size in sizes])} parameters"


def _read_in_part(names: Sequence[str]) -> ResumeError:
    """The error for missing groups: torch.distributed.checkpoint reads no more of them than its target has."""
    return ResumeError(
        f"the checkpoint has the state of {few(names, SHOWN)}, but no group with them: it was read in part\n"
        "Save and read it flattened: StateDictOptions(flatten_optimizer_state_dict=True)."
    )


def _from_flat(flat: Mapping[str, Any]) -> Iterator[SavedParameter]:
    """Read `state.NAME.exp_avg` and `param_groups.NAME.lr`: a name may have dots, and a setting has none.

    A name is the longest that has settings; what follows it are the keys of a state, which may be nested (Shampoo).
    """
    settings: dict[str, dict[str, Any]] = {}
    for key, value in flat.items():
        section, _, path = key.partition(".")
        if section == "param_groups":
            name, _, setting = path.rpartition(".")
            settings.setdefault(name, {})[setting] = value
    states: dict[str, dict[str, Any]] = {name: {} for name in settings}
    for key, value in flat.items():
        section, _, path = key.partition(".")
        if section == "state":
            name = path.rpartition(".")[0]
            while name and name not in settings:
                name = name.rpartition(".")[0]
            if name not in settings:
                raise _read_in_part([path.rpartition(".")[0] or path])
            *outer, last = path[len(name) + 1 :].split(".")
            state: Any = states[name]
            for step in outer:
                state = state.setdefault(step, {}) if isinstance(state, dict) else None
            if not isinstance(state, dict) or isinstance(state.get(last), dict):
                raise ResumeError(f"`{printable(key)}` of the checkpoint is both a value and a mapping")
            state[last] = value
    for name, own in settings.items():
        yield SavedParameter(name, states[name], {k: v for k, v in own.items() if k not in NOT_SETTINGS})

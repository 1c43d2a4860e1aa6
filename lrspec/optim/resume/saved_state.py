"""The state of optimizers, as torch or torch.distributed.checkpoint saves it, to the saved parameters by name.

Three forms: `optimizer.state_dict()`, with numbers for parameters; `get_optimizer_state_dict`, with names; and the
same flattened. Of several optimizers, a mapping of names to one of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.wording import SHOWN, count, few
from lrspec.optim.resume.old_plan import OldGroup
from lrspec.optim.resume.result import ResumeError
from lrspec.spec.torch_optim import NOT_SETTINGS

State: TypeAlias = Mapping[str, Any]

_EXPECTED = "expected what `optimizer.state_dict()` or `get_optimizer_state_dict` gives"


@dataclass(frozen=True)
class SavedParameter:
    """What was saved of one parameter: its state, and the settings of the group that it was in."""

    name: str
    state: State = field(repr=False)
    settings: State = field(repr=False)


def read_state(
    state_dict: Any, old_groups: Sequence[OldGroup] | None, optimizer: str | None = None
) -> list[SavedParameter]:
    """The parameters that were saved, under the names that they were saved with, in order.

    `old_groups` are those of the plan that the optimizers were made by: where the parameters have numbers only, they
    say which is which. `optimizer` is the one that a lone state dict is taken for, where that plan has several.

    Raises:
        ResumeError: for anything else than the state of optimizers, and where the old groups are needed and missing,
            or do not fit.
    """
    if _is_several(state_dict):
        each = [_of_one(one, old_groups, name) for name, one in state_dict.items()]
    else:
        each = [_of_one(state_dict, old_groups, optimizer)]
    saved = list(chain.from_iterable(each))
    _refuse_equal_names(saved)
    return saved


def _of_one(state_dict: Any, old_groups: Sequence[OldGroup] | None, optimizer: str | None) -> Iterator[SavedParameter]:
    if _is_flat(state_dict):
        return _from_flat(state_dict)
    if not _is_nested(state_dict):
        raise ResumeError(_what_it_is(state_dict))
    return _from_nested(state_dict["state"], state_dict["param_groups"], old_groups, optimizer)


def _refuse_equal_names(saved: Sequence[SavedParameter]) -> None:
    if twice := [name for name, times in Counter(each.name for each in saved).items() if times > 1]:
        raise ResumeError(f"the checkpoint has {few(twice, SHOWN)} twice: it is not clear which state is meant")


# ------------------------------------------------------------------------------------------------- which form it is


def _is_nested(value: Any) -> bool:
    if not (isinstance(value, Mapping) and isinstance(value.get("state"), Mapping)):
        return False
    groups = value.get("param_groups")
    return isinstance(groups, list) and all(isinstance(g, Mapping) and _are_params(g.get("params")) for g in groups)


def _are_params(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, int | str) for each in value)


def _is_flat(value: Any) -> bool:
    if not (isinstance(value, Mapping) and value and all(isinstance(key, str) for key in value)):
        return False
    starts = {key.partition(".")[0] for key in value if "." in key}
    return "param_groups" in starts and starts <= {"state", "param_groups"} and all("." in key for key in value)


def _is_one(value: Any) -> bool:
    return _is_nested(value) or _is_flat(value)


def _is_several(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and not _is_one(value) and all(map(_is_one, value.values()))


def _what_it_is(value: Any) -> str:
    """What to say of something that is no state of an optimizer."""
    if not isinstance(value, Mapping):
        return f"this is no optimizer's state: {_EXPECTED}, found {type(value).__name__}"
    if not value:
        return f"this state dict is empty: {_EXPECTED}\nEvery process needs the state, not the first alone."
    keys = f"it has the keys {few([str(key) for key in value], SHOWN)}"
    for place, inner in _inside(value):
        if _is_one(inner) or _is_several(inner):
            return f"this is a whole checkpoint, not an optimizer's state: {keys}\nGive what it has at {place}."
    if all(hasattr(inner, "shape") for inner in value.values()):
        return (
            f"this is the state of a model, not of an optimizer: {keys}\nSave and load `optimizer.state_dict()`, too."
        )
    return f"this is no optimizer's state: {keys}\n{_EXPECTED[0].upper()}{_EXPECTED[1:]}."


def _inside(value: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        place = f"[{printable(repr(key))}]"
        yield place, inner
        if isinstance(inner, list):
            yield from ((f"{place}[{index}]", each) for index, each in enumerate(inner))


# ------------------------------------------------------------------------------------------------- numbers, or names


def _from_nested(
    state: Mapping[Any, Any],
    groups: Sequence[Mapping[str, Any]],
    old_groups: Sequence[OldGroup] | None,
    optimizer: str | None,
) -> Iterator[SavedParameter]:
    _refuse_groupless(state, (key for group in groups for key in group["params"]))
    names = _names(groups, old_groups, optimizer)
    for group, known in zip(groups, names, strict=True):
        settings = {key: value for key, value in group.items() if key not in NOT_SETTINGS}
        for key, name in zip(group["params"], known, strict=True):
            yield SavedParameter(name, _mapping(state.get(key, {}), name), settings)


def _mapping(state: Any, name: str) -> State:
    if not isinstance(state, Mapping):
        found = type(state).__name__
        raise ResumeError(f"the saved state of {printable(name)} is no mapping: {_EXPECTED}, found {found}")
    return state


def _names(
    groups: Sequence[Mapping[str, Any]], old_groups: Sequence[OldGroup] | None, optimizer: str | None
) -> list[Sequence[str]]:
    """The names of the parameters of each group."""
    own = [_own_names(group) for group in groups]
    if None not in own:
        return [names for names in own if names is not None]
    if old_groups is None:
        raise ResumeError(
            "the checkpoint does not say which parameters its states are of (`param_names` is not in its groups)\n"
            "Give the plan that its optimizer was made by: old_plan=, what `lrspec compile --format json` has written."
        )
    return _names_by_plan(groups, old_groups, optimizer)


def _own_names(group: Mapping[str, Any]) -> Sequence[str] | None:
    params, names = group["params"], group.get("param_names")
    if params and all(isinstance(each, str) for each in params):
        return params  # type: ignore[no-any-return]
    if not params:
        return ()
    if not isinstance(names, list | tuple):
        return None
    if len(names) != len(params):
        raise ResumeError(f"a group of the checkpoint has {count(len(params), 'parameter')}, and {len(names)} names")
    return [str(name) for name in names]


def _names_by_plan(
    groups: Sequence[Mapping[str, Any]], old_groups: Sequence[OldGroup], optimizer: str | None
) -> list[Sequence[str]]:
    known = {group.optimizer for group in old_groups}
    if len(known) > 1 and optimizer not in known:
        listed = ", ".join(sorted(map(str, known)))
        raise ResumeError(
            f"the old plan has several optimizers ({listed}), and it is not clear of which this checkpoint is\n"
            "Give the optimizers, and what was saved of them, as mappings of these names."
        )
    names = [group.params for group in old_groups if len(known) == 1 or group.optimizer == optimizer]
    saved, planned = ([len(each) for each in sizes] for sizes in ([group["params"] for group in groups], names))
    if saved != planned:
        raise ResumeError(
            f"the old plan does not fit the checkpoint: it has {_sizes(planned)}, and the checkpoint {_sizes(saved)}\n"
            "Give the plan that the checkpoint's optimizer was made by."
        )
    return list(names)


def _sizes(sizes: Sequence[int]) -> str:
    return f"{count(len(sizes), 'group')} of {few([str(size) for size in sizes])} parameters"


def _refuse_groupless(state: Iterable[Any], grouped: Iterable[Any]) -> None:
    """torch.distributed.checkpoint reads of a list of groups as many as there are in what it reads into."""
    known = set(grouped)
    kinds = {type(key) for key in known}  # what a library keeps of all parameters together is under another
    if missing := [str(key) for key in state if key not in known and type(key) in kinds]:
        raise ResumeError(
            f"the checkpoint has the state of {few(missing, SHOWN)}, and no group with them: it was read in part\n"
            "Save and read it flattened: StateDictOptions(flatten_optimizer_state_dict=True)."
        )


# ------------------------------------------------------------------------------------------------------- flattened


def _from_flat(flat: Mapping[str, Any]) -> Iterator[SavedParameter]:
    """Of `state.NAME.exp_avg` and `param_groups.NAME.lr`; a name has dots of its own, a setting none."""
    settings: dict[str, dict[str, Any]] = {}
    for key, value in flat.items():
        kind, _, rest = key.partition(".")
        if kind == "param_groups":
            name, _, setting = rest.rpartition(".")
            settings.setdefault(name, {})[setting] = value
    states: dict[str, dict[str, Any]] = {name: {} for name in settings}
    for key, value in flat.items():
        kind, _, rest = key.partition(".")
        if kind == "state":
            known = _longest(rest, settings)
            _refuse_groupless([rest.rpartition(".")[0]], [known])
            _put(states[known], rest[len(known) + 1 :].split("."), value)
    for name, own in settings.items():
        yield SavedParameter(name, states[name], {k: v for k, v in own.items() if k not in NOT_SETTINGS})


def _longest(path: str, names: Mapping[str, Any]) -> str:
    """The longest of the names that the path begins with: what is behind it are keys of a state."""
    name = path.rpartition(".")[0]
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name


def _put(state: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for step in path[:-1]:
        state = state.setdefault(step, {})
    state[path[-1]] = value

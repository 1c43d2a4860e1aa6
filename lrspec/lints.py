"""A `Resolution` and what its parameters get to the findings of LRS3xx: what is allowed and was probably not meant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from lrspec.checks import selecting_path
from lrspec.diagnostics import Finding
from lrspec.optimizers import DEFAULT_WEIGHT_DECAY
from lrspec.patterns import Pattern, compile_regex
from lrspec.plan import PlannedParameter
from lrspec.regex_tokens import has_literal, single_dots
from lrspec.resolution import Reach, Resolution
from lrspec.selection import Selection
from lrspec.source import Path
from lrspec.wording import count_parameters, list_parameters, number

Lint = Callable[[Resolution, Sequence[PlannedParameter]], Iterator[Finding]]


def regex_partial_component(resolution: Resolution, _: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS301: a regex that matches a whole component of some names and a part of a longer one of others."""
    for rule, pattern, matched in _judged(resolution):
        if has_literal(pattern.regex) and (found := _partial(pattern, matched)):
            whole, partial = found
            message = (
                f"'{pattern.regex}' ends inside a number: of {partial} it matches {_matched_text(pattern, partial)}"
                if whole is None
                else f"'{pattern.regex}' matches a whole component in {whole}, and a part of a longer one in {partial}"
            )
            parameters = (resolution.inventory.parameters[resolution.inventory.index[partial]].name,)
            advice = r"Say where the component begins and ends, such as `^layer1\.`, or with `\d+` for a number."
            yield Finding("LRS301", pattern.path, f"{message}\n{advice}", rule, parameters)


def regex_unescaped_dot(resolution: Resolution, _: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS302: a dot that matched something other than a dot, so that the regex selects more than it would with one."""
    for rule, pattern, matched in _judged(resolution):
        lost = next((lost for dot in single_dots(pattern.regex) if (lost := _lost(pattern, dot, matched))), ())
        if lost:
            selected = resolution.selections[rule].parameters
            message = f"`.` in '{pattern.regex}' matches any character, and did: with `\\.` it would not match these"
            advice = "Write `\\.` for a dot; `.+` or `[^.]` where any character is meant."
            listed = list_parameters(resolution.inventory, lost, selected)
            names = tuple(resolution.inventory.parameters[parameter].name for parameter in lost)
            yield Finding("LRS302", pattern.path, f"{message}\n{listed}\n{advice}", rule, names)


def zero_lr(resolution: Resolution, planned: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS303: a learning rate of 0, where `freeze` was probably meant."""
    found = [p for p, each in enumerate(planned) if each.status.trains and each.settings.lr == 0]
    for (rule, path), parameters in _by_source(resolution, found, _zero_source):
        counted = count_parameters([resolution.inventory.parameters[p] for p in parameters])
        message = (
            f"the learning rate of {counted} is 0\n{list_parameters(resolution.inventory, parameters)}\n"
            "Freeze them, if that is meant (`freeze: true`): at 0 they still have gradients and state, count in "
            "clipping, and a scheduler can move them."
        )
        yield Finding("LRS303", path, message, rule, tuple(planned[p].name for p in parameters))


def large_value(resolution: Resolution, planned: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS304: a learning rate or a weight decay above 1."""
    trained = [p for p, each in enumerate(planned) if each.status.trains]
    large_lr = [p for p in trained if 1 < (planned[p].settings.lr or 0) < math.inf]
    for (rule, path), parameters in _by_source(resolution, large_lr, _large_source):
        value = max(planned[p].settings.lr or 0 for p in parameters)
        yield _large("learning rate", value, path, rule, resolution, parameters)
    large_decay = [p for p in trained if 1 < (planned[p].settings.weight_decay or 0) < math.inf]
    for (rule, path), parameters in _by_source(resolution, large_decay, _decay_source):
        value = max(planned[p].settings.weight_decay or 0 for p in parameters)
        yield _large("weight decay", value, path, rule, resolution, parameters)


def mixed_decay(resolution: Resolution, planned: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS305: norms or biases of one kind, of which some get weight decay and some get none."""
    kinds: dict[tuple[str, str], list[int]] = {}
    for index, each in enumerate(planned):
        shape, owner = each.parameter.shape, each.parameter.module
        if each.status.trains and shape is not None and len(shape) <= 1 and owner:
            kinds.setdefault((owner[0], each.name.rpartition(".")[2]), []).append(index)
    default = DEFAULT_WEIGHT_DECAY.get(resolution.spec.optimizer.type or "", 0.0)
    for (owner_name, leaf), members in kinds.items():
        decayed = [p for p in members if _decay(planned[p], default) > 0]
        exempt = [p for p in members if _decay(planned[p], default) == 0]
        if decayed and exempt:
            yield _mixed(resolution, f"{owner_name}.{leaf}", decayed, exempt)


def too_large(resolution: Resolution, planned: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS104: a product of settings that is no finite number."""
    infinite = [p for p, each in enumerate(planned) if math.isinf(each.settings.lr or 0)]
    for (rule, path), parameters in _by_source(resolution, infinite, _large_source):
        message = f"the learning rate of {planned[parameters[0]].name} is too large for a number"
        yield Finding("LRS104", path, message, rule, tuple(planned[p].name for p in parameters))
    infinite = [p for p, each in enumerate(planned) if math.isinf(each.settings.weight_decay or 0)]
    for (rule, path), parameters in _by_source(resolution, infinite, _decay_source):
        message = f"the weight decay of {planned[parameters[0]].name} is too large for a number"
        yield Finding("LRS104", path, message, rule, tuple(planned[p].name for p in parameters))


LINTS: tuple[Lint, ...] = (
    regex_partial_component,
    regex_unescaped_dot,
    zero_lr,
    large_value,
    mixed_decay,
    too_large,
)
"""Every lint."""


# --------------------------------------------------------------------------------------------------- regexes


def _judged(resolution: Resolution) -> Iterator[tuple[int, Pattern, dict[str, int]]]:
    """Each regex on names, with the names that it matches and the parameter of each.

    Of a selecting regex these are names that the rule selects in the end: what `exclude` has taken out was seen to.
    """
    parameters = resolution.inventory.parameters
    for rule, selection in enumerate(resolution.selections):
        for hit in selection.hits:
            yield (
                rule,
                hit.pattern,
                {parameters[n.parameter].names[n.which]: n.parameter for n in hit.captures},
            )
        for pattern in selection.regexes.exclude:
            yield rule, pattern, _matched(resolution, selection, pattern)


def _matched(resolution: Resolution, selection: Selection, pattern: Pattern) -> dict[str, int]:
    if selection.unknowable:
        return {}
    return {name: p for name, p in resolution.inventory.index.items() if pattern.compiled.search(name)}


def _partial(pattern: Pattern, matched: dict[str, int]) -> tuple[str | None, str] | None:
    """A name with a whole component and one with a part that reads the same; or None and one cut between digits."""
    whole: dict[str, str] = {}
    partial: dict[str, str] = {}
    for name in matched:
        found = pattern.compiled.search(name)
        if found is None or found.start() == found.end():
            continue
        start, end = found.span()
        if _inside(name, end) and name[end - 1].isdigit() and name[end].isdigit():
            return None, name
        for piece, is_whole in _edges(name, start, end):
            (whole if is_whole else partial).setdefault(piece, name)
    both = next((piece for piece in partial if piece in whole), None)
    return None if both is None else (whole[both], partial[both])


def _edges(name: str, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """The first and the last component that a match touches, as far as it does, and whether that is all of it."""
    pieces = name[start:end].split(".")
    last = len(pieces) - 1
    for place in {0, last}:
        cut = (place == 0 and _inside(name, start)) or (place == last and _inside(name, end))
        if pieces[place]:
            yield pieces[place], not cut


def _matched_text(pattern: Pattern, name: str) -> str:
    found = pattern.compiled.search(name)
    return found.group() if found else ""


def _inside(name: str, index: int) -> bool:
    """Whether `index` is between two characters of one component."""
    return 0 < index < len(name) and name[index - 1] != "." and name[index] != "."


def _lost(pattern: Pattern, dot: int, matched: dict[str, int]) -> tuple[int, ...]:
    """The parameters that the regex would not select with its dot escaped."""
    escaped = compile_regex(f"{pattern.regex[:dot]}\\.{pattern.regex[dot + 1 :]}")
    kept = {parameter for name, parameter in matched.items() if escaped.search(name)}
    return tuple(sorted(set(matched.values()) - kept))


# ---------------------------------------------------------------------------------------------------- values

Source = tuple[int | None, Path]


def _by_source(
    resolution: Resolution, parameters: list[int], source: Callable[[Resolution, int], Source]
) -> Iterator[tuple[Source, list[int]]]:
    found: dict[Source, list[int]] = {}
    for parameter in parameters:
        found.setdefault(source(resolution, parameter), []).append(parameter)
    yield from found.items()


def _zero_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a learning rate 0."""
    for axis in ("lr", "scale"):
        reach = resolution.winner(axis, parameter)
        if reach and getattr(resolution.spec.rules[reach.rule], reach.setting.key[0]) == 0:
            return reach.rule, ("rules", reach.rule, *reach.setting.key)
    layer = resolution.winner("layer", parameter)
    if layer and resolution.spec.optimizer.lr != 0:
        return layer.rule, ("rules", layer.rule, *layer.setting.key)
    return None, ("optimizer", "lr")


def _large_source(resolution: Resolution, parameter: int) -> Source:
    """The value that makes a learning rate large."""
    rate, scale = resolution.winner("lr", parameter), resolution.winner("scale", parameter)
    large_rate = rate is not None and rate.setting.value > 1
    reach = scale if scale and scale.setting.value > 1 and not large_rate else rate
    return _of_rule_or_base(resolution, reach, "lr")


def _decay_source(resolution: Resolution, parameter: int) -> Source:
    return _of_rule_or_base(resolution, resolution.winner("weight_decay", parameter), "weight_decay")


def _of_rule_or_base(resolution: Resolution, reach: Reach | None, base: str) -> Source:
    """What a rule sets; or the optimizer's value, where no rule sets it or a rule's multiple makes it no larger."""
    if reach is None:
        return None, ("optimizer", base)
    multiple = reach.setting.key == (f"{base}_mult",)
    if multiple and getattr(resolution.spec.rules[reach.rule], f"{base}_mult") <= 1:
        return None, ("optimizer", base)
    return reach.rule, ("rules", reach.rule, *reach.setting.key)


def _large(
    what: str, value: float, path: Path, rule: int | None, resolution: Resolution, parameters: list[int]
) -> Finding:
    counted = count_parameters([resolution.inventory.parameters[p] for p in parameters])
    message = (
        f"the {what} of {counted} is up to {number(value)}\n{list_parameters(resolution.inventory, parameters)}\n"
        "Values above 1 are rare: look at the exponent."
    )
    names = tuple(resolution.inventory.parameters[p].name for p in parameters)
    return Finding("LRS304", path, message, rule, names)


def _decay(planned: PlannedParameter, default: float) -> float:
    given = planned.settings.weight_decay
    return default if given is None else given


def _mixed(resolution: Resolution, kind: str, decayed: list[int], exempt: list[int]) -> Finding:
    """Points at the regex that should have had all of them: the one that exempts some, or else that decays some."""
    fewer = min(decayed, exempt, key=len)
    rule, path = next(
        (found for p in (*exempt, *decayed) if (found := _decay_regex(resolution, p))[0] is not None),
        (None, ("rules",)),
    )
    parameters = resolution.inventory.parameters
    message = (
        f"of {count_parameters([parameters[p] for p in (*decayed, *exempt)])} of the kind {kind}, "
        f"{len(decayed):,} get weight decay and {len(exempt):,} get none\n"
        f"{list_parameters(resolution.inventory, fewer)} {'get' if len(fewer) > 1 else 'gets'} "
        f"{'weight decay' if fewer is decayed else 'none'}\n"
        "A name was probably missed: select by `where: {ndim: [0, 1]}` or `where: {module: …}`."
    )
    return Finding("LRS305", path, message, rule, tuple(parameters[p].name for p in fewer))


def _decay_regex(resolution: Resolution, parameter: int) -> Source:
    """The regex by which a rule has the parameter whose weight decay it sets, or the rule where it has none."""
    reach = resolution.winner("weight_decay", parameter)
    if reach is None:
        return None, ("rules",)
    hits = resolution.selections[reach.rule].hits
    by = (hit.pattern.path for hit in hits if any(name.parameter == parameter for name in hit.captures))
    return reach.rule, next(by, selecting_path(resolution.spec.rules[reach.rule], reach.rule))

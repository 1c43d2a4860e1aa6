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
from lrspec.source import Path, printable
from lrspec.wording import count, count_parameters, list_parameters, number

Source = tuple[int | None, Path]
FindSource = Callable[[Resolution, int], Source]
Lint = Callable[[Resolution, Sequence[PlannedParameter]], Iterator[Finding]]


def regex_partial_component(resolution: Resolution, _: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS301: a regex that matches a whole component of some names and a part of a longer component of others."""
    for rule, pattern, matched in _judged(resolution):
        found = _partial(pattern, matched) if has_literal(pattern.regex) else None
        if found:
            piece, whole, names = found
            regex, caught = printable(pattern.regex), sorted({matched[name] for name in names})
            message = (
                f"'{regex}' ends inside a number: of {printable(names[0])} it matches '{printable(piece)}'"
                if whole is None
                else f"'{regex}' matches the whole of '{printable(piece)}' in {printable(whole)}, "
                f"and a part of a longer component in {printable(names[0])}"
            )
            advice = (
                r"Take the whole number: `\d+`, or end the regex with `\.`"
                if whole is None
                else r"Say where the component begins and ends: `^` or `\.` before it, `\.` or `$` after it."
            )
            yield _about_regex("LRS301", resolution, rule, pattern, caught, message, advice)


def regex_unescaped_dot(resolution: Resolution, _: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS302: a dot that matched something other than a dot, so that the regex selects more than it would with one."""
    for rule, pattern, matched in _judged(resolution):
        found = ((dot, lost) for dot in single_dots(pattern.regex) if (lost := _lost(pattern, dot, matched)))
        if first := next(found, None):
            dot, lost = first
            message = (
                f"the `.` at column {dot + 1} of '{printable(pattern.regex)}' stands for any character, and with "
                f"`\\.` the regex would not match {count(len(lost), 'parameter')} that it does match"
            )
            advice = "Write `\\.` for a dot, or `[^.]` where any other character is meant."
            yield _about_regex("LRS302", resolution, rule, pattern, lost, message, advice)


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
    for what, values, source in _rates_and_decays(planned):
        large = [p for p, value in values.items() if planned[p].status.trains and 1 < value < math.inf]
        for (rule, path), parameters in _by_source(resolution, large, source):
            yield _large(what, max(values[p] for p in parameters), path, rule, resolution, parameters)


def _rates_and_decays(planned: Sequence[PlannedParameter]) -> Iterator[tuple[str, dict[int, float], FindSource]]:
    """Learning rates and weight decays by parameter, each with how to find where one comes from."""
    rates = {p: each.settings.lr for p, each in enumerate(planned) if each.settings.lr is not None}
    decays = {p: each.settings.weight_decay for p, each in enumerate(planned) if each.settings.weight_decay is not None}
    yield "learning rate", rates, _large_source
    yield "weight decay", decays, _decay_source


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
            yield _mixed(resolution, owner_name, leaf, decayed, exempt)


def too_large(resolution: Resolution, planned: Sequence[PlannedParameter]) -> Iterator[Finding]:
    """LRS104: a product of settings that is no finite number."""
    for what, values, source in _rates_and_decays(planned):
        infinite = [p for p, value in values.items() if math.isinf(value)]
        for (rule, path), parameters in _by_source(resolution, infinite, source):
            message = f"the {what} of {printable(planned[parameters[0]].name)} is too large for a number"
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


def _partial(pattern: Pattern, matched: dict[str, int]) -> tuple[str, str | None, list[str]] | None:
    """What reads the same as a whole component of one name and as a part of one in others, and the names.

    Or what ends between two digits, with None for the name that has it whole.
    """
    whole: dict[str, str] = {}
    partial: dict[str, list[str]] = {}
    cut: list[str] = []
    for name in matched:
        found = pattern.compiled.search(name)
        if found is None or found.start() == found.end():
            continue
        start, end = found.span()
        if _inside(name, end) and name[end - 1].isdigit() and name[end].isdigit():
            cut.append(name)
        for piece, is_whole in _edges(name, start, end):
            if is_whole:
                whole.setdefault(piece, name)
            else:
                partial.setdefault(piece, []).append(name)
    if cut and (found := pattern.compiled.search(cut[0])):
        return found.group(), None, cut
    both = next((piece for piece in partial if piece in whole), None)
    return None if both is None else (both, whole[both], partial[both])


def _edges(name: str, start: int, end: int) -> Iterator[tuple[str, bool]]:
    """The first and the last component that a match touches, as far as it does, and whether that is all of it."""
    pieces = name[start:end].split(".")
    last = len(pieces) - 1
    for place in {0, last}:
        cut = (place == 0 and _inside(name, start)) or (place == last and _inside(name, end))
        if pieces[place]:
            yield pieces[place], not cut


def _inside(name: str, index: int) -> bool:
    """Whether `index` is between two characters of one component."""
    return 0 < index < len(name) and name[index - 1] != "." and name[index] != "."


def _lost(pattern: Pattern, dot: int, matched: dict[str, int]) -> tuple[int, ...]:
    """The parameters that the regex would not select with its dot escaped."""
    escaped = compile_regex(f"{pattern.regex[:dot]}\\.{pattern.regex[dot + 1 :]}")
    kept = {parameter for name, parameter in matched.items() if escaped.search(name)}
    return tuple(sorted(set(matched.values()) - kept))


def _about_regex(
    code: str, resolution: Resolution, rule: int, pattern: Pattern, found: Sequence[int], message: str, advice: str
) -> Finding:
    listed = list_parameters(resolution.inventory, found, resolution.selections[rule].parameters)
    names = tuple(resolution.inventory.parameters[parameter].name for parameter in found)
    return Finding(code, pattern.path, f"{message}\n{listed}\n{advice}", rule, names)


# ---------------------------------------------------------------------------------------------------- values


def _by_source(resolution: Resolution, parameters: list[int], source: FindSource) -> Iterator[tuple[Source, list[int]]]:
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
        f"the {what} of {counted} is {number(value)}, above 1\n"
        f"{list_parameters(resolution.inventory, parameters)}\n"
        "Is the exponent right? If it is meant: `check: {large-value: ignore}`"
    )
    names = tuple(resolution.inventory.parameters[p].name for p in parameters)
    return Finding("LRS304", path, message, rule, names)


def _decay(planned: PlannedParameter, default: float) -> float:
    given = planned.settings.weight_decay
    return default if given is None else given


def _mixed(resolution: Resolution, owner: str, leaf: str, decayed: list[int], exempt: list[int]) -> Finding:
    """Points at the regex that should have had all of them: the one that exempts some, or else that decays some."""
    rule, path = next(
        (found for p in (*exempt, *decayed) if (found := _decay_regex(resolution, p))[0] is not None),
        (None, ("rules",)),
    )
    parameters, fewer = resolution.inventory.parameters, min(decayed, exempt, key=len)
    default = "" if resolution.spec.optimizer.weight_decay is not None else _default_words(resolution)
    message = (
        f"of {count_parameters([parameters[p] for p in (*decayed, *exempt)])} that are a {leaf} of {owner}, "
        f"{_get(len(decayed))} weight decay{default} and {_get(len(exempt))} none\n"
        f"{list_parameters(resolution.inventory, fewer)}: {'with' if fewer is decayed else 'without'} weight decay\n"
        f"A name was probably missed: select by `where: {{ndim: [0, 1]}}` or `where: {{module: {owner}}}`."
    )
    return Finding("LRS305", path, message, rule, tuple(parameters[p].name for p in fewer))


def _get(number_of: int) -> str:
    return f"{number_of:,} {'gets' if number_of == 1 else 'get'}"


def _default_words(resolution: Resolution) -> str:
    kind = resolution.spec.optimizer.type
    return (
        f" (where nothing is set, {kind}'s own {DEFAULT_WEIGHT_DECAY[kind]:g})" if kind in DEFAULT_WEIGHT_DECAY else ""
    )


def _decay_regex(resolution: Resolution, parameter: int) -> Source:
    """The regex by which a rule has the parameter whose weight decay it sets, or the rule where it has none."""
    reach = resolution.winner("weight_decay", parameter)
    if reach is None:
        return None, ("rules",)
    hits = resolution.selections[reach.rule].hits
    by = (hit.pattern.path for hit in hits if any(name.parameter == parameter for name in hit.captures))
    return reach.rule, next(by, selecting_path(resolution.spec.rules[reach.rule], reach.rule))

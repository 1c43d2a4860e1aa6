"""Builds findings: the place, the affected parameters, and a message of up to three lines.

The lines say what is wrong, list the parameters, and advise what to do. Messages name rules and keys in backticks,
regexes and texts in single quotes; advice ends with a full stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrspec.compiler.plan import Cohort
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.codes import CODES
from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.source import Path
from lrspec.models.describe import count_parameters, list_parameters
from lrspec.regex.pattern import Pattern
from lrspec.spec.language import Optimizer

Source = tuple[int | None, Path]
"""The origin of a value: the rule that sets it, if any, and the path."""


@dataclass(frozen=True)
class Compilation:
    """The input of the checks: a resolution and its cohorts.

    `models` is the number of models for which the spec is compiled together; `written` has the optimizers as the file
    describes them, without values that are for this run only.
    """

    resolution: Resolution
    cohorts: Sequence[Cohort]
    models: int
    written: Mapping[str, Optimizer]


@dataclass(frozen=True)
class Subject:
    """The subject of a finding: a place in the spec, the rule there if any, and parameters in model order."""

    resolution: Resolution
    path: Path
    rule: int | None = None
    parameters: Sequence[int] = ()

    def counted(self, adjective: str = "") -> str:
        """The number of parameters and of their elements, in words."""
        return count_parameters(self.resolution.columns, self.parameters, adjective)

    def finding(
        self, code: str, message: str, advice: str, *, at_key: bool = False, meant: Correction | None = None
    ) -> Finding:
        """The finding; its message has no line for parameters if there are none."""
        columns, lines = self.resolution.columns, [message]
        if self.parameters:
            selected = {} if self.rule is None else self.resolution.selections[self.rule].parameters
            which = {parameter: name.which for parameter, name in selected.items()}
            lines.append(list_parameters(columns, self.parameters, which))
        names = tuple(columns.names[parameter] for parameter in self.parameters)
        return Finding(code, self.path, "\n".join([*lines, advice]), self.rule, names, at_key, meant)


@dataclass(frozen=True)
class Slip:
    """What is probably wrong with a regex: a message, advice, and the parameters; perhaps what was meant."""

    message: str
    advice: str
    parameters: Sequence[int]
    meant: Correction | None = None


def setting_subject(resolution: Resolution, applied: AppliedSetting, representatives: Iterable[int]) -> Subject:
    """All parameters of some families to which a rule applies a setting, located at its value."""
    rule, path = setting_source(applied)
    return Subject(resolution, path, rule, resolution.families.expand(representatives))


def selection_subject(resolution: Resolution, rule: int, representatives: Iterable[int] = ()) -> Subject:
    """All parameters of some families that a rule selects, located at its `match` or `layers`, or else at the rule."""
    return Subject(resolution, selecting_path(resolution, rule), rule, resolution.families.expand(representatives))


def unjudged(resolution: Resolution, code: str, rule: int, pattern: Pattern, what: str) -> Finding:
    """The finding that something about a regex was not checked because, after others, it would take too long."""
    message = f"{what} was not checked: all regexes of the spec together take too long"
    advice = f"Shorten this regex or those before it; `check: {{{CODES[code].name}: ignore}}` skips this check."
    return Subject(resolution, pattern.path, rule).finding(code, message, advice)


def selecting_path(resolution: Resolution, rule: int) -> Path:
    """The path of a rule's `match` or `layers`, or else of the rule."""
    for key in ("match", "layers"):
        if getattr(resolution.spec.rules[rule], key) is not None:
            return ("rules", rule, key)
    return ("rules", rule)


def put_last(resolution: Resolution, earlier: Sequence[int]) -> str:
    """The advice if one of the earlier rules is a fallback; otherwise empty."""
    names, rules = resolution.spec.rule_names, resolution.spec.rules
    fallbacks = [f"`{names[rule]}`" for rule in earlier if rules[rule].fallback]
    return f"Put {fallbacks[0]} last: a fallback takes what the rules before it leave." if fallbacks else ""


def setting_source(applied: AppliedSetting) -> Source:
    """The rule and the path of an applied setting."""
    return applied.rule, ("rules", applied.rule, *applied.setting.key)


def multiple_of(resolution: Resolution, applied: AppliedSetting) -> Any:
    """The number that a rule writes or, where it writes a mapping, the factor that follows from the shape."""
    written = getattr(resolution.spec.rules[applied.rule], applied.setting.key[0])
    return written if applied.setting.factor is None else applied.setting.factor


def source_of(resolution: Resolution, parameter: int, applied: AppliedSetting | None, base: str) -> Source:
    """The source of a value: a rule, or the optimizer if no rule sets it or a rule's multiple makes it no larger."""
    multiple = applied is not None and applied.setting.key == (f"{base}_mult",)
    if applied is None or (multiple and multiple_of(resolution, applied) <= 1):
        return base_source(resolution, parameter, base)
    return setting_source(applied)


def base_source(resolution: Resolution, parameter: int, key: str) -> Source:
    """The source of a value that a parameter's optimizer sets."""
    return None, (*resolution.spec.base_path(resolution.optimizer_of(parameter)), key)

"""What a finding is about, and the three lines of its message: what is wrong, the parameters, what to do.

Messages name rules and keys in backticks, regexes and texts in single quotes; advice ends with a full stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lrspec.compiler.plan import Cohort
from lrspec.compiler.resolution import AppliedSetting, Resolution
from lrspec.diagnostics.codes import CODES
from lrspec.diagnostics.diagnostic import Correction, Finding
from lrspec.diagnostics.source import Path
from lrspec.models.describe import count_parameters, list_parameters
from lrspec.regex.pattern import Pattern

Source = tuple[int | None, Path]
"""Where a value comes from: the rule, if it is one, and the path."""


@dataclass(frozen=True)
class Compilation:
    """What the checks ask questions of: a resolution, and what each parameter gets by it."""

    resolution: Resolution
    cohorts: Sequence[Cohort]


@dataclass(frozen=True)
class Subject:
    """A place in the spec, the rule there if any, and parameters, by their indices in model order."""

    resolution: Resolution
    path: Path
    rule: int | None = None
    parameters: Sequence[int] = ()

    def counted(self, adjective: str = "") -> str:
        """How many parameters and elements these are."""
        return count_parameters(self.resolution.columns, self.parameters, adjective)

    def finding(
        self, code: str, message: str, advice: str, *, at_key: bool = False, meant: Correction | None = None
    ) -> Finding:
        """The finding; without parameters there is no line for them."""
        listed = [self._listed()] if self.parameters else []
        names = tuple(self.resolution.columns.names[index] for index in self.parameters)
        return Finding(code, self.path, "\n".join([message, *listed, advice]), self.rule, names, at_key, meant)

    def _listed(self) -> str:
        by = {} if self.rule is None else self.resolution.selections[self.rule].parameters
        which = {index: name.which for index, name in by.items()}
        return list_parameters(self.resolution.columns, self.parameters, which)


def setting_subject(resolution: Resolution, applied: AppliedSetting, firsts: Iterable[int]) -> Subject:
    """About what a rule sets on all parameters of some kinds, at the value that it sets."""
    path: Path = ("rules", applied.rule, *applied.setting.key)
    return Subject(resolution, path, applied.rule, resolution.families.expand(firsts))


def selection_subject(resolution: Resolution, rule: int, firsts: Iterable[int] = ()) -> Subject:
    """About all parameters of some kinds that a rule selects, at its `match` or `layers`, or else at the rule."""
    return Subject(resolution, selecting_path(resolution, rule), rule, resolution.families.expand(firsts))


def unjudged(resolution: Resolution, code: str, rule: int, pattern: Pattern, what: str) -> Finding:
    """That something about a regex was not judged: after others, it would take too long."""
    message = f"{what} was not judged: all regexes of the spec together take too long"
    advice = (
        f"Shorten this one or those before it; `check: {{{CODES[code].name}: ignore}}` says that it does not matter."
    )
    return Subject(resolution, pattern.path, rule).finding(code, message, advice)


def selecting_path(resolution: Resolution, rule: int) -> Path:
    """Where a rule says what it selects."""
    for key in ("match", "layers"):
        if getattr(resolution.spec.rules[rule], key) is not None:
            return ("rules", rule, key)
    return ("rules", rule)


def put_last(resolution: Resolution, earlier: Sequence[int]) -> str:
    """What to do about an earlier rule that is a fallback; empty where none is."""
    names, rules = resolution.spec.rule_names, resolution.spec.rules
    found = [f"`{names[rule]}`" for rule in earlier if rules[rule].fallback]
    return f"Put {found[0]} last: a fallback takes what the rules before it have left." if found else ""


def setting_source(applied: AppliedSetting) -> Source:
    """Where a rule sets something."""
    return applied.rule, ("rules", applied.rule, *applied.setting.key)


def source_of(resolution: Resolution, parameter: int, applied: AppliedSetting | None, base: str) -> Source:
    """What a rule sets; or the optimizer's value, where no rule sets it or a rule's multiple makes it no larger."""
    multiple = applied is not None and applied.setting.key == (f"{base}_mult",)
    if applied is None or (multiple and getattr(resolution.spec.rules[applied.rule], f"{base}_mult") <= 1):
        return base_source(resolution, parameter, base)
    return setting_source(applied)


def base_source(resolution: Resolution, parameter: int, key: str) -> Source:
    """Where a parameter's optimizer sets something."""
    return None, (*resolution.spec.base_path(resolution.optimizer_of(parameter)), key)

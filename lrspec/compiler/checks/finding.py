"""What a finding is about, and the three lines of its message: what is wrong, the parameters, what to do.

Messages name rules and keys in backticks, regexes and texts in single quotes; advice ends with a full stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lrspec.compiler.plan import Share
from lrspec.compiler.resolution import Reach, Resolution
from lrspec.diagnostics.codes import CODES
from lrspec.diagnostics.diagnostic import Finding, Meant
from lrspec.diagnostics.source import Path
from lrspec.models.describe import count_parameters, list_parameters
from lrspec.regex.pattern import Pattern

Source = tuple[int | None, Path]
"""Where a value comes from: the rule, if it is one, and the path."""


@dataclass(frozen=True)
class Compilation:
    """What the checks ask questions of: a resolution, and what each parameter gets by it."""

    resolution: Resolution
    cohorts: Sequence[Share]


@dataclass(frozen=True)
class About:
    """A place in the spec, the rule there if any, and parameters, by their indices in model order."""

    resolution: Resolution
    path: Path
    rule: int | None = None
    parameters: Sequence[int] = ()

    def counted(self, adjective: str = "") -> str:
        """How many parameters and elements these are."""
        return count_parameters(self.resolution.columns, self.parameters, adjective)

    def finding(
        self, code: str, message: str, advice: str, *, at_key: bool = False, meant: Meant | None = None
    ) -> Finding:
        """The finding; without parameters there is no line for them."""
        listed = [self._listed()] if self.parameters else []
        names = tuple(self.resolution.columns.names[index] for index in self.parameters)
        return Finding(code, self.path, "\n".join([message, *listed, advice]), self.rule, names, at_key, meant)

    def _listed(self) -> str:
        by = {} if self.rule is None else self.resolution.selections[self.rule].parameters
        which = {index: name.which for index, name in by.items()}
        return list_parameters(self.resolution.columns, self.parameters, which)


def about_setting(resolution: Resolution, reach: Reach, firsts: Iterable[int]) -> About:
    """About what a rule sets on all parameters of some kinds, at the value that it sets."""
    path: Path = ("rules", reach.rule, *reach.setting.key)
    return About(resolution, path, reach.rule, resolution.kinds.expand(firsts))


def about_selection(resolution: Resolution, rule: int, firsts: Iterable[int] = ()) -> About:
    """About all parameters of some kinds that a rule selects, at its `match` or `layers`, or else at the rule."""
    return About(resolution, selecting_path(resolution, rule), rule, resolution.kinds.expand(firsts))


def unjudged(resolution: Resolution, code: str, rule: int, pattern: Pattern, what: str) -> Finding:
    """That something about a regex was not judged: after others, it would take too long."""
    message = f"{what} was not judged: all regexes of the spec together take too long"
    advice = (
        f"Shorten this one or those before it; `check: {{{CODES[code].name}: ignore}}` says that it does not matter."
    )
    return About(resolution, pattern.path, rule).finding(code, message, advice)


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


def setting_source(reach: Reach) -> Source:
    """Where a rule sets something."""
    return reach.rule, ("rules", reach.rule, *reach.setting.key)


def source_of(resolution: Resolution, parameter: int, reach: Reach | None, base: str) -> Source:
    """What a rule sets; or the optimizer's value, where no rule sets it or a rule's multiple makes it no larger."""
    multiple = reach is not None and reach.setting.key == (f"{base}_mult",)
    if reach is None or (multiple and getattr(resolution.spec.rules[reach.rule], f"{base}_mult") <= 1):
        return base_source(resolution, parameter, base)
    return setting_source(reach)


def base_source(resolution: Resolution, parameter: int, key: str) -> Source:
    """Where a parameter's optimizer sets something."""
    return None, (*resolution.spec.base_path(resolution.optimizer_of(parameter)), key)

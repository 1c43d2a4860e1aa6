"""What a finding is about, and the three lines of its message: what is wrong, the parameters, what to do.

Messages name rules and keys in backticks, regexes and texts in single quotes; advice ends with a full stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lrspec.diagnostics import Finding, Meant
from lrspec.resolution import Reach, Resolution
from lrspec.source import Path
from lrspec.wording import count_parameters, list_parameters


@dataclass(frozen=True)
class About:
    """A place in the spec, the rule there if any, and parameters, by their indices in model order."""

    resolution: Resolution
    path: Path
    rule: int | None = None
    parameters: Sequence[int] = ()

    def counted(self, adjective: str = "") -> str:
        """How many parameters and elements these are."""
        return count_parameters([self.resolution.parameters[index] for index in self.parameters], adjective)

    def finding(
        self, code: str, message: str, advice: str, *, at_key: bool = False, meant: Meant | None = None
    ) -> Finding:
        """The finding; without parameters there is no line for them."""
        selected = None if self.rule is None else self.resolution.selections[self.rule].parameters
        listed = [list_parameters(self.resolution.inventory, self.parameters, selected)] if self.parameters else []
        names = tuple(self.resolution.parameters[index].name for index in self.parameters)
        return Finding(code, self.path, "\n".join([message, *listed, advice]), self.rule, names, at_key, meant)


def about_setting(resolution: Resolution, reach: Reach, parameters: Sequence[int]) -> About:
    """About what a rule sets on some parameters, at the value that it sets."""
    return About(resolution, ("rules", reach.rule, *reach.setting.key), reach.rule, parameters)


def about_selection(resolution: Resolution, rule: int, parameters: Sequence[int] = ()) -> About:
    """About what a rule selects, at its `match` or `layers`, or else at the rule."""
    return About(resolution, selecting_path(resolution, rule), rule, parameters)


def selecting_path(resolution: Resolution, rule: int) -> Path:
    """Where a rule says what it selects."""
    for key in ("match", "layers"):
        if getattr(resolution.spec.rules[rule], key) is not None:
            return ("rules", rule, key)
    return ("rules", rule)

"""Does a rule select as many parameters as it expects? LRS213."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import count


def unexpected_count(compilation: Compilation) -> Iterator[Finding]:
    """LRS213: a rule that selects another number of parameters than `expect` says; of a fallback, those it settles."""
    resolution = compilation.resolution
    for index, rule in enumerate(resolution.spec.rules):
        selected = resolution.selections[index].parameters
        if rule.expect is None or not selected:
            continue
        expected = rule.expect if isinstance(rule.expect, tuple) else (rule.expect,)
        parameters = _settled(resolution, index) if rule.fallback else list(selected)
        subject = Subject(resolution, ("rules", index, "expect"), index, resolution.families.expand(parameters))
        found = len(subject.parameters)
        if found not in expected:
            numbers = " or ".join(f"{number:,}" for number in dict.fromkeys(expected))
            verb = "sets something on" if rule.fallback else "selects"
            yield subject.finding(
                "LRS213",
                f"the rule `{resolution.spec.rule_names[index]}` {verb} {count(found, 'parameter')}, not {numbers}, "
                "as `expect` says",
                f"Fix the selector; if the model has changed on purpose, write `expect: {found}`."
                if found
                else "Earlier rules have set it all: narrow those, or remove this one.",
            )


def _settled(resolution: Resolution, rule: int) -> list[int]:
    """The parameters on which any setting of a rule holds, by the representatives of their families."""
    selected = resolution.selections[rule].parameters
    winners = resolution.winners.values()
    return [p for p in selected if any(p in on_axis and on_axis[p].rule == rule for on_axis in winners)]

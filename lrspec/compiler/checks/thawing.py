"""Is there anything to freeze below the layers that train from the start? LRS214 of `but_last`."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.wording import count
from lrspec.spec.language import Thaw


def nothing_below(compilation: Compilation) -> Iterator[Finding]:
    """LRS214 of a `but_last` by which no parameter is frozen; a ladder without layers has none to count."""
    resolution = compilation.resolution
    values: dict[int, set[bool]] = {}
    for applied in resolution.applied_settings:
        if applied.setting.axis == "freeze" and applied.parameters:
            values.setdefault(applied.rule, set()).add(applied.setting.value is False)
    for index, train_from_the_start in values.items():
        freeze, ladder = resolution.spec.rules[index].freeze, resolution.ladders[index]
        if isinstance(freeze, Thaw) and freeze.but_last and ladder and train_from_the_start == {True}:
            yield Subject(resolution, ("rules", index, "freeze", "but_last"), index).finding(
                "LRS214",
                f"`but_last: {freeze.but_last}` freezes nothing: the ladder of `{resolution.spec.rule_names[index]}` "
                f"has {count(ladder.count, 'layer')}, and no parameter below the last {freeze.but_last}",
                "Lower it, or remove `freeze`.",
            )

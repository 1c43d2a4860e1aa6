"""Does each group in the regexes of a ladder capture? LRS313."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.regex.groups import idle_groups


def capture_in_lookaround(compilation: Compilation) -> Iterator[Finding]:
    """LRS313: a group of a ladder's regex in a negative lookaround, where it never captures."""
    resolution = compilation.resolution
    for rule, selection in enumerate(resolution.selections):
        if resolution.spec.rules[rule].layers is None:
            continue
        for pattern in selection.regexes.selecting:
            groups = idle_groups(pattern.regex)
            if not groups:
                continue
            columns = " and ".join(str(group.start + 1) for group in groups)
            group, is_in, it = ("group at column", "is", "it never captures, and counts")
            if len(groups) > 1:
                group, is_in, it = ("groups at columns", "are", "they never capture, and count")
            yield Subject(resolution, pattern.path, rule).finding(
                "LRS313",
                f"the {group} {columns} of '{printable(pattern.regex)}' {is_in} in a negative lookaround: {it} as `0`",
                "Write `(?:…)` there; what tells layers apart must be captured outside of the lookaround.",
            )

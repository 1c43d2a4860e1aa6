"""A check as text: the findings of each file, and a one-line summary."""

from __future__ import annotations

from collections.abc import Sequence

from lrspec.compiler.runner import CheckResult, Failure
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.report import Paint, blocks, summary
from lrspec.diagnostics.wording import count, few


def render(results: Sequence[CheckResult], paint: Paint, width: int | None) -> str:
    """The findings and failures, file by file, and the summary; findings are wrapped at `width` columns, if any."""
    parts: list[str] = []
    for result in results:
        parts += blocks(result.diagnostics, result.text, paint, width)
        parts += [paint("error", failure_text(failure)) for failure in result.failures]
    return "\n\n".join([*parts, checked_summary(results)]) + "\n"


def checked_summary(results: Sequence[CheckResult]) -> str:
    """`3 specs checked: 2 errors, 1 warning`, and what was fixed, skipped or could not be checked."""
    specs = [result for result in results if result.sha256 is not None]
    models = {model for result in results for model in result.models}
    outcome = f"{count(len(specs), 'spec')} checked"
    if models:
        outcome += f" against {count(len(models), 'model')}"
    if specs:
        diagnostics = [diagnostic for result in results for diagnostic in result.diagnostics]
        outcome += f": {summary(diagnostics) or 'nothing found'}"
    parts = [outcome]
    if fixed := sum(result.fixed for result in results):
        parts.append(f"{count(fixed, 'issue')} fixed")
    if skipped := {model for result in results for model in result.skipped}:
        parts.append(f"{count(len(skipped), 'model')} skipped")
    if saved := {model for result in results for model in result.saved}:
        parts.append(f"{count(len(saved), 'model')} as locked, not built")
    valid = [spec for spec in specs if not any(error.code.startswith("LRS1") for error in spec.diagnostics)]
    if alone := [spec.path for spec in valid if not (spec.models or spec.skipped or spec.failures)]:
        parts.append(f"checked without a model (none named): {few(alone, 3)}")
    if failures := sum(len(result.failures) for result in results):
        parts.append(count(failures, "failure"))
    return "; ".join(parts)


def failure_text(failure: Failure) -> str:
    """A failure in one line, with its place."""
    place = f":{failure.span.start.line}:{failure.span.start.column}" if failure.span else ""
    return f"{harmless(failure.path)}{place}: cannot be checked: {harmless(failure.message)}"

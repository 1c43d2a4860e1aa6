"""A check as text: what was found in each file, and one line that sums it up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lrspec.compiler.runner import CheckResult, Failure
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.report import Paint, blocks, summary
from lrspec.diagnostics.wording import count, few


def render(checked: Sequence[CheckResult], paint: Paint) -> str:
    """What was found, file by file, and the line that sums it up."""
    said = [block for each in checked for block in _of_file(each, paint)]
    return "\n\n".join([*said, checked_summary(checked)]) + "\n"


def checked_summary(checked: Sequence[CheckResult]) -> str:
    """`3 specs checked: 2 errors, 1 warning`, and what was left out."""
    specs = sum(each.sha256 is not None for each in checked)
    against = {model for each in checked for model in each.models}
    with_models = f" against {count(len(against), 'model')}" if against else ""
    found = summary(found for each in checked for found in each.diagnostics) or "nothing found"
    outcome = f": {found}" if specs else ""
    return "; ".join([f"{count(specs, 'spec')} checked{with_models}{outcome}", *_besides(checked)])


def failure_text(failure: Failure) -> str:
    """A failure in one line, with its place."""
    place = f":{failure.span.start.line}:{failure.span.start.column}" if failure.span else ""
    return f"{harmless(failure.path)}{place}: cannot be checked: {harmless(failure.message)}"


def _of_file(checked: CheckResult, paint: Paint) -> Iterator[str]:
    yield from blocks(checked.diagnostics, checked.text, paint)
    yield from (paint("error", failure_text(failure)) for failure in checked.failures)


def _besides(checked: Sequence[CheckResult]) -> Iterator[str]:
    """What the counts do not say: what was mended, left out, or could not be checked."""
    if fixed := sum(each.fixed for each in checked):
        yield f"{count(fixed, 'mistake')} mended"
    if skipped := {model for each in checked for model in each.skipped}:
        yield f"{count(len(skipped), 'model')} left out"
    if alone := [each.path for each in checked if _names_no_model(each)]:
        yield f"without a model, since none is named: {few(alone, 3)}"
    if failures := sum(len(each.failures) for each in checked):
        yield f"{count(failures, 'failure')}"


def _names_no_model(checked: CheckResult) -> bool:
    judged = checked.sha256 is not None and not any(found.code.startswith("LRS1") for found in checked.diagnostics)
    return judged and not (checked.models or checked.skipped or checked.failures)

"""`lrspec report`: a page that shows what a spec does to a model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lrspec.cli import options
from lrspec.cli.inputs import read_spec
from lrspec.cli.one_model import OneModel, of_one_model
from lrspec.cli.options import CannotRun
from lrspec.cli.outputs import emit, print_report, status

if TYPE_CHECKING:
    from lrspec.review.diff.diff import Side


@click.command()
@click.argument("specs", nargs=-1, metavar="[OLD] [SPEC]", shell_complete=options.files)
@of_one_model
def report(specs: tuple[str, ...], given: OneModel, strict: bool, output: str | None) -> int:
    """Show what SPEC does to a model, as a page for the browser: one HTML file that needs no network.

    It has the modules by size and learning rate, the rules with what they select, and why each parameter gets what it
    gets. Without --model and --params, the spec's own model is used. With OLD (another spec, a lock, a plan's JSON, or
    one of these as REV:PATH in git) it shows what changed, on the same picture.
    """
    if len(specs) > 2:
        raise click.UsageError("expected SPEC, or OLD and SPEC")
    from lrspec.review.report.difference import NothingToCompareError
    from lrspec.review.report.page import ReportError
    from lrspec.review.report.report import of_outcome

    if output is None and sys.stdout is not None and sys.stdout.isatty():
        raise CannotRun("a report is an HTML page: name its file, as in -o report.html")
    reading = read_spec(specs[-1] if specs else None, given.stdin_filename)
    if reading.spec is None:
        return print_report(reading.diagnostics, reading, given.color)
    _, outcome = given.compiled(reading.file())
    print_report(outcome.diagnostics, reading, given.color)
    if outcome.plan is not None:
        before = _side(specs[0], given) if len(specs) > 1 else None
        try:
            emit(of_outcome(outcome, before).html, output)
        except (NothingToCompareError, ReportError) as failure:
            raise CannotRun(str(failure)) from None
    return status(outcome.diagnostics, strict)


def _side(old: str, given: OneModel) -> Side:
    """Read what a spec is compared with, for the same model."""
    from lrspec.cli.sides import GivenModels, read_side

    models, files = ([] if each is None else [each] for each in (given.model, given.params))
    outside, cache = given.allow_outside, not given.no_cache
    return read_side(old, GivenModels(models, given.args, files, outside=outside, cache=cache, color=given.color))

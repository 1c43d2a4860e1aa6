"""`lrspec check`: everything that is wrong with specs, for people, for pull requests and for other tools."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options as words
from lrspec.cli.inputs import read_stdin
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import emit, is_watched, painter, status
from lrspec.formats import FORMATS, renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lrspec.compiler.runner import CheckOptions, CheckResult
    from lrspec.diagnostics.report import Paint


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@words.models
@words.model_arg
@words.several_params
@words.no_cache
@click.option("--no-model", is_flag=True, help="Check the documents alone; nothing else is opened.")
@click.option("--no-build", is_flag=True, help="Check against saved inventories only; needs no torch.")
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@words.strict
@click.option(
    "--fix", is_flag=True, help="Mend what cannot change what is selected: quoted numbers, quotes of regexes."
)
@click.option(
    "--jobs", "-j", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Check so many at once."
)
@words.outside
@words.output
@words.stdin_filename
@words.color
def check(
    paths: tuple[str, ...],
    models: tuple[str, ...],
    args: dict[str, Any],
    params: tuple[str, ...],
    no_cache: bool,
    no_model: bool,
    no_build: bool,
    form: str,
    strict: bool,
    fix: bool,
    jobs: int,
    allow_outside: bool,
    output: str | None,
    stdin_filename: str | None,
    color: str,
) -> int:
    """Check specs: each PATH is a spec, or a folder in which they are searched; the current folder without one.

    Every spec is checked against its own `models`, or against those of --model and --params. `-` is standard input.
    """
    from lrspec.compiler.runner import CheckDepth, CheckOptions
    from lrspec.spec.language import ModelSource

    if (no_model or no_build) and (models or (no_model and params)):
        raise click.UsageError(f"{'--no-model' if no_model else '--no-build'} and a model exclude each other")
    if args and not models:
        raise click.UsageError("--model-arg goes with --model")
    if fix and "-" in paths:
        raise click.UsageError("--fix cannot write into standard input")
    against = CheckOptions(
        models=tuple(ModelSource(source=model, args=args) for model in models),
        params=params,
        depth=CheckDepth.documents if no_model else CheckDepth.inventories if no_build else CheckDepth.models,
        outside=allow_outside,
        fix=fix,
        cache=not (no_cache or any(model.startswith("py:") for model in models)),  # code may change what others build
    )
    checked = _checked(_found(paths or (".",)), against, jobs, stdin_filename)
    _write(checked, form, output, painter(color, terminal=output is None and sys.stdout.isatty()))
    return _status(checked, strict)


def _found(paths: tuple[str, ...]) -> list[str]:
    from lrspec.cli.discovery import UndecidedError, find_specs

    if "" in paths:
        raise click.UsageError("PATH is empty")
    try:
        return find_specs(paths)
    except UndecidedError as failure:
        raise CannotRun(str(failure)) from None


def _checked(paths: list[str], against: CheckOptions, jobs: int, stdin_filename: str | None) -> list[CheckResult]:
    """Check the specs one after the other; on a terminal with a bar, where that takes long."""
    from lrspec.compiler.runner import Checker, JobsError, check_files
    from lrspec.models.sources.model_error import ModelError

    if "-" in paths and len(paths) > 1:
        raise click.UsageError("`-` is checked alone")
    try:
        if paths == ["-"]:
            return [Checker(against).check(read_stdin(stdin_filename))]
        with _progress(len(paths)) as advance:
            checked = []
            for each in check_files(paths, against, jobs):
                checked.append(each)
                advance()
            return checked
    except (JobsError, ModelError) as failure:
        raise CannotRun(str(failure)) from None


def _progress(total: int) -> AbstractContextManager[Callable[[], None]]:
    if not is_watched():
        return nullcontext(lambda: None)
    from lrspec.cli.progress import progress

    return progress(total)


def _write(checked: Sequence[CheckResult], form: str, output: str | None, paint: Paint) -> None:
    """Write the result; what it does not show of failures, and the line that sums up, go to standard error."""
    from lrspec.formats.text import checked_summary, failure_text

    emit(renderer(form)(checked, paint), output)
    if form == "text" and output is None:
        return
    for failure in (failure for each in checked for failure in each.failures):
        say(f"lrspec: {failure_text(failure)}")
    say(checked_summary(checked))


def _status(checked: Sequence[CheckResult], strict: bool) -> int:
    if any(each.failures for each in checked):
        return 2
    return status([found for each in checked for found in each.diagnostics], strict)

"""`lrspec check`: reports everything that is wrong with specs, for people, pull requests and other tools."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import read_stdin
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import emit, is_watched, painter, status
from lrspec.formats import FORMATS, renderer

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrspec.compiler.runner import Baseline, CheckOptions, CheckResult
    from lrspec.spec.load import SpecFile


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=options.files)
@options.models
@options.model_arg
@options.several_params
@options.no_cache
@click.option("--no-model", is_flag=True, help="Check the specs alone; open nothing else.")
@click.option("--no-build", is_flag=True, help="Check against saved inventories only; needs no torch.")
@click.option("--locked", is_flag=True, help="Compare with what `lrspec lock` wrote; it stands in for models.")
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
@options.strict
@click.option(
    "--fix",
    is_flag=True,
    help="Apply safe fixes (quoted numbers, regex quoting) that cannot change which parameters match.",
)
@click.option(
    "--jobs",
    "-j",
    metavar="N",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Check this many in parallel.",
)
@options.outside
@options.output
@options.stdin_filename
@options.color
def check(
    paths: tuple[str, ...],
    models: tuple[str, ...],
    args: dict[str, Any],
    params: tuple[str, ...],
    no_cache: bool,
    no_model: bool,
    no_build: bool,
    locked: bool,
    form: str,
    strict: bool,
    fix: bool,
    jobs: int,
    allow_outside: bool,
    output: str | None,
    stdin_filename: str | None,
    color: str,
) -> int:
    """Check specs. Each PATH is a spec or a folder to search; the default is the current folder.

    Every spec is checked against its own `models`, or against those of --model and --params. `-` is standard input.
    """
    from lrspec.compiler.runner import CheckDepth, CheckOptions
    from lrspec.formats.terminal import width
    from lrspec.formats.text import checked_summary, failure_text
    from lrspec.spec.language import ModelSource

    if (no_model or no_build) and (models or (no_model and params)):
        raise click.UsageError(f"{'--no-model' if no_model else '--no-build'} and a model exclude each other")
    if no_model and locked:
        raise click.UsageError("--no-model and --locked exclude each other")
    if args and not models:
        raise click.UsageError("--model-arg goes with --model")
    if fix and "-" in paths:
        raise click.UsageError("--fix cannot write to standard input")
    check_options = CheckOptions(
        models=tuple(ModelSource(source=model, args=args) for model in models),
        params=params,
        depth=CheckDepth.documents if no_model else CheckDepth.inventories if no_build else CheckDepth.models,
        outside=allow_outside,
        fix=fix,
        cache=not (no_cache or any(model.startswith("py:") for model in models)),  # its code may change other models
        baseline=_locked() if locked else None,
    )
    results = _check(paths or (".",), check_options, jobs, stdin_filename)
    paint = painter(color, terminal=output is None and sys.stdout.isatty())
    emit(renderer(form)(results, paint, None if output else width(sys.stdout)), output)
    failures = [failure for result in results for failure in result.failures]
    if form != "text" or output is not None:
        for failure in failures:
            say(f"lrspec: {failure_text(failure)}")
        say(checked_summary(results))
    return 2 if failures else status([finding for result in results for finding in result.diagnostics], strict)


def _locked() -> Callable[[SpecFile], Baseline]:
    from lrspec.review.lock.locked import Locked

    return Locked.of


def _check(
    paths: tuple[str, ...], check_options: CheckOptions, jobs: int, stdin_filename: str | None
) -> list[CheckResult]:
    """Check the specs that the paths name; on a terminal, a bar shows the progress of a long check."""
    from lrspec.cli.discovery import UndecidedError, find_specs
    from lrspec.compiler.runner import Checker, JobsError, check_files
    from lrspec.models.sources.model_error import ModelError

    if "" in paths:
        raise click.UsageError("PATH is empty")
    try:
        specs = find_specs(paths)
        if "-" in specs and len(specs) > 1:
            raise click.UsageError("`-` is checked alone")
        if specs == ["-"]:
            return [Checker(check_options).check(read_stdin(stdin_filename))]
        if not is_watched():
            return list(check_files(specs, check_options, jobs))
        from lrspec.cli.progress import progress

        results = []
        with progress(len(specs)) as advance:
            for result in check_files(specs, check_options, jobs):
                results.append(result)
                advance()
        return results
    except (UndecidedError, JobsError, ModelError) as failure:
        raise CannotRun(str(failure)) from None

"""`lrspec diff`: what differs between what two specs give, or two versions of one, by rule and by layer."""

from __future__ import annotations

import sys
from typing import Any

import click

from lrspec.cli import options
from lrspec.cli.outputs import emit, emit_json


@click.command()
@click.argument("old", metavar="A", shell_complete=options.files)
@click.argument("new", metavar="[B]", required=False, shell_complete=options.files)
@options.models
@options.model_arg
@options.several_params
@options.no_cache
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
@options.outside
@options.output
@options.color
def diff(
    old: str,
    new: str | None,
    models: tuple[str, ...],
    args: dict[str, Any],
    params: tuple[str, ...],
    no_cache: bool,
    form: str,
    exit_code: bool,
    allow_outside: bool,
    output: str | None,
    color: str,
) -> int:
    """Show what differs between what A and B give to the parameters of a model.

    Each is a spec, a lock, a plan as `compile --format json` writes it, or one of these as REV:PATH in git. Specs
    are compiled for their own models, or for those of --model and --params. With a spec alone, two models are
    compared: two --model, or two --params.
    """
    from lrspec.cli.sides import GivenModels, read_sides, read_two_models
    from lrspec.review.diff.diff import diff as compared

    if args and not models:
        raise click.UsageError("--model-arg goes with --model")
    given = GivenModels(models, args, params, outside=allow_outside, cache=not no_cache, color=color)
    if new is None:
        if len(given) != 2 or len(models) == 1:
            raise click.UsageError("B is missing; for one spec and two models, give --model or --params twice")
        difference = compared(*read_two_models(old, given))
    else:
        difference = compared(*read_sides(old, new, given))
    if form == "json":
        from lrspec.review.diff.as_json import as_dict

        emit_json(as_dict(difference), output)
    elif form == "markdown":
        from lrspec.review.diff.markdown import markdown

        emit(markdown(difference), output)
    else:
        from lrspec.formats.terminal import width
        from lrspec.review.diff.text import text

        emit(text(difference, None if output else width(sys.stdout)), output)
    return int(exit_code and bool(difference))

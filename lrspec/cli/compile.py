"""`lrspec compile`: the settings of every parameter, and the groups that express them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import read_spec
from lrspec.cli.one_model import OneModel, of_one_model
from lrspec.cli.outputs import emit, emit_json, print_report, status
from lrspec.cli.watch import specs_and_inventories, watchable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def _files(arguments: Mapping[str, Any]) -> Iterator[Path]:
    from lrspec.cli.inputs import spec_path

    params = arguments["given"].params
    return specs_and_inventories([spec_path(arguments["spec"])], [params] if params else [])


@click.command()
@click.argument("spec", required=False, shell_complete=options.files)
@of_one_model
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps of the run: adds rates at some of them.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--tree", is_flag=True, help="Show the model's modules with their settings, instead of the table.")
@watchable(_files)
def compile(
    spec: str | None,
    given: OneModel,
    steps: int | None,
    form: str,
    tree: bool,
    strict: bool,
    output: str | None,
) -> int:
    """Compile SPEC for a model: show the settings of every parameter, and the groups that express them.

    SPEC may be omitted if the folder has only one; `-` is standard input. Without --model and --params, the
    spec's own model is used.
    """
    from lrspec.compiler.plan import plan_without_parameters

    if tree and form == "json":
        raise click.UsageError("--tree and --format json exclude each other")
    reading = read_spec(spec, given.stdin_filename)
    plan, inventory, diagnostics, applied = None, None, reading.diagnostics, dict[str, Any]()
    if reading.spec is not None:
        inventory, outcome = given.compiled(reading.file())
        plan, diagnostics, applied = outcome.plan, outcome.diagnostics, dict(outcome.file.overrides)
    if plan is None:
        if form == "json":  # the errors are also the result
            emit_json(plan_without_parameters(reading.document, inventory, diagnostics, applied), output)
        return print_report(diagnostics, reading, given.color)
    print_report(diagnostics, reading, given.color)
    if form == "json":
        emit_json(plan.to_dict(steps), output)
    elif plan.groups is not None:
        from lrspec.formats.table import table  # here, since rich takes long to import
        from lrspec.formats.table_rows import replaced
        from lrspec.formats.terminal import width
        from lrspec.formats.tree import plan_tree

        lines = replaced(reading.file(), plan.file.overrides)
        draw = plan_tree if tree else table
        emit(draw(plan, lines, None if output else width(sys.stdout), steps), output)
    return status(diagnostics, strict)

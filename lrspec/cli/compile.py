"""`lrspec compile`: the settings of every parameter, and the groups that express them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import inventory_for, read_spec, with_overrides
from lrspec.cli.options import CannotRun
from lrspec.cli.outputs import emit, emit_json, print_report, status, width

if TYPE_CHECKING:
    from lrspec.diagnostics.diagnostic import Diagnostic
    from lrspec.models.inventory import Inventory
    from lrspec.spec.load import Reading


@click.command("compile")
@click.argument("spec", required=False)
@options.model
@options.model_arg
@options.params
@options.no_cache
@options.lr
@options.weight_decay
@options.overrides
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@options.strict
@options.outside
@options.output
@options.stdin_filename
@options.color
def compile_(
    spec: str | None,
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    no_cache: bool,
    lr: float | None,
    weight_decay: float | None,
    overrides: dict[str, Any],
    form: str,
    strict: bool,
    allow_outside: bool,
    output: str | None,
    stdin_filename: str | None,
    color: str,
) -> int:
    """Compile SPEC for a model: show the settings of every parameter, and the groups that express them.

    SPEC may be omitted if the folder has only one; `-` is standard input. Without --model and --params, the
    spec's own model is used.
    """
    from lrspec.compiler.compile import attempt

    reading = read_spec(spec, stdin_filename)
    if reading.spec is None:
        return _refuse(reading, (), None, reading.diagnostics, form, output, color)
    file = with_overrides(reading.file(), overrides)
    for flag, key, value in (("--lr", "lr", lr), ("--weight-decay", "weight_decay", weight_decay)):
        if value is not None and len(file.spec.bases) > 1:
            choices = " or ".join(f"--set optimizers.{name}.{key}=…" for name in file.spec.bases)
            raise CannotRun(f"{flag}: the spec has several optimizers: use {choices}")
    inventory = inventory_for(file, model, args, params, outside=allow_outside, cache=not no_cache)
    outcome = attempt(file, inventory, lr=lr, weight_decay=weight_decay)
    if outcome.plan is None:
        return _refuse(reading, outcome.file.overrides, inventory, outcome.diagnostics, form, output, color)
    print_report(outcome.diagnostics, reading, color)
    if form == "json":
        emit_json(outcome.plan.to_dict(), output)
    elif outcome.plan.groups is not None:
        from lrspec.formats.table import table  # here and not above: rich takes long to import
        from lrspec.formats.table_rows import replaced

        own = replaced(reading.file(), outcome.plan.file.overrides)
        emit(table(outcome.plan, outcome.plan.file.spec, own, None if output else width()), output)
    return status(outcome.diagnostics, strict)


def _refuse(
    reading: Reading,
    overrides: tuple[tuple[str, Any], ...],
    inventory: Inventory | None,
    diagnostics: tuple[Diagnostic, ...],
    form: str,
    output: str | None,
    color: str,
) -> int:
    """Report the errors that leave no plan; in JSON they are also the result."""
    from lrspec.compiler.plan import plan_without_parameters

    if form == "json":
        document = reading.document
        emit_json(plan_without_parameters(document, inventory, diagnostics, dict(overrides)), output)
    return print_report(diagnostics, reading, color)

"""`lrspec compile`: which parameter gets what, and the groups that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options as words
from lrspec.cli.inputs import inventory_for, read_spec, with_overrides
from lrspec.cli.options import CannotRun
from lrspec.cli.outputs import emit, emit_json, print_report, status, width

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan
    from lrspec.diagnostics.diagnostic import Diagnostic
    from lrspec.models.inventory import Inventory
    from lrspec.spec.load import Reading, SpecFile


@click.command("compile")
@click.argument("spec", required=False)
@words.model
@words.model_arg
@words.params
@words.no_cache
@words.lr
@words.weight_decay
@words.overrides
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@words.strict
@words.outside
@words.output
@words.stdin_filename
@words.color
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
    """Compile SPEC for a model: which parameter gets what, and the groups that say so.

    SPEC may be left out where the folder has just one; `-` is standard input. Without --model and --params
    the spec's own model is taken.
    """
    from lrspec.compiler.compile import attempt

    reading = read_spec(spec, stdin_filename)
    if reading.spec is None:
        return _refuse(reading, (), None, reading.diagnostics, form, output, color)
    file = with_overrides(reading.file(), overrides)
    _refuse_ambiguous(file, lr, weight_decay)
    inventory = inventory_for(file, model, args, params, outside=allow_outside, cache=not no_cache)
    outcome = attempt(file, inventory, lr=lr, weight_decay=weight_decay)
    if outcome.plan is None:
        return _refuse(reading, outcome.file.overrides, inventory, outcome.diagnostics, form, output, color)
    print_report(outcome.diagnostics, reading, color)
    if form == "json":
        emit_json(outcome.plan.to_dict(), output)
    elif outcome.plan.groups is not None:
        emit(_table(outcome.plan, reading.file(), None if output else width()), output)
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
    """Report the errors of a spec in itself; in JSON they are the result as well."""
    from lrspec.compiler.plan import plan_without_parameters

    if form == "json":
        document = reading.document
        emit_json(plan_without_parameters(document, inventory, diagnostics, dict(overrides)), output)
    return print_report(diagnostics, reading, color)


def _refuse_ambiguous(file: SpecFile, lr: float | None, weight_decay: float | None) -> None:
    for flag, key, given in (("--lr", "lr", lr), ("--weight-decay", "weight_decay", weight_decay)):
        if given is not None and len(file.spec.bases) > 1:
            those = " or ".join(f"--set optimizers.{name}.{key}=…" for name in file.spec.bases)
            raise CannotRun(f"{flag}: the spec has several optimizers: say {those}")


def _table(plan: Plan, file: SpecFile, columns: int | None) -> str:
    from lrspec.formats.table import table
    from lrspec.formats.table_rows import replaced

    return table(plan, replaced(file, plan.file.overrides), columns)

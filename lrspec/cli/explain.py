"""`lrspec explain`: why a parameter has its settings, or what a diagnostic means."""

from __future__ import annotations

from typing import Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import inventory_for, read_spec, with_overrides
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import emit, print_report, status


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="SPEC NAME | CODE", shell_complete=options.files)
@options.model
@options.model_arg
@options.params
@options.no_cache
@options.overrides
@options.outside
@options.stdin_filename
@options.color
def explain(
    words: tuple[str, ...],
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    no_cache: bool,
    overrides: dict[str, Any],
    allow_outside: bool,
    stdin_filename: str | None,
    color: str,
) -> int:
    """Explain why a parameter has its settings, or what a diagnostic means.

    With SPEC and NAME (an exact name, or a regex): which rules select the parameter, what each sets, and which wins.
    With a CODE such as LRS201, or its name: what it means and how to fix it.
    """
    if len(words) > 2:
        raise click.UsageError("expected SPEC and NAME, or CODE")
    if len(words) == 1:
        from lrspec.address import of_code
        from lrspec.diagnostics import manual

        try:
            code = manual.find(words[0])
            emit(f"{manual.section(code)}\n{of_code(code.code)}\n", None)
        except manual.UnknownCodeError as failure:
            raise CannotRun(f"{failure} (to explain a parameter: lrspec explain SPEC NAME)") from None
        return 0
    from lrspec.compiler.compile import attempt
    from lrspec.formats import explanation

    reading = read_spec(words[0], stdin_filename)
    if reading.spec is None:
        return print_report(reading.diagnostics, reading, color)
    file = with_overrides(reading.file(), overrides)
    inventory = inventory_for(file, model, args, params, outside=allow_outside, cache=not no_cache)
    outcome = attempt(file, inventory)
    if outcome.plan is None or outcome.resolution is None:
        return print_report(outcome.diagnostics, reading, color)
    try:
        indices = explanation.find(inventory, words[1])
    except explanation.UnknownParameterError as failure:
        raise CannotRun(str(failure)) from None
    names = {inventory.parameters[index].name for index in indices}
    relevant = [item for item in outcome.diagnostics if not item.parameters or names.intersection(item.parameters)]
    print_report(relevant, reading, color)
    if others := len(outcome.diagnostics) - len(relevant):
        say(f"lrspec: {others:,} more in this spec, about other parameters: lrspec compile {words[0]}")
    emit("\n\n".join(explanation.explain(outcome.resolution, outcome.plan, index) for index in indices) + "\n", None)
    return status(outcome.diagnostics, strict=False)

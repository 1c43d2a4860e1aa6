"""`lrspec explain`: why a parameter gets what it gets, or what a diagnostic means."""

from __future__ import annotations

from typing import Any

import click

from lrspec.cli import options as words
from lrspec.cli.inputs import inventory_for, read_spec, with_overrides
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import emit, print_report, status


@click.command()
@click.argument("words_", nargs=-1, required=True, metavar="SPEC NAME | CODE")
@words.model
@words.model_arg
@words.params
@words.no_cache
@words.overrides
@words.outside
@words.stdin_filename
@words.color
def explain(
    words_: tuple[str, ...],
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    no_cache: bool,
    overrides: dict[str, Any],
    allow_outside: bool,
    stdin_filename: str | None,
    color: str,
) -> int:
    """Explain why a parameter gets what it gets, or what a diagnostic means.

    With SPEC and NAME (an exact name, or a regex): which rules have the parameter, what each sets, and what holds.
    With a CODE such as LRS201, or its name: what it means and how to mend it.
    """
    if len(words_) > 2:
        raise click.UsageError("expected SPEC and NAME, or CODE")
    if len(words_) == 1:
        return _explain_code(words_[0])
    from lrspec.compiler.compile import attempt
    from lrspec.formats.explanation import UnknownParameterError, find
    from lrspec.formats.explanation import explain as explanation

    reading = read_spec(words_[0], stdin_filename)
    if reading.spec is None:
        return print_report(reading.diagnostics, reading, color)
    file = with_overrides(reading.file(), overrides)
    inventory = inventory_for(file, model, args, params, outside=allow_outside, cache=not no_cache)
    outcome = attempt(file, inventory)
    if outcome.plan is None or outcome.resolution is None:
        return print_report(outcome.diagnostics, reading, color)
    try:
        found = find(inventory, words_[1])
    except UnknownParameterError as failure:
        raise CannotRun(str(failure)) from None
    named = {inventory.parameters[index].name for index in found}
    about = [each for each in outcome.diagnostics if not each.parameters or named.intersection(each.parameters)]
    print_report(about, reading, color)
    if others := len(outcome.diagnostics) - len(about):
        say(f"lrspec: {others:,} more in this spec, about other parameters: lrspec compile {words_[0]}")
    emit("\n\n".join(explanation(outcome.resolution, outcome.plan, index) for index in found) + "\n", None)
    return status(outcome.diagnostics, strict=False)


def _explain_code(word: str) -> int:
    from lrspec.diagnostics.manual import UnknownCodeError, find, section

    try:
        emit(section(find(word)), None)
    except UnknownCodeError as failure:
        raise CannotRun(f"{failure} (to explain a parameter: lrspec explain SPEC NAME)") from None
    return 0

"""`lrspec params`: the inventory of a model."""

from __future__ import annotations

import sys
from typing import Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import given_inventory
from lrspec.cli.outputs import emit, emit_json


@click.command()
@options.model
@options.model_arg
@options.params
@options.no_cache
@click.option("--format", "form", type=click.Choice(["tree", "json"]), help="By default tree on a terminal, else json.")
@options.output
def params(
    model: str | None, args: dict[str, Any], params: str | None, no_cache: bool, form: str | None, output: str | None
) -> int:
    """Show a model's parameters: as a tree of its modules, or as JSON, for --params and `models: params:FILE`."""
    inventory = given_inventory(model, args, params, cache=not no_cache)
    if inventory is None:
        raise click.UsageError("--model is missing, or --params")
    if form == "json" or (form is None and (output is not None or not sys.stdout.isatty())):
        emit_json(inventory.to_dict(), output)
        return 0
    from lrspec.formats.terminal import width
    from lrspec.formats.tree import model_tree  # here, since rich takes long to import

    emit(model_tree(inventory, None if output else width(sys.stdout)), output)
    return 0

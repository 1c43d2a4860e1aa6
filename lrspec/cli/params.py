"""`lrspec params` and `lrspec schema`: the inventory of a model, and the schemas of the formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options as words
from lrspec.cli.inputs import build
from lrspec.cli.outputs import as_json, emit

if TYPE_CHECKING:
    from lrspec.formats.json_schema import Kind


@click.command()
@words.model
@words.model_arg
@words.no_cache
@words.output
def params(model: str | None, args: dict[str, Any], no_cache: bool, output: str | None) -> int:
    """Print a model's parameters as JSON, for --params and `models: params:FILE`."""
    if model is None:
        raise click.UsageError("--model is missing")
    emit(as_json(build(model, args, cache=not no_cache).to_dict()), output)
    return 0


@click.command()
@click.argument("kind", type=click.Choice(["spec", "plan", "params", "check"]), default="spec")
@words.output
def schema(kind: Kind, output: str | None) -> int:
    """Print the JSON Schema of specs, plans, parameter inventories or the results of a check."""
    from lrspec.formats.json_schema import schema_text

    emit(schema_text(kind), output)
    return 0

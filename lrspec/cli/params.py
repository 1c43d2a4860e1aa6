"""`lrspec params`: the inventory of a model."""

from __future__ import annotations

from typing import Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import build
from lrspec.cli.outputs import emit_json


@click.command()
@options.model
@options.model_arg
@options.no_cache
@options.output
def params(model: str | None, args: dict[str, Any], no_cache: bool, output: str | None) -> int:
    """Print a model's parameters as JSON, for --params and `models: params:FILE`."""
    if model is None:
        raise click.UsageError("--model is missing")
    emit_json(build(model, args, cache=not no_cache).to_dict(), output)
    return 0

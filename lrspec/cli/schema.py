"""`lrspec schema`: the JSON Schema of a format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lrspec.cli import options
from lrspec.cli.outputs import emit

if TYPE_CHECKING:
    from lrspec.formats.json_schema import Format


@click.command()
@click.argument("kind", type=click.Choice(["spec", "plan", "params", "check", "audit", "diff"]), default="spec")
@options.output
def schema(kind: Format, output: str | None) -> int:
    """Print the JSON Schema of specs, plans, parameter inventories, or the results of a check, an audit or a diff."""
    from lrspec.formats.json_schema import schema_text

    emit(schema_text(kind), output)
    return 0

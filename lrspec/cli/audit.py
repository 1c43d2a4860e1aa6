"""`lrspec audit`: what an optimizer really does to a model, and what of it is probably a mistake."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from lrspec.cli import options
from lrspec.cli.options import CannotRun

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from lrspec.auditing.result import Audit


def _names(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from lrspec.auditing.audit import NAMES

    return [CompletionItem(name) for name in NAMES if name.startswith(incomplete)]


@click.command()
@click.argument("script", metavar="py:M:F")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--ignore",
    metavar="NAME",
    multiple=True,
    shell_complete=_names,
    help="A finding to leave out, such as mixed-decay. May be given several times.",
)
@options.strict
@options.output
@options.color
def audit(script: str, form: str, ignore: tuple[str, ...], strict: bool, output: str | None, color: str) -> int:
    """Show what an optimizer really does to a model, and what of it is probably a mistake.

    py:M:F is a module or a FILE.py, and a function without arguments in it that returns (model, optimizer) or
    (model, optimizer, scheduler). Several optimizers are a list, or a mapping of names. No spec is needed.
    """
    from lrspec.cli.outputs import emit, emit_json, painter
    from lrspec.formats.terminal import width

    audited = _audited(script, ignore)
    if form == "json":
        emit_json(audited.to_dict(), output)
    else:
        from lrspec.auditing.table import text  # here, since rich takes long to import

        paint = painter(color, terminal=output is None and sys.stdout.isatty())
        cure = shlex.join(["lrspec", "init", "--from", script])
        emit(f"{text(audited, None if output else width(sys.stdout), paint, cure)}\n", output)
    return int(not audited.ok or (strict and bool(audited.diagnostics)))


def _audited(script: str, ignore: tuple[str, ...]) -> Audit:
    from lrspec.auditing.audit import audit as run
    from lrspec.auditing.audit import code_of
    from lrspec.models.sources.model_error import ModelError
    from lrspec.models.sources.script import from_script

    try:
        for name in ignore:
            code_of(name)
    except ValueError as failure:
        raise click.BadParameter(str(failure), param_hint="--ignore") from None
    try:
        return from_script(script, partial(run, ignore=ignore))
    except ModelError as failure:
        raise CannotRun(str(failure)) from None

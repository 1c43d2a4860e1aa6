"""Words of the command line to values: what the options mean, and what is said where a command cannot run."""

from __future__ import annotations

import math
import sys
from typing import Any

import click

from lrspec.spec.model_kinds import BUILT


class CannotRun(click.ClickException):
    """Something that keeps a command from running; one line, exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line on standard error."""
        from lrspec.diagnostics.escape import harmless

        say(harmless(f"lrspec: {self.message}"))


def say(text: str) -> None:
    """Print on standard error; that its reader has left, or that its disk is full, changes no exit status."""
    try:
        click.echo(text, err=True, color=True)  # whether there are colours in it is decided before
    except OSError:
        from lrspec.files import hush

        hush(sys.stderr)


def _number(_: click.Context, parameter: click.Parameter, word: str | None) -> float | None:
    """A finite number of at least 0, spelt as in a spec."""
    from lrspec.spec.syntax.scalars import plain_number

    number = None if word is None else plain_number(word)
    if word is not None and (number is None or not 0 <= number < math.inf):
        raise click.BadParameter(f"expected a finite number of at least 0, found {word}", param=parameter)
    return None if number is None else float(number)


def _model_args(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    from lrspec.spec.syntax.document import parse
    from lrspec.spec.syntax.nodes import no_boolean
    from lrspec.spec.syntax.scalars import all_finite

    args: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        document = parse(text.encode(errors="surrogatepass"), word, "yaml")
        if not equals or not key.isidentifier() or document.problems or not all_finite(document.value):
            raise click.BadParameter(f"expected KEY=VALUE with a value as in YAML, found {word}", param=parameter)
        if key in args:
            raise click.BadParameter(f"{key} is given twice", param=parameter)
        if document.root and (found := no_boolean(document.root)):
            wrong = f"{word}: {found} is a text in YAML 1.2, and no boolean"
            raise click.BadParameter(
                f'{wrong}: write true or false (or "{found}" in quotes for the text)', param=parameter
            )
        args[key] = document.value
    return args


def _overrides(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    from lrspec.spec.syntax.document import parse

    found: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        document = parse(text.encode(errors="surrogatepass"), word, "yaml")
        if not equals or document.root is None or document.problems:
            raise click.BadParameter(f"expected PATH=VALUE with a value as in YAML, found {word}", param=parameter)
        if path in found:
            raise click.BadParameter(f"{path} is given twice", param=parameter)
        found[path] = document.value
    return found


def _writable(_: click.Context, __: click.Parameter, file: str | None) -> str | None:
    """A file in a folder that exists: where there is none, that is better said before the work than after it."""
    if file == "-":
        return None
    from pathlib import Path

    if file is not None and not Path(file).parent.is_dir():
        raise CannotRun(f"{file}: no such file or directory")
    return file


_MODEL = f"resnet18, {BUILT}."
_PARAMS = "A saved inventory, or one parameter name a line."

model = click.option("--model", "-m", metavar="M", help=_MODEL)
models = click.option(
    "--model", "-m", "models", metavar="M", multiple=True, help=f"{_MODEL} May be given several times."
)
model_arg = click.option(
    "--model-arg",
    "args",
    metavar="K=V",
    multiple=True,
    callback=_model_args,
    help="An argument for building the model, its value as in YAML.",
)
params = click.option("--params", "-p", metavar="FILE", help=_PARAMS)
several_params = click.option("--params", "-p", metavar="FILE", multiple=True, help=f"{_PARAMS} Also several.")
lr = click.option(
    "--lr", metavar="X", callback=_number, help="In place of optimizer.lr; absolute values in rules stay."
)
weight_decay = click.option("--weight-decay", metavar="X", callback=_number, help="In place of optimizer.weight_decay.")
overrides = click.option(
    "--set",
    "overrides",
    metavar="PATH=VALUE",
    multiple=True,
    callback=_overrides,
    help="In place of what the spec says: rules.head.lr_mult=5. May be given several times.",
)
outside = click.option("--allow-outside", is_flag=True, help="Let a spec name files outside its own folder.")
no_cache = click.option("--no-cache", is_flag=True, help="Build the model anew, and keep nothing of it.")
strict = click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
output = click.option("--output", "-o", metavar="FILE", callback=_writable, help="Write the result there.")
stdin_filename = click.option("--stdin-filename", metavar="NAME", help="What to call standard input in reports.")
color = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colours in reports; NO_COLOR is heard, too.",
)

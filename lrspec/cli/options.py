"""The options that commands share, and the error for a command that cannot run."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import click

from lrspec.spec.model_kinds import BUILT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

    from lrspec.spec.syntax.document import Document


class CannotRun(click.ClickException):
    """A command cannot run; the message is one line, and the exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line on standard error."""
        from lrspec.diagnostics.escape import harmless

        say(harmless(f"lrspec: {self.message}"))


def say(text: str) -> None:
    """Print on standard error; if its reader has left or its disk is full, the exit status stays the same."""
    try:
        click.echo(text, file=sys.stderr, color=True)  # the text has colours only if they are wanted
    except OSError:
        from lrspec.files import hush

        hush(sys.stderr)


def number_of(_: click.Context, parameter: click.Parameter, word: str | None) -> float | None:
    """Return a finite number of at least 0, written as in a spec."""
    from lrspec.spec.syntax.scalars import plain_number

    if word is None:
        return None
    number = plain_number(word)
    if number is None or not 0 <= number < math.inf:
        raise click.BadParameter(f"expected a finite number of at least 0, found {word}", param=parameter)
    return float(number)


def _model_args(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    from lrspec.spec.syntax.nodes import no_boolean
    from lrspec.spec.syntax.scalars import all_finite

    args: dict[str, Any] = {}
    for word, key, document in _assignments("KEY", parameter, words):
        if not key.isidentifier() or not all_finite(document.value):
            raise click.BadParameter(f"expected KEY=VALUE with a YAML value, found {word}", param=parameter)
        if document.root and (string := no_boolean(document.root)):
            message = f"{word}: `{string}` is a string in YAML 1.2, not a boolean"
            advice = f'write true or false (or "{string}" in quotes for the string)'
            raise click.BadParameter(f"{message}: {advice}", param=parameter)
        args[key] = document.value
    return args


def _overrides(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    return {path: document.value for _, path, document in _assignments("PATH", parameter, words)}


def _assignments(left: str, parameter: click.Parameter, words: tuple[str, ...]) -> Iterator[tuple[str, str, Document]]:
    """Yield each `KEY=VALUE`, with its key and its value as a document; `left` is what messages call the key."""
    from lrspec.spec.syntax.document import parse

    known: set[str] = set()
    for word in words:
        key, equals, text = word.partition("=")
        document = parse(text.encode(errors="surrogatepass"), word, "yaml")
        if not equals or document.problems:
            raise click.BadParameter(f"expected {left}=VALUE with a YAML value, found {word}", param=parameter)
        if key in known:
            raise click.BadParameter(f"{key} is given twice", param=parameter)
        known.add(key)
        yield word, key, document


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def _writable(_: click.Context, __: click.Parameter, file: str | None) -> str | None:
    """Return a file whose folder exists: it is better to report a missing folder before the work than after it."""
    from pathlib import Path

    if file not in (None, "-") and not Path(str(file)).parent.is_dir():
        raise CannotRun(f"{file}: no such file or directory")
    return None if file == "-" else file


_MODEL = f"resnet18, {BUILT}."
_PARAMS = "A saved inventory, or one parameter name per line."
_SEVERAL = "May be given several times."
_REPLACES = f"Replaces a value of the spec: rules.head.lr_mult=5. {_SEVERAL}"
_ARGUMENT = "An argument for building the model, its value in YAML."
_COLORS = ["auto", "always", "never"]
_COLOR = "When to colour reports. NO_COLOR is respected."

model = click.option("--model", "-m", metavar="M", help=_MODEL)
models = click.option("--model", "-m", "models", metavar="M", multiple=True, help=f"{_MODEL} {_SEVERAL}")
model_arg = click.option("--model-arg", "args", metavar="K=V", multiple=True, callback=_model_args, help=_ARGUMENT)
params = click.option("--params", "-p", metavar="FILE", shell_complete=files, help=_PARAMS)
several_params = click.option(
    "--params", "-p", metavar="FILE", multiple=True, shell_complete=files, help=f"{_PARAMS} {_SEVERAL}"
)
lr = click.option("--lr", metavar="X", callback=number_of, help="Replaces optimizer.lr; absolute values in rules stay.")
weight_decay = click.option("--weight-decay", metavar="X", callback=number_of, help="Replaces optimizer.weight_decay.")
overrides = click.option("--set", "overrides", metavar="PATH=VALUE", multiple=True, callback=_overrides, help=_REPLACES)
outside = click.option("--allow-outside", is_flag=True, help="Let a spec name files outside its own folder.")
no_cache = click.option("--no-cache", is_flag=True, help="Ignore the cache.")
strict = click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
output = click.option(
    "--output", "-o", metavar="FILE", callback=_writable, shell_complete=files, help="Write the result to this file."
)
stdin_filename = click.option("--stdin-filename", metavar="NAME", help="The name of standard input in reports.")
color = click.option("--color", type=click.Choice(_COLORS), default="auto", show_default=True, help=_COLOR)

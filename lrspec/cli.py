"""The command `lrspec`: words in, exit status out.

Exit statuses: 0 clean, 1 findings of severity error (with `--strict` warnings, too), 2 could not run, 130 interrupted.
Everything but click is imported by the command that needs it, so that `--help` is quick.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lrspec import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lrspec.diagnostics import Diagnostic
    from lrspec.inventory import Inventory
    from lrspec.load import Reading, SpecFile
    from lrspec.plan import Plan
    from lrspec.schemas import Kind
    from lrspec.spec import Spec


class CannotRun(click.ClickException):
    """Something that keeps a command from running; one line, exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the line on standard error."""
        from lrspec.source import harmless

        _say(harmless(f"lrspec: {self.message}"))


def main() -> None:
    """Run the command, and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command with these arguments, and return its exit status."""
    _prepare_streams()
    try:
        return int(cli.main(arguments, prog_name="lrspec", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as failure:
        failure.show()
        return failure.exit_code
    except click.UsageError as failure:
        path = failure.ctx.command_path if failure.ctx else "lrspec"
        _say(f"{path}: {failure.format_message()} (see {path} --help)")
        return failure.exit_code
    except click.ClickException as failure:
        failure.show()
        return failure.exit_code
    except click.Abort:
        _say("lrspec: interrupted")
        return 130
    except SystemExit:  # click's way to end where the reader of its help has left
        return 0


def _prepare_streams() -> None:
    """Let output be UTF-8 whatever the locale, and go nowhere where a stream is closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  (for the whole run)
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _say(line: str) -> None:
    """Print on standard error; that its reader has left is not an error."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(line, err=True)


# ----------------------------------------------------------------------------------------------- words to values


def _number(_: click.Context, parameter: click.Parameter, word: str | None) -> float | None:
    """A finite number of at least 0, spelt as in a spec."""
    from lrspec.scalars import plain_number

    number = None if word is None else plain_number(word)
    if word is not None and (number is None or not 0 <= number < math.inf):
        raise click.BadParameter(f"expected a finite number of at least 0, found {word}", param=parameter)
    return None if number is None else float(number)


def _model_args(_: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> dict[str, Any]:
    from lrspec.document import parse
    from lrspec.scalars import all_finite

    args: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        document = parse(text.encode(errors="surrogatepass"), word, "yaml")
        if not equals or not key.isidentifier() or document.problems or not all_finite(document.value):
            raise click.BadParameter(f"expected KEY=VALUE with a value as in YAML, found {word}", param=parameter)
        args[key] = document.value
    return args


_model = click.option("--model", "-m", metavar="M", help="resnet18, timm:NAME, torchvision:NAME, py:MODULE:FACTORY.")
_model_arg = click.option(
    "--model-arg",
    "args",
    metavar="K=V",
    multiple=True,
    callback=_model_args,
    help="An argument for building the model.",
)
_params = click.option("--params", "-p", metavar="FILE", help="A saved inventory, or one parameter name a line.")
_output = click.option("--output", "-o", metavar="FILE", help="Write the result there.")
_stdin_filename = click.option("--stdin-filename", metavar="NAME", help="What to call standard input in reports.")


# ----------------------------------------------------------------------------------------------------- commands


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """A declarative compiler for PyTorch optimizer parameter groups."""


@cli.command("compile")
@click.argument("spec", required=False)
@_model
@_model_arg
@_params
@click.option("--lr", metavar="X", callback=_number, help="In place of optimizer.lr; absolute values in rules stay.")
@click.option("--weight-decay", metavar="X", callback=_number, help="In place of optimizer.weight_decay.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@_output
@_stdin_filename
def compile_(
    spec: str | None,
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    lr: float | None,
    weight_decay: float | None,
    form: str,
    strict: bool,
    output: str | None,
    stdin_filename: str | None,
) -> int:
    """Compile SPEC for a model: which parameter gets what, and the groups that say so.

    SPEC may be left out where the folder has just one; `-` is standard input. Without --model and --params
    the spec's own model is taken.
    """
    from lrspec.compile import attempt

    reading = _read(spec, stdin_filename)
    if reading.spec is None:
        return _refuse(reading, None, reading.diagnostics, form, output)
    inventory = _inventory(reading.file(), model, args, params)
    outcome = attempt(reading.file(), inventory, lr=lr, weight_decay=weight_decay)
    if outcome.plan is None:
        return _refuse(reading, inventory, outcome.diagnostics, form, output)
    _report(outcome.diagnostics, reading)
    if form == "json":
        _emit(_json(outcome.plan.to_dict()), output)
    elif outcome.plan.groups is not None:
        _emit(_table(outcome.plan, reading.file().spec, lr, weight_decay, None if output else _width()), output)
    return _status(outcome.diagnostics, strict)


@cli.command()
@click.argument("words", nargs=-1, required=True, metavar="SPEC NAME | CODE")
@_model
@_model_arg
@_params
@_stdin_filename
def explain(
    words: tuple[str, ...],
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    stdin_filename: str | None,
) -> int:
    """Explain why a parameter gets what it gets, or what a diagnostic means.

    With SPEC and NAME (an exact name, or a regex): which rules have the parameter, what each sets, and what holds.
    With a CODE such as LRS201, or its name: what it means and how to mend it.
    """
    if len(words) > 2:
        raise click.UsageError("expected SPEC and NAME, or CODE")
    if len(words) == 1:
        return _explain_code(words[0])
    from lrspec.compile import attempt
    from lrspec.explain import UnknownParameterError, find
    from lrspec.explain import explain as explanation

    reading = _read(words[0], stdin_filename)
    if reading.spec is None:
        return _report(reading.diagnostics, reading)
    inventory = _inventory(reading.file(), model, args, params)
    outcome = attempt(reading.file(), inventory)
    if outcome.plan is None or outcome.resolution is None:
        return _report(outcome.diagnostics, reading)
    try:
        found = find(inventory, words[1])
    except UnknownParameterError as failure:
        raise CannotRun(str(failure)) from None
    named = {inventory.parameters[index].name for index in found}
    about = [each for each in outcome.diagnostics if not each.parameters or named.intersection(each.parameters)]
    _report(about, reading)
    if others := len(outcome.diagnostics) - len(about):
        _say(f"lrspec: {others:,} more in this spec, about other parameters: lrspec compile {words[0]}")
    _emit("\n\n".join(explanation(outcome.resolution, outcome.plan, index) for index in found) + "\n", None)
    return _status(outcome.diagnostics, strict=False)


@cli.command()
@_model
@_model_arg
@_output
def params(model: str | None, args: dict[str, Any], output: str | None) -> int:
    """Print a model's parameters as JSON, for --params and `models: params:FILE`."""
    if model is None:
        raise click.UsageError("--model is missing")
    _emit(_json(_build(model, args).to_dict()), output)
    return 0


@cli.command()
@click.argument("kind", type=click.Choice(["spec", "plan", "params"]), default="spec")
@_output
def schema(kind: Kind, output: str | None) -> int:
    """Print the JSON Schema of specs, plans or parameter inventories."""
    from lrspec.schemas import schema_text

    _emit(schema_text(kind), output)
    return 0


# -------------------------------------------------------------------------------------------------- what is read


def _read(spec: str | None, stdin_filename: str | None) -> Reading:
    from lrspec.discovery import UndecidedError, find_spec
    from lrspec.document import format_of
    from lrspec.load import ENOUGH, read, read_file

    if spec == "":
        raise click.UsageError("SPEC is empty")
    try:
        path = find_spec(Path()) if spec is None else spec
    except UndecidedError as failure:
        raise CannotRun(str(failure)) from None
    try:
        if path == "-":
            name = stdin_filename or "<stdin>"
            return read(sys.stdin.buffer.read(ENOUGH), name, format_of(name))
        return read_file(path)
    except OSError as failure:
        raise CannotRun(f"{path}: {(failure.strerror or 'cannot be read').lower()}") from None


def _inventory(file: SpecFile, model: str | None, args: dict[str, Any], params: str | None) -> Inventory:
    """The model that the command line names, or the spec's own."""
    from lrspec.discovery import UndecidedError, only_model
    from lrspec.models import ModelError, inventory_of, read_params

    if model is not None and params is not None:
        raise click.UsageError("--model and --params exclude each other")
    if params is not None and args:
        raise click.UsageError("--model-arg and --params exclude each other")
    if model is not None:
        return _build(model, args)
    try:
        if params is not None:
            return read_params(Path(params))
        only = only_model(file.spec)
        return inventory_of(only.source, {**only.args, **args}, Path(file.path).parent)
    except (ModelError, UndecidedError) as failure:
        raise CannotRun(str(failure)) from None


def _build(model: str, args: dict[str, Any]) -> Inventory:
    from lrspec.models import ModelError, inventory_of

    try:
        return inventory_of(model, args, Path(), run_code=True)
    except ModelError as failure:
        raise CannotRun(str(failure)) from None


# ----------------------------------------------------------------------------------------------- what is written


def _refuse(
    reading: Reading,
    inventory: Inventory | None,
    diagnostics: tuple[Diagnostic, ...],
    form: str,
    output: str | None,
) -> int:
    """Report the errors of a spec in itself; in JSON they are the result as well."""
    from lrspec.plan import plan_without_parameters

    if form == "json":
        document = reading.document
        _emit(_json(plan_without_parameters(document.path, document.sha256, inventory, diagnostics)), output)
    return _report(diagnostics, reading)


def _table(plan: Plan, spec: Spec, lr: float | None, weight_decay: float | None, width: int | None) -> str:
    from lrspec.render.table import table
    from lrspec.summary import replaced

    return table(plan, spec, replaced(spec, lr, weight_decay), width)


def _report(diagnostics: Sequence[Diagnostic], reading: Reading) -> int:
    from lrspec.render.text import report

    if diagnostics:
        _say(report(diagnostics, reading.document.text))
    return _status(diagnostics, strict=False)


def _status(diagnostics: Sequence[Diagnostic], strict: bool) -> int:
    from lrspec.diagnostics import has_errors

    return int(has_errors(diagnostics) or (strict and bool(diagnostics)))


def _explain_code(word: str) -> int:
    from lrspec.manual import UnknownCodeError, find, section

    try:
        _emit(section(find(word)), None)
    except UnknownCodeError as failure:
        raise CannotRun(f"{failure} (to explain a parameter: lrspec explain SPEC NAME)") from None
    return 0


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _emit(text: str, output: str | None) -> None:
    from lrspec.output import emit

    try:
        emit(text, output)
    except OSError as failure:
        where = output or "standard output"
        raise CannotRun(f"{where}: {(failure.strerror or 'cannot be written').lower()}") from None


def _width() -> int | None:
    """The width of the terminal, or None where standard output is none."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns

"""`lrspec init`: writes a spec for a model, by a recipe, or for the optimizer that a script makes."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli import options
from lrspec.cli.options import CannotRun, say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from lrspec.drafting.draft import Draft
    from lrspec.drafting.recipes.recipe import Numbers
    from lrspec.models.inventory import Inventory
    from lrspec.spec.language import ModelSource


def _recipe(_: click.Context, __: click.Parameter, word: str | None) -> str | None:
    from lrspec.cli.questions import known_recipe

    return None if word is None else known_recipe(word)


def _recipes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from lrspec.drafting.recipes.table import RECIPES

    return [CompletionItem(name, help=row.summary) for name, row in RECIPES.items() if name.startswith(incomplete)]


def _above_zero(context: click.Context, parameter: click.Parameter, word: str | None) -> float | None:
    number = options.number_of(context, parameter, word)
    if number == 0:
        raise click.BadParameter(f"expected a number above 0, found {word}", param=parameter)
    return number


def _factor(context: click.Context, parameter: click.Parameter, word: str | None) -> float | None:
    number = _above_zero(context, parameter, word)
    if number is not None and number > 1:
        raise click.BadParameter(f"expected a number above 0 and up to 1, found {word}", param=parameter)
    return number


def _number(name: str, help_: str, callback: Any = _above_zero) -> Any:
    return click.option(name, metavar="X", callback=callback, help=help_)


@dataclass(frozen=True)
class _Target:
    """Where the spec goes: its file, None for standard output, and the inventory to be saved beside it, if any."""

    spec: str | None
    params: str | None

    @property
    def folder(self) -> Path:
        return Path(self.spec).parent if self.spec else Path()


@click.command()
@options.model
@options.model_arg
@options.params
@options.no_cache
@click.option(
    "--recipe",
    "-r",
    metavar="R",
    callback=_recipe,
    shell_complete=_recipes,
    help="What to write: layer-decay (the default), head-body, linear-probe, blocks, no-decay, lora-plus, muon-adamw.",
)
@click.option(
    "--from",
    "script",
    metavar="py:M:F",
    help="Write what an optimizer has now: py:MODULE_OR_FILE.py:FUNCTION, which returns (model, optimizer).",
)
@_number("--lr", "The learning rate, that of AdamW under muon-adamw.")
@_number("--layer-decay", "The factor from each layer to the one before it.", _factor)
@_number("--weight-decay", "The weight decay.", lambda *words: options.number_of(*words))
@_number("--head-mult", "How many times the rate of the rest the head gets.")
@click.option("--optimizer", metavar="CLASS", help="Another optimizer, such as SGD.")
@click.option("--save-params", is_flag=True, help="Save the inventory beside the spec, which then names it.")
@click.option("--explain", is_flag=True, help="Print why each rule is there.")
@click.option("--force", is_flag=True, help="Overwrite files.")
@click.option(
    "--output", "-o", metavar="FILE", shell_complete=options.files, help="The spec, MODEL.lrspec.yaml if not given."
)
def init(
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    no_cache: bool,
    recipe: str | None,
    script: str | None,
    save_params: bool,
    explain: bool,
    force: bool,
    output: str | None,
    **numbers: Any,
) -> int:
    """Write a spec: by a recipe for a model, or for the groups that an optimizer has.

    On a terminal, missing choices are asked. With `-o -`, the spec goes to standard output.
    """
    from lrspec.cli.questions import ask_model, ask_recipe, can_ask
    from lrspec.drafting.recipes.recipe import Numbers

    _check_words(model, args, params, script, recipe, numbers)
    source = script or (f"params:{params}" if params is not None else model)
    if source is None:
        if not can_ask():
            raise click.UsageError("--model is missing")
        source = ask_model()
    if recipe is None and script is None and can_ask():
        recipe = ask_recipe()
    target = _target(source, output, save_params, force)
    if script is not None:
        inventory, draft = _from_script(script, target)
    else:
        inventory, draft = _by_recipe(source, args, recipe, Numbers(**numbers), target, cache=not no_cache)
    return _write(draft, inventory, target, source, explain)


def _check_words(
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    script: str | None,
    recipe: str | None,
    numbers: dict[str, Any],
) -> None:
    given = [flag for flag, value in (("--model", model), ("--params", params), ("--from", script)) if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")
    if args and given and given != ["--model"]:
        raise click.UsageError("--model-arg goes with --model")
    others = [f"--{name.replace('_', '-')}" for name, value in numbers.items() if value is not None]
    if script is not None and (recipe is not None or others):
        flag = "--recipe" if recipe is not None else others[0]
        raise click.UsageError(f"{flag} and --from exclude each other: what the optimizer has is written")


def _target(source: str, output: str | None, save_params: bool, force: bool) -> _Target:
    """Return where the spec goes; CannotRun if files exist there, or the folder does not."""
    from lrspec.cli.questions import ask_whether, can_ask
    from lrspec.cli.spec_files import check_new, stem

    spec = None if output == "-" else output or f"{stem(source)}.lrspec.yaml"
    if spec is not None and not Path(spec).parent.is_dir():
        raise CannotRun(f"{spec}: no such file or directory")
    if spec is not None and not force and os.path.lexists(spec) and can_ask():
        force = ask_whether(f"{spec} exists already. Overwrite it?", otherwise=False)
    check_new(spec, force)
    if source.startswith("py:") and spec is not None and not save_params and can_ask():
        save_params = ask_whether("A spec cannot name py:. Save the model's inventory beside it?", otherwise=True)
    if not save_params:
        return _Target(spec, None)
    if spec is None or source.startswith("params:"):
        raise click.UsageError("--save-params goes with a spec in a file, for a model that is built")
    params = (Path(spec).parent / f"{stem(source)}.params.json").as_posix()
    check_new_params(params, force)
    return _Target(spec, params)


def check_new_params(path: str, force: bool) -> None:
    """Refuse to overwrite a saved inventory."""
    if not force and os.path.lexists(path):
        raise CannotRun(f"{path}: exists already: give --force to overwrite it")


def _by_recipe(
    source: str, args: dict[str, Any], recipe: str | None, numbers: Numbers, target: _Target, *, cache: bool
) -> tuple[Inventory, Draft]:
    from lrspec.drafting.depth.of_model import read_depth
    from lrspec.drafting.prove import DraftError
    from lrspec.drafting.recipes.compose import compose
    from lrspec.drafting.recipes.recipe import RefusedError, Subject
    from lrspec.drafting.recipes.table import DEFAULT
    from lrspec.models.sources.model_error import ModelError

    chosen = recipe or DEFAULT
    try:
        inventory, depth = read_depth(source, args, cache=cache)
        model, notes = _named(source, inventory.args or args, target)
        return inventory, compose(chosen, Subject(inventory, depth), numbers, model, notes)
    except ModelError as failure:
        raise CannotRun(str(failure)) from None
    except RefusedError as failure:
        raise CannotRun(f"{chosen}: {failure}") from None
    except DraftError as failure:
        raise _bug(failure) from None


def _from_script(source: str, target: _Target) -> tuple[Inventory, Draft]:
    from lrspec.drafting.draft import draft
    from lrspec.drafting.prove import DraftError
    from lrspec.drafting.script import from_script
    from lrspec.models.sources.model_error import ModelError

    try:
        wanted = from_script(source)
        model, notes = _named(source, {}, target)
        return wanted.inventory, draft(replace(wanted, model=model, notes=(*wanted.notes, *notes)))
    except ModelError as failure:
        raise CannotRun(str(failure)) from None
    except DraftError as failure:
        raise _bug(failure) from None


def _bug(failure: Exception) -> CannotRun:
    return CannotRun(f"internal error, please report it with the command and the model: {failure}")


def _named(source: str, args: dict[str, Any], target: _Target) -> tuple[ModelSource | None, tuple[str, ...]]:
    """Return how the spec names its model, and what to say if it cannot."""
    from lrspec.cli.spec_files import as_written, stem
    from lrspec.diagnostics.escape import printable
    from lrspec.spec.language import ModelSource

    if target.params is not None:
        return ModelSource(source=f"params:{Path(target.params).name}"), ()
    name = as_written(source, target.folder)
    if name is not None:
        return ModelSource(source=name, args=args), ()
    if not source.startswith("py:"):
        where = f"{printable(source)} is outside of this folder, and a spec may only name files in it or below it."
        return None, (where, "Give it to each command: --model or --params.")
    file = f"{stem(source)}.params.json"
    return None, (
        "A spec cannot name py:, which runs code. Save the model's inventory, and name that:",
        f"  lrspec params --model {printable(source)} -o {file}",
        f"  models: params:{file}",
    )


def _write(draft: Draft, inventory: Inventory, target: _Target, source: str, explain: bool) -> int:
    from lrspec.cli.outputs import emit, emit_json, print_report
    from lrspec.cli.spec_files import schema_path
    from lrspec.compiler.compile import attempt
    from lrspec.diagnostics.wording import count
    from lrspec.drafting.reasons import reasons
    from lrspec.spec.load import read

    schema = schema_path(target.folder)
    text = draft.text.replace("$schema=lrspec.v1.schema.json", f"$schema={schema}", 1) if schema else draft.text
    reading = read(text.encode(), target.spec or "<stdout>", "yaml")
    outcome = attempt(reading.file(), inventory)
    assert outcome.plan is not None
    assert outcome.plan.groups is not None
    if target.params is not None:
        emit_json(inventory.to_dict(), target.params)
    emit(text, target.spec)
    if explain:
        (say if target.spec is None else lambda lines: emit(f"{lines}\n", None))(reasons(outcome.plan, draft.rules))
    status = print_report(outcome.diagnostics, reading, "auto")
    trained = sum(len(group.params) for group in outcome.plan.groups)
    size = f"{count(len(outcome.plan.groups), 'group')}, {count(trained, 'parameter')}"
    say(f"{target.spec or 'the spec'}: {size}; next: {_next(outcome.file.spec.sources, target, source)}")
    return status


def _next(named: Any, target: _Target, source: str) -> str:
    words = ["lrspec", "compile", target.spec or "SPEC"]
    if not named:
        words += ["--params", source[7:]] if source.startswith("params:") else ["--model", source]
    return shlex.join(words)

"""`lrspec init`: writes a spec for a model, by a recipe, or for the optimizer that a script makes."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from lrspec.cli import options
from lrspec.cli.options import CannotRun, say
from lrspec.spec.model_kinds import scheme_and_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from lrspec.cli.spec_files import Destination
    from lrspec.compiler.plan import Plan
    from lrspec.drafting.draft import Draft
    from lrspec.drafting.recipes.recipe import Choices
    from lrspec.spec.language import ModelSource


def _recipe(_: click.Context, __: click.Parameter, word: str | None) -> str | None:
    from lrspec.cli.questions import known_recipe

    return None if word is None else known_recipe(word)


def _recipes(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from lrspec.drafting.recipes.table import RECIPES

    return [CompletionItem(name, help=row.summary) for name, row in RECIPES.items() if name.startswith(incomplete)]


def _class(_: click.Context, parameter: click.Parameter, word: str | None) -> str | None:
    from lrspec.diagnostics.errors import SpecError
    from lrspec.spec.load import load

    if word is not None:
        try:
            load({"lrspec": 1, "optimizer": {"type": word}, "rules": [{"match": ".", "weight_decay": 0}]})
        except SpecError as failure:
            problem = failure.diagnostics[0].message.partition("\n")[0].removeprefix("optimizer.type: ")
            raise click.BadParameter(problem, param=parameter) from None
    return word


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


_Decorator: TypeAlias = Callable[[Callable[..., int]], Callable[..., int]]


def _number(name: str, help_: str, callback: Callable[..., float | None] = _above_zero) -> _Decorator:
    return click.option(name, metavar="X", callback=callback, help=help_)


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
@_number("--weight-decay", "The weight decay.", options.number_of)
@_number("--head-mult", "How many times the rate of the rest the head gets.")
@click.option("--optimizer", metavar="CLASS", callback=_class, help="Another optimizer, such as SGD.")
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
    **choices: Any,
) -> int:
    """Write a spec: by a recipe for a model, or for the groups that an optimizer has.

    On a terminal, missing choices are asked. With `-o -`, the spec goes to standard output.
    """
    from lrspec.cli.outputs import status
    from lrspec.cli.questions import ask_model, ask_recipe, can_ask
    from lrspec.cli.spec_files import destination_of
    from lrspec.drafting.recipes.recipe import Choices
    from lrspec.drafting.recipes.table import DEFAULT
    from lrspec.models.sources.script import function_of

    _check_words(model, args, params, script, recipe, choices)
    source = script or (f"params:{params}" if params is not None else model)
    if source is None:
        if not can_ask():
            raise click.UsageError("--model is missing")
        source = ask_model()
    if recipe is None and script is None and can_ask():
        recipe = ask_recipe()
    recipe = recipe or DEFAULT
    _check_choices(recipe, choices)
    with _refusals(recipe):
        if script is not None:
            function_of(script)  # before any question about files
        destination = destination_of(source, output, save_params, force)
        if script is not None:
            draft = _from_script(script, destination)
        else:
            draft = _by_recipe(source, args, recipe, Choices(**choices), destination, cache=not no_cache)
    _write(draft, destination, explain)
    say(_summary(draft.plan, destination, source, script=script is not None))
    return status(draft.plan.diagnostics, strict=False)


def _check_words(
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    script: str | None,
    recipe: str | None,
    choices: dict[str, Any],
) -> None:
    sources = {"--model": model, "--params": params, "--from": script}
    given = [flag for flag, value in sources.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")
    if args and given and given != ["--model"]:
        raise click.UsageError("--model-arg goes with --model")
    others = [f"--{name.replace('_', '-')}" for name, value in choices.items() if value is not None]
    if script is not None and (recipe is not None or others):
        flag = "--recipe" if recipe is not None else others[0]
        raise click.UsageError(f"{flag} and --from exclude each other: what the optimizer has is written")


def _check_choices(recipe: str, choices: dict[str, Any]) -> None:
    """Refuse what a recipe has no use for."""
    from lrspec.drafting.recipes.table import RECIPES

    for name, value in choices.items():
        if value is not None and name not in RECIPES[recipe].choices:
            recipes = [other for other, row in RECIPES.items() if name in row.choices]
            raise click.UsageError(f"--{name.replace('_', '-')} is not for {recipe}, but for {', '.join(recipes)}")


@contextmanager
def _refusals(recipe: str) -> Iterator[None]:
    """End the command with one line if there is no model, or no spec for it."""
    from lrspec.drafting.prove import DraftError, TooLongError
    from lrspec.drafting.recipes.recipe import RefusedError
    from lrspec.models.sources.model_error import ModelError

    try:
        yield
    except (ModelError, TooLongError) as failure:
        raise CannotRun(str(failure)) from None
    except RefusedError as failure:
        raise CannotRun(f"{recipe}: {failure}") from None
    except DraftError as failure:
        message = f"internal error, please report it with the command and the model: {failure}"
        raise CannotRun(message) from None


def _by_recipe(
    source: str, args: dict[str, Any], recipe: str, choices: Choices, destination: Destination, *, cache: bool
) -> Draft:
    from lrspec.drafting.depth.of_model import read_depth
    from lrspec.drafting.recipes.compose import compose
    from lrspec.drafting.recipes.recipe import Subject

    inventory, depth = read_depth(source, args, cache=cache)
    model, notes = _named(source, args, destination)
    if scheme_and_name(source)[0] == "timm":
        has_head = any("head" in (declared or ()) for declared in inventory.columns.declared)
        notes = notes if has_head or "num_classes" in args else (_NO_HEAD, *notes)
        notes = (_NO_LAYERS, *notes) if recipe == "layer-decay" and not depth.matched else notes
    return compose(recipe, Subject(inventory, depth), choices, model, notes)


def _from_script(source: str, destination: Destination) -> Draft:
    from lrspec.drafting.draft import draft
    from lrspec.drafting.live.read import read
    from lrspec.models.sources.script import from_script

    wanted = from_script(source, read).wanted
    model, notes = _named(source, {}, destination)
    return draft(replace(wanted, model=model, notes=(*wanted.notes, *notes)))


def _named(source: str, args: dict[str, Any], destination: Destination) -> tuple[ModelSource | None, tuple[str, ...]]:
    """Return how the spec names its model, and what its head says about that and about the schema."""
    from lrspec.cli.spec_files import as_written, schema_path
    from lrspec.diagnostics.escape import printable
    from lrspec.spec.language import ModelSource

    notes: tuple[str, ...] = () if schema_path(destination.folder) else (_SCHEMA,)
    if destination.params is not None:
        return ModelSource(source=f"params:{Path(destination.params).name}"), notes
    name = as_written(source, destination.folder)
    if name is not None:
        return ModelSource(source=name, args=args), notes
    scheme, _ = scheme_and_name(source)
    code = "a spec cannot name py:, which runs code."
    reason = code if scheme == "py" else f"{printable(source)} is not in this folder or below it."
    return None, (f"`models` is missing: {reason}{'' if scheme == 'params' else _SAVE}", *notes)


_NO_LAYERS = (
    "timm defines no layers for this model (its layer decay puts twelve parameters on each); these follow its blocks."
)
_NO_HEAD = "This model has no head; `--model-arg num_classes=N` builds one."
_SCHEMA = "The first line is for editors: `lrspec schema -o lrspec.v1.schema.json` writes the file."
_SAVE = " With --save-params, `lrspec init` saves the model's parameters beside the spec, which then names that file."


def _write(draft: Draft, destination: Destination, explain: bool) -> None:
    """Write the spec, the inventory beside it, and what is to be said of them."""
    from lrspec.cli.outputs import emit, emit_json, print_report
    from lrspec.cli.spec_files import schema_path
    from lrspec.drafting.reasons import reasons

    schema = schema_path(destination.folder) or "lrspec.v1.schema.json"
    text = draft.file.text.replace("$schema=lrspec.v1.schema.json", f"$schema={schema}", 1)
    if destination.params is not None:
        emit_json(draft.plan.inventory.to_dict(), destination.params)
    emit(text, destination.spec)
    if explain and destination.spec is None:
        say(reasons(draft.plan, draft.rules))
    elif explain:
        emit(f"{reasons(draft.plan, draft.rules)}\n", None)
    path = destination.spec or "<stdout>"
    print_report([replace(each, path=path) for each in draft.plan.diagnostics], draft.file, "auto")


def _summary(plan: Plan, destination: Destination, source: str, *, script: bool) -> str:
    """Return the last line: what was written, and the next command."""
    from lrspec.diagnostics.wording import count

    groups = plan.groups or ()
    size = f"{count(len(groups), 'group')}, {count(sum(len(group.params) for group in groups), 'parameter')}"
    if destination.spec is None:
        return f"the spec: {size}"
    words = ["lrspec", "compile", destination.spec]
    if not plan.file.spec.sources:
        if script:
            return f"{destination.spec}: {size}; --save-params saves the parameters that `lrspec compile` needs"
        scheme, name = scheme_and_name(source)
        words += ["--params", name] if scheme == "params" else ["--model", source]
    return f"{destination.spec}: {size}; next: {shlex.join(words)}"

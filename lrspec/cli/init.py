"""`lrspec init`: writes a spec for a model, by a recipe, or for the optimizer that a script makes."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from lrspec.cli import options
from lrspec.cli.options import CannotRun, say
from lrspec.spec.model_kinds import scheme_and_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from lrspec.cli.spec_files import Target
    from lrspec.compiler.plan import Plan
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


def _class(_: click.Context, parameter: click.Parameter, word: str | None) -> str | None:
    from lrspec.diagnostics.escape import printable

    if word is not None and not (word and word.isprintable()):
        raise click.BadParameter(f"expected the name of a class, found '{printable(word)}'", param=parameter)
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
    **numbers: Any,
) -> int:
    """Write a spec: by a recipe for a model, or for the groups that an optimizer has.

    On a terminal, missing choices are asked. With `-o -`, the spec goes to standard output.
    """
    from lrspec.cli.outputs import status
    from lrspec.cli.questions import ask_model, ask_recipe, can_ask
    from lrspec.cli.spec_files import target_of
    from lrspec.drafting.recipes.recipe import Numbers
    from lrspec.drafting.recipes.table import DEFAULT

    _check_words(model, args, params, script, recipe, numbers)
    if script is not None:
        _check_script(script)
    source = script or (f"params:{params}" if params is not None else model)
    if source is None:
        if not can_ask():
            raise click.UsageError("--model is missing")
        source = ask_model()
    if recipe is None and script is None and can_ask():
        recipe = ask_recipe()
    recipe = recipe or DEFAULT
    _check_numbers(recipe, numbers)
    target = target_of(source, output, save_params, force)
    if script is not None:
        inventory, draft = _from_script(script, target)
    else:
        inventory, draft = _by_recipe(source, args, recipe, Numbers(**numbers), target, cache=not no_cache)
    plan = _write(draft, inventory, target, explain)
    say(_summary(plan, target, source, script=script is not None))
    return status(plan.diagnostics, strict=False)


def _check_words(
    model: str | None,
    args: dict[str, Any],
    params: str | None,
    script: str | None,
    recipe: str | None,
    numbers: dict[str, Any],
) -> None:
    sources = {"--model": model, "--params": params, "--from": script}
    given = [flag for flag, value in sources.items() if value is not None]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other")
    if args and given and given != ["--model"]:
        raise click.UsageError("--model-arg goes with --model")
    others = [f"--{name.replace('_', '-')}" for name, value in numbers.items() if value is not None]
    if script is not None and (recipe is not None or others):
        flag = "--recipe" if recipe is not None else others[0]
        raise click.UsageError(f"{flag} and --from exclude each other: what the optimizer has is written")


def _check_script(script: str) -> None:
    from lrspec.drafting.script import function_of
    from lrspec.models.sources.model_error import ModelError

    try:
        function_of(script)
    except ModelError as failure:
        raise CannotRun(str(failure)) from None


def _check_numbers(recipe: str, numbers: dict[str, Any]) -> None:
    """Refuse a number that a recipe has no use for."""
    from lrspec.drafting.recipes.table import RECIPES

    for name, value in numbers.items():
        if value is not None and name not in RECIPES[recipe].numbers:
            recipes = [other for other, row in RECIPES.items() if name in row.numbers]
            raise click.UsageError(f"--{name.replace('_', '-')} is not for {recipe}, but for {', '.join(recipes)}")


def _by_recipe(
    source: str, args: dict[str, Any], recipe: str, numbers: Numbers, target: Target, *, cache: bool
) -> tuple[Inventory, Draft]:
    from lrspec.diagnostics.errors import SpecError
    from lrspec.drafting.depth.of_model import read_depth
    from lrspec.drafting.prove import DraftError, TooLongError
    from lrspec.drafting.recipes.compose import compose
    from lrspec.drafting.recipes.recipe import RefusedError, Subject
    from lrspec.models.sources.model_error import ModelError

    try:
        inventory, depth = read_depth(source, args, cache=cache)
        model, notes = _named(source, args, target)
        if recipe == "layer-decay" and scheme_and_name(source)[0] == "timm" and not depth.matched:
            notes = (_NO_LAYERS, *notes)
        return inventory, compose(recipe, Subject(inventory, depth), numbers, model, notes)
    except (ModelError, TooLongError) as failure:
        raise CannotRun(str(failure)) from None
    except RefusedError as failure:
        raise CannotRun(f"{recipe}: {failure}") from None
    except SpecError as failure:  # of another optimizer, which the language refuses
        raise CannotRun(f"--optimizer: {failure.diagnostics[0].message.partition(chr(10))[0]}") from None
    except DraftError as failure:
        raise _bug(failure) from None


def _from_script(source: str, target: Target) -> tuple[Inventory, Draft]:
    from lrspec.drafting.draft import draft
    from lrspec.drafting.prove import DraftError, TooLongError
    from lrspec.drafting.script import from_script
    from lrspec.models.sources.model_error import ModelError

    try:
        wanted = from_script(source)
        model, notes = _named(source, {}, target)
        return wanted.inventory, draft(replace(wanted, model=model, notes=(*wanted.notes, *notes)))
    except (ModelError, TooLongError) as failure:
        raise CannotRun(str(failure)) from None
    except DraftError as failure:
        raise _bug(failure) from None


def _bug(failure: Exception) -> CannotRun:
    return CannotRun(f"internal error, please report it with the command and the model: {failure}")


def _named(source: str, args: dict[str, Any], target: Target) -> tuple[ModelSource | None, tuple[str, ...]]:
    """Return how the spec names its model, and what its head says about that and about the schema."""
    from lrspec.cli.spec_files import as_written, schema_path
    from lrspec.diagnostics.escape import printable
    from lrspec.spec.language import ModelSource

    notes: tuple[str, ...] = () if schema_path(target.folder) else (_SCHEMA,)
    if target.params is not None:
        return ModelSource(source=f"params:{Path(target.params).name}"), notes
    name = as_written(source, target.folder)
    if name is not None:
        return ModelSource(source=name, args=args), notes
    scheme, _ = scheme_and_name(source)
    code = "a spec cannot name py:, which runs code."
    reason = code if scheme == "py" else f"{printable(source)} is not in this folder or below it."
    return None, (f"`models` is missing: {reason}{'' if scheme == 'params' else _SAVE}", *notes)


_NO_LAYERS = (
    "timm defines no layers for this model (it takes every twelve parameters for one); these follow its blocks."
)
_SCHEMA = "The first line is for editors: `lrspec schema -o lrspec.v1.schema.json` writes the file."
_SAVE = " With --save-params, `lrspec init` saves the model's parameters beside the spec, which then names that file."


def _write(draft: Draft, inventory: Inventory, target: Target, explain: bool) -> Plan:
    """Write the spec, and the inventory beside it; return what it compiles to."""
    from lrspec.cli.outputs import emit, emit_json, print_report
    from lrspec.cli.spec_files import schema_path
    from lrspec.compiler.compile import attempt
    from lrspec.drafting.reasons import reasons
    from lrspec.spec.load import read

    schema = schema_path(target.folder)
    text = draft.text.replace("$schema=lrspec.v1.schema.json", f"$schema={schema}", 1) if schema else draft.text
    reading = read(text.encode(), target.spec or "<stdout>", "yaml")
    plan = attempt(reading.file(), inventory).plan
    assert plan is not None  # the draft has been compiled before
    if target.params is not None:
        emit_json(inventory.to_dict(), target.params)
    emit(text, target.spec)
    if explain and target.spec is None:
        say(reasons(plan, draft.rules))
    elif explain:
        emit(f"{reasons(plan, draft.rules)}\n", None)
    print_report(plan.diagnostics, reading, "auto")
    return plan


def _summary(plan: Plan, target: Target, source: str, *, script: bool) -> str:
    """Return the last line: what was written, and the next command."""
    from lrspec.diagnostics.wording import count

    groups = plan.groups or ()
    size = f"{count(len(groups), 'group')}, {count(sum(len(group.params) for group in groups), 'parameter')}"
    if target.spec is None:
        return f"the spec: {size}"
    words = ["lrspec", "compile", target.spec]
    if not plan.file.spec.sources:
        if script:
            return f"{target.spec}: {size}; --save-params saves the parameters that `lrspec compile` needs"
        scheme, name = scheme_and_name(source)
        words += ["--params", name] if scheme == "params" else ["--model", source]
    return f"{target.spec}: {size}; next: {shlex.join(words)}"

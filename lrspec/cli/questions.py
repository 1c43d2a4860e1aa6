"""Asks on a terminal for what the arguments of `lrspec init` leave open; Enter accepts what is proposed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import click

from lrspec.cli.options import say
from lrspec.drafting.recipes.table import DEFAULT, RECIPES
from lrspec.files import is_file


def can_ask() -> bool:
    """Return whether a person can read a question and answer it."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def ask_model() -> str:
    """Ask for the model; proposed is one that a file of the current folder describes."""
    say("The model: a name of timm, torchvision:NAME, hf:DIR, py:FILE.py:FUNCTION, or params:FILE.")
    return _prompt("Model", _model_here(), str.strip)


def _model_here() -> str:
    if is_file(Path("config.json")):
        return "hf:config.json"
    saved = sorted(path.name for path in Path().glob("*.params.json") if is_file(path))
    return f"params:{saved[0]}" if saved else "resnet18"


def ask_recipe() -> str:
    """Ask for the recipe, by its name or its number in the list."""
    longest = max(map(len, RECIPES))
    for number, (name, recipe) in enumerate(RECIPES.items(), 1):
        say(f"  {number}  {name:{longest}}  {recipe.summary}")
    return _prompt("Recipe", DEFAULT, _recipe)


def _recipe(word: str) -> str:
    word = word.strip()
    if word.isdecimal() and 1 <= int(word) <= len(RECIPES):
        return [*RECIPES][int(word) - 1]
    return known_recipe(word)


def known_recipe(word: str) -> str:
    """Return the name of a recipe; UsageError with the nearest for any other word."""
    from lrspec.diagnostics.escape import printable
    from lrspec.diagnostics.suggest import did_you_mean

    if word in RECIPES:
        return word
    near = did_you_mean(word, RECIPES) or f": expected {', '.join(RECIPES)}"
    raise click.UsageError(f"no recipe is called `{printable(word)}`{near}")


def _prompt(question: str, proposed: str, read: Callable[[str], str]) -> str:
    with _on_a_line_of_its_own():
        answer: str = click.prompt(question, default=proposed, err=True, value_proc=read)
    return answer


@contextmanager
def _on_a_line_of_its_own() -> Iterator[None]:
    """Begin a line for what is said of a question that is left with Ctrl-D, which shows no line break."""
    try:
        yield
    except click.Abort:
        say("")
        raise


def ask_whether(question: str, otherwise: Literal["yes", "no"]) -> bool:
    """Ask a question that is answered with yes or no."""
    with _on_a_line_of_its_own():
        return click.confirm(question, default=otherwise == "yes", err=True)

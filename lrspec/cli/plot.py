"""`lrspec plot`: a picture of the learning rates and weight decay of a model by depth, or of a run over time."""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from lrspec.cli import options
from lrspec.cli.inputs import read_spec
from lrspec.cli.one_model import OneModel, of_one_model
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import emit_bytes, print_report, status

_ENDINGS = (".svg", ".png", ".pdf")


class _Inches(click.FloatRange):
    """A number within bounds, which for click `nan` is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


@click.command()
@click.argument("spec", required=False, shell_complete=options.files)
@of_one_model
@click.option("--steps", type=click.IntRange(min=1), help="Optimizer steps of the run: shows rates over time.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--width", type=_Inches(2, 40), default=3.4, show_default=True, help="Inches.")
def plot(
    spec: str | None,
    given: OneModel,
    steps: int | None,
    theme: str,
    width: float,
    strict: bool,
    output: str | None,
) -> int:
    """Draw the learning rates that SPEC gives to a model, to FILE.svg, FILE.png or FILE.pdf.

    Each group has a mark for each module that it has parameters in, larger for more elements; below is the weight
    decay. With --steps, each group has a curve over the steps of the run instead. SPEC, --model and --params are those
    of `lrspec compile`. Needs matplotlib.
    """
    output, form = _picture(output)
    reading = read_spec(spec, given.stdin_filename)
    if reading.spec is None:
        return print_report(reading.diagnostics, reading, given.color)
    inventory, outcome = given.compiled(reading.file())
    if not inventory.columns.names:
        raise CannotRun("the model has no parameters: there is nothing to draw")
    print_report(outcome.diagnostics, reading, given.color)
    if outcome.plan is not None and outcome.plan.groups is not None:
        from lrspec.optim.schedules.planned import cut_short
        from lrspec.review.plot.draw import draw

        for note in cut_short(outcome.plan, outcome.file.spec.schedules or (), steps) if steps else ():
            say(f"lrspec: {note}")
        emit_bytes(draw(outcome.plan, form, theme, width, steps), output)
    return status(outcome.diagnostics, strict)


def _picture(output: str | None) -> tuple[str, str]:
    """Return the file to write and its format; if there is none, or matplotlib is missing, it cannot be drawn."""
    if output is None:
        raise click.UsageError("-o is missing, the file to draw to: -o lr.svg")
    ending = Path(output).suffix.lower()
    if ending not in _ENDINGS:
        raise click.UsageError(
            f"-o: expected a file that ends in {', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}, found {output}"
        )
    try:
        import_module("matplotlib")
    except ImportError as failure:
        raise CannotRun(
            f"plots need matplotlib, which cannot be imported ({failure}): pip install 'lrspec[plot]'"
        ) from None
    return output, ending[1:]

"""The options with which one spec is compiled for one model, and the compile that they ask for."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

from lrspec.cli import options
from lrspec.cli.inputs import inventory_for, refuse_for_several, with_overrides

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrspec.compiler.compile import Outcome
    from lrspec.models.inventory import Inventory
    from lrspec.spec.load import SpecFile


class OneModel(NamedTuple):
    """The values of these options."""

    model: str | None
    args: dict[str, Any]
    params: str | None
    no_cache: bool
    lr: float | None
    weight_decay: float | None
    overrides: dict[str, Any]
    allow_outside: bool
    stdin_filename: str | None
    color: str

    def compiled(self, file: SpecFile) -> tuple[Inventory, Outcome]:
        """Compile a spec for the model; CannotRun if there is none, or if it cannot be built or read."""
        from lrspec.compiler.compile import attempt

        file = with_overrides(file, self.overrides)
        refuse_for_several(file, self.lr, self.weight_decay)
        inventory = inventory_for(
            file, self.model, self.args, self.params, outside=self.allow_outside, cache=not self.no_cache
        )
        return inventory, attempt(file, inventory, lr=self.lr, weight_decay=self.weight_decay)


def of_one_model(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command these options, as its argument `given`, and those for its result."""

    @wraps(command)
    def run(**arguments: Any) -> int:
        given = OneModel(*(arguments.pop(name) for name in OneModel._fields))
        return command(given=given, **arguments)

    of_model = (options.model, options.model_arg, options.params, options.no_cache)
    of_result = (options.strict, options.outside, options.output, options.stdin_filename, options.color)
    for option in reversed((*of_model, options.lr, options.weight_decay, options.overrides, *of_result)):
        run = option(run)
    return run

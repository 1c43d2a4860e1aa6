"""Words for how much of a model differs: `23 parameters, 75 % of the elements`."""

from __future__ import annotations

from collections.abc import Sequence

from lrspec.diagnostics.wording import count
from lrspec.models.parameters import Parameter, total_elements


def share(parameters: Sequence[Parameter], of: Sequence[Parameter]) -> str:
    """The number of some parameters, and their part of the elements of all, if it is known."""
    words = count(len(parameters), "parameter")
    some, every = elements(parameters), elements(of)
    return words if some is None or not every else f"{words}, {_percent(some / every)} of the elements"


def elements(parameters: Sequence[Parameter]) -> int | None:
    """The number of elements of some parameters, None if it is not known."""
    return total_elements([each.shape for each in parameters])


def _percent(part: float) -> str:
    """A percentage, never rounded to nothing or to everything."""
    percent = 100 * part
    if 99.5 <= percent < 100:
        return "more than 99 %"
    return f"{percent:.0f} %" if percent >= 1 or percent == 0 else f"{max(percent, 0.01):.1g} %"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def shortened(line: str, most: int = 1000) -> str:
    """A line, cut if it is longer than anybody reads: names of rules and parameters may have any length."""
    return line if len(line) <= most else f"{line[:most]}…"

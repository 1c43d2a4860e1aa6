"""Writes the names of many parameters as few patterns: `layer4.*`, `blocks.0 … 11.attn.*`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import prod

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
"""A step of a name that is a number."""

_ALL = "*"


class Names:
    """The names of a model, to say which of them some are."""

    def __init__(self, names: Iterable[str]) -> None:
        self._inside = Counter(module for name in names for module in _modules(name))

    def patterns(self, names: Collection[str]) -> list[str]:
        """Return patterns that together stand for exactly these names: modules of which all is meant, and ranges."""
        inside = Counter(module for name in names for module in _modules(name))
        whole = {module for module, number in inside.items() if number == self._inside[module] and number > 1}
        return ranges([_outermost(name, whole) for name in names])


def _modules(name: str) -> Iterator[str]:
    """The modules around a parameter as patterns, the outermost first."""
    yield _ALL
    end = name.find(".")
    while end != -1:
        yield f"{name[: end + 1]}{_ALL}"
        end = name.find(".", end + 1)


def _outermost(name: str, whole: Collection[str]) -> str:
    return next((module for module in _modules(name) if module in whole), name)


def ranges(names: Iterable[str]) -> list[str]:
    """Return names, each once, of which those that differ in numbers alone are one: `blocks.0 … 11.norm.*`."""
    found: dict[str, dict[tuple[int, ...], None]] = {}
    for name in names:
        found.setdefault(_NUMBER.sub("0", name), {})[tuple(map(int, _NUMBER.findall(name)))] = None
    return [written for template, numbers in found.items() for written in _written(template, [*numbers])]


def _written(template: str, numbers: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """A template with each number as a range, or if not all combinations are there, several of these."""
    columns = [sorted(set(column)) for column in zip(*numbers, strict=True)]
    if prod(map(len, columns)) == len(numbers):
        words = iter([_range(column) for column in columns])
        yield _NUMBER.sub(lambda _: next(words), template)
        return
    first = next(place for place, column in enumerate(columns) if len(column) > 1)
    for number in columns[first]:
        yield from _written(template, [each for each in numbers if each[first] == number])


def _range(numbers: Sequence[int]) -> str:
    """`0 … 11`, or `{0 … 3,5}` if some are missing between them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [str(run[0]) if len(run) == 1 else f"{run[0]} … {run[-1]}" for run in runs]
    return words[0] if len(words) == 1 else f"{{{','.join(words)}}}"

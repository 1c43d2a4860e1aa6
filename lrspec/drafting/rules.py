"""The parts of a draft: rules before they are text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Entry:
    """An entry of a ladder: regexes, with the layer that they share if it is a `join`; or else a gap."""

    regexes: tuple[str, ...]
    join: Literal["first", "last"] | None = None
    every: int | None = None
    gap: int = 0


@dataclass(frozen=True)
class Selector:
    """The keys by which a rule selects; all empty is a catch-all."""

    match: tuple[str, ...] = ()
    layers: tuple[Entry, ...] = ()
    exclude: tuple[str, ...] = ()
    ndim: tuple[int, ...] = ()
    module: str | None = None
    declared: tuple[str, ...] = ()


@dataclass(frozen=True)
class DraftRule:
    """A rule: what it selects and what it sets, by key, and what is said of it.

    `comment` says what it is for, in the file. `check` has names of diagnostics, each with a severity and its reason.
    """

    name: str
    selector: Selector
    settings: tuple[tuple[str, Any], ...]
    fallback: bool = False
    comment: str = ""
    check: tuple[tuple[str, str, str], ...] = ()

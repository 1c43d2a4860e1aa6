"""A finding about live optimizers: it has no place in a spec, and names parameters with their shapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from lrspec.address import of_code
from lrspec.diagnostics.codes import CODES, Severity
from lrspec.diagnostics.escape import brief, harmless
from lrspec.diagnostics.wording import few
from lrspec.models.describe import list_parameters
from lrspec.models.parameters import Columns

_GROUPS = 3  # that a message names


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One finding: `message` says what is wrong, then names parameters if there are any, then says what to do.

    `parameters` has the name of each parameter that it is about.
    """

    code: str
    severity: Severity
    message: str
    parameters: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of its code, such as `frozen-in-group`."""
        return CODES[self.code].name

    @property
    def url(self) -> str:
        """The page of its code on lrspec's site."""
        return of_code(self.code)

    def __repr__(self) -> str:
        first, _, _ = self.message.partition("\n")
        return brief(f"<AuditFinding {self.code} {self.name}: {first}>")

    def __str__(self) -> str:
        """The finding as a report has it."""
        message = "\n    ".join(map(harmless, self.message.split("\n")))
        return f"{self.severity} {self.code} {self.name}: {message}"

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity.value,
            "message": self.message,
            "parameters": list(self.parameters),
            "url": self.url,
        }

    def at(self, severity: Severity) -> AuditFinding:
        """The same finding with another severity."""
        return replace(self, severity=severity)


def finding(code: str, columns: Columns, places: Sequence[int], message: str, advice: str) -> AuditFinding:
    """Make a finding about parameters at some places of an inventory, in model order."""
    listing = [list_parameters(columns, places, {})] if places else []
    names = tuple(columns.names[place] for place in places)
    return AuditFinding(code, CODES[code].severity, "\n".join([message, *listing, advice]), names)


class Labelled(Protocol):
    """A group, or what is in one."""

    @property
    def label(self) -> str:
        """What to call the group."""
        ...


def labels(groups: Iterable[Labelled]) -> str:
    """The groups as a message names them: each once, and the number of the others after the first few."""
    return listed([group.label for group in groups])


def listed(words: Iterable[str], most: int = _GROUPS) -> str:
    """The first `most` words, each once, with "and" before the last, or before the number of the others."""
    known = list(dict.fromkeys(words))
    return f"{few(known[:-1])} and {few(known[-1:])}" if 1 < len(known) <= most else few(known, most)

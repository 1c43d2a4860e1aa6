"""lrspec in the browser: the calls of the page, answered as the command `lrspec` would answer them.

The page has no folder, so its files are in one of memory. What must be quick, because it follows every change of the
spec, calls the compiler, and the rest runs the command itself.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from rich.table import Table

from lrspec import __version__, cli
from lrspec.compiler.compile import Outcome, attempt
from lrspec.compiler.plan import Plan, plan_without_parameters
from lrspec.diagnostics.diagnostic import has_errors
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.report import report
from lrspec.formats import explanation
from lrspec.formats.json import as_json
from lrspec.formats.table import grids, title, totals
from lrspec.formats.table_rows import decided_rows
from lrspec.models.by_name import read_params
from lrspec.models.inventory import Inventory
from lrspec.models.sources.model_error import ModelError
from lrspec.spec.load import ENOUGH, Reading, read
from lrspec.spec.syntax.document import format_of

NO_MODEL = "no model: choose an inventory"


class RefusedError(Exception):
    """A call cannot be answered; the text is what the command prints on standard error."""


class Session:
    """The inventory that specs are compiled for, and the last spec that was."""

    def __init__(self) -> None:
        self._params: tuple[str, bytes] | None = None
        self._inventory: Inventory | None = None
        self._last: tuple[bytes, str, Reading, Outcome | None] | None = None

    def inventory(self, file: str | None, content: str | bytes) -> dict[str, Any] | None:
        """Choose an inventory by its content, or none; it is the one that `--params` reads."""
        if file is None:
            self._params = self._inventory = self._last = None
            return None
        data = _bytes(content)
        _write(file, data)
        try:
            self._inventory, self._params = read_params(Path(file), suggest=False), (file, data)
        except ModelError as failure:
            raise RefusedError(str(failure)) from None
        self._last = None
        parameters = self._inventory.parameters
        return {
            "source": self._inventory.source,
            "parameters": len(parameters),
            "elements": self._inventory.elements,
            "names": [[name, each.shape] for each in parameters for name in (each.name, *each.aliases)],
        }

    def compile(self, text: str | bytes, file: str) -> dict[str, Any]:
        """Compile a spec: the plan, if there is an inventory, the report, and the table in parts."""
        reading, outcome = self._compiled(_bytes(text), file)
        diagnostics = reading.diagnostics if outcome is None else outcome.diagnostics
        plan = outcome.plan if outcome else None
        return {
            "status": int(has_errors(diagnostics)),
            "plan": self._plan(reading, outcome),
            "report": report(diagnostics, reading.document.text),
            "diagnostics": [each.to_dict() for each in diagnostics],
            "table": _table(plan) if plan is not None and plan.groups is not None else None,
        }

    def printed(self, text: str | bytes, file: str) -> str:
        """The plan as `lrspec compile --format json` prints it, to the byte."""
        plan = self._plan(*self._compiled(_bytes(text), file))
        if plan is None:
            raise RefusedError(NO_MODEL)
        return as_json(plan)

    def _plan(self, reading: Reading, outcome: Outcome | None) -> dict[str, Any] | None:
        """The JSON plan; None for a spec that has no errors in itself, and no model."""
        if outcome is not None and outcome.plan is not None:
            return outcome.plan.to_dict()
        if outcome is None and reading.spec is not None:
            return None
        inventory, diagnostics = (
            (None, reading.diagnostics) if outcome is None else (self._inventory, outcome.diagnostics)
        )
        return plan_without_parameters(reading.document, inventory, diagnostics)

    def explain(self, text: str | bytes, file: str, name: str) -> str:
        """Explain the parameter of that name, or those that it matches as a regex, as `lrspec explain` does."""
        reading, outcome = self._compiled(_bytes(text), file)
        if outcome is None or outcome.plan is None or outcome.resolution is None:
            diagnostics = reading.diagnostics if outcome is None else outcome.diagnostics
            raise RefusedError(report(diagnostics, reading.document.text) or NO_MODEL)
        try:
            found = explanation.find(outcome.plan.inventory, name)
        except explanation.UnknownParameterError as failure:
            raise RefusedError(str(failure)) from None
        return "\n\n".join(explanation.explain(outcome.resolution, outcome.plan, each) for each in found) + "\n"

    def _compiled(self, data: bytes, file: str) -> tuple[Reading, Outcome | None]:
        """Read a spec and compile it for the inventory, if there is one; the last result is kept."""
        if self._last is None or self._last[:2] != (data, file):
            reading = read(data[:ENOUGH], file, format_of(file))
            fits = reading.spec is not None and self._inventory is not None
            outcome = attempt(reading.file(), self._inventory) if fits and self._inventory else None
            self._last = data, file, reading, outcome
        return self._last[2:]

    def diff(self, old: str | bytes, new: str | bytes, file: str, old_file: str | None = None) -> dict[str, str]:
        """Compare two specs for the inventory, as `lrspec diff` does; the old one may be of the other format."""
        before = f"before.{old_file or file}"
        given = self._given()
        _write(before, _bytes(old))
        _write(file, _bytes(new))
        return {"text": _run(["diff", *given, "--", before, file])}

    def draft(self) -> dict[str, str]:
        """Write a first spec for the inventory, as `lrspec init` does."""
        return {"text": _run(["init", *self._given(), "-o", "-"])}

    def _given(self) -> list[str]:
        """The option that names the inventory, which is written again: another one may have had its name."""
        if self._params is None:
            raise RefusedError(NO_MODEL)
        file, data = self._params
        _write(file, data)
        return ["--params", file]


def about() -> dict[str, str]:
    """The versions of what runs."""
    return {"lrspec": __version__, "python": platform.python_version()}


_SESSION = Session()
_CALLS: dict[str, Callable[..., Any]] = {
    "inventory": _SESSION.inventory,
    "compile": _SESSION.compile,
    "json": _SESSION.printed,
    "explain": _SESSION.explain,
    "diff": _SESSION.diff,
    "draft": _SESSION.draft,
    "about": about,
}


def answer(name: str, arguments: Sequence[Any]) -> str:
    """Answer a call of the page, as JSON: `{"result": …}`, or `{"error": …}` if it is refused."""
    words = [bytes(each) if isinstance(each, memoryview) else each for each in arguments]
    try:
        return json.dumps({"result": _CALLS[name](*words)})
    except RefusedError as failure:
        return json.dumps({"error": str(failure)})


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode(errors="surrogatepass")


def _write(file: str, content: bytes) -> None:
    try:
        Path(file).write_bytes(content)
    except (OSError, ValueError):
        raise RefusedError(f"{printable(file)}: not the name of a file") from None


def _table(plan: Plan) -> dict[str, Any]:
    """The table of `lrspec compile`, in parts; `members` are the places of each row's parameters in the plan."""
    place = {planned.name: index for index, planned in enumerate(plan.parameters)}
    members = [[place[planned.name] for planned in row.parameters] for row in decided_rows(plan, plan.file.spec)]
    parts = [_grid(each) for each in grids(plan)]
    return {"title": title(plan), "grids": parts, "members": members, "notes": totals(plan)}


def _grid(grid: Table) -> dict[str, Any]:
    columns = grid.columns
    return {
        "columns": [{"header": str(each.header), "right": each.justify == "right"} for each in columns],
        "rows": [list(map(str, cells)) for cells in zip(*(each.cells for each in columns), strict=True)],
        "footer": [str(each.footer) for each in columns] if grid.show_footer else None,
    }


def _run(words: list[str]) -> str:
    """Run the command, and return what it prints; RefusedError if it cannot run."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.run(words)
    if status == 2:
        raise RefusedError(err.getvalue().removeprefix("lrspec: ").rstrip())
    return out.getvalue()

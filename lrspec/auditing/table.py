"""An audit as text and as HTML: a table of the model's parts with their settings, then the findings."""

from __future__ import annotations

from collections import Counter
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

from lrspec.auditing.grid import grid
from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.report import Paint, severities_in_words, uncoloured
from lrspec.diagnostics.wording import count, few
from lrspec.formats.html import PRE, grid_html
from lrspec.formats.table import printed

if TYPE_CHECKING:
    from lrspec.auditing.finding import AuditFinding
    from lrspec.auditing.result import Audit

IN_PYTHON = "lrspec.from_optimizer(optimizer, model)"
"""The call that writes the spec of an optimizer."""

_DISPENSABLE = ("elements", "parameters", "group", "options", "which", "optimizer", "names")  # the first goes first
_WIDEST = 110  # columns, of findings
_NARROWEST = 20  # columns, of findings
_SHOWN = 3  # classes


def text(audit: Audit, width: int | None = None, paint: Paint = uncoloured, cure: str = IN_PYTHON) -> str:
    """The audit as text, for a terminal of a width if there is one; `cure` is what writes the spec."""
    table = printed(_title(audit), [grid(audit)], [_totals(audit)], width, _DISPENSABLE).rstrip()
    found = [_finding(each, width, paint) for each in audit.diagnostics]
    return "\n\n".join([table, *found, *_closing(audit, cure)])


def html(audit: Audit) -> str:
    """The audit as HTML; every text is escaped."""
    found = [f"{PRE}{escape(_finding(each, None, uncoloured))}</pre>" for each in audit.diagnostics]
    below = [f"<p>{escape(line)}</p>" for line in _closing(audit, IN_PYTHON)]
    above = [f"<p>{escape(_title(audit))}</p>", grid_html(grid(audit)), f"<p>{escape(_totals(audit))}</p>"]
    return "<div>\n" + "\n".join([*above, *found, *below]) + "\n</div>\n"


def _title(audit: Audit) -> str:
    """The classes of the optimizers, and that of the model."""
    kinds = dict.fromkeys(group.type for group in audit.groups)
    return f"{few(list(kinds), _SHOWN)} on {harmless(audit.inventory.source)}"


def _closing(audit: Audit, cure: str) -> list[str]:
    found = severities_in_words(each.severity for each in audit.diagnostics)
    return [found or "nothing found", f"To write this as a spec: {harmless(cure)}"]


def _totals(audit: Audit) -> str:
    """The number of groups, and the numbers of parameters that are in them and not, in words."""
    held = {place for group in audit.groups for place in group.members}
    columns = audit.inventory.columns
    counts = Counter((on, place in held) for place, on in enumerate(columns.trainable))
    others = sum(group.others for group in audit.groups)
    parts = [count(len(audit.groups), "group"), f"{count(counts[True, True], 'parameter')} trained"]
    parts += [f"{number:,} {what}" for key, what in _NOT_TRAINED.items() if (number := counts[key])]
    return "; ".join([*parts, *([f"{count(others, 'tensor')} not the model's"] if others else [])])


_NOT_TRAINED = {(False, False): "frozen", (False, True): "frozen in a group", (True, False): "in no group"}


def _finding(each: AuditFinding, width: int | None, paint: Paint) -> str:
    """A finding, wrapped: what is wrong, then the parameters and the cure."""
    label = f"{each.severity} {each.code}"
    first, *details = map(harmless, each.message.split("\n"))
    columns = _WIDEST if width is None else max(_NARROWEST, min(_WIDEST, width))
    parts = [f"{label} {each.name}: {first}", *(f"  = {detail}" for detail in details)]
    lines = "\n".join(line for part in parts for line in _wrapped(part, columns))
    return lines.replace(label, paint(each.severity, label), 1)


def _wrapped(line: str, columns: int) -> list[str]:
    return wrap(line, columns, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)

"""The pages of the diagnostics: an overview, and one for each code, from the manual."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import indent
from typing import Any

from lrspec.diagnostics import manual
from lrspec.diagnostics.codes import CODES, Code

OVERVIEW = "diagnostics/index.md"
REPORTS = Path(__file__).parent / "reports"
"""What lrspec says of each wrong example: CODE-N.txt for the N-th block of a section. Written by `pytest --update`."""

FAMILIES = {
    "LRS1": "The spec alone",
    "LRS2": "The spec and the parameters",
    "LRS3": "Probably not what you meant",
    "LRS4": "The running optimizer",
    "LRS5": "An optimizer without a spec",
    "LRS6": "The lock",
}
_NAMES = "`spec` is the spec below, `model` is a resnet18, and `plan` is `lrspec.compile(spec, model)`."
_CONTEXT = {
    "LRS4": f"{_NAMES} `plan.verify(optimizer, model)` reports the mistake, with the `scheduler` if there is one.",
    "LRS5": f"{_NAMES} `lrspec.audit(optimizer, model)` reports the mistake, with the `scheduler` if there is one.",
    "LRS6": "Unless the blocks are specs, this spec was locked. `lrspec check --locked` compares.",
}
_BLOCK = re.compile(r"^```(?P<kind>.*)\n(?:.*\n)*?```\n", re.MULTILINE)
_TO_PAGE = """
<script>
  const code = /^#(lrs\\d{3})(-|$)/i.exec(location.hash)
  if (code) location.replace(`${code[1].toUpperCase()}/`)
</script>
"""


def navigation() -> list[Any]:
    """The overview, and the pages by the first digits of their codes."""
    families = ({f"{family}xx: {title}": _pages_of(family)} for family, title in FAMILIES.items())
    return [OVERVIEW, *families]


def pages() -> dict[str, str]:
    """The pages by their paths in docs."""
    return {OVERVIEW: _overview(), **{_path(code): _page(code) for code in CODES.values()}}


def _pages_of(family: str) -> list[Any]:
    return [{f"{code.code} {code.name}": _path(code)} for code in CODES.values() if code.code.startswith(family)]


def _path(code: Code) -> str:
    return f"diagnostics/{code.code}.md"


def _preface() -> str:
    return manual.text().partition("\n## ")[0]


def _overview() -> str:
    """The manual's first words, the table of all codes, and the rest of its preface.

    The page leads on from the anchors that the codes have in docs/diagnostics.md.
    """
    title, first, rest = _preface().partition("\n\nIn the sections, ")[0].split("\n\n", 2)
    first = first.replace("has a section", "has a page").replace("prints one section", "prints what its page says")
    return f"{title}\n{_TO_PAGE}\n{first}\n{''.join(map(_table, FAMILIES))}\n## How to read them\n\n{rest}\n"


def _table(family: str) -> str:
    rows = "".join(_row(code) for code in CODES.values() if code.code.startswith(family))
    return f"\n## {family}xx: {FAMILIES[family]}\n\n| code | name | default | what it reports |\n|-|-|-|-|\n{rows}"


def _row(code: Code) -> str:
    summary = re.match(r"(?:[^.`]|`[^`]*`|\.(?! |$))+\.?", manual.summary(code))
    words = summary[0].replace("|", "\\|").rstrip(":") if summary else ""
    return f"| [{code.code}]({code.code}.md) | `{code.name}` | {code.severity} | {words} |\n"


def _page(code: Code) -> str:
    """The section of a code as a page, each wrong example with its report."""
    heading, _, body = manual.section(code).partition("\n")
    numbers = iter(range(1, 100))
    body = _BLOCK.sub(lambda block: block[0] + _report(code, next(numbers)), body)
    description = json.dumps(manual.summary(code).replace("`", ""))
    head = f"---\ndescription: {description}\nsearch: {{boost: 0.3}}\n---\n"
    return f"{head}\n{heading.removeprefix('#')}\n{body}{_context(code)}"


def _report(code: Code, number: int) -> str:
    path = REPORTS / f"{code.code}-{number}.txt"
    return f"\n```text report\n{path.read_text(encoding='utf-8')}```\n" if path.exists() else ""


def _context(code: Code) -> str:
    """What the names in Python blocks are, and which spec was locked."""
    words = _CONTEXT.get(code.code[:4])
    if not words:
        return ""
    spec = [block[0] for block in _BLOCK.finditer(_preface())][-1].replace("yaml right", "yaml")
    return '\n??? note "The names in these blocks"\n\n' + indent(f"{words}\n\n{spec}", "    ")

"""Specs with marks around the places where a finding is expected: `lr: «0.1»`."""

from __future__ import annotations

import re
from textwrap import indent

import lrspec
from tests.compiler.checks.linted import SILENT

Found = list[tuple[str, int, int, str]]
"""Findings: the code, the line, the column, and the text of the spec there."""


def spec(rules: str, optimizer: str = "{type: AdamW, lr: 1e-3, weight_decay: 0.05}") -> str:
    """A spec with these rules, one a line."""
    head = f"optimizers: {optimizer}" if optimizer.startswith("{a:") else f"optimizer: {optimizer}"
    lines = "\n".join(f"- {line.strip()}" for line in rules.strip().splitlines())
    return f"lrspec: 1\n{head}\nrules:\n{indent(lines, '  ')}\n{SILENT}\n"


def found(text: str, model: lrspec.Inventory) -> Found:
    """What is found in a spec without its marks."""
    file = lrspec.loads(re.sub("[«»]", "", text))
    diagnostics = lrspec.check(file, model)
    return [(each.code, each.line, each.column, file.document.text.piece(each.span)) for each in diagnostics]


def expected(text: str, code: str) -> Found:
    """One finding for each mark."""
    places: Found = []
    for number, line in enumerate(text.splitlines(), 1):
        for place, mark in enumerate(re.finditer("«(.*?)»", line)):
            places.append((code, number, mark.start() - 2 * place + 1, mark[1]))
    return places

"""A diff as Markdown for a comment on a pull request: the summary first, details folded, and cut to what it may have.

Names come from models and specs that anybody may have written: in the details they are shown as code, in which nothing
is a tag, a link or a mention, and everything else is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import count
from lrspec.review.diff.diff import Compared, Diff
from lrspec.review.diff.text import layer_words, numbers, patterns
from lrspec.review.diff.words import shortened

MOST = 65_535
"""The most characters of a comment."""

_PATTERNS = 8
_MOST_OF_A_CELL = 2_000
_ROOM = 300
"""Characters that are kept free for what closes the details, and for the count of what was cut."""

_SPECIAL = re.compile(r"[^\w\s,.;:%()+→…×/=-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=:)/|(?<=www)\.", re.ASCII)


def markdown(diff: Diff) -> str:
    """A diff as Markdown, of at most `MOST` characters."""
    sides = " → ".join(dict.fromkeys((code(diff.old), code(diff.new))))
    lines = [f"**{escaped(diff.summary)}**", "", sides, ""]
    left, cut = MOST - _ROOM - sum(len(line) + 1 for line in lines), 0
    details: list[str] = []
    for line, is_data in _details(diff):
        if left < len(line) + 1 or (cut and is_data):
            cut += is_data
        elif not cut:
            details.append(line)
            left -= len(line) + 1
    while details and not details[-1]:
        details.pop()
    if details:
        lines += ["<details><summary>By rule and layer</summary>", "", *details, ""]
        if cut:
            lines += [f"{count(cut, 'more line')} cut here: `lrspec diff` shows them.", ""]
        lines.append("</details>")
    return "\n".join(lines).rstrip() + "\n"


def _details(diff: Diff) -> Iterator[tuple[str, bool]]:
    """The lines of the details, and whether each is data, which is counted if it is cut."""
    for compared in diff.models:
        if not compared.difference:
            continue
        several = len(diff.models) > 1
        yield f"{code(compared.words)}{f': {escaped(compared.summary)}' if several else ''}", False
        yield "", False
        yield from _table(compared)
        for fact in compared.facts:
            more = f" ({code(fact.more)})" if fact.more else ""
            yield f"- {fact.kind}: {code(fact.which)}{more}", True
        yield "", False


def _table(compared: Compared) -> Iterator[tuple[str, bool]]:
    if not compared.rows:
        return
    yield "| rule | layers | names | parameters | elements | change |", False
    yield "| --- | --- | --- | ---: | ---: | --- |", False
    for row in compared.rows:
        found = patterns(compared, row)
        names = ", ".join(map(code, found[:_PATTERNS]))
        more = f" and {len(found) - _PATTERNS:,} more" if len(found) > _PATTERNS else ""
        cells = (code(row.label), layer_words(row), names + more, *numbers(row), escaped(row.words))
        yield f"| {' | '.join(cells)} |", True
    yield "", False


def code(text: str) -> str:
    """Text as code, in which Markdown sees nothing."""
    line = shortened(harmless(text), _MOST_OF_A_CELL).strip()
    if not line:
        return ""
    return f"`{line}`" if not {"`", "|"} & {*line} else f"<code>{escaped(line)}</code>"


def escaped(text: str) -> str:
    """Text in which neither Markdown nor HTML sees anything, nor GitHub a mention or a link."""
    line = shortened(harmless(text), _MOST_OF_A_CELL)
    line = _SPECIAL.sub(lambda match: f"&#{ord(match[0])};", line)
    return line.replace("&#64;", "&#64;<!-- -->").replace("&#35;", "&#35;<!-- -->")

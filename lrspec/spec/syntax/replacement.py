"""Turns a correction into a suggestion: a piece of text in the style of the one that it replaces."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache

from lrspec.diagnostics.diagnostic import Correction, Suggestion
from lrspec.diagnostics.source import Span, Text
from lrspec.spec.syntax.document import Format
from lrspec.spec.syntax.scalars import plain_number, single_quoted

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ANCHOR = re.compile(r"&([\w-]+)\s+$")
_ALIAS = re.compile(r"\*([\w-]+)")
_LONGEST_ANCHOR = 200  # characters
_NOT_ONE_WORD = ("|", ">", "*", "[", "{")


def suggestion(correction: Correction, span: Span, text: Text, format: Format) -> Suggestion | None:
    """Suggest the correction for the key or value at `span`; None if that is not one word or one quoted string.

    It is not safe if an alias repeats the value, which may be meant as a string there.
    """
    old, new = text.piece(span), correction.text
    if not old or old.startswith(_NOT_ONE_WORD) or "\n" in old or "\r" in old:
        return None
    if correction.plain:
        if text.content.startswith("#", text.index(span.end)):
            return None  # a comment right after a quote would become part of the word
        number = plain_number(new)
        if number is not None and not math.isfinite(number):
            return None
        if number is not None and format == "json" and not _JSON_NUMBER.fullmatch(new):
            new = json.dumps(number)
    elif old.startswith('"'):
        new = json.dumps(new, ensure_ascii=False)
    elif old.startswith("'"):
        new = single_quoted(new)
    start = text.index(span.start)
    anchor = _ANCHOR.search(text.content, max(0, start - _LONGEST_ANCHOR), start) if correction.safe else None
    repeated = anchor is not None and anchor[1] in _aliases(text.content)
    return Suggestion(new, span, correction.safe and not repeated)


@lru_cache(maxsize=1)  # each suggestion for a document asks
def _aliases(content: str) -> frozenset[str]:
    return frozenset(_ALIAS.findall(content))

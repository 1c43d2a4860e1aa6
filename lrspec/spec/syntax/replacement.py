"""What was probably meant, as a piece of text that takes the place of another: in the style of what stands there."""

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
_NO_TEXT = ("|", ">", "*", "[", "{")


def suggestion(meant: Correction, span: Span, text: Text, format: Format) -> Suggestion | None:
    """A key or a value at `span` replaced by what was meant; None where it is not one word or one quoted text there."""
    there = text.piece(span)
    if not there or there.startswith(_NO_TEXT) or "\n" in there or "\r" in there:
        return None
    if meant.plain and text.content.startswith("#", text.index(span.end)):
        return None  # a comment right behind a quote would become a part of the word
    written = _word(meant.text, format) if meant.plain else _styled(meant.text, there)
    if written is None:
        return None
    return Suggestion(written, span, meant.safe and not _is_used_elsewhere(span, text))


def _is_used_elsewhere(span: Span, text: Text) -> bool:
    """Whether an alias repeats the value, which may be meant as text there."""
    start = text.index(span.start)
    anchor = _ANCHOR.search(text.content, max(0, start - _LONGEST_ANCHOR), start)
    return anchor is not None and anchor[1] in _aliases(text.content)


@lru_cache(maxsize=1)
def _aliases(content: str) -> frozenset[str]:
    return frozenset(_ALIAS.findall(content))


def _styled(meant: str, there: str) -> str:
    """A text with the quotes, if any, of what it replaces."""
    if there.startswith('"'):
        return json.dumps(meant, ensure_ascii=False)
    return single_quoted(meant) if there.startswith("'") else meant


def _word(meant: str, format: Format) -> str | None:
    """A word without quotes; a number that JSON spells otherwise is respelt."""
    number = plain_number(meant)
    if number is not None and not math.isfinite(number):
        return None
    respelt = format == "json" and number is not None and not _JSON_NUMBER.fullmatch(meant)
    return json.dumps(number) if respelt else meant

"""What was probably meant, as a piece of text that takes the place of another: in the style of what stands there."""

from __future__ import annotations

import json
import math
import re

from lrspec.diagnostics import Meant, Suggestion
from lrspec.document import Format
from lrspec.scalars import plain_number
from lrspec.source import Span, Text

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_STYLES = {"'": "single", '"': "double"}
_NO_TEXT = ("|", ">", "*", "[", "{")


def suggestion(meant: Meant, span: Span, text: Text, format: Format) -> Suggestion | None:
    """A key or a value at `span` replaced by what was meant; None where it is not one word or one quoted text there."""
    there = text.piece(span)
    if not there or there.startswith(_NO_TEXT) or "\n" in there or "\r" in there:
        return None
    written = _word(meant.text, format) if meant.plain else _styled(meant.text, there)
    return None if written is None else Suggestion(written, span, meant.safe)


def _styled(meant: str, there: str) -> str:
    """A text with the quotes, if any, of what it replaces."""
    style = _STYLES.get(there[0])
    if style == "double":
        return json.dumps(meant, ensure_ascii=False)
    return "'" + meant.replace("'", "''") + "'" if style == "single" else meant


def _word(meant: str, format: Format) -> str | None:
    """A word without quotes; a number that JSON spells otherwise is respelt."""
    number = plain_number(meant)
    if number is not None and not math.isfinite(number):
        return None
    return (
        json.dumps(number) if format == "json" and number is not None and not _JSON_NUMBER.fullmatch(meant) else meant
    )

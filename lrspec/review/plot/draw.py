"""Draws the picture of a plan as the content of a file, the same bytes each time."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

from lrspec.compiler.plan import Plan
from lrspec.review.plot.by_depth import by_depth
from lrspec.review.plot.over_time import over_time
from lrspec.review.plot.style import THEMES, settings

WIDTH = 3.4
"""Inches: a column of a paper."""

_METADATA: dict[str, dict[str, Any]] = {  # without dates and versions
    "svg": {"Creator": "lrspec", "Date": None},
    "png": {"Software": "lrspec"},
    "pdf": {"Creator": "lrspec", "Producer": None, "CreationDate": None},
}
FORMATS = (*_METADATA,)


def draw(plan: Plan, form: str, theme: str = "light", width: float = WIDTH, steps: int | None = None) -> bytes:
    """Return a picture in one of the `FORMATS`: by depth, or with `steps` the rates of a run of so many."""
    look, content = THEMES[theme], BytesIO()
    with settings(look), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font lacks are boxes
        figure = by_depth(plan, look, width) if steps is None else over_time(plan, steps, look, width)
        figure.savefig(content, format=form, metadata=_METADATA[form])
    return content.getvalue()

"""The page of a report: its data, styles and scripts in one HTML file, with a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from lrspec.diagnostics.errors import BriefError

_STYLES = ("report.css",)
_SCRIPTS = ("d3.min.js", "regex.js", "search.js", "model.js", "look.js", "map.js", "chart.js", "panels.js", "report.js")


class ReportError(BriefError):
    """A report cannot be written; the message says why and what to do."""


def page(data: dict[str, Any]) -> str:
    """Return the page that shows some data; ReportError if jinja2 is not installed."""
    try:
        from jinja2 import Environment, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ReportError(
            "jinja2 is needed to write a report, and is not installed: pip install 'lrspec[report]'"
        ) from None

    styles, scripts = [{name: Markup(_static(name)) for name in names} for names in (_STYLES, _SCRIPTS)]
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(_static("page.html.jinja")).render(
        title=data["title"],
        policy=_policy(scripts.values(), styles.values()),
        styles=styles,
        scripts=scripts,
        data=Markup(_inert(data)),
    )


def _static(name: str) -> str:
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


def _inert(data: dict[str, Any]) -> str:
    """The data as JSON that no parser of HTML takes for the end of its element, or for a comment."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A Content-Security-Policy under which only these scripts and styles do anything."""
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Iterable[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)

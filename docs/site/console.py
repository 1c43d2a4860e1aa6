"""Blocks of a console: commands stand out from what they print, also where that has lines with `#`."""

from __future__ import annotations

from html import escape
from typing import Any


def block(source: str, language: str, css_class: str, options: dict[str, Any], md: Any, **_: Any) -> str:
    """A fenced block as HTML, in the shape of a highlighted one."""
    lines = "\n".join(map(_line, source.splitlines()))
    return f'<div class="language-console {css_class}"><pre><span></span><code>{lines}\n</code></pre></div>'


def _line(line: str) -> str:
    prompt, command = line[:2], line[2:]
    return f'<span class="gp">$ </span><b>{escape(command)}</b>' if prompt == "$ " else escape(line)

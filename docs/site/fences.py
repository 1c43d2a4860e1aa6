"""Fenced blocks: a word after the language, as in `yaml wrong`, becomes a title or goes."""

from __future__ import annotations

import re
from textwrap import dedent

TITLES = {
    "wrong": "The mistake",
    "right": "Without the mistake",
    "report": "The report",
    "locked": "The model when it was locked",
    "now": "The model now",
}
_QUOTED = re.compile(r'^(?P<opening>```\w+ title=".+"\n)(?P<body>(?:.*\n)*?)(?=```$)', re.MULTILINE)
_WITH_WORD = re.compile(r"^( *```+)(\w+) (\w+)$", re.MULTILINE)


def titled(markdown: str) -> str:
    """The page with titles over its blocks; what is quoted from inside of a function begins at the margin."""
    return _QUOTED.sub(lambda found: found["opening"] + dedent(found["body"]), _WITH_WORD.sub(_opening, markdown))


def _opening(found: re.Match[str]) -> str:
    fence, language, word = found.groups()
    title = TITLES.get(word)
    if language == "yaml" and word in ("locked", "now"):
        title = str(title).replace("model", "spec")
    return f'{fence}{{.{language} .{word} title="{title}"}}' if title else f"{fence}{language}"

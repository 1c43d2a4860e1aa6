"""Pictures in two themes: on GitHub the system chooses between them, on the site its switch does."""

from __future__ import annotations

import re

_PICTURE = re.compile(
    r"<picture>\s*<source(?=[^>]*prefers-color-scheme: dark)[^>]*?srcset=\"(?P<dark>[^\"]+)\"[^>]*>\s*"
    r"<img(?P<before>[^>]*?) src=\"(?P<light>[^\"]+)\"(?P<after>[^>]*)>\s*</picture>"
)


def themed(markdown: str) -> str:
    """The page with an image for each theme in the place of a `picture`."""
    return _PICTURE.sub(_images, markdown)


def _images(found: re.Match[str]) -> str:
    return "".join(
        f'<img{found["before"]} src="{found[theme]}#only-{theme}"{found["after"]}>' for theme in ("light", "dark")
    )

"""Checks a built site: every link and anchor in it leads somewhere, and no page loads anything from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

_BASE = "https://site.invalid/"
_LOADING = {"script", "img", "source", "iframe", "embed", "object", "video", "audio", "track", "use", "image"}
_LOADING_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "prefetch",
    "modulepreload",
    "manifest",
    "preconnect",
    "dns-prefetch",
}
_IN_CSS = re.compile(r"(?:url\(|@import)\s*['\"]?(?P<target>[^'\")\s;]+)")


class Reference(NamedTuple):
    """An address on a page, in a tag; `loads` is true if the page takes something from there when it is shown."""

    target: str
    tag: str
    loads: bool


class Page(HTMLParser):
    """The references of an HTML page, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[Reference] = []
        self.anchors = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a tag refers to, and its id."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        loads = tag in _LOADING or (tag == "link" and bool(_LOADING_LINKS & set(given.get("rel", "").split())))
        targets = [given[name] for name in ("href", "src", "data", "poster") if name in given]
        targets += [each.split()[0] for each in given.get("srcset", "").split(",") if each.strip()]
        targets += [found["target"] for found in _IN_CSS.finditer(given.get("style", ""))]
        self.references += [Reference(target, tag, loads) for target in targets]


def problems(folder: Path) -> list[str]:
    """What is wrong with the links of a site, a sentence each."""
    pages = _pages(folder)
    return [
        f"{name}: {trouble}: {reference.target}"
        for name, page in pages.items()
        for reference in page.references
        if (trouble := _trouble(folder, pages, name, reference))
    ] + [f"{name}: loads from elsewhere: {target}" for name, target in _foreign_in_css(folder)]


def external(folder: Path) -> dict[str, str]:
    """The links that lead out of a site, each with a page that has it."""
    return {
        reference.target: name
        for name, page in reversed(_pages(folder).items())
        for reference in page.references
        if reference.tag == "a" and _is_foreign(reference.target)
    }


def _pages(folder: Path) -> dict[str, Page]:
    """The pages by their paths; that for what is not found has absolute links, and is not among them."""
    files = sorted(folder.rglob("*.html"))
    names = {file.relative_to(folder).as_posix(): file for file in files}
    return {name: Page(file.read_text(encoding="utf-8")) for name, file in names.items() if name != "404.html"}


def _trouble(folder: Path, pages: dict[str, Page], name: str, reference: Reference) -> str:
    """What is wrong with a reference; empty if nothing is."""
    if _is_foreign(reference.target):
        return "loads from elsewhere" if reference.loads else ""
    if reference.target.startswith("/"):
        return "does not hold where the site is in a folder"
    url = urlsplit(urljoin(_BASE + name, reference.target))
    if url.scheme != "https":  # data:, mailto:
        return ""
    path = unquote(url.path).lstrip("/")
    path = f"{path}index.html" if path.endswith("/") or not path else path
    if not (folder / path).is_file():
        return "leads nowhere"
    known = pages[path].anchors if path in pages else None
    return "" if known is None or unquote(url.fragment) in known else "has no such anchor"


def _is_foreign(target: str) -> bool:
    return target.startswith(("http:", "https:", "//"))


def _foreign_in_css(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*.css")):
        for found in _IN_CSS.finditer(file.read_text(encoding="utf-8")):
            if _is_foreign(found["target"]):
                yield file.relative_to(folder).as_posix(), found["target"]

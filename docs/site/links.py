"""Links between files of the repository, as links of the site: to its pages, or to the repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import NamedTuple

from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

from lrspec.address import REPOSITORY, SITE

ROOT = Path(__file__).parents[2]
_PART = re.compile(
    r"""(?P<code>
          ^(?P<indent>[ ]*)(?P<fence>```+).*\n(?:.*\n)*?(?P=indent)(?P=fence)$
        | (?P<ticks>`+)(?!`)(?:(?!\n\n)[\s\S])+?(?<!`)(?P=ticks)(?!`)
        )
      | (?P<heading>^\#.*$)
      | (?P<text>\[(?:`[^`]*`|[^\[\]`])*(?=\]\())
      | (?P<attribute>\b(?:alt|title)="[^"]*")
      | (?P<mentioned>\bLRS\d{3}\b)
      | (?P<tag><(?!(?:a|img|source)\b)[a-z/][^>]*>)
      | (?P<before>\]\(<?|^\[[^\]\n]+\]:[ ]+|\b(?:src|srcset|href)=")(?P<target>[^\s)>"]+)""",
    re.MULTILINE | re.VERBOSE,
)
_OF_CODE = re.compile(r"(?P<code>lrs\d{3})(?:-[\w-]*)?", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|/", re.IGNORECASE)


class Place(NamedTuple):
    """Where a page is: its path in the repository, its file of the site; `moved` are paths that others have there."""

    source: str
    file: File
    files: Files
    moved: Mapping[str, str]


def rewritten(markdown: str, place: Place) -> str:
    """The page with links that hold on the site, also where it mentions a diagnostic; code stays as it is."""
    return _PART.sub(lambda found: _part(found, place), markdown)


def _part(found: re.Match[str], place: Place) -> str:
    if found["before"]:
        return found["before"] + _link(found, place)
    return _mention(found[0], place) if found["mentioned"] else found[0]


def _mention(code: str, place: Place) -> str:
    """A code that a text mentions, with a link to its page, on other pages than that."""
    file = place.files.get_file_from_path(f"diagnostics/{code}.md")
    if file is None or file is place.file:
        return code
    return f"[{code}]({relpath(file.src_uri, dirname(place.file.src_uri))})"


def _link(found: re.Match[str], place: Place) -> str:
    target = found["target"]
    path, hash_, anchor = target.partition("#")
    if not path or (_ABSOLUTE.match(path) and not path.startswith(SITE)):
        return target
    file, anchor = _file(path, anchor, place)
    if file is None:
        return _in_repository(path, place) + hash_ + anchor
    in_html = found["before"].endswith('"')  # mkdocs leaves it as it is
    to = get_relative_url(file.url, place.file.url) if in_html else relpath(file.src_uri, dirname(place.file.src_uri))
    return to + (f"#{anchor}" if anchor else "")


def _file(path: str, anchor: str, place: Place) -> tuple[File | None, str]:
    """The file of the site, if it is there, and the anchor in it: a section of the diagnostics is a page."""
    if path.startswith(SITE):
        url = path.removeprefix(SITE).lstrip("/") or "./"
        return next((each for each in place.files if each.url == url), None), anchor
    path = _path(path, place)
    if path == "docs/diagnostics.md" and (code := _OF_CODE.fullmatch(anchor)):
        return place.files.get_file_from_path(f"diagnostics/{code['code'].upper()}.md"), ""
    return place.files.get_file_from_path(place.moved.get(path, path.removeprefix("docs/"))), anchor


def _path(path: str, place: Place) -> str:
    return normpath(join(dirname(place.source), path))


def _in_repository(path: str, place: Place) -> str:
    """The address of a file or a folder in the repository; a path that leads nowhere stays, and mkdocs reports it."""
    source = ROOT / _path(path, place)
    if not source.exists():
        return path
    return f"{REPOSITORY}/{'tree' if source.is_dir() else 'blob'}/HEAD/{source.relative_to(ROOT).as_posix()}"

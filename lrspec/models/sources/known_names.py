"""The names in a library's registry, through the cache: an unknown name is refused without importing the library."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

from lrspec.diagnostics.suggest import did_you_mean, names_that_begin
from lrspec.models import cache_files, installed
from lrspec.models.sources.model_error import ModelError


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The names that a library builds: its architectures, in the order of suggestions, and those with a tag.

    `old` names are built as well, but never suggested.
    """

    architectures: list[str]
    tagged: list[str]
    old: list[str]

    def check(self, library: str, name: str) -> None:
        """Raise ModelError for a name that the library does not know, with the names that were probably meant."""
        if name in self.architectures or name in self.tagged or name in self.old:
            return
        architecture, dot, _ = name.partition(".")
        tagged = [known for known in self.tagged if known.startswith(f"{architecture}.")] if dot else []
        if tagged:
            hint = did_you_mean(name, [*tagged, architecture], 3)
        else:
            hint = names_that_begin(architecture, self.architectures)
        raise ModelError(f"unknown {library} model {name!r}{hint}")


def known_names(library: str, read: Callable[[], KnownNames], *, cache: bool) -> KnownNames:
    """Return the names that an installed library knows; `read` imports it, if they are not in the cache."""
    key = _key(library) if cache else None
    names = _decode(cache_files.read(key)) if key else None
    if names is None:
        names = read()
        if key and key == _key(library):
            cache_files.write(key, json.dumps([names.architectures, names.tagged, names.old]))
    return names


def _key(library: str) -> str | None:
    versions = [installed.version(name) for name in ("lrspec", library)]
    return None if None in versions else json.dumps(["names", library, sys.implementation.cache_tag, *versions])


def _decode(text: str | None) -> KnownNames | None:
    try:
        architectures, tagged, old = json.loads(text or "null")
        lists = (architectures, tagged, old)
        texts = all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in lists)
        return KnownNames(*lists) if texts else None
    except (TypeError, ValueError):
        return None

"""Reads a mapping of plain values as the JSON text that it would be written as."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, spell
from lrspec.spec.limits import MAX_BYTES, MAX_DEPTH, MAX_KEY
from lrspec.spec.syntax.document import Document, parse
from lrspec.spec.syntax.scalars import within_float64

MAPPING = "<mapping>"
"""The path of a spec that is a mapping."""

_KEY = re.compile(r' *("(?:[^"\\]|\\.)*+"): ')


def document_of(mapping: Mapping[str, Any]) -> Document:
    """Return a mapping as the document `json.dumps(mapping, indent=2)`; its problems begin with their paths.

    Of what is deeper or larger than a spec may be, enough is written to exceed the limit. TypeError, with its path, for
    a value that JSON does not have.
    """
    document = parse(json.dumps(_Copy().of(mapping, ()), indent=2).encode(), MAPPING, "json")
    paths = list(_paths(document.text.content)) if document.problems else []
    places = [spell(paths[problem.span.start.line - 1]) for problem in document.problems]
    problems = [
        problem._replace(message=f"{printable(place)}: {problem.message}") if place else problem
        for place, problem in zip(places, document.problems, strict=True)
    ]
    return replace(document, problems=tuple(problems))


def _paths(text: str) -> Iterator[Path]:
    """The path to the value that begins on each line; only to what is around it if a key is too long."""
    path: list[str | int] = []
    for line in text.split("\n"):
        depth, key = (len(line) - len(line.lstrip())) // 2, _KEY.match(line)
        if depth and line.strip(" ,") not in ("]", "}"):
            before = path[depth - 1] if len(path) >= depth else -1
            path[depth - 1 :] = [json.loads(key[1]) if key else int(before) + 1]
        yield tuple(takewhile(lambda step: isinstance(step, int) or len(step) <= MAX_KEY, path))


class _Copy:
    """Copies plain values, as long as they may fit into a spec: a list in many places is written many times."""

    def __init__(self) -> None:
        self._size = 0
        self._around: list[int] = []

    def of(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping) or _is_list(value):
            return self._container(value, path)
        if value is not None and not isinstance(value, str | int | float):
            expected = "a mapping, a list, text, a number, true or false, or None"
            raise _wrong(path, f"expected {expected}, found {_kind(value)}")
        if self._size > MAX_BYTES:
            return None
        self._size += len(value) if isinstance(value, str) else 1
        return within_float64(value) if isinstance(value, int) else value

    def _container(self, value: Any, path: Path) -> Any:
        if id(value) in self._around:
            raise _wrong(path, "it contains itself")
        if self._size > MAX_BYTES or len(path) > MAX_DEPTH:
            return None
        keys = _keys(value, path)
        self._size += 1 + sum(len(key) for key in keys if isinstance(key, str))
        self._around.append(id(value))
        copies = {key: self.of(_item(value, key, path), (*path, key)) for key in keys}
        self._around.pop()
        return copies if isinstance(value, Mapping) else list(copies.values())


def _is_list(value: Any) -> bool:
    """Return whether a value is a list or a tuple, or one of OmegaConf's, which are neither."""
    return isinstance(value, list | tuple) or (bool(_omegaconf(value)) and not isinstance(value, Mapping))


def _has_no_value(value: Any) -> bool:
    """Return whether an empty container is one of OmegaConf's that is None, `???` or an interpolation."""
    omegaconf = _omegaconf(value)
    return bool(omegaconf) and omegaconf.to_container(value) not in ({}, [], ())


def _omegaconf(value: Any) -> Any:
    """The class `OmegaConf` if a value is one of its containers, else None; it is not imported to ask."""
    omegaconf: Any = getattr(sys.modules.get("omegaconf"), "OmegaConf", None)
    return omegaconf if omegaconf is not None and omegaconf.is_config(value) else None


def _keys(value: Any, path: Path) -> Sequence[Any]:
    if not len(value) and _has_no_value(value):
        raise _wrong(path, f"it has no value ({printable(str(value))})")
    if not isinstance(value, Mapping):
        return range(len(value))
    for key in (keys := list(value)):
        if not isinstance(key, str):
            raise _wrong(path, f"expected text as keys, found {printable(repr(key))} ({_kind(key)})")
    return keys


def _item(value: Any, key: Any, path: Path) -> Any:
    try:
        return value[key]
    except Exception as failure:  # of OmegaConf: `???`, or an interpolation that leads nowhere
        reason = str(failure).partition("\n")[0]
        raise _wrong((*path, key), f"it has no value ({printable(reason)})") from failure


def _kind(value: Any) -> str:
    module, name = type(value).__module__, type(value).__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def _wrong(path: Path, problem: str) -> TypeError:
    return TypeError(f"{printable(spell(path)) or 'the mapping'}: {problem}")

"""Replaces values of a spec, as for a sweep: `{"rules.head.lr_mult": 5}`.

A path is made of keys joined by dots; in `rules` a rule is found by its name. The result is validated like any spec,
so whatever the language refuses in a file is refused here too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, spell
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.spec.language import Optimizer, Spec
from lrspec.spec.syntax.document import Document
from lrspec.spec.syntax.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from lrspec.spec.validation.key_errors import SYNONYMS
from lrspec.spec.validation.validate import validate

_CREATED = (
    *("check", "freeze", "layer_decay", "lr_scale", "optimizer", "options", "schedules", "shape", "tags"),
    *("weight_decay_mult", "where"),
)
"""The mappings that are created if they are missing, so that keys in them can be set."""

_INDEX = re.compile(r"[0-9]{1,9}")


class OverrideError(BriefError):
    """A value of a spec cannot be replaced; the message says which and why."""


def overridden(document: Document, spec: Spec, values: Mapping[str, Any]) -> tuple[Document, Spec]:
    """Return the document with some values replaced, and the spec that it then holds.

    OverrideError if a path does not exist, or a value is not allowed there; TypeError if `values` is not a mapping.
    """
    assert document.root is not None
    if not isinstance(values, Mapping):
        found = type(values).__name__
        raise TypeError(f'expected a mapping of paths to values, such as {{"optimizer.lr": 3e-4}}, found {found}')
    root, paths = document.root, dict[str, Path]()
    for words, value in values.items():
        paths[words] = _path(words, spec)
        root = _with(root, paths[words], (), value, words)
    changed = replace(document, root=root)
    result, findings = validate(changed)
    if result is None:
        messages = []
        for finding in findings:
            causes = [words for words, path in paths.items() if path[: len(finding.path)] == finding.path]
            cause = causes[0] if causes else ", ".join(values)
            problem, *more = finding.message.split("\n")
            advice = f" ({' '.join(more).removesuffix('.')})" if more else ""
            messages.append(f"`{printable(cause)}`: {problem}{advice}")
        raise OverrideError("\n".join(dict.fromkeys(messages)))
    return changed, result


def written(document: Document, spec: Spec, words: str) -> Any:
    """Return the value of a document at a path, or None; OverrideError if no key of a spec begins the path."""
    value = document.value
    for step in _path(words, spec):
        if isinstance(value, list):
            value = value[int(step)]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _path(words: str, spec: Spec) -> Path:
    """Return the path that `words` spell, with the index of a rule in place of its name."""
    if not isinstance(words, str):
        raise OverrideError(f"expected a path as a string, keys joined by dots, found {printable(repr(words))}")
    key, *rest = words.split(".")
    if key not in Spec.model_fields:
        if key in spec.rule_names:
            hint = f": did you mean `rules.{printable(words)}`?"
        elif parent := next((part for part in ("optimizers", "schedules") if key in (getattr(spec, part) or ())), None):
            hint = f": did you mean `{parent}.{printable(words)}`?"
        elif key in Optimizer.model_fields:
            hint = f": did you mean `{spell(spec.base_path(spec.default))}.{key}`?"
        else:
            hint = did_you_mean(key, Spec.model_fields, synonyms=SYNONYMS)
        raise OverrideError(f"`{printable(words)}`: a spec has no key `{printable(key)}`{hint}")
    if key == "optimizer" and spec.optimizers is not None:
        paths = ", ".join(f"`{printable('.'.join(['optimizers', name, *rest]))}`" for name in spec.optimizers)
        raise OverrideError(f"`{printable(words)}`: the spec has several optimizers: {paths}")
    if key != "rules" or not rest:
        return key, *rest
    name, names = rest[0], spec.rule_names
    if name not in names:
        hint = did_you_mean(name, names) or f" (the rules are {', '.join(names[:10])})"
        raise OverrideError(f"`{printable(words)}`: no rule is called `{printable(name)}`{hint}")
    return "rules", names.index(name), *rest[1:]


def _with(node: Node, path: Path, done: Path, value: Any, words: str) -> Node:
    """Return the node with the value at `path` replaced; `done` is the path to the node."""
    if not path:
        return _node(value, node, words)
    key, rest, below = str(path[0]), path[1:], (*done, path[0])
    here = f"`{printable('.'.join(words.split('.')[: len(done)]))}`" if done else "the spec"
    if isinstance(node, SequenceNode):
        index = int(key) if _INDEX.fullmatch(key) else -1
        if not 0 <= index < len(node.items):
            raise OverrideError(f"`{printable(words)}`: expected an index from 0 to {len(node.items) - 1} in the list")
        items = [*node.items]
        items[index] = _with(items[index], rest, below, value, words)
        return node._replace(items=tuple(items))
    if not isinstance(node, MappingNode):
        key = printable(key)
        raise OverrideError(f"`{printable(words)}`: {here} is not a mapping, so it has no key `{key}`")
    entry = node.entries.get(key)
    if entry is None:
        if done[-1:] == ("optimizers",) or (rest and key not in _CREATED):
            listed = f" (it has {', '.join(map(printable, node.entries))})" if node.entries else ""
            hint = did_you_mean(key, node.entries, synonyms=SYNONYMS) or listed
            raise OverrideError(f"`{printable(words)}`: {here} has no key `{printable(key)}`{hint}")
        entry = Entry(ScalarNode(node.start, node.end, key, key), MappingNode(node.start, node.end, {}))
    entry = entry._replace(value=_with(entry.value, rest, below, value, words))
    return node._replace(entries={**node.entries, key: entry})


def _node(value: Any, old: Node, words: str) -> Node:
    """Return a value as a node, at the place of the node that it replaces."""
    start, end = old.start, old.end
    if isinstance(value, Mapping):
        entries = {}
        for key, item in value.items():
            entries[str(key)] = Entry(ScalarNode(start, end, str(key), str(key)), _node(item, old, words))
        return MappingNode(start, end, entries)
    if isinstance(value, list | tuple):
        return SequenceNode(start, end, tuple(_node(item, old, words) for item in value))
    if value is None:
        return ScalarNode(start, end, None, "None")
    for plain in (bool, int, float, str):
        if isinstance(value, plain):  # a numpy number would end up in the groups, and make checkpoints unreadable
            return ScalarNode(start, end, plain(value), str(value))
    expected = "a number, true or false, a string, a list or a mapping"
    raise OverrideError(f"`{printable(words)}`: expected {expected}, found {type(value).__name__}")

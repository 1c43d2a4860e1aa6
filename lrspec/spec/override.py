"""A spec with some of its values replaced, as for a sweep: `{"rules.head.lr_mult": 5}`.

A path is made of keys with dots between; in `rules` a rule is found by its name. The result is read as any spec is, so
that what the language refuses in a file it refuses here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, spell
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.spec.language import Optimizer, Spec
from lrspec.spec.syntax.document import Document
from lrspec.spec.syntax.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from lrspec.spec.validation.key_errors import SYNONYMS
from lrspec.spec.validation.validate import validate

_MADE = ("optimizer", "options", "where", "check")
"""The mappings that may be missing: what they would hold can be set all the same."""


class OverrideError(ValueError):
    """A value of a spec cannot be replaced; the text says which and why."""


def overridden(document: Document, spec: Spec, values: Mapping[str, Any]) -> tuple[Document, Spec]:
    """The document with some values replaced, and the spec that it holds then.

    Raises:
        OverrideError: for a path that does not exist, or a value that may not stand there.
        TypeError: where they are no mapping.
    """
    assert document.root is not None
    if not isinstance(values, Mapping):
        raise TypeError(f'expected values by their paths, {{"optimizer.lr": 3e-4}}, found {type(values).__name__}')
    root = document.root
    for words, value in values.items():
        root = _with(root, _path(words, spec), (), value, words)
    changed = replace(document, root=root)
    made, findings = validate(changed)
    if made is None:
        raise OverrideError("\n".join(dict.fromkeys(_refusal(found, values, spec) for found in findings)))
    return changed, made


def written(document: Document, spec: Spec, words: str) -> Any:
    """What a document says at a path; None where it says nothing there.

    Raises:
        OverrideError: where the path does not begin as one does.
    """
    value = document.value
    for step in _path(words, spec):
        value = value.get(step) if isinstance(value, dict) else value[int(step)] if isinstance(value, list) else None
    return value


def _path(words: str, spec: Spec) -> Path:
    """The path that is meant, with the number of a rule in place of its name."""
    if not isinstance(words, str):
        raise OverrideError(f"expected a path as text, keys with dots between, found {printable(repr(words))}")
    steps = words.split(".")
    if steps[0] not in Spec.model_fields:
        raise OverrideError(f"`{printable(words)}`: a spec has no `{printable(steps[0])}`{_meant(words, spec)}")
    if steps[0] == "optimizer" and spec.optimizers is not None:
        known = [".".join(["optimizers", name, *steps[1:]]) for name in spec.optimizers]
        raise OverrideError(f"`{printable(words)}`: the spec has several: {', '.join(f'`{each}`' for each in known)}")
    if steps[0] == "rules" and len(steps) > 1:
        return ("rules", _rule(words, steps[1], spec), *steps[2:])
    return tuple(steps)


def _meant(words: str, spec: Spec) -> str:
    """What a path was probably meant to be that begins with no key of a spec."""
    first = words.partition(".")[0]
    if first in spec.rule_names:
        return f": did you mean `rules.{words}`?"
    if first in (spec.optimizers or ()):
        return f": did you mean `optimizers.{words}`?"
    if first in Optimizer.model_fields:
        return f": did you mean `{spell(spec.base_path(spec.default))}.{first}`?"
    return did_you_mean(first, Spec.model_fields, synonyms=SYNONYMS)


def _rule(words: str, name: str, spec: Spec) -> int:
    if name not in spec.rule_names:
        near = did_you_mean(name, spec.rule_names) or f" (they are {', '.join(spec.rule_names[:10])})"
        raise OverrideError(f"`{printable(words)}`: no rule is called `{printable(name)}`{near}")
    return spec.rule_names.index(name)


def _with(node: Node, path: Path, done: Path, value: Any, words: str) -> Node:
    """The node with the value at `path` replaced; `done` is the way to the node."""
    if not path:
        return _node(value, node, words)
    step, *rest = path
    if isinstance(node, SequenceNode):
        place = _place(node, step, words)
        items = [*node.items]
        items[place] = _with(items[place], tuple(rest), (*done, step), value, words)
        return node._replace(items=tuple(items))
    if not isinstance(node, MappingNode):
        raise OverrideError(
            f"`{printable(words)}`: {_shown(words, done)} is no mapping, and has no `{printable(str(step))}`"
        )
    old = node.entries.get(str(step)) or _made(node, str(step), done, last=not rest, words=words)
    new = old._replace(value=_with(old.value, tuple(rest), (*done, step), value, words))
    return node._replace(entries={**node.entries, str(step): new})


def _place(node: SequenceNode, step: str | int, words: str) -> int:
    place = int(step) if str(step).isascii() and str(step).isdigit() else -1
    if not 0 <= place < len(node.items):
        raise OverrideError(f"`{printable(words)}`: the list has the places 0 to {len(node.items) - 1}")
    return place


def _made(node: MappingNode, step: str, done: Path, *, last: bool, words: str) -> Entry:
    """An entry that the document does not have; its place is that of the mapping."""
    if done[-1:] == ("optimizers",) or not (last or step in _MADE):
        known = list(node.entries)
        near = did_you_mean(step, known, synonyms=SYNONYMS) or f" (there are {', '.join(map(printable, known))})"
        raise OverrideError(f"`{printable(words)}`: {_shown(words, done)} has no `{printable(step)}`{near}")
    key = ScalarNode(node.start, node.end, step, step)
    return Entry(key, MappingNode(node.start, node.end, {}))


def _node(value: Any, old: Node, words: str) -> Node:
    """A value as a node, at the place of the one that it replaces."""
    if isinstance(value, Mapping):
        entries = {
            str(key): Entry(ScalarNode(old.start, old.end, str(key), str(key)), _node(each, old, words))
            for key, each in value.items()
        }
        return MappingNode(old.start, old.end, entries)
    if isinstance(value, list | tuple):
        return SequenceNode(old.start, old.end, tuple(_node(each, old, words) for each in value))
    if value is None or isinstance(value, bool | int | float | str):
        return ScalarNode(old.start, old.end, _own(value), str(value))
    raise OverrideError(
        f"`{printable(words)}`: expected a number, true or false, text, a list or a mapping, found "
        f"{type(value).__name__}"
    )


def _own(value: Any) -> Any:
    """Python's own number or text: numpy's would be in the optimizer's groups, and checkpoints are not read with it."""
    return next((kind(value) for kind in (bool, int, float, str) if isinstance(value, kind)), value)


def _shown(words: str, done: Path) -> str:
    """The beginning of a path that has been gone along."""
    return f"`{printable('.'.join(words.split('.')[: len(done)]))}`" if done else "the spec"


def _refusal(found: Finding, values: Mapping[str, Any], spec: Spec) -> str:
    """What is wrong with the spec after the replacement, with the one that has brought it."""
    words = next((words for words in values if _path(words, spec)[: len(found.path)] == found.path), None)
    named = words or ", ".join(values)
    first, *more = found.message.split("\n")
    return f"`{printable(named)}`: {first}" + (f" ({' '.join(more).removesuffix('.')})" if more else "")

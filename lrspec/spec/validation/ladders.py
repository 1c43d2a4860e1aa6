"""Cross-field checks of ladders: the keys and the capture groups of entries of `layers`, the keys of `layer_decay`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, rule_of
from lrspec.diagnostics.suggest import meant
from lrspec.diagnostics.wording import count
from lrspec.regex.groups import captures
from lrspec.regex.tokens import tokens
from lrspec.spec.language import Decay, Entry
from lrspec.spec.rule_regexes import patterns
from lrspec.spec.syntax.document import Document

_KINDS = {"join": "join", "to": "join", "match": "every", "every": "every", "gap": "gap"}
"""The kind of entry that each key belongs to."""

_NEEDED = (
    ("to", "join", "It says which layer a `join` shares."),
    ("every", "match", "Give the regexes whose numbers it divides: `{match: …, every: …}`."),
    ("match", "every", "For a layer per capture, write the regex by itself."),
)
_ENTRY = "An entry has `join` (and perhaps `to`), `match` and `every`, or `gap`."


def ladder_findings(rule: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """Yield LRS104 for the entries of a rule's `layers` and for its `layer_decay`."""
    layers = rule.get("layers")
    for place, entry in enumerate(layers if isinstance(layers, list) else ()):
        if isinstance(entry, dict):
            at = (*path, "layers", place)
            yield from _first(entry, at) if place == 0 else ()
            yield from _keys(entry, at, document)
            yield from _groups(entry, at)
    if isinstance(decay := rule.get("layer_decay"), dict):
        yield from _decay(decay, (*path, "layer_decay"), document)


def later(keys: list[str], path: Path, document: Document) -> str:
    """Return the key of a mapping that comes last in the text."""
    return max(keys, key=lambda key: document.key_span((*path, key)).start)


def _first(entry: dict[str, Any], path: Path) -> Iterator[Finding]:
    for key, purpose in (("join", " to share"), ("gap", "")):
        if key in entry:
            message = f"the first entry is a `{key}`: there is no layer before it{purpose}\nMove it down, or remove it."
            yield Finding("LRS104", path, message, rule_of(path))


def _keys(entry: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """The keys of an entry: of one kind, and complete. A misspelt key is not missing as well."""
    known = [key for key in entry if key in _KINDS]
    if len({_KINDS[key] for key in known}) > 1:
        last = later(known, path, document)
        other = next(key for key in known if _KINDS[key] != _KINDS[last])
        message = f"`{other}` and `{last}` exclude each other\n{_ENTRY}"
        yield Finding("LRS104", (*path, last), message, rule_of(path), at_key=True)
        return
    keys = {meant(key, Entry.model_fields) for key in entry}
    if not keys & _KINDS.keys():
        message = f"the entry has no key that says what it is\n{_ENTRY}"
        yield Finding("LRS104", path, message, rule_of(path))
    for key, needed, advice in _NEEDED:
        if key in entry and needed not in keys:
            message = f"`{key}` needs `{needed}`, which is missing\n{advice}"
            yield Finding("LRS104", (*path, key), message, rule_of(path))


def _groups(entry: dict[str, Any], path: Path) -> Iterator[Finding]:
    """The regexes of an `every` entry: each with a group, and with as many as the first that has one."""
    expected = 0
    for pattern in patterns(entry.get("match"), (*path, "match")) if "every" in entry else ():
        groups = sum(captures(pattern.regex, token) for token in tokens(pattern.regex))
        expected = expected or groups
        regex, message = printable(pattern.regex), ""
        if not groups:
            message = f"'{regex}' captures no number for `every` to divide\nPut it into parentheses: `(\\d+)`."
        elif groups != expected:
            others = f"{count(groups, 'group')}, and a regex before it {expected}"
            message = (
                f"'{regex}' has {others}\nThe regexes of an `every` need the same number: write `(?:…)` for others."
            )
        if message:
            yield Finding("LRS104", pattern.path, message, rule_of(path))


def _decay(decay: dict[str, Any], path: Path, document: Document) -> Iterator[Finding]:
    """The keys of `layer_decay`: a factor, perhaps with a floor, or else `first`."""
    others = [key for key in ("factor", "min_mult") if key in decay]
    if "first" in decay and others:
        last = later(["first", *others], path, document)
        message = f"`first` and `{others[-1] if last == 'first' else last}` exclude each other"
        advice = "Keep one of the two: the factor follows from `first`, and nothing falls below it."
        yield Finding("LRS104", (*path, last), f"{message}\n{advice}", rule_of(path), at_key=True)
    elif not {meant(key, Decay.model_fields) for key in decay} & {"factor", "first"}:
        yield Finding("LRS104", path, "the key `factor` of `layer_decay` is missing", rule_of(path))

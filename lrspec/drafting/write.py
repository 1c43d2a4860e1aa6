"""Writes a draft as YAML, as a person would: short mappings and lists in one line, regexes in single quotes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lrspec.diagnostics.escape import harmless
from lrspec.diagnostics.wording import number
from lrspec.drafting.character_classes import with_classes
from lrspec.drafting.rules import DraftRule, Entry, Selector
from lrspec.spec.language import ONLY, ModelSource, Optimizer
from lrspec.spec.syntax.scalars import plain_number, single_quoted

_WIDTH = 110
"""The width that a line with a list is kept below."""
_WIDEST = 120
_COMMENTS = 38
"""The column of comments, behind lines that are shorter."""
_MOMENTUM = {"momentum", "nesterov", "dampening", "alpha"}
_WORD = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_](?::[A-Za-z0-9_./-]*[A-Za-z0-9_])?")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off"}


def spec_text(
    bases: Mapping[str, Optimizer],
    rules: Sequence[DraftRule],
    model: ModelSource | None = None,
    notes: Sequence[str] = (),
    check: Sequence[tuple[str, str, str]] = (),
) -> str:
    """Return the text of a spec; `check` has severities for all of it, each with its reason."""
    lines = ["# yaml-language-server: $schema=lrspec.v1.schema.json"]
    lines += [line for note in notes for line in _paragraph(note)]
    lines.append("lrspec: 1")
    if model is not None:
        lines.append(f"models: {_model(model)}")
    lines += _bases(bases)
    lines.append("rules:")
    for rule in rules:
        lines += _rule(rule)
    lines += _check(check)
    return "".join(f"{line}\n" for line in lines)


def _model(model: ModelSource) -> str:
    return scalar(model.source) if not model.args else f"{{source: {scalar(model.source)}, args: {scalar(model.args)}}}"


def _bases(bases: Mapping[str, Optimizer]) -> Iterator[str]:
    if list(bases) == [ONLY]:
        if base := _base(bases[ONLY]):
            yield f"optimizer: {base}"
        return
    yield "optimizers:"
    for name, optimizer in bases.items():
        yield f"  {name}: {_base(optimizer) or '{}'}"


def _base(optimizer: Optimizer) -> str:
    """What an optimizer starts from; what belongs to the rate stands beside it."""
    options = optimizer.options
    before = {key: value for key, value in options.items() if key in _MOMENTUM}
    values = {"type": optimizer.type, "lr": optimizer.lr, **before, "weight_decay": optimizer.weight_decay, **options}
    values = {key: value for key, value in values.items() if value is not None or key in options}
    return scalar(values) if values else ""


def _rule(rule: DraftRule) -> Iterator[str]:
    lines = [f"name: {scalar(rule.name)}", *_selector(rule.selector)]
    lines += ["fallback: true"] if rule.fallback else []
    for key, value in rule.settings:
        lines += _setting(key, value)
    lines += _check(rule.check)
    for index, line in enumerate(lines):
        yield _commented(f"{'    ' if index else '  - '}{line}", "" if index else rule.comment)


def _setting(key: str, value: Any) -> Iterator[str]:
    """A setting, in one line if it fits."""
    line = f"{key}: {scalar(value)}"
    if len(line) <= _WIDTH or not isinstance(value, Mapping):
        yield line
        return
    yield f"{key}:"
    yield from (f"  {scalar(name)}: {scalar(item)}" for name, item in value.items())


def _commented(line: str, comment: str) -> str:
    """A line with a comment behind it, or before it if that would make it too long."""
    if not comment:
        return line
    behind = (
        f"{line:<{_COMMENTS}}# {harmless(comment)}" if len(line) < _COMMENTS - 1 else f"{line}   # {harmless(comment)}"
    )
    if len(behind) <= _WIDEST:
        return behind
    indent = " " * (len(line) - len(line.lstrip()))
    return "\n".join([*(f"{indent}{each}" for each in _paragraph(comment, _WIDEST - len(indent))), line])


def _paragraph(text: str, width: int = 120) -> list[str]:
    return textwrap.wrap(harmless(text), width, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _selector(selector: Selector) -> Iterator[str]:
    if selector.match:
        yield from _regexes("match", selector.match)
    if selector.layers:
        yield from _layers(selector.layers)
    if selector.exclude:
        yield from _regexes("exclude", selector.exclude)
    where = {
        "module": selector.module,
        "declared": selector.declared[0] if len(selector.declared) == 1 else selector.declared,
        "ndim": selector.ndim[0] if len(selector.ndim) == 1 else selector.ndim,
    }
    if where := {key: value for key, value in where.items() if value not in (None, ())}:
        yield f"where: {scalar(where)}"


def _regexes(key: str, regexes: Sequence[str]) -> Iterator[str]:
    if len(regexes) == 1:
        yield f"{key}: {_quoted(regexes[0])}"
        return
    line = f"{key}: [{', '.join(map(_quoted, regexes))}]"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{key}:"
    for regex in regexes:
        yield f"  - {_quoted(regex)}"


def _layers(entries: Sequence[Entry]) -> Iterator[str]:
    if len(entries) == 1 and len(entries[0].regexes) == 1 and not entries[0].every:
        yield f"layers: {_quoted(entries[0].regexes[0])}"
        return
    yield "layers:"
    for entry in entries:
        yield from (f"  {line}" for line in _entry(entry))


def _entry(entry: Entry) -> Iterator[str]:
    if entry.gap:
        yield f"- {{gap: {entry.gap}}}"
        return
    listed = [_quoted(regex) for regex in entry.regexes]
    text = listed[0] if len(listed) == 1 else f"[{', '.join(listed)}]"
    line = {None: text, "last": f"join: {text}", "first": f"{{join: {text}, to: first}}"}[entry.join]
    line = f"{{match: {text}, every: {entry.every}}}" if entry.every else line
    if len(line) <= _WIDTH or len(listed) == 1:
        yield f"- {line}"
        return
    yield "- join:" if entry.join else "- match:" if entry.every else "-"
    yield from (f"    - {regex}" for regex in listed)
    if entry.join == "first":
        yield "  to: first"
    if entry.every:
        yield f"  every: {entry.every}"


def _quoted(regex: str) -> str:
    return single_quoted(with_classes(regex))


def _check(check: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    listed = list(check)
    if listed:
        yield "check:"
    for name, severity, reason in listed:
        yield f"  {name}: {severity}   # {harmless(reason)}"


def scalar(value: Any) -> str:
    """Return a value as YAML in one line; text only in quotes where it needs them."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(scalar, value))}]"
    if isinstance(value, int | float):
        return _short(value)
    if not value.isprintable():
        listed = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value)
        return f'"{"".join(listed)}"'
    return value if _is_plain(value) else single_quoted(value)


def _is_plain(text: str) -> bool:
    return _WORD.fullmatch(text) is not None and plain_number(text) is None and text.lower() not in _NOT_TEXT


def _short(value: float) -> str:
    """Return a number as people write it: `1e-3` rather than `0.001`, but `0.01`, `0.05`."""
    plain = number(value)
    if isinstance(value, int) or not plain.startswith("0.00"):
        return plain
    digits = plain[2:].lstrip("0")
    mantissa = digits[0] + ("." + digits[1:] if digits[1:] else "")
    return f"{mantissa}e-{len(plain) - 2 - len(digits) + 1}"

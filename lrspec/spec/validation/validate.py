"""A `Document` to a `Spec`, or to everything that is wrong with it, each at its own place.

pydantic judges single values; what keys must be to each other is judged in `consistency.py` and `options.py`. All of
it always runs, so that one round of corrections is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import ValidationError

from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import Path, rule_of, spell
from lrspec.diagnostics.suggest import meant
from lrspec.spec.language import TAGS, Rule, Spec
from lrspec.spec.limits import MAX_RULES
from lrspec.spec.syntax.document import Document
from lrspec.spec.validation.cross_field import document_findings, rule_findings, takes_null
from lrspec.spec.validation.key_errors import SYNONYMS, keys_at, unknown_key
from lrspec.spec.validation.optimizer_options import option_findings
from lrspec.spec.validation.value_errors import missing_key, suggested_value, too_long, wrong_value

_MOST = 10_000


def validate(document: Document) -> tuple[Spec | None, list[Finding]]:
    """The spec that the document holds, or None and the findings that say why not: the first ten thousand of a kind.

    The document must have been read (`document.root` is not None).
    """
    spec, findings = _validate_values(document)
    if isinstance(document.value, dict):
        for found in (document_findings(document), option_findings(document.value), rule_findings(document)):
            findings += islice(found, _MOST)
    return (None if findings else spec), list(_telling(findings, document))


def nothing_to_multiply(spec: Spec) -> Iterator[Finding]:
    """LRS104 where a multiplier has nothing to multiply; judged when compiling, after `--lr` and `--weight-decay`.

    Where some of several optimizers have what it multiplies, it depends on the model (`unfit_settings.py`).
    """
    for index, rule in enumerate(spec.rules):
        for key, base in multiplied(rule):
            if all(getattr(optimizer, base) is None for optimizer in spec.bases.values()):
                place = f"{spell(spec.base_path(spec.default))}.{base}"
                flag = f"--{base.replace('_', '-')}" if len(spec.bases) == 1 else f"--set {place}=…"
                yield _no_base(index, key, place, flag)


def multiplied(rule: Rule) -> Iterator[tuple[str, str]]:
    """The keys by which a rule multiplies, each with the key of the optimizer that it needs."""
    for key in ("lr_mult", "lr_scale", "layer_decay"):
        own = key == "layer_decay" and rule.lr is not None
        if getattr(rule, key) is not None and not own:
            yield key, "lr"
    if rule.weight_decay_mult is not None:
        yield "weight_decay_mult", "weight_decay"


def _no_base(index: int, key: str, base: str, flag: str) -> Finding:
    message = f"`{key}` has nothing to multiply: there is no `{base}`"
    return Finding("LRS104", ("rules", index, key), f"{message}\nGive `{base}`, or `{flag}` when compiling.", index)


def _validate_values(document: Document) -> tuple[Spec | None, list[Finding]]:
    try:
        return Spec.model_validate(_bounded(document.value)), []
    except ValidationError as failure:
        errors = failure.errors(include_url=False)[:_MOST]
        misspelt = {_meant_path(error["loc"]) for error in errors if error["type"] == "extra_forbidden"}
        told = (error for error in errors if error["type"] != "missing" or error["loc"] not in misspelt)
        return None, [finding for error in told for finding in _value_finding(error)]


def _bounded(content: Any) -> Any:
    """The content with no more rules than show that there are too many; pydantic would judge each of them."""
    rules = content.get("rules") if isinstance(content, dict) else None
    return {**content, "rules": rules[: MAX_RULES + 1]} if isinstance(rules, list) else content


def _meant_path(location: tuple[int | str, ...]) -> tuple[int | str | None, ...]:
    """Where a misspelt key was probably meant to be."""
    known, _ = keys_at(tuple(step for step in location[:-1] if step not in TAGS))
    return *location[:-1], meant(str(location[-1]), known, SYNONYMS)


def _value_finding(error: Any) -> Iterator[Finding]:
    kind, found, location = error["type"], error["input"], error["loc"]
    path: Path = tuple(step for step in location if step not in TAGS)
    if path[-1:] == ("[key]",):
        yield Finding("LRS104", path[:-1], wrong_value(path[:-1], error), at_key=True, meant=suggested_value(error))
    elif kind == "extra_forbidden":
        path = (*(step for step in location[:-1] if step not in TAGS), location[-1])
        message, instead = unknown_key(path)
        yield Finding("LRS103", path, message, rule_of(path), at_key=True, meant=instead)
    elif kind == "missing":
        yield Finding("LRS104", path[:-1], missing_key(path), rule_of(path))
    elif kind in ("too_long", "string_too_long"):
        yield Finding("LRS101", (*path, MAX_RULES) if kind == "too_long" else path, too_long(kind), rule_of(path))
    elif found is None and path and not takes_null(path):
        return  # said in `consistency.py`
    elif kind == "too_short" and found:
        return  # said by what is wrong with the items
    else:
        yield Finding("LRS104", path, wrong_value(path, error), rule_of(path), meant=suggested_value(error))


def _telling(findings: list[Finding], document: Document) -> Iterator[Finding]:
    """Leaves out what only follows: from a key that is unknown, or from an entry that could not be read."""
    unknown = {finding.path for finding in findings if finding.code == "LRS103"}
    for finding in findings:
        beneath = any(finding.path[:length] in unknown for length in range(1, len(finding.path) + 1))
        if finding.code == "LRS103" or not (beneath or document.is_incomplete(finding.path)):
            yield finding

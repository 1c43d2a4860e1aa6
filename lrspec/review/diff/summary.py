"""The first line of a diff: what differs, of how much of the model, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lrspec.diagnostics.wording import count
from lrspec.review.changes import Pair, Setting, changes
from lrspec.review.diff.difference import Difference
from lrspec.review.diff.names import Names
from lrspec.review.diff.rows import NO_RULE, Row
from lrspec.review.diff.words import listed, share

SAME = "no difference"

_SUBJECTS = 3
"""The rules that are named; of more, their number."""

_OWN_NAME = re.compile(r"rule-\d+")


def summary(difference: Difference, rows: Sequence[Row]) -> str:
    """Sum up a difference."""
    if not difference:
        return SAME
    parts = [*_settings(difference, rows), _frozen(difference, rows), *_structure(difference), *_rest(difference)]
    return "; ".join(parts)


def _settings(difference: Difference, rows: Sequence[Row]) -> Iterator[str]:
    """What became of rates, and which other settings differ."""
    changed = [row for row in rows if row.becomes is None]
    if rates := [row for row in changed if row.setting("lr")]:
        yield _sentence(difference, rates, "lr")
    keys = dict.fromkeys(setting.key for row in changed for setting in row.settings if setting.key != "lr")
    for key in keys:
        yield _sentence(difference, [row for row in changed if row.setting(key)], key)
    if not rows and not changes(difference.old, difference.new, [*_fused(difference), *_split(difference)]):
        yield "all settings stay the same"


def _sentence(difference: Difference, rows: Sequence[Row], key: str) -> str:
    """`layer4 and head: 0.001 → 0.0005, 23 parameters, 75 % of the elements`."""
    new = [entry.parameter for entry in difference.new.entries]
    parameters = [parameter for row in rows for parameter in row.parameters]
    settings = [setting for row in rows if (setting := row.setting(key))]
    values = dict.fromkeys(pair for setting in settings for pair in setting.values)
    words = str(Setting(key, tuple(values), (), ())).removeprefix("lr ")
    subject = _subject(difference, rows, key)
    return f"{f'{subject}: ' if subject else ''}{words}, {share(parameters, new)}"


def _subject(difference: Difference, rows: Sequence[Row], key: str) -> str:
    """The rules that decide a setting, or patterns of names where rules have no name; nothing if neither is short."""
    settings = [setting for row in rows if (setting := row.setting(key))]
    rules = dict.fromkeys(setting.set_by[0] if setting.set_by else NO_RULE for setting in settings)
    named = [rule for rule in rules if rule != NO_RULE and not _OWN_NAME.fullmatch(rule)]
    if len(named) < len(rules):
        every = Names(entry.name for entry in difference.new.entries)
        patterns = every.patterns([parameter.name for row in rows for parameter in row.parameters])
        if len(patterns) <= _SUBJECTS:
            return "everything" if patterns == ["*"] else listed(patterns)
        if not named:
            return ""
        named.append("others")
    return listed(named) if len(named) <= _SUBJECTS else count(len(rules), "rule")


def _frozen(difference: Difference, rows: Sequence[Row]) -> str:
    """What was frozen and what was thawed."""
    words = []
    for becomes in ("frozen", "thawed"):
        if of := [row for row in rows if row.becomes == becomes]:
            parameters = [parameter for row in of for parameter in row.parameters]
            new = [entry.parameter for entry in difference.new.entries]
            subject = _subject(difference, of, "status")
            words.append(f"{becomes}: {f'{subject}, ' if subject else ''}{share(parameters, new)}")
    return "; ".join(words) or "nothing frozen or thawed"


def _structure(difference: Difference) -> Iterator[str]:
    """What became of the model: how many parameters were renamed, fused, split, added and so on."""
    pairing = difference.pairing
    if renamed := sum(len(rename.pairs) for rename in pairing.renamed):
        yield f"{renamed:,} renamed"
    if pairs := _fused(difference):
        yield f"{len(pairs):,} fused into {len(pairing.fused):,}{_given_otherwise(difference, pairs)}"
    if pairs := _split(difference):
        yield f"{len(pairing.split):,} split into {len(pairs):,}{_given_otherwise(difference, pairs)}"
    reshaped = sum(len(change.places) for change in difference.changes if "shape" in change.before)
    for number, word in ((len(pairing.added), "added"), (len(pairing.gone), "gone"), (reshaped, "reshaped")):
        if number:
            yield f"{number:,} {word}"


def _fused(difference: Difference) -> list[Pair]:
    return [(part, fusion.whole) for fusion in difference.pairing.fused for part in fusion.parts]


def _split(difference: Difference) -> list[Pair]:
    return [(fusion.whole, part) for fusion in difference.pairing.split for part in fusion.parts]


def _given_otherwise(difference: Difference, pairs: Sequence[Pair]) -> str:
    """What differs of the settings of parameters that are fused or split now."""
    found = changes(difference.old, difference.new, pairs)
    if not found:
        return ""
    return f" with {', '.join(map(str, found[0].settings))}" if len(found) == 1 else " with other settings"


def _rest(difference: Difference) -> Iterator[str]:
    for noun, replaced in (("optimizer", difference.optimizers), ("schedule", difference.schedules)):
        names = [each.name for each in replaced]
        if names:
            yield f"{noun} {listed(names)} changed" if names != [noun] else f"{noun} changed"

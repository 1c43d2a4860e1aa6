"""Why a rule, or a regex of it, selects nothing, as far as the names can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lrspec.matching import SlowRegexError
from lrspec.modules import WRAPPED
from lrspec.patterns import FAILURES, Pattern, RuleRegexes
from lrspec.resolution import Resolution
from lrspec.source import printable
from lrspec.suggest import did_you_mean, nearest
from lrspec.wording import count, few

_KEYS = ("where", "exclude")


def why_nothing(resolution: Resolution, rule: int) -> str:
    """Why a rule selects nothing."""
    regexes, parameters = resolution.selections[rule].regexes, resolution.parameters
    if not parameters:
        return "the model has no parameters"
    matched = {parameter for pattern in regexes.selecting for parameter in resolution.names.parameters(pattern)}
    if matched or not regexes.entries:
        kept = count(len(matched) or len(parameters), "parameter")
        return f"{_narrowing(resolution, rule, 'leaves', 'leave')} none of {kept}{_owners(resolution, rule)}"
    return f"no name of {count(len(parameters), 'parameter')} matches. {_hint(resolution, regexes)}"


def taken_out(resolution: Resolution, rule: int, pattern: Pattern) -> str:
    """What to add about a regex that does match, while other keys of its rule leave nothing of that."""
    matched = resolution.names.parameters(pattern)
    if not matched:
        return ""
    return (
        f": {_narrowing(resolution, rule, 'takes', 'take')} out the {count(len(matched), 'parameter')} that it matches"
    )


def likely_reason(resolution: Resolution, pattern: Pattern) -> str:
    """What to add about a regex that no name matches; empty where no reason is likely."""
    reason = next(_reasons(resolution, pattern), None)
    return f". {reason}" if reason else ""


def _narrowing(resolution: Resolution, rule: int, one: str, two: str) -> str:
    """The keys that narrow a rule, with a verb for one of them or for two."""
    keys = [f"`{key}`" for key in _KEYS if getattr(resolution.spec.rules[rule], key) is not None]
    return f"{' and '.join(keys)} {one if len(keys) == 1 else two}"


def _owners(resolution: Resolution, rule: int) -> str:
    where = resolution.spec.rules[rule].where
    if where is None or where.module is None:
        return ""
    owners = dict.fromkeys(parameter.module[0] for parameter in resolution.parameters if parameter.module)
    return f". The modules are {few(list(owners))}{_meant_module(where.module, list(owners))}" if owners else ""


def _meant_module(regex: str, owners: list[str]) -> str:
    """What to add about a `where.module` that no class has: `nn.LayerNorm`, or a slip."""
    last = regex.rpartition(".")[2]
    if last != regex and any(last in owner for owner in owners):
        return f"; a class is known by its own name alone, '{printable(last)}'"
    return did_you_mean(regex, owners)


def _hint(resolution: Resolution, regexes: RuleRegexes) -> str:
    """A likely reason why the regexes have missed, or else what the names look like."""
    beginnings = list(dict.fromkeys(parameter.name.split(".")[0] for parameter in resolution.parameters))
    looks = f"begin with {few(beginnings)}" if len(beginnings) > 1 else f"are {few(_names(resolution), 3)}"
    reasons = (reason for pattern in regexes.selecting for reason in _reasons(resolution, pattern))
    return next(reasons, f"The names {looks}")


def _names(resolution: Resolution) -> list[str]:
    return [parameter.name for parameter in resolution.parameters]


def _reasons(resolution: Resolution, pattern: Pattern) -> Iterator[str]:
    wrapping = [word for word in WRAPPED if word in pattern.regex]
    if wrapping and not any(word in name for word in wrapping for name in resolution.inventory.index):
        yield f"Names are without what wrappers add, such as `{wrapping[0]}.`"
    if pattern.regex.endswith("\n"):
        yield "The regex ends in a line break, which no name has: write it on one line, in single quotes"
    if _matches(resolution, pattern, pattern.regex, re.IGNORECASE):
        yield "Matching is case-sensitive"
    if _matches(resolution, pattern, (inner := pattern.regex.strip("/"))):
        yield f"Without the slashes it matches: '{printable(inner)}'"
    pieces = [piece.strip() for piece in pattern.regex.split(",")]
    if any(_matches(resolution, pattern, piece) for piece in pieces if piece):
        yield f"Several regexes are a list: [{', '.join(_quoted(piece) for piece in pieces if piece)}]"

    yield from _misspelt(resolution, pattern)


def _misspelt(resolution: Resolution, pattern: Pattern) -> Iterator[str]:
    """A word of a regex that is in no name, while one of a name is near."""
    components = dict.fromkeys(part for text in resolution.names.texts.values() for part in text.split("."))
    for word in re.findall(r"[A-Za-z_]\w{3,}", re.sub(r"\\.", " ", pattern.regex)):
        missing = not any(word in component for component in components)
        if missing and (near := nearest(word, components, 1)):
            yield f"No name has '{printable(word)}': did you mean '{printable(near[0])}'?"


def _matches(resolution: Resolution, pattern: Pattern, other: str, flags: int = 0) -> bool:
    """Whether another regex in place of one would match some name; not where it is slow, empty or none."""
    try:
        return other != "" and bool(resolution.names.parameters(Pattern(other, pattern.path, flags)))
    except (SlowRegexError, *FAILURES):
        return False


def _quoted(regex: str) -> str:
    return "'" + printable(regex).replace("'", "''") + "'"

"""Does the `exclude` of a rule take anything out? LRS314."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from lrspec.compiler.checks.finding import Compilation, Subject, unjudged
from lrspec.compiler.checks.why_unselected import why_no_name
from lrspec.compiler.names import Name
from lrspec.compiler.resolution import Resolution
from lrspec.compiler.selection import accepted
from lrspec.diagnostics.diagnostic import Finding
from lrspec.regex.search import SlowRegexError

_MOST_LASTS = 20  # last components of names, such as `weight` and `bias`, of those that a rule selects


def dead_exclude(compilation: Compilation) -> Iterator[Finding]:
    """LRS314: an `exclude` that drops nothing on this model; silent if the spec names models that are not here.

    Of several models each must have the finding, word for word: `merge_findings` keeps it only then.
    """
    resolution, models, sources = compilation.resolution, compilation.models, compilation.resolution.spec.sources
    if models < sum(source not in sources[:index] for index, source in enumerate(sources)):
        return
    for index, rule in enumerate(resolution.spec.rules):
        selection = resolution.selections[index]
        if rule.exclude is None or rule.optional or not selection.parameters:
            continue
        name, path = resolution.spec.rule_names[index], ("rules", index, "exclude")
        try:
            if dropped(resolution, index) or _guards(resolution, index):
                continue
        except SlowRegexError as slow:
            yield unjudged(
                resolution, "LRS314", index, slow.pattern, f"whether the `exclude` of `{name}` drops anything"
            )
            continue
        idle = [hit.pattern for hit in selection.excluded if not hit.matches] if models == 1 else []
        reasons = chain.from_iterable(why_no_name(resolution, pattern) for pattern in idle)
        where = "on this model" if models == 1 else f"in any of the {models} models"
        yield Subject(resolution, path, index).finding(
            "LRS314",
            f"the `exclude` of the rule `{name}` drops nothing {where}: without it the rule selects the same parameters"
            f"{next((f'. {reason}' for reason in reasons), '')}",
            "Fix or remove it; if it is only for some models, add `optional: true` to the rule.",
        )


def dropped(resolution: Resolution, rule: int) -> set[int]:
    """The families that a rule would select without its `exclude`; SlowRegexError if finding out takes too long."""
    selection, names = resolution.selections[rule], resolution.names.judging
    out = sorted({name.parameter for hit in selection.excluded for name in hit.matches})
    texts = {
        Name(parameter, which): text
        for parameter in out
        for which, text in enumerate(resolution.columns.names_of(parameter))
    }
    candidates = accepted(resolution.spec.rules[rule], selection.regexes, names, texts)
    if not selection.regexes.entries:
        return {name.parameter for name in candidates}
    hits = (names.searching.matches(pattern, candidates) for pattern in selection.regexes.selecting)
    return {name.parameter for matches in hits for name in matches}


def _guards(resolution: Resolution, rule: int) -> bool:
    """Return whether an `exclude` would drop parameters that modules lack: `norm` of all biases, if norms have none.

    These are named as what it matches, with the last component of something that the rule selects.
    """
    selection, searching = resolution.selections[rule], resolution.names.judging.searching
    modules = {match.string.rpartition(".")[0] for hit in selection.excluded for match in hit.matches.values()}
    lasts = {match.string.rpartition(".")[2] for hit in selection.hits for match in hit.matches.values()}
    if len(lasts) > _MOST_LASTS:
        return False
    texts = {text: text for module in modules for last in lasts for text in [f"{module}.{last}"]}
    regexes = selection.regexes
    selected = {text: text for pattern in regexes.selecting for text in searching.matches(pattern, texts)}
    return any(searching.matches(pattern, selected) for pattern in regexes.exclude)

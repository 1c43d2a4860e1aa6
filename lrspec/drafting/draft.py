"""`draft`: from what every parameter is to get to the text of a spec, proved to say just that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lrspec.compiler.compile import attempt
from lrspec.compiler.plan import Settings
from lrspec.diagnostics.codes import Severity
from lrspec.drafting.allowing import allowed
from lrspec.drafting.axes import decay_rules, freeze_rules, optimizer_rules, option_rules, thaw_rules
from lrspec.drafting.merging import merged
from lrspec.drafting.naming import unique
from lrspec.drafting.prove import DraftError, TooLongError, loaded, proved
from lrspec.drafting.rates.rates import rate_rules
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.cost import cost_of_rules
from lrspec.drafting.selecting.targets import reached
from lrspec.drafting.wanted import Wanted
from lrspec.drafting.write import written
from lrspec.spec.limits import MAX_BYTES, MAX_RULES
from lrspec.spec.load import SpecFile

_REST = DraftRule("rest", Selector(), (("freeze", True),), fallback=True)
_DECIDING = {"lr", "lr_mult", "layer_decay", "freeze"}
_MANY = 8  # alternatives in the regexes of a rule


@dataclass(frozen=True)
class Draft:
    """A spec that was found: its file, with the text, and its rules, with the reason for each."""

    file: SpecFile
    rules: tuple[DraftRule, ...]

    @property
    def text(self) -> str:
        """The text of the spec."""
        return self.file.text


def draft(wanted: Wanted) -> Draft:
    """Find a short spec that gives every parameter what is wanted, and nothing else.

    Raises:
        TooLongError: if a spec that says that has more rules than a spec may have, or more text.
        DraftError: if the spec that was found does not say that, which is a bug in lrspec.
    """
    wanted = _with_own_rates(_without_idle(wanted))
    found = _rules(wanted)
    if len(found) > MAX_RULES:
        raise _too_long(wanted, f"{len(found):,} rules", f"{MAX_RULES:,}")
    rules = unique(list(map(_explained, _one_for_all(merged(wanted, found)))))
    text = written(wanted, rules)
    if len(text.encode()) > MAX_BYTES:
        raise _too_long(wanted, f"{len(text.encode()) / MAX_BYTES:.1f} MiB of text", "1 MiB")
    findings = attempt(loaded(text), wanted.inventory).diagnostics
    if findings:
        rules, check = allowed(rules, findings)
        text = written(wanted, rules, check)
    outcome = proved(text, wanted)
    if errors := [finding for finding in outcome.diagnostics if finding.severity is Severity.error]:
        raise DraftError(f"the draft does not compile: {errors[0].message}")
    return Draft(outcome.file, rules)


def _too_long(wanted: Wanted, needed: str, most: str) -> TooLongError:
    different = len({repr(settings) for settings in wanted.settings})
    return TooLongError(
        f"there are {different:,} different settings and no ladder in them: "
        f"a spec would need {needed}, and {most} is the most that it may have"
    )


def _without_idle(wanted: Wanted) -> Wanted:
    """What is wanted, without optimizers that train nothing."""
    default = next(iter(wanted.bases))
    used = {settings.optimizer or default for settings in wanted.settings if settings is not None} or {default}
    return replace(wanted, bases={name: base for name, base in wanted.bases.items() if name in used})


def _with_own_rates(wanted: Wanted) -> Wanted:
    """What is wanted, with its optimizer's rate for each that has none: no rule takes a rate away."""
    default = next(iter(wanted.bases))
    own = {name: base.lr for name, base in wanted.bases.items()}
    settings = [
        replace(each, lr=own[each.optimizer or default]) if each is not None and each.lr is None else each
        for each in wanted.settings
    ]
    return replace(wanted, settings=settings)


def _rules(wanted: Wanted) -> list[DraftRule]:
    """All rules: what is frozen, optimizers, rates, decay, options; or last, that the rest is frozen."""
    before, after = optimizer_rules(wanted), [*decay_rules(wanted), *option_rules(wanted)]
    frozen, rates = freeze_rules(wanted), rate_rules(wanted)
    probe = _rates_of_probe(wanted)
    mostly_frozen = 2 * sum(settings is None for settings in wanted.settings) > len(wanted.settings)
    if probe and cost_of_rules([*probe, _REST]) < cost_of_rules([*frozen, *rates]) + mostly_frozen:
        return [*thaw_rules(wanted), *before, *probe, *after, _REST]
    return [*frozen, *before, *rates, *after]


def _rates_of_probe(wanted: Wanted) -> list[DraftRule]:
    """The rules for rates that leave all that is frozen to a fallback; none if there are no such rules."""
    trained = {place for place, settings in enumerate(wanted.settings) if settings is not None}
    if len(trained) in (0, len(wanted.settings)):
        return []
    unset = Settings(None, None, ())  # which no rule may select
    rules = rate_rules(replace(wanted, settings=[unset if each is None else each for each in wanted.settings]))
    if any(rule.selector.layers or rule.fallback or rule.selector == Selector() for rule in rules):
        return []
    deciding = [rule for rule in rules if {"lr", "lr_mult"} & {*dict(rule.settings)}]
    found = [reached(wanted.inventory.columns, rule.selector) for rule in deciding]
    return rules if frozenset[int]().union(*found) == trained else []


def _one_for_all(rules: Sequence[DraftRule]) -> list[DraftRule]:
    """The rules; a catch-all is called so if it alone decides everything."""
    deciding = [rule for rule in rules if _DECIDING & {*dict(rule.settings)}]
    if len(deciding) > 1 or not deciding or not deciding[0].fallback:
        return [*rules]
    all_alike = replace(deciding[0], name="all")
    return [all_alike if rule is deciding[0] else rule for rule in rules]


def _explained(rule: DraftRule) -> DraftRule:
    """The rule, with a comment if names had to be listed."""
    listed = sum(1 + regex.count("|") for regex in (*rule.selector.match, *rule.selector.exclude))
    if listed <= _MANY:
        return rule
    comment = "listed one by one: nothing shorter tells these apart"
    return replace(rule, comment=f"{rule.comment}; {comment}" if rule.comment else comment)

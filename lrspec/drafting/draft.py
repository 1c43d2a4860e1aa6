"""Drafts a spec from the settings wanted for each parameter, and checks the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lrspec.compiler.plan import Plan, Settings
from lrspec.drafting.allowing import Check, allow
from lrspec.drafting.axes import decay_rules, freeze_rules, optimizer_rules, option_rules, tag_rules, thaw_rules
from lrspec.drafting.comments import DECLARED, FROZEN, ONE_RATE, OWN_RATES, REST
from lrspec.drafting.depth.ends import ladder_comment
from lrspec.drafting.last_layers import blocks_but_last, ladder_but_last
from lrspec.drafting.merging import in_model_order, merge
from lrspec.drafting.naming import unique
from lrspec.drafting.plain import plain_rules
from lrspec.drafting.prove import DraftError, TooLongError, compare, compile_draft, plan_of
from lrspec.drafting.rates.rates import rate_rules
from lrspec.drafting.rules import DraftRule, Selector
from lrspec.drafting.selecting.cost import cost_of_rules
from lrspec.drafting.selecting.targets import reached
from lrspec.drafting.wanted import Wanted
from lrspec.drafting.write import spec_text
from lrspec.spec.limits import MAX_BYTES, MAX_RULES
from lrspec.spec.load import SpecFile

_REST = DraftRule("rest", Selector(), (("freeze", True),), fallback=True, comment=FROZEN)
_DECIDING = {"lr", "lr_mult", "layer_decay", "freeze"}
_VALUES = {
    **dict.fromkeys(("lr", "lr_mult"), "learning rates"),
    **dict.fromkeys(("weight_decay", "weight_decay_mult"), "weight decays"),
}
_MANY = 8  # alternatives in the regexes of a rule, and values that as many rules give
_FEW = 20  # where one of as many parameters is frozen, or fewer, nobody would write that the rest is


@dataclass(frozen=True)
class Draft:
    """A spec that was found, with its plan; and its rules, with the comment of each."""

    plan: Plan
    rules: tuple[DraftRule, ...]

    @property
    def file(self) -> SpecFile:
        """The spec, with its text."""
        return self.plan.file


def draft(wanted: Wanted) -> Draft:
    """Find a short spec that gives every parameter what is wanted, and nothing else.

    Raises:
        TooLongError: if a spec that says that has more rules than a spec may have, or more text.
        DraftError: if not even a list of all names says that, which is a bug in lrspec.
    """
    wanted = _with_own_rates(_without_idle(wanted))
    for found in _ways(wanted):
        try:
            return _written(wanted, found, clean=True)
        except TooLongError:
            raise
        except DraftError:
            continue
    return _written(wanted, plain_rules(wanted))


def _written(wanted: Wanted, found: Sequence[DraftRule], *, clean: bool = False) -> Draft:
    """The draft of some rules, held against what is wanted; DraftError if it is to be `clean`, and something is found.

    A class of characters with a dead member is found only now, for example.
    """
    if len(found) > MAX_RULES:
        raise _too_long(wanted, f"{len(found):,} rules", f"{MAX_RULES:,}")
    ordered = in_model_order(wanted.inventory.columns, merge(wanted, found))
    rules = unique(_values_counted(list(map(_explained, _one_for_all(wanted, ordered)))))
    outcome = compile_draft(_text(wanted, rules), wanted.inventory)
    has_ladders = any(rule.selector.layers for rule in rules)
    if outcome.diagnostics or has_ladders:
        rules, check = allow(rules, outcome.diagnostics, wanted.inventory)
        rules = _with_ends(plan_of(outcome), rules) if has_ladders else rules
        outcome = compile_draft(_text(wanted, rules, check), wanted.inventory)
    if clean and outcome.diagnostics:
        raise DraftError(f"in the draft is found: {outcome.diagnostics[0].message}")
    plan = plan_of(outcome)
    compare(plan, wanted)
    return Draft(plan, rules)


def _text(wanted: Wanted, rules: Sequence[DraftRule], check: Sequence[Check] = ()) -> str:
    text = spec_text(wanted.bases, rules, wanted.model, wanted.notes, check)
    if len(text.encode()) > MAX_BYTES:
        raise _too_long(wanted, f"{len(text.encode()) / MAX_BYTES:.1f} MiB of text", "1 MiB")
    return text


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


def _ways(wanted: Wanted) -> Iterator[list[DraftRule]]:
    """All rules: what is frozen, optimizers, rates, decay, options, tags; or last, that the rest is frozen.

    First, if it is shorter, a ladder that freezes all but its last layers.
    """
    before, after = optimizer_rules(wanted), [*decay_rules(wanted), *option_rules(wanted), *tag_rules(wanted)]
    frozen, rates = freeze_rules(wanted), rate_rules(wanted)
    probe = _rates_of_probe(wanted)
    mostly_frozen = 2 * sum(settings is None for settings in wanted.settings) > len(wanted.settings)
    by_kind = sum(not rule.selector.match for rule in frozen)  # which leaves to other rules what part they are about
    chosen, others = [*frozen, *before, *rates], [ladder_but_last(wanted, rates)]
    if blocks := blocks_but_last(wanted):
        merged = [replace(blocks, settings=(*blocks.settings, *rule.settings)) for rule in probe]
        others += [[blocks, *rates], [*merged, _REST] if len(probe) == 1 else []]
    if probe and cost_of_rules([*probe, _REST]) < cost_of_rules([*frozen, *rates]) + mostly_frozen + 2 * by_kind:
        chosen = [*thaw_rules(wanted), *before, *probe, _REST]
    for rules in sorted(([*before, *some] for some in others if some), key=cost_of_rules):
        if cost_of_rules(rules) < cost_of_rules(chosen):
            yield [*rules, *after]
    yield [*chosen, *after]


def _rates_of_probe(wanted: Wanted) -> list[DraftRule]:
    """The rules for rates that leave all that is frozen to a fallback; none if there are no such rules."""
    trained = {place for place, settings in enumerate(wanted.settings) if settings is not None}
    if not trained or _FEW * (len(wanted.settings) - len(trained)) <= len(wanted.settings):
        return []
    unset = Settings(None, None, ())  # which no rule may select
    rules = rate_rules(replace(wanted, settings=[unset if each is None else each for each in wanted.settings]))
    if any(rule.selector.layers or rule.fallback or rule.selector == Selector() for rule in rules):
        return []
    deciding = [rule for rule in rules if {"lr", "lr_mult"} & {*dict(rule.settings)}]
    found = [reached(wanted.inventory.columns, rule.selector) for rule in deciding]
    return rules if frozenset[int]().union(*found) == trained else []


def _one_for_all(wanted: Wanted, rules: Sequence[DraftRule]) -> list[DraftRule]:
    """The rules; a catch-all is called so if it alone decides everything."""
    deciding = [rule for rule in rules if _DECIDING & {*dict(rule.settings)}]
    if len(deciding) > 1 or not deciding or not deciding[0].fallback:
        return [*rules]
    all_alike = replace(deciding[0], name="all", comment=ONE_RATE if len(wanted.bases) == 1 else OWN_RATES)
    return [all_alike if rule is deciding[0] else rule for rule in rules]


def _explained(rule: DraftRule) -> DraftRule:
    """The rule, with a comment, also if names had to be listed."""
    if not rule.comment:
        rule = replace(rule, comment=DECLARED if rule.selector.declared else REST if rule.fallback else "")
    listed = sum(1 + regex.count("|") for regex in (*rule.selector.match, *rule.selector.exclude))
    if listed <= _MANY:
        return rule
    return _with_comment(rule, "listed one by one: nothing shorter tells these apart")


def _values_counted(rules: Sequence[DraftRule]) -> list[DraftRule]:
    """The rules, the first of those that give one thing many values with a comment."""
    values: dict[str, dict[str, int]] = {}
    for place, rule in enumerate(rules):
        for key, value in rule.settings if not rule.selector.layers else ():
            values.setdefault(_VALUES.get(key, f"values of `{key}`"), {}).setdefault(f"{key}: {value!r}", place)
    counted = [*rules]
    for words, places in values.items():
        if len(places) > _MANY:
            first = min(places.values())
            comment = f"{len(places)} {words}, a rule for each: nothing shorter gives these"
            counted[first] = _with_comment(counted[first], comment)
    return counted


def _with_ends(plan: Plan, rules: Sequence[DraftRule]) -> tuple[DraftRule, ...]:
    """The rules, each ladder with a comment on where it begins and ends."""
    layers: dict[str, list[int | None]] = {
        rule.name: [
            each.layer.index if each.layer and each.layer.rule == rule.name else None for each in plan.parameters
        ]
        for rule in rules
        if "layer_decay" in dict(rule.settings)
    }
    columns = plan.inventory.columns
    return tuple(
        _with_comment(rule, ladder_comment(columns, layers[rule.name])) if rule.name in layers else rule
        for rule in rules
    )


def _with_comment(rule: DraftRule, comment: str) -> DraftRule:
    return replace(rule, comment=f"{rule.comment}; {comment}" if rule.comment else comment)

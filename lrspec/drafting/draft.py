"""`draft`: from what every parameter is to get to the text of a spec, proved to say just that."""

from __future__ import annotations

from dataclasses import dataclass

from lrspec.drafting.axes import decay_rules, freeze_rules, optimizer_rules, option_rules
from lrspec.drafting.prove import proved
from lrspec.drafting.rates import rate_rules
from lrspec.drafting.rules import DraftRule
from lrspec.drafting.wanted import Wanted
from lrspec.drafting.write import written
from lrspec.spec.load import SpecFile


@dataclass(frozen=True)
class Draft:
    """A spec that was found: its file, with the text, and its rules, with the reason for each."""

    file: SpecFile
    rules: tuple[DraftRule, ...]

    @property
    def text(self) -> str:
        """The text of the spec."""
        return self.file.document.text.content


def draft(wanted: Wanted) -> Draft:
    """Find a short spec that gives every parameter what is wanted, and nothing else.

    Raises:
        DraftError: if the spec that was found does not say that, which is a bug in lrspec.
    """
    rules = [*freeze_rules(wanted), *optimizer_rules(wanted), *rate_rules(wanted), *decay_rules(wanted)]
    rules += option_rules(wanted)
    outcome = proved(written(wanted, rules), wanted)
    return Draft(outcome.file, tuple(rules))

"""The checks of a compilation, one module per question, and the list of all of them in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.compiler.checks.captures import capture_in_lookaround
from lrspec.compiler.checks.counts import unexpected_count
from lrspec.compiler.checks.coverage import shape_unknown, unmatched_parameter
from lrspec.compiler.checks.dead_branches import regex_dead_branch
from lrspec.compiler.checks.declared_decay import declared_decay
from lrspec.compiler.checks.excludes import dead_exclude
from lrspec.compiler.checks.fallbacks import fallback_beyond_rest
from lrspec.compiler.checks.finding import Compilation
from lrspec.compiler.checks.ladder_order import join_before_layer, ladder_order
from lrspec.compiler.checks.ladders import (
    join_without_layer,
    ladder_in_two_places,
    nothing_below,
    number_not_captured,
)
from lrspec.compiler.checks.mixed_decay import mixed_decay
from lrspec.compiler.checks.multiples import multiple_for_rate, rate_for_multiple
from lrspec.compiler.checks.odd_values import odd_value
from lrspec.compiler.checks.optimizers import embedding_as_matrix, unfit_parameter, unused_optimizer
from lrspec.compiler.checks.overlaps import overlapping_rules, redundant_setting, scaled_absolute_lr
from lrspec.compiler.checks.regexes import regex_slip, regex_unescaped_dot
from lrspec.compiler.checks.sizes import no_such_size, size_unknown
from lrspec.compiler.checks.spared_decay import nothing_to_spare, scalars_decay
from lrspec.compiler.checks.unused import (
    frozen_only_rule,
    shadowed_rule,
    trains_nothing,
    unused_pattern,
    unused_rule,
    unused_schedule,
)
from lrspec.compiler.checks.values import large_value, zero_lr
from lrspec.diagnostics.diagnostic import Finding

CHECKS: tuple[Callable[[Compilation], Iterator[Finding]], ...] = (
    unmatched_parameter,
    overlapping_rules,
    ladder_in_two_places,
    unused_rule,
    shadowed_rule,
    unused_pattern,
    frozen_only_rule,
    trains_nothing,
    number_not_captured,
    unexpected_count,
    join_without_layer,
    nothing_below,
    shape_unknown,
    size_unknown,
    no_such_size,
    redundant_setting,
    scaled_absolute_lr,
    unfit_parameter,
    embedding_as_matrix,
    unused_optimizer,
    unused_schedule,
    regex_slip,
    regex_unescaped_dot,
    regex_dead_branch,
    capture_in_lookaround,
    dead_exclude,
    zero_lr,
    large_value,
    mixed_decay,
    ladder_order,
    join_before_layer,
    declared_decay,
    rate_for_multiple,
    fallback_beyond_rest,
    scalars_decay,
    nothing_to_spare,
    multiple_for_rate,
    odd_value,
)
"""Each yields the findings of one code, or of some that exclude each other; `lrspec explain CODE` prints the manual."""

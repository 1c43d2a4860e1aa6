"""Puts the stages in order: a spec and a model in, a plan out. The only place that knows all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from lrspec.compiler.checks import CHECKS
from lrspec.compiler.checks.finding import Compilation
from lrspec.compiler.checks.optimizer_settings import unfit_settings
from lrspec.compiler.checks.values import infinite_value
from lrspec.compiler.grouping import cohorts_of, group_parameters
from lrspec.compiler.plan import Plan
from lrspec.compiler.resolution import Resolution, resolve
from lrspec.diagnostics.codes import Severity
from lrspec.diagnostics.diagnostic import Diagnostic, Finding, has_errors
from lrspec.diagnostics.errors import SpecError, warn
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.report import report
from lrspec.diagnostics.source import rule_of
from lrspec.diagnostics.wording import SHOWN
from lrspec.models.garbage import uncollected
from lrspec.models.inventory import Inventory
from lrspec.models.walk import ModelParameters, walk
from lrspec.regex.search import Search, SlowRegexError
from lrspec.regex.time_limit import OverdueError
from lrspec.regex.work_limit import PATIENCE, TooMuchError, Work
from lrspec.spec.load import SpecFile, StrPath, load
from lrspec.spec.locate import locate
from lrspec.spec.validation.validate import nothing_to_multiply

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Outcome:
    """What came of a compile: the spec as compiled, the findings; and plan and resolution, where it came so far.

    It does not where the spec turns out to be wrong in itself: a multiplier has nothing to multiply, a regex takes too
    long, a product is no number. `plan.groups` is None where there is any other error.
    """

    file: SpecFile
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None = None
    resolution: Resolution | None = None


def attempt(
    file: SpecFile,
    inventory: Inventory,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
    work: Work | None = None,
) -> Outcome:
    """Compile a spec for an inventory; findings are in the result, nothing is raised.

    `work` is what is left of the limits, where they are a stranger's, or the spec is compiled for several models.
    """
    file = _override(file, lr, weight_decay)
    spec, work = file.spec, work or Work(PATIENCE)
    if findings := list(nothing_to_multiply(spec)):
        return Outcome(file, locate(findings, file.document, spec))
    work.allow_for(inventory.columns.count_names())
    try:
        with work.watch(), uncollected():
            return _attempt(file, inventory, work)
    except SlowRegexError as slow:
        finding = _slow_regex(slow)
    except TooMuchError as much:
        finding = _too_much(much)
    except OverdueError:
        finding = _too_much(TooMuchError(("rules",), "compiling the spec takes too long"))
    return Outcome(file, locate([finding], file.document, spec))


def _attempt(file: SpecFile, inventory: Inventory, work: Work) -> Outcome:
    spec = file.spec
    resolution = resolve(spec, inventory, Search(work))
    if unfit := list(unfit_settings(resolution)):
        return Outcome(file, locate(unfit, file.document, spec))
    cohorts = cohorts_of(resolution)
    work.keep(sum(len(cohort.assignment.set_by) for cohort in cohorts), ("rules",))
    if infinite := list(infinite_value(resolution, cohorts)):
        return Outcome(file, locate(infinite, file.document, spec))
    compilation = Compilation(resolution, cohorts)
    findings = chain.from_iterable(check(compilation) for check in CHECKS)
    diagnostics = locate(_listed(findings, work), file.document, spec)
    groups = None if has_errors(diagnostics) else group_parameters(inventory.columns, cohorts)
    plan = Plan(file, inventory, cohorts, groups, diagnostics)
    return Outcome(file, diagnostics, plan, resolution)


def _listed(findings: Iterable[Finding], work: Work) -> Iterator[Finding]:
    """The findings, of which the later ones list only some of their parameters if all would be too many."""
    for finding in findings:
        if work.lists(finding.parameters):
            yield finding
        else:
            message = f"{finding.message} Only the first {SHOWN} are listed: all findings together have too many."
            yield replace(finding, message=message, parameters=finding.parameters[:SHOWN])


def compile(
    spec: SpecFile | StrPath,
    model: nn.Module | Inventory,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
) -> Plan:
    """Compile a spec for a model.

    Args:
        spec: a spec, as `load` gives it, or the path of one.
        model: a model, which is not changed, or its inventory.
        lr: in place of the spec's `optimizer.lr`; absolute values in rules stay.
        weight_decay: in place of the spec's `optimizer.weight_decay`; absolute values in rules stay.

    Warnings are in the plan's `diagnostics`, and are logged by the logger `lrspec`.

    Raises:
        SpecError: where the spec is wrong, or does not fit the model.
        InventoryError: where the model gives no inventory (it is sharded already, or has lazy parameters).
        TypeError: for a `spec` that is neither a spec nor a path, a `model` that is neither a model nor an inventory.
        OSError: where the file cannot be read.
        ValueError: for an `lr` or a `weight_decay` that is not a finite number of at least 0, or that may be meant for
            any of several optimizers.
    """
    return _plan(_file(spec), _inventory(model), lr, weight_decay)


def _plan(file: SpecFile, inventory: Inventory, lr: float | None, weight_decay: float | None) -> Plan:
    outcome = attempt(file, inventory, lr=lr, weight_decay=weight_decay)
    if outcome.plan is None or has_errors(outcome.diagnostics):
        raise SpecError(outcome.diagnostics, file.document.text, outcome.plan)
    if any(diagnostic.severity is Severity.warning for diagnostic in outcome.diagnostics):
        warn(report(outcome.diagnostics, file.document.text))
    return outcome.plan


def check(
    spec: SpecFile | StrPath,
    model: nn.Module | Inventory,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
) -> list[Diagnostic]:
    """Everything that is wrong with a spec, in itself and for a model; empty where it is clean.

    Takes what `compile` takes, and raises what it raises except `SpecError`.
    """
    try:
        file = _file(spec)
    except SpecError as error:
        return list(error.diagnostics)
    return list(attempt(file, _inventory(model), lr=lr, weight_decay=weight_decay).diagnostics)


def compiled(
    spec: SpecFile | StrPath, model: nn.Module, lr: float | None, weight_decay: float | None
) -> tuple[Plan, ModelParameters]:
    """The plan of a spec for a model, with what the model has, to which it can be bound; raises what `compile` does."""
    file, found = _file(spec), walk(model)
    return _plan(file, Inventory.of(model, found), lr, weight_decay), found


def _slow_regex(slow: SlowRegexError) -> Finding:
    if slow.seconds is None:
        what = "the regexes up to this one take too long together"
        advice = "Let fewer regexes say the same; repeats within repeats, such as `(\\w+\\.?)+`, take longest."
    else:
        on = f" on '{printable(slow.text)}'" if slow.text else ""
        what = f"the regex takes longer than {slow.seconds:.3g} s{on}"
        advice = (
            "Repeats within repeats, such as `(\\w+\\.?)+`, have too many ways to fail: repeat only one of the two."
        )
    return Finding("LRS105", slow.pattern.path, f"{what}\n{advice}", rule_of(slow.pattern.path))


def _too_much(much: TooMuchError) -> Finding:
    advice = "A check is bounded, whatever a spec says: let fewer regexes and rules say the same, or split the spec."
    return Finding("LRS101", much.path, f"{much}: this is too much to check\n{advice}", rule_of(much.path))


def _file(spec: SpecFile | StrPath) -> SpecFile:
    if isinstance(spec, SpecFile):
        return spec
    if isinstance(spec, Plan):
        raise TypeError("expected a spec or the path of one, found a plan, which is compiled: plan.param_groups(model)")
    if not isinstance(spec, str | os.PathLike):
        raise TypeError(f"expected a spec (lrspec.load, lrspec.loads) or the path of one, found {type(spec).__name__}")
    return load(spec)


def _inventory(model: nn.Module | Inventory) -> Inventory:
    return model if isinstance(model, Inventory) else Inventory.from_model(model)


def _override(file: SpecFile, lr: float | None, weight_decay: float | None) -> SpecFile:
    given = {"lr": lr, "weight_decay": weight_decay}
    update = {key: _checked(key, value) for key, value in given.items() if value is not None}
    if not update:
        return file
    if len(file.spec.bases) > 1:
        first = next(iter(update))
        raise ValueError(
            f"{first}: the spec has several optimizers: override `optimizers.{file.spec.default}.{first}`, or another's"
        )
    base = ".".join(map(str, file.spec.base_path(file.spec.default)))
    return file.override({f"{base}.{key}": value for key, value in update.items()})


_MOST = sys.float_info.max


def _checked(key: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        raise ValueError(f"{key}: expected a finite number of at least 0, found {value!r}")
    return float(value)

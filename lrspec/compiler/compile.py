"""Runs the stages in order: a spec and a model in, a plan out. The only module that knows all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
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
from lrspec.diagnostics.diagnostic import Diagnostic, Finding, has_errors
from lrspec.diagnostics.errors import SpecError, warn
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, rule_of
from lrspec.diagnostics.wording import SHOWN
from lrspec.models.garbage import uncollected
from lrspec.models.inventory import Inventory
from lrspec.models.walk import ModelParameters, walk
from lrspec.regex.search import Search, SlowRegexError
from lrspec.regex.time_limit import OverdueError
from lrspec.regex.work_limit import PATIENCE, TooMuchError, Work
from lrspec.spec.load import SpecFile, SpecSource, load
from lrspec.spec.locate import locate
from lrspec.spec.validation.validate import nothing_to_multiply

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Outcome:
    """The result of a compile: the spec as compiled, the findings, and the plan and resolution if it came that far.

    They are None if the spec is wrong in itself: a multiplier has nothing to multiply, a regex takes too long, a
    product is not finite. After any other error only `plan.groups` is None.
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
    models: int = 1,
) -> Outcome:
    """Compile a spec for an inventory. Findings are part of the outcome and are not raised.

    `work` is the rest of the limits: pass it for an untrusted spec, or to share the limits among several models. If the
    spec is compiled for several `models`, one by one, some findings count only if all of them have them.
    """
    file = _override(file, lr, weight_decay)
    spec, work = file.spec, work or Work(PATIENCE)
    if findings := list(nothing_to_multiply(spec)):
        return Outcome(file, locate(findings, file.document, spec))
    work.allow_for(inventory.columns.count_names())
    try:
        with work.watch(), uncollected():
            return _run_stages(file, inventory, work, models)
    except (SlowRegexError, TooMuchError, OverdueError) as error:
        return Outcome(file, locate([_limit_finding(error)], file.document, spec))


def _run_stages(file: SpecFile, inventory: Inventory, work: Work, models: int) -> Outcome:
    spec = file.spec
    resolution = resolve(spec, inventory, Search(work))
    if unfit := list(unfit_settings(resolution)):
        return Outcome(file, locate(unfit, file.document, spec))
    cohorts = cohorts_of(resolution)
    work.keep(sum(len(cohort.assignment.set_by) for cohort in cohorts), ("rules",))
    if infinite := list(infinite_value(resolution, cohorts)):
        return Outcome(file, locate(infinite, file.document, spec))
    compilation = Compilation(resolution, cohorts, models, file.written.bases)
    findings: list[Finding] = []
    for finding in chain.from_iterable(check(compilation) for check in CHECKS):
        if work.lists(finding.parameters):
            findings.append(finding)
        else:
            message = f"{finding.message} Only the first {SHOWN} are listed: all findings together have too many."
            findings.append(replace(finding, message=message, parameters=finding.parameters[:SHOWN]))
    diagnostics = locate(findings, file.document, spec)
    groups = None if has_errors(diagnostics) else group_parameters(inventory.columns, cohorts)
    plan = Plan(file, inventory, cohorts, groups, diagnostics)
    return Outcome(file, diagnostics, plan, resolution)


def _limit_finding(error: SlowRegexError | TooMuchError | OverdueError) -> Finding:
    """The finding for a limit that a compile has exceeded."""
    if not isinstance(error, SlowRegexError):
        path: Path = error.path if isinstance(error, TooMuchError) else ("rules",)
        reason = str(error) if isinstance(error, TooMuchError) else "compiling the spec takes too long"
        advice = "The work of a check is limited for every spec: use fewer regexes and rules, or split the spec."
        return Finding("LRS101", path, f"{reason}: this is too much to check\n{advice}", rule_of(path))
    path = error.pattern.path
    if error.seconds is None:
        message = "the regexes up to this one take too long together"
        advice = "Use fewer regexes; repeats within repeats, such as `(\\w+\\.?)+`, take longest."
    else:
        text = f" on '{printable(error.text)}'" if error.text else ""
        message = f"the regex takes longer than {error.seconds:.3g} s{text}"
        advice = "Repeats within repeats, such as `(\\w+\\.?)+`, can fail in too many ways: repeat only one of the two."
    return Finding("LRS105", path, f"{message}\n{advice}", rule_of(path))


def compile(
    spec: SpecFile | SpecSource,
    model: nn.Module | Inventory,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
) -> Plan:
    """Compile a spec for a model.

    Args:
        spec: a spec from `load`, its path, or a mapping of plain values with the same keys.
        model: a model, which is not changed, or its inventory.
        lr: replaces the spec's `optimizer.lr`; absolute values in rules stay.
        weight_decay: replaces the spec's `optimizer.weight_decay`; absolute values in rules stay.

    Warnings are in the plan's `diagnostics`, and each is issued as a `SpecWarning`.

    Raises:
        SpecError: if the spec is wrong, or does not fit the model.
        InventoryError: if no inventory can be made of the model (it is already sharded, or has lazy parameters).
        TypeError: if `spec` is not a spec, a path or a mapping of plain values; if `model` is neither a model nor an
            inventory.
        OSError: if the file cannot be read.
        ValueError: if `lr` or `weight_decay` is not a finite number of at least 0, or could be meant for any of
            several optimizers.
    """
    return _plan(file_of(spec), _inventory(model), lr, weight_decay)


def _plan(file: SpecFile, inventory: Inventory, lr: float | None, weight_decay: float | None) -> Plan:
    outcome = attempt(file, inventory, lr=lr, weight_decay=weight_decay)
    if outcome.plan is None or has_errors(outcome.diagnostics):
        raise SpecError(outcome.diagnostics, file.document.text, outcome.plan)
    warn(outcome.diagnostics)
    return outcome.plan


def check(
    spec: SpecFile | SpecSource,
    model: nn.Module | Inventory,
    *,
    lr: float | None = None,
    weight_decay: float | None = None,
) -> list[Diagnostic]:
    """Return everything that is wrong with a spec, in itself and for a model; empty if it is clean.

    Takes the arguments of `compile`, and raises the same exceptions except `SpecError`.
    """
    try:
        file = file_of(spec)
    except SpecError as error:
        return list(error.diagnostics)
    return list(attempt(file, _inventory(model), lr=lr, weight_decay=weight_decay).diagnostics)


def compiled(
    spec: SpecFile | SpecSource, model: nn.Module, lr: float | None, weight_decay: float | None
) -> tuple[Plan, ModelParameters]:
    """Return the plan of a spec for a model, and the model's parameters to bind it to; raises what `compile` raises."""
    file, parameters = file_of(spec), walk(model)
    return _plan(file, Inventory.of(model, parameters), lr, weight_decay), parameters


def file_of(spec: SpecFile | SpecSource) -> SpecFile:
    """Return a spec that is one, or is read from its path or a mapping; TypeError for anything else, as a plan."""
    if isinstance(spec, SpecFile):
        return spec
    if isinstance(spec, Plan):
        raise TypeError("expected a spec or its path, found a plan, already compiled: call plan.param_groups(model)")
    if not isinstance(spec, str | os.PathLike | Mapping):
        expected = "a spec (lrspec.load, lrspec.loads), its path, or a mapping of its keys"
        raise TypeError(f"expected {expected}, found {type(spec).__name__}")
    return load(spec)


def _inventory(model: nn.Module | Inventory) -> Inventory:
    return model if isinstance(model, Inventory) else Inventory.from_model(model)


def _override(file: SpecFile, lr: float | None, weight_decay: float | None) -> SpecFile:
    values: dict[str, float] = {}
    for key, value in (("lr", lr), ("weight_decay", weight_decay)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
            raise ValueError(f"{key}: expected a finite number of at least 0, found {value!r}")
        values[key] = float(value)
    if not values:
        return file
    default = file.spec.default
    if len(file.spec.bases) > 1:
        key = next(iter(values))
        raise ValueError(
            f"{key}: the spec has several optimizers: override `optimizers.{default}.{key}`, or that of another one"
        )
    base = ".".join(map(str, file.spec.base_path(default)))
    return file.override({f"{base}.{key}": value for key, value in values.items()})

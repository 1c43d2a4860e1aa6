"""Verifies a training run (an optimizer, its model and its schedulers) against a `Plan`: the findings LRS4xx."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.diagnostic import Diagnostic, Finding, has_errors
from lrspec.diagnostics.errors import ReportedError, warn
from lrspec.models.garbage import uncollected
from lrspec.models.walk import ModelParameters, walk
from lrspec.optim.verify.member_checks import MEMBERS
from lrspec.optim.verify.running import Progress, TrainingRun, observe
from lrspec.optim.verify.schedule_checks import SCHEDULES
from lrspec.optim.verify.setting_checks import SETTINGS
from lrspec.optim.verify.state_checks import STATE
from lrspec.spec.locate import locate

if TYPE_CHECKING:
    from torch import nn

    from lrspec.compiler.plan import Plan

CHECKS: tuple[Callable[[TrainingRun], Iterator[Finding]], ...] = (*MEMBERS, *SETTINGS, *SCHEDULES, *STATE)
"""Every check of a training run."""


class VerifyError(ReportedError):
    """The running optimizer does not do what the spec says; `diagnostics` are the findings, the text is the report."""


def verify(plan: Plan, optimizer: Any, parameters: ModelParameters, scheduler: Any, at: Progress) -> list[Diagnostic]:
    """See `Plan.verify`; `parameters` are the model's, and `at` is the step with the number of all steps."""
    with uncollected():
        run = observe(plan, optimizer, parameters, scheduler, at)
        findings = [finding for check in CHECKS for finding in check(run)]
    return list(locate(findings, plan.file.document, plan.file.spec))


def require(plan: Plan, optimizer: Any, model: nn.Module, scheduler: Any, at: Progress = (None, None)) -> None:
    """Verify before a training run: VerifyError for errors, BindError as `Plan.verify`, a `SpecWarning` per warning."""
    diagnostics = verify(plan, optimizer, walk(model), scheduler, at)
    if has_errors(diagnostics):
        raise VerifyError(tuple(diagnostics), plan.file.document.text)
    warn(diagnostics)

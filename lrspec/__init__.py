"""lrspec: a declarative compiler for PyTorch optimizer parameter groups.

plan = lrspec.compile("resnet18.lrspec.yaml", model)
optimizer = torch.optim.AdamW(plan.param_groups(model))

What the package offers is imported when it is first asked for, so that the command starts quickly.
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = [
    "Audit",
    "AuditError",
    "BindError",
    "BuildError",
    "ChangedSetting",
    "Diagnostic",
    "Group",
    "GroupsError",
    "Inventory",
    "InventoryError",
    "Layer",
    "LockError",
    "OverrideError",
    "Parameter",
    "Plan",
    "PlannedParameter",
    "ResumeError",
    "Resumed",
    "Settings",
    "Severity",
    "SpecError",
    "SpecFile",
    "SpecWarning",
    "Status",
    "Suggestion",
    "VerifyError",
    "audit",
    "build_optimizer",
    "build_optimizers",
    "build_scheduler",
    "build_schedulers",
    "check",
    "compile",
    "from_optimizer",
    "load",
    "load_optimizer_state",
    "loads",
    "param_groups",
    "rates_by_group",
]

TYPE_CHECKING = False  # type checkers take it for True; `typing` is imported later, once the command can be interrupted
if TYPE_CHECKING:
    from lrspec.auditing.audit import audit
    from lrspec.auditing.result import Audit, AuditError
    from lrspec.compiler.compile import check, compile
    from lrspec.compiler.plan import Group, Layer, Plan, PlannedParameter, Settings, Status
    from lrspec.diagnostics.codes import Severity
    from lrspec.diagnostics.diagnostic import Diagnostic, Suggestion
    from lrspec.diagnostics.errors import SpecError, SpecWarning
    from lrspec.drafting.from_optimizer import from_optimizer
    from lrspec.drafting.live.group_values import GroupsError
    from lrspec.models.inventory import Inventory, InventoryError
    from lrspec.models.parameters import Parameter
    from lrspec.optim.bind import BindError
    from lrspec.optim.build import build_optimizer, build_optimizers, param_groups
    from lrspec.optim.optimizer_classes import BuildError
    from lrspec.optim.rates import rates_by_group
    from lrspec.optim.resume.result import ChangedSetting, Resumed, ResumeError
    from lrspec.optim.resume.resume import load_optimizer_state
    from lrspec.optim.schedules.build import build_scheduler, build_schedulers
    from lrspec.optim.verify.verify import VerifyError
    from lrspec.review.lock.reader import LockError
    from lrspec.spec.load import SpecFile, load, loads
    from lrspec.spec.override import OverrideError
else:
    _HOMES = {
        "auditing.audit": ("audit",),
        "auditing.result": ("Audit", "AuditError"),
        "compiler.compile": ("check", "compile"),
        "compiler.plan": ("Group", "Layer", "Plan", "PlannedParameter", "Settings", "Status"),
        "diagnostics.codes": ("Severity",),
        "diagnostics.diagnostic": ("Diagnostic", "Suggestion"),
        "diagnostics.errors": ("SpecError", "SpecWarning"),
        "drafting.from_optimizer": ("from_optimizer",),
        "drafting.live.group_values": ("GroupsError",),
        "models.inventory": ("Inventory", "InventoryError"),
        "models.parameters": ("Parameter",),
        "optim.bind": ("BindError",),
        "optim.build": ("build_optimizer", "build_optimizers", "param_groups"),
        "optim.optimizer_classes": ("BuildError",),
        "optim.rates": ("rates_by_group",),
        "optim.resume.result": ("ChangedSetting", "Resumed", "ResumeError"),
        "optim.resume.resume": ("load_optimizer_state",),
        "optim.schedules.build": ("build_scheduler", "build_schedulers"),
        "optim.verify.verify": ("VerifyError",),
        "review.lock.reader": ("LockError",),
        "spec.load": ("SpecFile", "load", "loads"),
        "spec.override": ("OverrideError",),
    }

    def __getattr__(name):
        from importlib import import_module

        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(f"lrspec.{home}"), name)
        return value

    def __dir__():
        return sorted({*globals(), *__all__})

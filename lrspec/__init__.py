"""lrspec: a declarative compiler for PyTorch optimizer parameter groups.

plan = lrspec.compile("resnet18.lrspec.yaml", model)
optimizer = torch.optim.AdamW(plan.param_groups(model))
"""

import logging

from lrspec.binding import BindError
from lrspec.columns import Parameter
from lrspec.compiling import check, compile, param_groups
from lrspec.diagnostics import Diagnostic, Severity, SpecError, Suggestion
from lrspec.inventory import Inventory, InventoryError
from lrspec.loading import SpecFile, load, loads
from lrspec.plan import Group, Layer, Plan, PlannedParameter, Settings, Status

__version__ = "0.1.0"
__all__ = [
    "BindError",
    "Diagnostic",
    "Group",
    "Inventory",
    "InventoryError",
    "Layer",
    "Parameter",
    "Plan",
    "PlannedParameter",
    "Settings",
    "Severity",
    "SpecError",
    "SpecFile",
    "Status",
    "Suggestion",
    "check",
    "compile",
    "load",
    "loads",
    "param_groups",
]

logging.getLogger("lrspec").addHandler(logging.NullHandler())

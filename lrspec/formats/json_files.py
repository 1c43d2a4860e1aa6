"""The JSON that lrspec writes, as pydantic models from which the JSON Schemas of its files are made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lrspec.diagnostics.codes import Severity
from lrspec.models.inventory_file import FilePart, Size

_WHICH = "Which of several optimizers; absent where the spec has one, under `optimizer`."
_TAGS = "Keys of its own in the group, by name; absent where no rule of the spec sets any."
_SCHEDULE = "The schedule of the rate; absent where the spec has none."
_SCHEDULES = "The schedules of the rates, by name; absent where the spec has none."
_FROM, _TO = "The factor at its beginning.", "The factor at its end; absent for `inverse_sqrt`."
_LR_AT = "With `--steps`, the learning rate at the first, the middle and the last step, by step."
_UNTIL = "When it thaws: a number of optimizer steps, or a percentage of all; absent if it never thaws."
_OVERRIDES = "What was set in place of what it says, by paths such as `optimizer.lr`; absent where nothing was."


class PlanSpec(FilePart):
    """The spec that a plan was compiled from."""

    path: str
    """Its path, as it was given."""
    sha256: str
    """The hash of its bytes."""
    overrides: dict[str, Any] = Field(default=None, description=_OVERRIDES)  # type: ignore[arg-type]


class PlanModel(FilePart):
    """The model that a plan was compiled against."""

    source: str
    """Where it is from: `timm:resnet18`, or the class of a model."""
    args: dict[str, Any]
    """The arguments that it was built with."""
    parameters: Size
    """The number of its parameters."""
    elements: Size | None
    """The number of their elements; null where a shape is not known."""
    fingerprint: str
    """A hash of names, aliases and shapes, in order."""


class PlanGroup(FilePart):
    """An optimizer group. `lr` and `weight_decay` are absent where nothing sets them."""

    name: str
    """The rules that set something on its first parameter, joined by `/`."""
    optimizer: str = Field(default=None, description=_WHICH)  # type: ignore[assignment]
    lr: float = Field(default=None, description="The final learning rate.")  # type: ignore[assignment]
    weight_decay: float = Field(default=None, description="The final weight decay.")  # type: ignore[assignment]
    options: dict[str, Any]
    """Other arguments of the optimizer."""
    tags: dict[str, Any] = Field(default=None, description=_TAGS)  # type: ignore[arg-type]
    schedule: str = Field(default=None, description=_SCHEDULE)  # type: ignore[assignment]
    params: list[str]
    """The names of its parameters, in model order."""
    elements: Size | None
    """The number of their elements; null where a shape is not known."""
    lr_at: dict[str, float] = Field(default=None, description=_LR_AT)  # type: ignore[arg-type]


class PlanLayer(FilePart):
    """The place of a parameter on a ladder."""

    rule: str
    """The rule whose ladder it is."""
    index: Size
    """The layer, from the input, which is 0."""
    of: Size
    """How many layers the ladder has."""
    mult: float
    """The layer's multiplier."""


class PlanParameter(FilePart):
    """What one parameter gets. `lr` and `weight_decay` are absent where nothing sets them."""

    name: str
    """Its canonical name."""
    aliases: list[str]
    """The further names of a tied parameter."""
    shape: list[Size] | None
    """Its shape; null where only names are known."""
    elements: Size | None
    """The number of its elements; null where the shape is not known."""
    status: Literal["trained", "frozen-by-model", "frozen-by-spec", "unmatched"]
    """Whether it is trained, and if not, why."""
    group: Size | None
    """The index of its group; null for what is in none."""
    optimizer: str = Field(default=None, description=_WHICH)  # type: ignore[assignment]
    lr: float = Field(default=None, description="The final learning rate.")  # type: ignore[assignment]
    weight_decay: float = Field(default=None, description="The final weight decay.")  # type: ignore[assignment]
    options: dict[str, Any]
    """Other arguments of the optimizer."""
    schedule: str = Field(default=None, description=_SCHEDULE)  # type: ignore[assignment]
    tags: dict[str, Any] = Field(default=None, description=_TAGS)  # type: ignore[arg-type]
    set_by: dict[str, str]
    """The rule that set each axis: `lr`, `layer`, `scale`, `weight_decay`, `freeze`, `optimizer`,
    `schedule`, `options.NAME`, `tags.NAME`."""
    layer: PlanLayer | None
    """Its layer; null without a ladder."""
    frozen_until: int | str = Field(default=None, description=_UNTIL)  # type: ignore[assignment]


class PlanSuggestion(FilePart):
    """What was probably meant: the text to put in place of a piece of the spec."""

    replacement: str
    """The text."""
    line: int
    """The line where what it replaces starts."""
    column: int
    """The column where what it replaces starts."""
    end_line: int
    """The line where what it replaces ends."""
    end_column: int
    """The column after the last character of what it replaces."""
    safe: bool
    """Whether it cannot change what is selected: `lrspec check --fix` writes it."""


class PlanDiagnostic(FilePart):
    """A finding, at a place in the spec; lines and columns from 1, the end exclusive."""

    code: str
    """Its code, such as `LRS201`."""
    name: str
    """Its name, such as `unmatched-parameter`."""
    severity: Literal[Severity.error, Severity.warning]
    """`error` or `warning`."""
    message: str
    """What is wrong, about which parameters, and what to do."""
    path: str
    """The spec."""
    line: int
    """The line where it starts."""
    column: int
    """The column where it starts."""
    end_line: int
    """The line where it ends."""
    end_column: int
    """The column after its last character."""
    rule: str | None
    """The rule that it is about."""
    parameters: list[str]
    """The first names of the parameters that it is about."""
    suggestion: PlanSuggestion | None
    """What was probably meant, where one answer is likely."""
    models: list[str]
    """Of several models that were checked, those of which it is true; empty for all else."""


class PlanPower(FilePart):
    """A polynomial shape."""

    power: float
    """The power."""


class PlanSegment(FilePart):
    """A segment of a schedule, with `to` and `shape` filled in. `until` and `from` are absent where it has none."""

    until: int | str = Field(default=None, description="When it ends, in steps or percent.")  # type: ignore[assignment]
    begins: float = Field(default=None, alias="from", description=_FROM)  # type: ignore[assignment]
    to: float = Field(default=None, description=_TO)  # type: ignore[assignment]
    shape: str | PlanPower
    """How it goes between the two."""


class PlanFile(FilePart):
    """A compiled plan: the groups, what each parameter gets and why, and what was found."""

    lrspec_plan: Literal[1]
    """The version of this format: 1."""
    spec: PlanSpec
    """The spec."""
    model: PlanModel | None
    """The model; null where the spec itself has errors."""
    groups: list[PlanGroup] | None
    """The groups, in order; null where an error stops the compile."""
    parameters: list[PlanParameter]
    """The parameters, in model order; empty where the spec itself has errors."""
    diagnostics: list[PlanDiagnostic]
    """The findings, in the order of their places."""
    schedules: dict[str, list[PlanSegment]] = Field(default=None, description=_SCHEDULES)  # type: ignore[arg-type]
    steps: Size = Field(default=None, description="With `--steps`, the number of steps.")  # type: ignore[assignment]


class CheckedFile(FilePart):
    """A spec that was checked."""

    path: str
    """Its path, as it was given or found."""
    sha256: str | None
    """The hash of its bytes; null where it could not be read."""
    models: list[str]
    """The models that it was checked against."""
    skipped: list[str]
    """The models that it names and that were skipped, as `--no-model` and `--no-build` ask for."""
    fixed: Size
    """How many suggestions `--fix` has written into it."""


class CheckFailure(FilePart):
    """Something that could not be checked."""

    path: str
    """The spec."""
    message: str
    """Why."""
    line: int | None
    """The line of the spec that it is about, if any."""
    column: int | None
    """The column of the spec that it is about, if any."""


class CheckFile(FilePart):
    """What `lrspec check` has found."""

    lrspec_check: Literal[1]
    """The version of this format: 1."""
    files: list[CheckedFile]
    """The specs, in the order in which they were checked."""
    diagnostics: list[PlanDiagnostic]
    """The findings: file by file, in the order of their places."""
    failures: list[CheckFailure]
    """What could not be checked."""


class AuditGroup(FilePart):
    """A group of an optimizer, as it is. What is not a plain value is text, as Python writes it."""

    optimizer: str
    """Which optimizer it is of; `optimizer` where there is only one."""
    type: str
    """The class of the optimizer."""
    group: Size
    """Its place among the groups of its optimizer."""
    name: str | None
    """Its name, if it has one."""
    lr: Any
    """The learning rate that it has now; null if it has none."""
    initial_lr: Any
    """The learning rate that a schedule starts from, or has as its height."""
    weight_decay: Any
    """The weight decay, before any schedule; null if it has none."""
    options: dict[str, Any]
    """Its other keys, of those that the optimizer has too the ones with another value."""
    params: list[str]
    """The names of the parameters of the model in it, in model order."""
    elements: Size | None
    """The number of their elements."""
    other_tensors: Size
    """The number of tensors in it that are not parameters of the model."""


class AuditDiagnostic(FilePart):
    """A finding about an optimizer."""

    code: str
    """Its code, such as `LRS501`."""
    name: str
    """Its name, such as `parameter-in-no-group`."""
    severity: Literal[Severity.error, Severity.warning]
    """`error` or `warning`."""
    message: str
    """What is wrong, about which parameters, and what to do; a line each."""
    parameters: list[str]
    """The names of the parameters that it is about."""


class AuditFile(FilePart):
    """What optimizers do to a model, and what of it is probably a mistake."""

    lrspec_audit: Literal[1]
    """The version of this format: 1."""
    model: str
    """The class of the model."""
    groups: list[AuditGroup]
    """The groups of all optimizers, in order."""
    diagnostics: list[AuditDiagnostic]
    """The findings, errors first."""

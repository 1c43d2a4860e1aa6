"""The JSON that lrspec writes, as pydantic models from which the JSON Schemas of its files are made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lrspec.diagnostics.codes import Severity
from lrspec.models.inventory_file import FilePart, Size


def _perhaps(description: str, **more: Any) -> Any:
    """A key that is absent where there is nothing to say."""
    return Field(default=None, description=description, **more)


class PlanSpec(FilePart):
    """The spec that a plan was compiled from."""

    path: str
    """Its path, as it was given."""
    sha256: str
    """The hash of its bytes."""
    overrides: dict[str, Any] = _perhaps("What was set in place of what it says, by paths such as `optimizer.lr`.")


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


class _PlanSettings(FilePart):
    optimizer: str = _perhaps("Which of several optimizers; absent where the spec has one, under `optimizer`.")
    lr: float = _perhaps("The final learning rate.")
    weight_decay: float = _perhaps("The final weight decay.")
    options: dict[str, Any] = Field(description="Other arguments of the optimizer.")
    schedule: str = _perhaps("The schedule of the rate; absent where the spec has none.")
    tags: dict[str, Any] = _perhaps("Keys of its own in the group, by name; absent where no rule of the spec sets any.")


class PlanGroup(_PlanSettings):
    """An optimizer group. `lr` and `weight_decay` are absent where nothing sets them."""

    name: str
    """The rules that set something on its first parameter, joined by `/`."""
    params: list[str]
    """The names of its parameters, in model order."""
    elements: Size | None
    """The number of their elements; null where a shape is not known."""
    lr_at: dict[str, float] = _perhaps("With `--steps`, the rate at the first, the middle and the last step, by step.")


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


class PlanParameter(_PlanSettings):
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
    set_by: dict[str, str]
    """The rule that set each axis: `lr`, `layer`, `scale`, `weight_decay`, `freeze`, `optimizer`,
    `schedule`, `options.NAME`, `tags.NAME`."""
    layer: PlanLayer | None
    """Its layer; null without a ladder."""
    frozen_until: int | str = _perhaps("When it thaws: a number of optimizer steps, or a percentage of all.")


class _Piece(FilePart):
    line: int = Field(description="The line where it starts.")
    column: int = Field(description="The column where it starts.")
    end_line: int = Field(description="The line where it ends.")
    end_column: int = Field(description="The column after its last character.")


class PlanSuggestion(_Piece):
    """What was probably meant: the text to put in place of this piece of the spec."""

    replacement: str
    """The text."""
    safe: bool
    """Whether it cannot change what is selected: `lrspec check --fix` writes it."""


class PlanDiagnostic(_Piece):
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
    rule: str | None
    """The rule that it is about."""
    parameters: list[str]
    """The first names of the parameters that it is about."""
    suggestion: PlanSuggestion | None
    """What was probably meant, where one answer is likely."""
    models: list[str]
    """Of several models that were checked, those of which it is true; empty for all else."""
    url: str
    """The page of its code."""


class PlanSegment(FilePart):
    """A segment of a schedule, with `to` and `shape` filled in. `until` and `from` are absent where it has none."""

    until: int | str = _perhaps("When it ends, in steps or percent.")
    begins: float = _perhaps("The factor at its beginning.", alias="from")
    to: float = _perhaps("The factor at its end; absent for `inverse_sqrt`.")
    shape: str | dict[Literal["power"], float]
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
    schedules: dict[str, list[PlanSegment]] = _perhaps("The schedules of the rates, by name.")
    steps: Size = _perhaps("With `--steps`, the number of steps.")


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
    url: str
    """The page of its code."""


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


class DiffModel(FilePart):
    """A model of one side of a diff."""

    source: str
    """Where it is from, as the spec, the lock or the plan has it."""
    args: dict[str, Any]
    """The arguments that it was built with."""
    parameters: Size
    """The number of its parameters."""
    elements: Size | None
    """The number of their elements; null where a shape is not known."""


class DiffNew(FilePart):
    """A parameter that only the new model has."""

    name: str
    """Its name."""
    index: Size
    """Its place in the new model."""
    values: dict[str, Any]
    """All that the plan says of it, by flat keys: `shape`, `aliases`, `status`, `optimizer`, `lr`, `weight_decay`,
    `options.NAME`, `schedule`, `tags.NAME`, `frozen_until`, `set_by.AXIS`, and `layer` with its rule,
    index and `of`."""


class DiffRename(FilePart):
    """Parameters that have other names now."""

    old: str
    """The steps of the names that were replaced; empty if others come before the whole name."""
    new: str
    """The steps in place of them."""
    parameters: list[tuple[str, str]]
    """The old and the new name of each parameter."""


class DiffFusion(FilePart):
    """Parameters that are one now."""

    old: list[str]
    """Their names."""
    new: DiffNew
    """The one that they are now."""


class DiffSplit(FilePart):
    """A parameter that is several now."""

    old: str
    """Its name."""
    new: list[DiffNew]
    """Those that it is now."""


class DiffChange(FilePart):
    """What differs for parameters of both models, by the flat keys of `values`; null where nothing sets it."""

    parameters: list[str]
    """Their names, in the new model."""
    before: dict[str, Any]
    """What the old plan says."""
    after: dict[str, Any]
    """What the new plan says."""


class DiffReplaced(FilePart):
    """An optimizer or a schedule that differs."""

    name: str
    """Its name; `optimizer` where there is only one optimizer."""
    before: Any
    """What it was, as the spec has it; null if it was not there."""
    after: Any
    """What it is now; null if it is not there."""


class DiffCompared(FilePart):
    """What differs for one model. Each parameter of either side that is not mentioned is the same in both."""

    old: DiffModel
    """The model on the old side."""
    new: DiffModel
    """The model on the new side."""
    summary: str
    """What differs, in one line."""
    renamed: list[DiffRename]
    """What has other names now."""
    fused: list[DiffFusion]
    """What was several parameters and is one now."""
    split: list[DiffSplit]
    """What was one parameter and is several now."""
    gone: list[str]
    """The names of what only the old model has."""
    added: list[DiffNew]
    """What only the new model has."""
    changes: list[DiffChange]
    """What differs for the parameters of both models; each is in one of these at most."""
    order: list[str] | None
    """All names of the new model in order, if what is in both comes in another order than before; else null."""
    optimizers: list[DiffReplaced]
    """The optimizers that differ; none if one of the sides is a plan, which does not have them."""
    schedules: list[DiffReplaced]
    """The schedules that differ."""


class DiffFile(FilePart):
    """What differs between what two specs, locks or plans give to the parameters of models."""

    lrspec_diff: Literal[1]
    """The version of this format: 1."""
    old: str
    """The first side, as it was given."""
    new: str
    """The second side, as it was given."""
    differs: bool
    """Whether anything differs."""
    summary: str
    """What differs, in one line."""
    models: list[DiffCompared]
    """The models of both sides."""
    gone: list[DiffModel]
    """The models that only the old side has."""
    added: list[DiffModel]
    """The models that only the new side has."""

"""Reads a plan as `lrspec compile --format json` writes it."""

from __future__ import annotations

from pydantic import ValidationError

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import spell
from lrspec.formats.json_files import PlanFile, PlanParameter
from lrspec.models.parameters import Parameter
from lrspec.review.diff.diff import Model
from lrspec.review.snapshot import Snapshot, entries
from lrspec.spec.syntax.scalars import all_finite


class PlanFileError(BriefError):
    """The JSON of a plan cannot be read, or is of a spec with errors."""


def parse(text: str, path: str) -> Model:
    """Return the model of a plan, with what the plan gives to it; PlanFileError if the text is something else."""
    try:
        plan = PlanFile.model_validate_json(text)
    except ValidationError as failure:
        error = failure.errors(include_url=False)[0]
        place = f" at {spell(error['loc'])}" if error["loc"] else ""
        message = f"not a plan as `lrspec compile --format json` writes it{place}: {error['msg']}"
        raise PlanFileError(f"{printable(path)}: {message}") from None
    if plan.model is None or plan.groups is None:
        raise PlanFileError(f"{printable(path)}: the plan of a spec with errors: fix the spec, and compile it again")
    rows = [(_parameter(each), each.model_dump(exclude_none=True)) for each in plan.parameters]
    if not all_finite([row for _, row in rows]):
        raise PlanFileError(f"{printable(path)}: a number is not finite")
    if len({row["name"] for _, row in rows}) != len(rows):
        raise PlanFileError(f"{printable(path)}: two parameters have the same name")
    segments = {
        name: [each.model_dump(exclude_none=True, by_alias=True) for each in listed]
        for name, listed in (plan.schedules or {}).items()
    }
    source, args = plan.model.source, plan.model.args
    return Model(source, args, Snapshot(source, args, tuple(entries(rows)), {}, segments))


def _parameter(row: PlanParameter) -> Parameter:
    shape = None if row.shape is None else tuple(row.shape)
    return Parameter(row.name, tuple(row.aliases), shape, row.status != "frozen-by-model")

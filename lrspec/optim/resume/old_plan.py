"""A plan that was saved as JSON, for checkpoints without names: which parameters its groups have, in order."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from lrspec.optim.resume.result import ResumeError

if TYPE_CHECKING:
    from lrspec.compiler.plan import Plan

    OldPlan: TypeAlias = Plan | Mapping[str, Any] | str | os.PathLike[str]

_EXPECTED = "expected a plan as `lrspec compile --format json` writes it, its path, or a Plan"


class OldGroup(NamedTuple):
    """A group of a plan: its optimizer, None where the spec has only one, and the names of its parameters."""

    optimizer: str | None
    params: Sequence[str]


def old_groups(plan: OldPlan) -> list[OldGroup]:
    """The groups of a plan, in order.

    Raises:
        ResumeError: where it is no plan, or has no groups since its spec had errors.
        OSError: where its file cannot be read.
    """
    content = _content(plan)
    if not isinstance(content, Mapping) or content.get("lrspec_plan") != 1:
        raise ResumeError(f"old_plan: {_EXPECTED}")
    if content.get("groups") is None:
        raise ResumeError("old_plan: it has no groups, since its spec had errors: no optimizer was made by it")
    try:
        return [
            OldGroup(group.get("optimizer"), [str(name) for name in group["params"]]) for group in content["groups"]
        ]
    except (AttributeError, KeyError, TypeError):
        raise ResumeError(f"old_plan: {_EXPECTED}") from None


def _content(plan: OldPlan) -> Any:
    if isinstance(plan, str | os.PathLike):
        try:
            return json.loads(Path(plan).read_bytes())
        except ValueError:  # not JSON, or not even text
            raise ResumeError(f"old_plan: {os.fspath(plan)} is not JSON: {_EXPECTED}") from None
    return plan if isinstance(plan, Mapping) or not hasattr(plan, "to_dict") else plan.to_dict()

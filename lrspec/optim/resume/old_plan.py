"""Reads the groups of a plan that was saved as JSON: they name the parameters of checkpoints without names."""

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
    """A group of a plan: its optimizer, None if the spec has only one, and the names of its parameters."""

    optimizer: str | None
    params: Sequence[str]


def old_groups(plan: OldPlan) -> list[OldGroup]:
    """Return the groups of a plan, in order; ResumeError if it is not a plan or has none, OSError as `open`."""
    content: Any = plan
    if isinstance(plan, str | os.PathLike):
        try:
            content = json.loads(Path(plan).read_bytes())
        except ValueError:  # not JSON, or not even text
            raise ResumeError(f"old_plan: {os.fspath(plan)} is not JSON: {_EXPECTED}") from None
    elif not isinstance(plan, Mapping) and hasattr(plan, "to_dict"):
        content = plan.to_dict()
    if not isinstance(content, Mapping) or content.get("lrspec_plan") != 1:
        raise ResumeError(f"old_plan: {_EXPECTED}")
    if content.get("groups") is None:
        raise ResumeError("old_plan: it has no groups because its spec had errors: no optimizer was made from it")
    try:
        groups = content["groups"]
        return [OldGroup(group.get("optimizer"), [str(name) for name in group["params"]]) for group in groups]
    except (AttributeError, KeyError, TypeError):
        raise ResumeError(f"old_plan: {_EXPECTED}") from None

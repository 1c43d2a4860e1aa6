"""Finds settings of models that name code, files or places to load from, which specs and configurations may not.

The libraries that build models have many arguments, and add more. Names are judged by their endings, so that future
arguments are covered too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path
from lrspec.spec.model_kinds import leads_outside

_CODE = re.compile(
    r"auto_map|trust_remote_code|custom_(pipelines|generate)|(code_)?revision|use_kernels|.*_implementation"
)
_WEIGHTS = re.compile(
    r"pretrained|pretrained_(backbone|cfg|cfg_overlay)|use_pretrained_backbone|checkpoint_path|weights(_backbone)?"
)
_PLACES = re.compile(r"_?(\w+_)?name_or_path|.*_(path|paths|dir|dirs|file|files|folder|url|uri|repo|repo_id|kwargs)")
"""A number or a flag under such a name is not a place: `drop_path: 0.1`."""

_BACKBONE = ("use_timm_backbone", "use_pretrained_backbone")


def why_unsafe(key: str, value: Any, beside: Any = ()) -> str | None:
    """Return why a setting of a model is unsafe, or None if it is safe.

    Args:
        key: the name of the setting.
        value: its value; a false one (null, `false`, an empty string, list or mapping) is always safe.
        beside: the mapping that it is in.
    """
    if not value:
        return None
    if _WEIGHTS.fullmatch(key):
        return f"{key}={printable(str(value))}: weights are never loaded; remove it"
    if _CODE.fullmatch(key):
        return f"`{key}` asks for code that comes with a model, which is never run; remove it"
    if _PLACES.fullmatch(key) and not _is_numeric(value):
        return f"`{key}` may name files or places to load from; remove it"
    if key == "backbone" and any(dict(beside).get(other) for other in _BACKBONE):
        return "`backbone` names a model to load; remove it, or describe the model in `backbone_config`"
    if isinstance(value, str) and leads_outside(value):
        return f"`{printable(value)}` would load from outside"
    return None


def _is_numeric(value: Any) -> bool:
    """Return whether a value is a number or a flag, or a list of these."""
    return isinstance(value, int | float) or (isinstance(value, list) and all(map(_is_numeric, value)))


def unsafe_settings(content: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the path of each unsafe setting, at every depth, and why it is unsafe."""
    items = content.items() if isinstance(content, dict) else enumerate(content if isinstance(content, list) else ())
    for step, value in items:
        if message := why_unsafe(str(step), value, content if isinstance(content, dict) else ()):
            yield (*path, step), message
        else:
            yield from unsafe_settings(value, (*path, step))

"""Settings of models that name code, files or places to load from: what a spec and a configuration may not give.

Models are built by libraries, whose arguments are many and change. Names are judged by their endings, so that what a
library adds tomorrow is judged as well.
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
"""Where numbers or flags stand under such a name, they name no place: `drop_path: 0.1`."""

_BACKBONE = ("use_timm_backbone", "use_pretrained_backbone")


def why_unsafe(key: str, value: Any, beside: Any = ()) -> str | None:
    """What is wrong with a setting of a model, or None.

    Args:
        key: its name.
        value: its value; what says no (null, `false`, an empty text, list or mapping) is never wrong.
        beside: the mapping that it stands in.
    """
    if not value:
        return None
    if _WEIGHTS.fullmatch(key):
        return f"{key}={printable(str(value))}: no weights are ever read; leave it out"
    if _CODE.fullmatch(key):
        return f"`{key}` asks for code that comes with a model, which is never run; leave it out"
    if _PLACES.fullmatch(key) and not _is_numeric(value):
        return f"`{key}` may name files or places to load from; leave it out"
    if key == "backbone" and any(dict(beside).get(other) for other in _BACKBONE):
        return "`backbone` names a model to load; leave it out, or describe the model in `backbone_config`"
    if isinstance(value, str) and leads_outside(value):
        return f"`{printable(value)}` would load from outside"
    return None


def _is_numeric(value: Any) -> bool:
    """Whether it is a number or a flag, or a list of these."""
    return isinstance(value, int | float) or (isinstance(value, list) and all(map(_is_numeric, value)))


def unsafe_settings(content: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The place in some settings, and what is wrong there, at every depth."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, value in items:
        if wrong := why_unsafe(str(step), value, content if isinstance(content, dict) else ()):
            yield (*path, step), wrong
        else:
            yield from unsafe_settings(value, (*path, step))

"""Models that the user's Python code builds; only the command line may ask for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.model_error import ModelError, in_one_line, own_place


def builder(name: str, **__: Any) -> Callable[..., Any]:
    """Import the class or function that `package.module:factory` names, also from the current folder; or ModelError."""
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ModelError(f"py:{name}: expected py:package.module:factory")
    if "/" in module_name or module_name.endswith(".py"):
        dotted = PurePosixPath(module_name.removesuffix(".py")).as_posix().replace("/", ".")
        raise ModelError(f"py:{name}: a path, not an importable name: did you mean `py:{dotted}:{attribute}`?")
    here, hint = str(Path.cwd()), ""
    sys.path.insert(0, here)
    try:
        factory: Any = importlib.import_module(module_name)
        for step in attribute.split("."):
            hint = did_you_mean(step, dir(factory))
            factory = getattr(factory, step)
    except (Exception, SystemExit) as failure:  # the user's code may raise anything
        place = own_place(failure)
        raise ModelError(f"py:{name}: {in_one_line(failure)}{f' ({place})' if place else hint}") from failure
    finally:
        sys.path.remove(here)
    if "torch" in sys.modules and isinstance(factory, sys.modules["torch"].nn.Module):
        raise ModelError(f"py:{name}: already a model ({type(factory).__name__}): name a function that returns it")
    if not callable(factory):
        raise ModelError(f"py:{name}: expected a class or a function that returns a model")
    return factory  # type: ignore[no-any-return]

"""Models that Python code of the user's builds, which only the command line may ask for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.model_error import ModelError, in_one_line, own_place


def builder(name: str, **__: Any) -> Callable[..., Any]:
    """The class or function that `package.module:factory` names, imported with the current folder on the path.

    Raises:
        ModelError: where it cannot be imported, or is nothing to call.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ModelError(f"py:{name}: expected py:package.module:factory")
    if "/" in module_name or module_name.endswith(".py"):
        dotted = PurePosixPath(module_name.removesuffix(".py")).as_posix().replace("/", ".")
        raise ModelError(f"py:{name}: a path, and no name to import: did you mean `py:{dotted}:{attribute}`?")
    found = _found(module_name, attribute, f"py:{name}")
    if "torch" in sys.modules and isinstance(found, sys.modules["torch"].nn.Module):
        raise ModelError(f"py:{name}: is a model already ({type(found).__name__}): name a function that returns it")
    if not callable(found):
        raise ModelError(f"py:{name}: expected a class or a function that returns a model")
    return found  # type: ignore[no-any-return]


def _found(module_name: str, attribute: str, source: str) -> Any:
    """What a module has by a name; both are the user's, and may raise anything."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    hint = ""
    try:
        found: Any = importlib.import_module(module_name)
        for step in attribute.split("."):
            hint = did_you_mean(step, dir(found))
            found = getattr(found, step)
    except (Exception, SystemExit) as failure:
        place = own_place(failure)
        raise ModelError(f"{source}: {in_one_line(failure)}{f' ({place})' if place else hint}") from failure
    finally:
        sys.path.remove(here)
    return found

"""Models that Python code of the user's builds, which only the command line may ask for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lrspec.sources.errors import ModelError, in_one_line


def python_builder(name: str) -> Callable[..., Any]:
    """The class or function that `package.module:factory` names, imported with the current folder on the path.

    Raises:
        ModelError: where it cannot be imported, or is nothing to call.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ModelError(f"py:{name}: expected py:package.module:factory")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
        for step in attribute.split("."):
            found = getattr(found, step)
    except (Exception, SystemExit) as failure:  # code of the user's may raise anything
        raise ModelError(f"py:{name}: {in_one_line(failure)}") from failure
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise ModelError(f"py:{name}: expected a class or a function that returns a model")
    return found  # type: ignore[no-any-return]

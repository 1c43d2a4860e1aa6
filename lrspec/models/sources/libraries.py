"""The libraries that models come from, imported where a model is asked for."""

from __future__ import annotations

import importlib
from typing import Any

from lrspec.models.sources.model_error import ModelError, in_one_line


def library(name: str, extra: str) -> Any:
    """Import a library; `extra` is the extra of lrspec that installs it.

    Raises:
        ModelError: where it cannot be imported.
    """
    try:
        return importlib.import_module(name)
    except ImportError as failure:
        raise ModelError(
            f"{name} is needed to build this model, and cannot be imported ({in_one_line(failure)}): "
            f"pip install 'lrspec[{extra}]', or give a saved inventory with --params"
        ) from None

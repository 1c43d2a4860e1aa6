"""The config.json of a transformers model: reads it, and judges what it can without the library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.files import system_reason
from lrspec.models.sources.model_error import ModelError

_MOST_BYTES = 2**24  # the labels of a classifier may take a megabyte


@dataclass(frozen=True)
class HfConfig:
    """The content of a config.json; `path` is its name in messages."""

    path: str
    content: dict[str, Any]

    @property
    def model_type(self) -> str:
        """The `model_type`; ModelError if there is none."""
        model_type = self.content.get("model_type")
        if not isinstance(model_type, str) or not model_type:
            raise ModelError(f"{self.path}: no `model_type`: expected the config of a transformers model")
        return model_type

    @property
    def architectures(self) -> list[str]:
        """The classes that it names; ModelError if these are not strings."""
        names = self.content.get("architectures") or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ModelError(f"{self.path}: `architectures`: expected a list of class names")
        return names

    def class_name(self, chosen: Any) -> str:
        """Return the class to build: the chosen one, or the only one of `architectures`; else ModelError."""
        if chosen is not None:
            if not isinstance(chosen, str) or not chosen:
                raise ModelError(f"{self.path}: the argument `class` must name a class of transformers")
            return chosen
        if len(self.architectures) == 1:
            return self.architectures[0]
        names = ", ".join(map(printable, self.architectures))
        message = f"`architectures` names several classes: {names}" if names else "no `architectures`"
        example = printable(self.architectures[0]) if names else "BertForSequenceClassification"
        verb = "choose one" if names else "name the class"
        advice = f"{verb} with --model-arg class={example} (in a spec: args: {{class: {example}}})"
        raise ModelError(f"{self.path}: {message}: {advice}")

    def unknown(self, message: str, near: str) -> ModelError:
        """Return the error for an unknown type or class; `near` suggests others, unless `auto_map` names code."""
        if self.content.get("auto_map"):
            advice = "save an inventory from Python (lrspec.Inventory.from_model) and give it with --params"
            near = f", and code that comes with a model (`auto_map`) is never run: {advice}"
        return ModelError(f"{self.path}: {message}{near}")


def read_hf_config(path: Path) -> HfConfig:
    """Read a config.json; ModelError if it cannot be read, or is not a JSON object."""
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ModelError(f"{name}: larger than {_MOST_BYTES:,} bytes, the most that a config.json may have")
        content = json.loads(text)
    except OSError as failure:
        raise ModelError(f"{name}: {system_reason(failure, 'cannot be read')}") from None
    except json.JSONDecodeError as failure:
        raise ModelError(f"{name}:{failure.lineno}:{failure.colno}: not JSON: {failure.msg}") from None
    except (ValueError, RecursionError):  # not UTF-8, a number of 5,000 digits, lists in lists in lists
        raise ModelError(f"{name}: not readable as JSON") from None
    if not isinstance(content, dict):
        raise ModelError(f"{name}: expected a JSON object, the config of a transformers model")
    return HfConfig(name, content)

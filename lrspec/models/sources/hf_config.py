"""The config.json of a model of transformers, as far as it can be judged without that library."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.files import system_reason
from lrspec.models.sources.model_error import ModelError

_OWN_CODE = "save an inventory from Python (lrspec.Inventory.from_model) and give it with --params"

_MOST_BYTES = 2**24  # the labels of a classifier may take a megabyte


@dataclass(frozen=True)
class HfConfig:
    """What a config.json says; `path` is what messages call it."""

    path: str
    content: dict[str, Any]

    @property
    def model_type(self) -> str:
        """The `model_type`; ModelError where there is none."""
        found = self.content.get("model_type")
        if not isinstance(found, str) or not found:
            raise ModelError(f"{self.path}: no `model_type`: expected the config of a transformers model")
        return found

    @property
    def architectures(self) -> list[str]:
        """The classes that it names; ModelError where these are no texts."""
        found = self.content.get("architectures") or []
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise ModelError(f"{self.path}: `architectures`: expected a list of class names")
        return found

    def class_name(self, given: Any) -> str:
        """The class to build: the one given, or the only one of `architectures`.

        Raises:
            ModelError: where neither says which it is.
        """
        if given is not None:
            if not isinstance(given, str) or not given:
                raise ModelError(f"{self.path}: the argument `class` is the name of a class of transformers")
            return given
        if len(self.architectures) == 1:
            return self.architectures[0]
        named = ", ".join(map(printable, self.architectures))
        wrong = f"`architectures` names several classes: {named}" if named else "no `architectures`"
        example = printable(self.architectures[0]) if named else "BertForSequenceClassification"
        how = f"--model-arg class={example} (in a spec: args: {{class: {example}}})"
        raise ModelError(f"{self.path}: {wrong}: say which is meant with {how}")

    def unknown(self, what: str, near: str) -> ModelError:
        """That transformers has no such type or class: `near` are those it has, unless there is code for `auto_map`."""
        if self.content.get("auto_map"):
            near = f", and code that comes with a model (`auto_map`) is never run: {_OWN_CODE}"
        return ModelError(f"{self.path}: {what}{near}")


def read_hf_config(path: Path) -> HfConfig:
    """Read a config.json.

    Raises:
        ModelError: where it cannot be read, or is no JSON object.
    """
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
        raise ModelError(f"{name}: not JSON that can be read") from None
    if not isinstance(content, dict):
        raise ModelError(f"{name}: expected a JSON object, the config of a transformers model")
    return HfConfig(name, content)

"""The settings of a transformers config that reach its class: an allowlist, at every depth.

A class takes everything in a config.json as an attribute, even in place of its methods. Here it gets what it declares,
plus numbers, flags and single words, which some models read undeclared (`conv_kernel_size` and `norm_rel_ebd` of
DeBERTa): none of these can name a file or a place.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, spell
from lrspec.models.sources.model_error import ModelError
from lrspec.spec.unsafe_settings import why_unsafe

IDENTITY = frozenset({"model_type", "architectures"})  # the keys that say which model it is

_RECORDS = re.compile(r"_.*|(\w+_)?name_or_path|transformers_version|\w*_implementation|label2id|pretrained_cfg")
"""The keys where a saved config records its origin and how it ran; no parameter depends on them."""

_NAME = re.compile(r"[\w.]+")
_WORD = re.compile(r"[\w.+|-]{0,64}")
_TIMM = ("timm_backbone", "timm_wrapper")  # the types whose `backbone` or `architecture` is a name in timm's registry


@dataclass(frozen=True)
class HfSettings:
    """The settings of transformers configs; `config_classes` are their classes by model type."""

    config_classes: Mapping[str, Any]

    def reaching(self, content: Mapping[str, Any], config_class: Any, path: Path = ()) -> dict[str, Any]:
        """Return the settings that reach a config class, those of the configs inside it included.

        Args:
            content: the content of a config.json, or arguments for it.
            config_class: the config class.
            path: the place of the content in the file.

        ModelError for a setting that names code, files or a place to load from; the message has its place.
        """
        declared, settings = declared_by(config_class), {}
        for key, value in content.items():
            place = (*path, key)
            if _RECORDS.fullmatch(key) or (key == "auto_map" and not path):  # no class of transformers needs its code
                continue
            _refuse_unsafe(key, value, content, place)
            _refuse_backbone(key, value, config_class, place)
            if key in declared:
                inner = self._inner_class(key, value, config_class) if isinstance(value, dict) else None
                settings[key] = self._checked(value, place) if inner is None else self.reaching(value, inner, place)
            elif key in IDENTITY or (_is_loose(value) and not hasattr(config_class, key)):
                settings[key] = value
        if "use_pretrained_backbone" in declared:
            settings["use_pretrained_backbone"] = False  # true by default in some versions
        return settings

    def _inner_class(self, key: str, value: dict[str, Any], config_class: Any) -> Any:
        """Return the class of a config inside another; None for other mappings."""
        model_type = value.get("model_type")
        if isinstance(model_type, str) and model_type in self.config_classes:
            return self.config_classes[model_type]
        inner = (getattr(config_class, "sub_configs", None) or {}).get(key)
        if hasattr(inner, "model_type"):
            return inner
        default = (getattr(config_class, "sub_configs_defaults", None) or {}).get(key)  # where any type is allowed
        return (
            self.config_classes[default.model_type] if default and default.model_type in self.config_classes else None
        )

    def _checked(self, value: Any, path: Path) -> Any:
        """Return a value if nothing in it is unsafe, at any depth."""
        if isinstance(value, list):
            return [self._checked(item, (*path, place)) for place, item in enumerate(value)]
        if isinstance(value, dict):
            for key, inner in value.items():
                _refuse_unsafe(key, inner, value, (*path, key))
            return {key: self._checked(inner, (*path, key)) for key, inner in value.items()}
        _refuse_unsafe("", value, (), path)
        return value


def declared_by(config_class: Any) -> frozenset[str]:
    """Return the settings that a config class and its bases declare: fields, arguments and settable properties."""
    names = {*config_class.attribute_map, *(getattr(config_class, "sub_configs", None) or {})}
    if dataclasses.is_dataclass(config_class):
        names.update(field.name for field in dataclasses.fields(config_class))
    for cls in config_class.__mro__:
        if "__init__" in vars(cls) and cls is not object:
            takes = inspect.signature(vars(cls)["__init__"]).parameters.values()
            names.update(item.name for item in takes if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD))
        names.update(name for name, member in vars(cls).items() if isinstance(member, property) and member.fset)
    return frozenset(name for name in names - {"self"} if not name.startswith("_") and name not in IDENTITY)


def _refuse_unsafe(key: str, value: Any, beside: Any, path: Path) -> None:
    if message := why_unsafe(key, value, beside):
        raise ModelError(f"{printable(spell(path))}: {message}")


def _refuse_backbone(key: str, value: Any, config_class: Any, path: Path) -> None:
    """Refuse the name of a model to load: only timm's types may name one, and only from timm's registry."""
    if not value or key not in ("backbone", "architecture"):
        return
    is_name = isinstance(value, str) and _NAME.fullmatch(value) is not None
    if not is_name or (key == "backbone" and config_class.model_type not in _TIMM):
        place, name = printable(spell(path)), printable(str(value))
        raise ModelError(f"{place}: `{name}` may be loaded from outside; describe the model in `backbone_config`")


def _is_loose(value: Any) -> bool:
    """Return whether a value is a number, a flag, null, a word, or a list of these."""
    if isinstance(value, list):
        return all(_is_loose(item) and not isinstance(item, list) for item in value)
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and bool(_WORD.fullmatch(value)))

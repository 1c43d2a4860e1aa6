"""The settings of a configuration of transformers that reach its class: an allowlist, at every depth.

A class takes whatever a config.json says for an attribute, its own methods included. Here it gets what it declares, and
beside that numbers, flags and single words, which some models read undeclared (`conv_kernel_size` and `norm_rel_ebd` of
DeBERTa): none of these can name a file or a place.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.source import Path, spell
from lrspec.models.sources.model_error import ModelError
from lrspec.spec.unsafe_settings import why_unsafe

IDENTITY = frozenset({"model_type", "architectures"})
"""What says which model it is."""

_RECORDS = re.compile(r"_.*|(\w+_)?name_or_path|transformers_version|\w*_implementation|label2id|pretrained_cfg")
"""What a saved configuration records of where it is from and how it ran; no parameter depends on it."""

_NAME = re.compile(r"[\w.]+")

_WORD = re.compile(r"[\w.+|-]{0,64}")

_TIMM = ("timm_backbone", "timm_wrapper")
"""The types whose `backbone` or `architecture` is a name of timm's registry."""


@dataclass(frozen=True)
class HfSettings:
    """The settings of the configurations of transformers; `kinds` are their classes by model type."""

    kinds: Mapping[str, Any]

    def reaching(self, content: Mapping[str, Any], kind: Any, path: Path = ()) -> dict[str, Any]:
        """The settings that reach a configuration class, those of configurations inside of it included.

        Args:
            content: what a config.json says, or arguments for it.
            kind: the configuration class.
            path: where that stands in the file.

        Raises:
            ModelError: for what names code, files or a place to load from; it has the place.
        """
        declared, found = declared_by(kind), {}
        for key, value in content.items():
            if _is_record(key, path):
                continue
            _refuse_unsafe(key, value, content, (*path, key))
            _refuse_backbone(key, value, kind, (*path, key))
            if key in declared:
                found[key] = self._declared(key, value, kind, (*path, key))
            elif key in IDENTITY or (_is_loose(value) and not hasattr(kind, key)):
                found[key] = value
        if "use_pretrained_backbone" in declared:
            found["use_pretrained_backbone"] = False  # which some versions have for a default
        return found

    def _declared(self, key: str, value: Any, kind: Any, path: Path) -> Any:
        if isinstance(value, dict):
            inner = self._inner(key, value, kind)
            return self._checked(value, path) if inner is None else self.reaching(value, inner, path)
        return self._checked(value, path)

    def _inner(self, key: str, value: dict[str, Any], kind: Any) -> Any:
        """The class of a configuration inside of another; None for other mappings."""
        model_type = value.get("model_type")
        if isinstance(model_type, str) and model_type in self.kinds:
            return self.kinds[model_type]
        inner = (getattr(kind, "sub_configs", None) or {}).get(key)
        if hasattr(inner, "model_type"):
            return inner
        described = (getattr(kind, "sub_configs_defaults", None) or {}).get(key)  # one of any type, with a default
        return self.kinds[described.model_type] if described and described.model_type in self.kinds else None

    def _checked(self, value: Any, path: Path) -> Any:
        """A value in which nothing is unsafe, at any depth."""
        if isinstance(value, list):
            return [self._checked(each, (*path, place)) for place, each in enumerate(value)]
        if isinstance(value, dict):
            for key, inner in value.items():
                _refuse_unsafe(key, inner, value, (*path, key))
            return {key: self._checked(inner, (*path, key)) for key, inner in value.items()}
        _refuse_unsafe("", value, (), path)
        return value


def declared_by(kind: Any) -> frozenset[str]:
    """The settings that a configuration class and its bases declare: as fields, or as arguments."""
    fields = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    members = {name for cls in kind.__mro__ for name in _declared_in(cls)}
    inner = getattr(kind, "sub_configs", None) or {}
    names = {*fields, *members, *kind.attribute_map, *inner}
    return frozenset(name for name in names - {"self"} if not name.startswith("_") and name not in IDENTITY)


def _declared_in(cls: type) -> Iterator[str]:
    """The arguments of a class's own, and what it computes and lets be set (`num_labels`)."""
    if "__init__" in vars(cls) and cls is not object:
        takes = inspect.signature(vars(cls)["__init__"]).parameters.values()
        yield from (each.name for each in takes if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD))
    yield from (name for name, member in vars(cls).items() if isinstance(member, property) and member.fset)


def _is_record(key: str, path: Path) -> bool:
    """Whether a setting only records something; code for the whole model is named where its class needs none."""
    return _RECORDS.fullmatch(key) is not None or (key == "auto_map" and not path)


def _refuse_unsafe(key: str, value: Any, beside: Any, path: Path) -> None:
    if wrong := why_unsafe(key, value, beside):
        raise ModelError(f"{printable(spell(path))}: {wrong}")


def _refuse_backbone(key: str, value: Any, kind: Any, path: Path) -> None:
    """Refuse the name of a model to load: only the types of timm may name one, and of timm's registry only."""
    if not value or key not in ("backbone", "architecture"):
        return
    is_name = isinstance(value, str) and _NAME.fullmatch(value) is not None
    if not is_name or (key == "backbone" and kind.model_type not in _TIMM):
        place, named = printable(spell(path)), printable(str(value))
        raise ModelError(f"{place}: `{named}` may be loaded from outside; describe the model in `backbone_config`")


def _is_loose(value: Any) -> bool:
    """Whether a value is a number, a flag, null, a word, or a list of these."""
    if isinstance(value, list):
        return all(_is_loose(each) and not isinstance(each, list) for each in value)
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and bool(_WORD.fullmatch(value)))

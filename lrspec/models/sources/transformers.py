"""Models of transformers, from a config.json on this machine; code that comes with a model is never run."""

from __future__ import annotations

import contextlib
import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.hf_config import HfConfig, read_hf_config
from lrspec.models.sources.hf_settings import IDENTITY, HfSettings, declared_by
from lrspec.models.sources.model_error import ModelError, in_one_line, library
from lrspec.models.sources.paths import hf_config_path

_NO_MODELS = ("Config", "Tokenizer", "TokenizerFast", "Processor", "ProcessorFast", "FeatureExtractor", "Output")
"""Endings of classes of transformers that are no models."""

_COMPILER = "is_ninja_available"
"""The function of transformers that runs a program to find a compiler."""


def builder(name: str, *, folder: Path, outside: bool) -> Callable[..., Any]:
    """What builds the model of a config.json, or of a folder that has one; see `hf_config_path`.

    Its arguments are `class`, settings of the config, and further arguments of the class. It raises ModelError for a
    config and for arguments that give no model.

    Raises:
        ModelError: where there is no config in the file.
    """
    path = hf_config_path(name, folder, outside=outside)
    return partial(_build, library("transformers", "transformers"), read_hf_config(path))


def _build(transformers: Any, config: HfConfig, **args: Any) -> Any:
    chosen = args.pop("class", None)
    kinds = transformers.CONFIG_MAPPING
    if config.model_type not in kinds:
        near = did_you_mean(config.model_type, kinds.keys())
        raise config.unknown(f"`{printable(config.model_type)}` is no model_type of {_version(transformers)}", near)
    cls = _model_class(transformers, config, config.class_name(chosen))
    kind, content = _part_for(cls, kinds[config.model_type], config)
    content = _reaching(kinds, content, kind, config.path)
    settings, further = _sorted_out(args, kind.from_dict(copy.deepcopy(content)), cls, config.path, content)
    settings = _reaching(kinds, settings, kind, config.path)
    try:
        with _no_kernels(cls):
            return cls(kind.from_dict(content, **settings), **further)
    except AttributeError as failure:
        if not issubclass(kind, cls.config_class):  # it has asked the config for what only its own kind has
            raise _mismatch(cls, config) from failure
        raise


@contextlib.contextmanager
def _no_kernels(cls: Any) -> Iterator[None]:
    """Let the module of a class find no compiler: some models look for one as they are built, and compile kernels."""
    names = vars(sys.modules[cls.__module__])
    before = names.get(_COMPILER)
    if before is not None:
        names[_COMPILER] = lambda: False
    try:
        yield
    finally:
        if before is not None:
            names[_COMPILER] = before


def _reaching(kinds: Any, content: Mapping[str, Any], kind: Any, path: str) -> dict[str, Any]:
    try:
        return HfSettings(kinds).reaching(content, kind)
    except ModelError as refusal:
        raise ModelError(f"{path}: {refusal}") from None


def _model_class(transformers: Any, config: HfConfig, name: str) -> Any:
    names = _names(transformers)
    if name not in names:
        models = [each for each in names if each[0].isupper() and not each.endswith(_NO_MODELS)]
        near = did_you_mean(name, models, 3)
        raise config.unknown(f"`{printable(name)}` is no class of {_version(transformers)}", near)
    try:
        found = getattr(transformers, name)
        kind = getattr(found, "config_class", None)
    except ImportError as failure:  # some classes need a library more
        raise ModelError(f"{config.path}: {name}: {in_one_line(failure)}") from None
    if not (isinstance(found, type) and issubclass(found, transformers.PreTrainedModel) and kind):
        raise ModelError(f"{config.path}: {name} is no class of a model: expected a subclass of PreTrainedModel")
    return found


@lru_cache(maxsize=1)
def _names(transformers: Any) -> list[str]:
    """What transformers has, most of it not imported yet; it takes long to list that."""
    return dir(transformers)


def _part_for(cls: Any, declared: Any, config: HfConfig) -> tuple[Any, dict[str, Any]]:
    """The configuration class that a model class takes, and the part of the config that is for it."""
    wanted, content = cls.config_class, config.content
    if issubclass(declared, wanted):
        return declared, content
    parts = [part for part in content.values() if isinstance(part, dict)]
    if part := next((part for part in parts if part.get("model_type") == wanted.model_type), None):
        return wanted, part
    if cls.__name__ in config.architectures:  # some types share the classes of another
        return declared, content
    raise _mismatch(cls, config)


def _mismatch(cls: Any, config: HfConfig) -> ModelError:
    wanted = cls.config_class.model_type
    return ModelError(f"{config.path}: its model_type is `{config.model_type}`, and {cls.__name__} is for `{wanted}`")


def _sorted_out(
    args: Mapping[str, Any], config: Any, cls: Any, path: str, content: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments that are settings of the config, and those that are further arguments of the class."""
    import inspect

    known = {*declared_by(type(config)), *content} - IDENTITY
    takes = set(inspect.signature(cls.__init__).parameters) - {"self", "config", "args", "kwargs", "inputs"}
    for key, value in args.items():
        if key not in known | takes:
            near = did_you_mean(key, sorted(known | takes))
            raise ModelError(f"{path}: {cls.__name__} takes no argument {key!r}{near}")
        _check_inner(value, getattr(config, key, None), f"{cls.__name__}: `{key}`", path)
    settings = {key: value for key, value in args.items() if key in known}
    return settings, {key: value for key, value in args.items() if key not in known}


def _check_inner(value: Any, config: Any, owner: str, path: str) -> None:
    """Refuse settings that a configuration inside of another has not."""
    if not isinstance(value, dict) or not hasattr(config, "attribute_map"):
        return
    known = sorted({*declared_by(type(config)), "model_type"})
    for key, inner in value.items():
        if key not in known:
            raise ModelError(f"{path}: {owner} takes no setting {key!r}{did_you_mean(key, known)}")
        _check_inner(inner, getattr(config, key, None), f"{owner}: `{key}`", path)


def _version(transformers: Any) -> str:
    return f"transformers {transformers.__version__}"

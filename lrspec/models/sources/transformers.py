"""Models of transformers, from a config.json on this machine; code that comes with a model is never run."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.diagnostics.suggest import did_you_mean
from lrspec.models.sources.hf_config import HfConfig, read_hf_config
from lrspec.models.sources.hf_settings import IDENTITY, HfSettings, declared_by
from lrspec.models.sources.model_error import ModelError, in_one_line, library
from lrspec.models.sources.paths import hf_config_path

_NOT_MODELS = ("Config", "Tokenizer", "TokenizerFast", "Processor", "ProcessorFast", "FeatureExtractor", "Output")
_COMPILER = "is_ninja_available"  # the function of transformers that runs a program to find a compiler


def builder(name: str, *, folder: Path, outside: bool, **_: Any) -> Callable[..., Any]:
    """Return the builder of the model of a config.json, or of a folder that has one; ModelError if there is no config.

    The builder takes `class`, settings of the config, and other arguments of the class; ModelError if these and the
    config do not describe a model.
    """
    path = hf_config_path(name, folder, outside=outside)
    return partial(_build, library("transformers"), read_hf_config(path))


def _build(transformers: Any, config: HfConfig, **args: Any) -> Any:
    chosen = args.pop("class", None)
    config_classes = transformers.CONFIG_MAPPING
    if config.model_type not in config_classes:
        near = did_you_mean(config.model_type, config_classes.keys())
        message = f"`{printable(config.model_type)}` is not a model_type of transformers {transformers.__version__}"
        raise config.unknown(message, near)
    cls = _model_class(transformers, config, config.class_name(chosen))
    config_class, content = _part_for(cls, config_classes[config.model_type], config)
    content = _reaching(config_classes, content, config_class, config.path)
    settings, others = _split(args, config_class.from_dict(copy.deepcopy(content)), cls, config.path, content)
    settings = _reaching(config_classes, settings, config_class, config.path)
    names = vars(sys.modules[cls.__module__])
    find_compiler = names.get(_COMPILER)
    if find_compiler is not None:
        names[_COMPILER] = lambda: False  # some models look for a compiler as they are built, and compile kernels
    try:
        return cls(config_class.from_dict(content, **settings), **others)
    except AttributeError as failure:
        if not issubclass(config_class, cls.config_class):  # it has read a setting that only its own config class has
            raise _mismatch(cls, config) from failure
        raise
    finally:
        if find_compiler is not None:
            names[_COMPILER] = find_compiler


def _reaching(config_classes: Any, content: Mapping[str, Any], config_class: Any, path: str) -> dict[str, Any]:
    try:
        return HfSettings(config_classes).reaching(content, config_class)
    except ModelError as refusal:
        raise ModelError(f"{path}: {refusal}") from None


_names = lru_cache(maxsize=1)(dir)  # of transformers, most of which is not imported yet: listing them takes long


def _model_class(transformers: Any, config: HfConfig, name: str) -> Any:
    names = _names(transformers)
    if name not in names:
        models = [known for known in names if known[0].isupper() and not known.endswith(_NOT_MODELS)]
        message = f"`{printable(name)}` is not a class of transformers {transformers.__version__}"
        raise config.unknown(message, did_you_mean(name, models, 3))
    try:
        cls = getattr(transformers, name)
        config_class = getattr(cls, "config_class", None)
    except ImportError as failure:  # some classes need another library
        raise ModelError(f"{config.path}: {name}: {in_one_line(failure)}") from None
    if not (isinstance(cls, type) and issubclass(cls, transformers.PreTrainedModel) and config_class):
        raise ModelError(f"{config.path}: {name} is not a model class: expected a subclass of PreTrainedModel")
    return cls


def _part_for(cls: Any, declared: Any, config: HfConfig) -> tuple[Any, dict[str, Any]]:
    """Return the config class that a model class takes, and the part of the config that is for it."""
    wanted, content = cls.config_class, config.content
    if issubclass(declared, wanted):
        return declared, content
    for part in content.values():
        if isinstance(part, dict) and part.get("model_type") == wanted.model_type:
            return wanted, part
    if cls.__name__ in config.architectures:  # some types share the classes of another
        return declared, content
    raise _mismatch(cls, config)


def _mismatch(cls: Any, config: HfConfig) -> ModelError:
    wanted = cls.config_class.model_type
    return ModelError(f"{config.path}: its model_type is `{config.model_type}`, but {cls.__name__} is for `{wanted}`")


def _split(
    args: Mapping[str, Any], config: Any, cls: Any, path: str, content: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split arguments into settings of the config and other arguments of the class."""
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
    """Refuse settings that a config inside another does not have."""
    if not isinstance(value, dict) or not hasattr(config, "attribute_map"):
        return
    known = sorted({*declared_by(type(config)), "model_type"})
    for key, inner in value.items():
        if key not in known:
            raise ModelError(f"{path}: {owner} takes no setting {key!r}{did_you_mean(key, known)}")
        _check_inner(inner, getattr(config, key, None), f"{owner}: `{key}`", path)

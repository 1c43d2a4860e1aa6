"""Models that the user's Python code builds; only the command line may ask for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.files import is_file, is_folder
from lrspec.models.sources.model_error import ModelError, in_one_line, own_place


def builder(name: str, **__: Any) -> Callable[..., Any]:
    """Import the class or function that `package.module:factory` or `FILE.py:factory` names; or ModelError.

    Modules are also found in the current folder, and by a file in its own, as when Python runs it.
    """
    module_name, _, attribute = name.rpartition(":")
    if not module_name or not attribute:
        raise ModelError(f"py:{name}: expected py:package.module:factory, or py:FILE.py:factory")
    file = Path(module_name) if "/" in module_name or module_name.endswith(".py") else None
    if file is not None:
        _check_file(name, file, attribute)
    places, hint = [str(file.absolute().parent)] if file else [], ""
    places.append(str(Path.cwd()))
    sys.path[:0] = places
    try:
        factory: Any = _load(file) if file else importlib.import_module(module_name)
        for step in attribute.split("."):
            hint = did_you_mean(step, dir(factory))
            factory = getattr(factory, step)
    except (Exception, SystemExit) as failure:  # the user's code may raise anything
        place = own_place(failure)
        details = f" ({place})" if place else _looked_for(failure, module_name) or hint
        raise ModelError(f"py:{name}: {in_one_line(failure)}{details}") from failure
    finally:
        for folder in places:
            sys.path.remove(folder)
    torch = sys.modules.get("torch")
    if torch and isinstance(factory, torch.nn.Module):
        raise ModelError(f"py:{name}: already a model ({type(factory).__name__}): name a function that returns it")
    if not callable(factory):
        raise ModelError(f"py:{name}: expected a class or a function that returns a model")
    return factory  # type: ignore[no-any-return]


def _check_file(name: str, file: Path, attribute: str) -> None:
    """Raise ModelError if there is no such Python file, with what was probably meant."""
    if file.suffix == ".py" and is_file(file):
        return
    if is_file(file) or is_folder(file):
        raise ModelError(f"py:{name}: not a Python file: expected py:FILE.py:factory")
    with_ending = f"{file.as_posix()}.py"
    exists = is_file(Path(with_ending))
    hint = f"did you mean `py:{with_ending}:{attribute}`?" if exists else f"looked in {Path.cwd()} for {file}"
    raise ModelError(f"py:{name}: no such file: {hint}")


def _load(file: Path) -> ModuleType:
    """Run a file as the module of its name, once; a module of that name that comes from elsewhere stays what it is."""
    path = str(file.absolute())
    known = sys.modules.get(file.stem)
    if known and getattr(known, "__file__", None) == path:
        return known
    spec = spec_from_file_location(file.stem, path)
    assert spec is not None  # the name ends in .py
    assert spec.loader is not None
    module = module_from_spec(spec)
    registered = sys.modules.setdefault(file.stem, module) is module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if registered:
            del sys.modules[file.stem]
        raise
    return module


def _looked_for(failure: BaseException, module_name: str) -> str:
    """Return where a module was looked for, if it is the one that was asked for."""
    if not isinstance(failure, ModuleNotFoundError) or not f"{module_name}.".startswith(f"{failure.name}."):
        return ""
    path = module_name.replace(".", "/")
    return f": looked for {path}.py or the package {path}/ in the current folder ({Path.cwd()}) and on Python's path"

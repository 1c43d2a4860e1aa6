"""Models that the user's Python code builds; only the command line may ask for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from lrspec.diagnostics.suggest import did_you_mean
from lrspec.files import is_file, is_folder
from lrspec.models.sources.model_error import ModelError, in_one_line, library, own_place
from lrspec.models.sources.paths import is_path


def builder(name: str, *, returned: str | None = None, **__: Any) -> Callable[..., Any]:
    """Import the class or function that `package.module:factory` or `FILE.py:factory` names; or ModelError.

    `returned` is what it should return, if not just a model.

    Modules are also found in the current folder, and by a file in its own, as when Python runs it: by what is imported,
    and by what is called.
    """
    module_name, _, attribute = name.rpartition(":")
    if not module_name or not attribute:
        raise ModelError(f"py:{name}: expected py:package.module:factory, or py:FILE.py:factory")
    file = Path(module_name) if is_path(module_name) or module_name.endswith(".py") else None
    if file is not None:
        _check_file(name, file, attribute)
    torch = library("torch")  # before a file of that name is found
    places, hint = [str(file.absolute().parent)] if file else [], ""
    places.append(str(Path.cwd()))
    try:
        load = partial(_load, file, _name_of(file)) if file else partial(importlib.import_module, module_name)
        with _first(places):
            factory: Any = load()
            for step in attribute.split("."):
                hint = did_you_mean(step, dir(factory))
                factory = getattr(factory, step)
    except (Exception, SystemExit) as failure:  # the user's code may raise anything
        place = own_place(failure)
        details = f" ({place})" if place else _looked_for(failure, module_name) or hint
        raise ModelError(f"py:{name}: {in_one_line(failure)}{details}") from failure
    if isinstance(factory, torch.nn.Module):
        advice = f"name a function that returns {returned or 'it'}"
        raise ModelError(f"py:{name}: already a model ({type(factory).__name__}): {advice}")
    if not callable(factory):
        raise ModelError(f"py:{name}: expected a class or a function that returns {returned or 'a model'}")

    def build(**args: Any) -> Any:
        with _first(places):
            return factory(**args)

    return build


@contextmanager
def _first(folders: list[str]) -> Iterator[None]:
    """Let modules be found in these folders first."""
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            with suppress(ValueError):  # the user's code may have removed it
                sys.path.remove(folder)


def _check_file(name: str, file: Path, attribute: str) -> None:
    """Raise ModelError if there is no such Python file, with what was probably meant."""
    if file.suffix == ".py" and is_file(file):
        return
    if is_file(file) or is_folder(file):
        raise ModelError(f"py:{name}: not a Python file: expected py:FILE.py:{attribute}")
    with_ending = f"{file.as_posix()}.py"
    exists = is_file(Path(with_ending))
    hint = f"did you mean `py:{with_ending}:{attribute}`?" if exists else f"looked in {Path.cwd()} for {file}"
    raise ModelError(f"py:{name}: no such file: {hint}")


def _name_of(file: Path) -> str:
    """Return the name for a file as a module: its own, unless that means another module, such as torch."""
    private = str(file.absolute()).replace(".", ":")
    if "." in file.stem:
        return private
    known = sys.modules.get(file.stem)
    spec = getattr(known, "__spec__", None) if known else find_spec(file.stem)
    if not known and not spec:
        return file.stem
    own = spec and spec.origin and Path(spec.origin).resolve() == file.resolve()
    return file.stem if own else private


def _load(file: Path, name: str) -> ModuleType:
    """Run a file as the module of a name, once."""
    if known := sys.modules.get(name):
        return known
    spec = spec_from_file_location(name, file.absolute())
    assert spec is not None  # the name ends in .py
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _looked_for(failure: BaseException, module_name: str) -> str:
    """Return what was probably meant, or where a module was looked for, if it is the one that was asked for."""
    if not isinstance(failure, ModuleNotFoundError) or not f"{module_name}.".startswith(f"{failure.name}."):
        return ""
    missing, path = Path(*str(failure.name).split(".")), module_name.replace(".", "/")
    near = did_you_mean(missing.name, _modules_in(missing.parent))
    places = f"in the current folder ({Path.cwd()}) and on Python's path"
    return near or f": looked for {path}.py or the package {path}/ {places}"


def _modules_in(folder: Path) -> list[str]:
    """Return the names of the modules and packages in a folder, sorted; none if it cannot be read."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".py" or is_file(path / "__init__.py")]
    except OSError:
        return []
    return sorted(path.stem for path in paths)

"""Turns the name of a model, such as `timm:resnet18`, into an inventory of its parameters.

Models are built without weights, without the network and, as far as they allow it, on the meta device. torch and the
models' libraries are imported only where they are used.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrspec.diagnostics.escape import printable
from lrspec.files import is_file, is_folder, system_reason
from lrspec.models.inventory import Inventory, InventoryError
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.paths import hf_config_path, is_path, params_path
from lrspec.spec.file_names import ENDINGS
from lrspec.spec.model_kinds import BUILT, IN_SPECS, MODEL_KINDS, leads_outside, scheme_and_name

if TYPE_CHECKING:
    from torch import nn


def inventory_of(
    source: str,
    args: dict[str, Any],
    folder: Path,
    *,
    run_code: bool = False,
    outside: bool = False,
    cache: bool = False,
) -> Inventory:
    """Return the inventory of a model by its name; ModelError if it cannot be built or read.

    Args:
        source: `resnet18` or `timm:resnet18`, `torchvision:resnet50`, `hf:DIR_OR_CONFIG.json`, `params:FILE`,
            `py:package.module:factory` or `py:FILE.py:factory`.
        args: arguments for building it.
        folder: the folder that the path of `params:` and `hf:` is relative to.
        run_code: whether `py:` is allowed, which imports and calls the user's code.
        outside: whether the file of `params:` or `hf:` may lie outside `folder`.
        cache: whether the names that a library knows may come from the cache, and are kept there.
    """
    scheme, name = scheme_and_name(source)
    if scheme == "params":
        if args:
            raise ModelError(f"{source}: a saved inventory takes no arguments, found {', '.join(args)}")
        return read_params(params_path(name, folder, outside=outside), suggest=run_code)
    model = model_of(source, args, folder, run_code=run_code, outside=outside, cache=cache)
    return inventory_of_built(model, source, args)


def model_of(
    source: str,
    args: dict[str, Any],
    folder: Path,
    *,
    run_code: bool = False,
    outside: bool = False,
    cache: bool = False,
) -> nn.Module:
    """Build a model by its name, without weights; takes the arguments of `inventory_of`, but no `params:`."""
    from lrspec.models.sources.arguments import check_arguments  # here, since the model is usually in the cache
    from lrspec.models.sources.meta_device import build
    from lrspec.models.sources.silence import silence

    scheme, name = scheme_and_name(source)
    if not name.strip():
        raise ModelError(f"expected the name of a model, found {source!r}")
    if scheme == "timm" and ("/" in name or name.endswith(".json")):
        _refuse_path(source, name, folder, outside=outside)
    if scheme == "timm" and name.endswith(".py") and run_code:
        raise ModelError(f"{source}: a Python file: name what in it returns the model, as in py:{name}:FACTORY")
    if scheme != "py":
        check_arguments(args)
    if scheme not in (MODEL_KINDS if run_code else IN_SPECS):
        raise ModelError(_unknown_scheme(source, run_code=run_code))
    with silence(source, shown=scheme == "py"):
        module = importlib.import_module(f"lrspec.models.sources.{MODEL_KINDS[scheme].module}")
        try:
            builder = module.builder(name, folder=folder, outside=outside, cache=cache)
        except ModelError:
            if scheme == "timm" and run_code and (near := _as_code(name)):
                raise ModelError(f"unknown timm model {name!r}: did you mean `{printable(near)}`?") from None
            raise
        return build(builder, source, args)


def inventory_of_built(model: nn.Module, source: str, args: dict[str, Any]) -> Inventory:
    """Return the inventory of a model that was built by its name."""
    try:
        return Inventory.from_model(model, source=":".join(scheme_and_name(source)), args=args)
    except InventoryError as failure:
        raise ModelError(f"{source}: {failure}") from None


def read_params(path: Path, *, suggest: bool = True) -> Inventory:
    """Read a saved inventory; ModelError if the file does not hold one. `suggest` searches its folder for another."""
    try:
        return Inventory.load(path)
    except OSError as failure:
        raise ModelError(f"{printable(str(path))}: {_unreadable(path, failure, suggest)}") from None
    except ValueError as failure:  # InventoryError, or a path with a NUL
        raise ModelError(f"{printable(str(path))}: {failure}") from None


def _unreadable(path: Path, failure: OSError, suggest: bool) -> str:
    """Return why an inventory cannot be read, and which file was probably meant."""
    from lrspec.diagnostics.suggest import nearest
    from lrspec.diagnostics.wording import few

    reason = system_reason(failure, "cannot be read")
    if suggest and is_folder(path):
        saved = [(path / name).as_posix() for name in _inventories_in(path)]
        return f"{reason}: name a file in it: {few(saved, 3)}" if saved else f"{reason}, without an inventory in it"
    missing = suggest and isinstance(failure, FileNotFoundError)
    near = nearest(path.name, _inventories_in(path.parent), 1) if missing else []
    return f"{reason}: did you mean `{printable((path.parent / near[0]).as_posix())}`?" if near else reason


def _inventories_in(folder: Path) -> list[str]:
    """Return the names of files in a folder that may be saved inventories, sorted; none if it cannot be read."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix in (".json", ".txt") and is_file(path)]
    except OSError:
        return []
    return sorted(path.name for path in paths if not path.name.endswith(ENDINGS))


def _as_code(name: str) -> str | None:
    """Return what `package.module.factory` is called as a model, if there is such a module in the current folder."""
    module, _, factory = name.rpartition(".")
    path = module.replace(".", "/")
    exists = is_file(Path(f"{path}.py")) or is_file(Path(path, "__init__.py"))
    return f"py:{module}:{factory}" if module and factory.isidentifier() and exists else None


def _refuse_path(source: str, name: str, folder: Path, *, outside: bool) -> None:
    """Refuse the path of an existing file and suggest its scheme; no architecture has such a name."""
    try:
        config = hf_config_path(name, folder, outside=outside)
    except ModelError:
        return
    schemes = ("hf",) if config.name == "config.json" else ("hf", "params")
    near = " or ".join(f"`{scheme}:{printable(name)}`" for scheme in schemes)
    raise ModelError(f"{source}: a path, not a timm model: did you mean {near}?")


def _unknown_scheme(source: str, *, run_code: bool) -> str:
    """Return the message for a scheme that is unknown, or not allowed."""
    from lrspec.diagnostics.suggest import meant

    if leads_outside(source):
        return f"{source} would load from outside; name an architecture, such as timm:resnet18"
    scheme, name = scheme_and_name(source)
    near = None if scheme in MODEL_KINDS else meant(scheme, MODEL_KINDS if run_code else IN_SPECS)
    module, _, factory = source.rpartition(":") if is_path(source) else source.partition(":")
    module = Path(module).as_posix()
    if run_code and factory.isidentifier() and (near is None or is_file(Path(f"{module}.py"))):
        near, name = f"py:{module if is_path(module) else module.removesuffix('.py')}", factory
    hint = f": did you mean `{printable(f'{near}:{name}')}`?" if near else ""
    return f"{source}: expected a timm model, or {BUILT}{hint}"

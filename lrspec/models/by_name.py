"""Turns the name of a model, such as `timm:resnet18`, into an inventory of its parameters.

Models are built without weights, without the network and, as far as they allow it, on the meta device. torch and the
models' libraries are imported only where they are used.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from lrspec.diagnostics.escape import printable
from lrspec.files import is_file, system_reason
from lrspec.models.inventory import Inventory, InventoryError
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.paths import hf_config_path, params_path
from lrspec.spec.model_kinds import BUILT, IN_SPECS, MODEL_KINDS, leads_outside, scheme_and_name


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
    from lrspec.models.sources.arguments import check_arguments  # here, since the model is usually in the cache
    from lrspec.models.sources.meta_device import build
    from lrspec.models.sources.silence import silence

    scheme, name = scheme_and_name(source)
    if scheme == "params":
        if args:
            raise ModelError(f"{source}: a saved inventory takes no arguments, found {', '.join(args)}")
        return read_params(params_path(name, folder, outside=outside))
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
        builder = module.builder(name, folder=folder, outside=outside, cache=cache)
        model = build(builder, source, args)
    try:
        return Inventory.from_model(model, source=f"{scheme}:{name}", args=args)
    except InventoryError as failure:
        raise ModelError(f"{source}: {failure}") from None


def read_params(path: Path) -> Inventory:
    """Read a saved inventory; ModelError if the file does not hold one."""
    try:
        return Inventory.load(path)
    except OSError as failure:
        raise ModelError(f"{printable(str(path))}: {system_reason(failure, 'cannot be read')}") from None
    except ValueError as failure:  # InventoryError, or a path with a NUL
        raise ModelError(f"{printable(str(path))}: {failure}") from None


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
    module = Path(scheme).as_posix()
    if run_code and name.isidentifier() and (near is None or is_file(Path(f"{module}.py"))):
        near = f"py:{module if '/' in module else module.removesuffix('.py')}"
    hint = f": did you mean `{printable(f'{near}:{name}')}`?" if near else ""
    return f"{source}: expected a timm model, or {BUILT}{hint}"

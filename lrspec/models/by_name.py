"""Names of models, such as `timm:resnet18`, to inventories of their parameters.

Models are built without weights, without the network and on the meta device as far as they allow it. torch and the
libraries that the models come from are imported where they are used.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from lrspec.diagnostics.escape import printable
from lrspec.files import system_reason
from lrspec.models.inventory import Inventory, InventoryError
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.paths import hf_config_path, params_path
from lrspec.spec.model_kinds import BUILT, IN_SPECS, MODEL_KINDS, leads_outside, scheme_and_name


def inventory_of(
    source: str, args: dict[str, Any], folder: Path, *, run_code: bool = False, outside: bool = False
) -> Inventory:
    """The inventory of a model by its name.

    Args:
        source: `resnet18` or `timm:resnet18`, `torchvision:resnet50`, `hf:DIR_OR_CONFIG.json`, `params:FILE`,
            `py:package.module:factory`.
        args: arguments for building it.
        folder: what the path of `params:` and `hf:` is relative to.
        run_code: whether `py:` is allowed, which imports and calls code of the user's.
        outside: whether the file of `params:` or `hf:` may lie outside of `folder`.

    Raises:
        ModelError: where it cannot be built or read.
    """
    from lrspec.models.sources.arguments import check_arguments  # these here, since most often a model is in the cache
    from lrspec.models.sources.meta_device import build
    from lrspec.models.sources.silence import silence

    scheme, name = scheme_and_name(source)
    if scheme == "params" and args:
        raise ModelError(f"{source}: a saved inventory takes no arguments, found {', '.join(args)}")
    if scheme != "params" and not name.strip():
        raise ModelError(f"expected the name of a model, found {source!r}")
    if scheme == "timm" and ("/" in name or name.endswith(".json")):
        _refuse_path(source, name, folder, outside=outside)
    if scheme == "params":
        return read_params(params_path(name, folder, outside=outside))
    if scheme != "py":
        check_arguments(args)
    with silence(source, shown=scheme == "py"):
        builder = _builder(scheme, name, source, folder, run_code=run_code, outside=outside)
        model = build(builder, source, args, MODEL_KINDS[scheme].extra)
    try:
        return Inventory.from_model(model, source=f"{scheme}:{name}", args=args)
    except InventoryError as failure:
        raise ModelError(f"{source}: {failure}") from None


def read_params(path: Path) -> Inventory:
    """Read a saved inventory.

    Raises:
        ModelError: where there is none in the file.
    """
    try:
        return Inventory.load(path)
    except OSError as failure:
        raise ModelError(f"{printable(str(path))}: {system_reason(failure, 'cannot be read')}") from None
    except ValueError as failure:  # InventoryError; a path with a NUL is a ValueError
        raise ModelError(f"{printable(str(path))}: {failure}") from None


def _builder(scheme: str, name: str, source: str, folder: Path, *, run_code: bool, outside: bool) -> Callable[..., Any]:
    """What builds a model of that kind; only the module for that kind is imported."""
    kind = MODEL_KINDS.get(scheme)
    if kind is None or not (kind.in_specs or run_code):
        raise ModelError(_no_kind(scheme, name, source, run_code=run_code))
    module = importlib.import_module(f"lrspec.models.sources.{kind.module}")
    return cast("Callable[..., Any]", module.builder(name, folder=folder, outside=outside))


def _no_kind(scheme: str, name: str, source: str, *, run_code: bool) -> str:
    """What is wrong with a name of a model whose kind is not known, or not allowed."""
    from lrspec.diagnostics.suggest import meant

    if leads_outside(source):
        return f"{source} would load from outside; name an architecture, such as timm:resnet18"
    near = None if scheme in MODEL_KINDS else meant(scheme, MODEL_KINDS if run_code else IN_SPECS)
    return f"{source}: expected a timm model, or {BUILT}" + (
        f": did you mean `{near}:{printable(name)}`?" if near else ""
    )


def _refuse_path(source: str, name: str, folder: Path, *, outside: bool) -> None:
    """Say what was probably meant by the path of a file that exists; no architecture has such a name."""
    try:
        config = hf_config_path(name, folder, outside=outside)
    except ModelError:
        return
    kinds = ("hf",) if config.name == "config.json" else ("hf", "params")
    near = " or ".join(f"`{kind}:{printable(name)}`" for kind in kinds)
    raise ModelError(f"{source}: a path, and no timm model: did you mean {near}?")

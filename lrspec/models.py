"""Names of models, such as `timm:resnet18`, to inventories of their parameters.

Models are built without weights, without the network and on the meta device, or really where an architecture refuses
that. torch and the libraries that the models come from are imported where they are used.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lrspec.inventory import Inventory, InventoryError
from lrspec.source import printable
from lrspec.suggest import did_you_mean

if TYPE_CHECKING:
    from torch import nn

_WEIGHTS = ("pretrained", "checkpoint_path", "weights", "weights_backbone", "pretrained_cfg")


class ModelError(Exception):
    """A model that cannot be built or read; the text, in one line, says why and what to do."""


def inventory_of(
    source: str, args: dict[str, Any], folder: Path, *, run_code: bool = False, outside: bool = False
) -> Inventory:
    """The inventory of a model by its name.

    Args:
        source: `resnet18` or `timm:resnet18`, `torchvision:resnet50`, `params:FILE`, `py:package.module:factory`.
        args: arguments for building it.
        folder: what a `params:` path is relative to.
        run_code: whether `py:` is allowed, which imports and calls code of the user's.
        outside: whether a `params:` file may lie outside of `folder`.

    Raises:
        ModelError: where it cannot be built or read.
    """
    scheme, colon, name = source.partition(":")
    if not colon:
        scheme, name = "timm", source
    if scheme == "params" and args:
        raise ModelError(f"{source}: a saved inventory takes no arguments, found {', '.join(args)}")
    if scheme == "params":
        return read_params(folder / name if outside else _inside(folder, name))
    for key in _WEIGHTS:
        if args.get(key):
            raise ModelError(f"{key}={args[key]}: no weights are ever read; leave it out")
    with contextlib.redirect_stdout(sys.stderr):  # what importing and building print is no result
        model = _build(_builder(scheme, name, source, run_code=run_code), source, args)
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
        raise ModelError(f"{path}: {(failure.strerror or 'cannot be read').lower()}") from None
    except ValueError as failure:  # InventoryError; a path with a NUL is a ValueError
        raise ModelError(f"{printable(str(path))}: {failure}") from None


def _inside(folder: Path, name: str) -> Path:
    """The path of a file that a spec names, links followed: it may only be below the spec's own folder."""
    path = folder / name
    try:
        inside, regular = path.resolve().is_relative_to(folder.resolve()), path.is_file() or not path.exists()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL: reading it will say what is wrong
        inside, regular = True, True
    if not inside:
        raise ModelError(
            f"params:{printable(name)}: outside the spec's own folder, and a spec may name files below it only; "
            "move it there, or allow it with --allow-outside"
        )
    if not regular:
        raise ModelError(f"params:{printable(name)}: not a regular file")
    return path


def _builder(scheme: str, name: str, source: str, *, run_code: bool) -> Callable[..., Any]:
    if scheme == "timm":
        return _timm(name)
    if scheme == "torchvision":
        return _torchvision(name)
    if scheme == "py" and run_code:
        return _python(name)
    if scheme == "hf":
        raise ModelError(
            f"{source}: hf: models cannot be built by this version; save an inventory from Python "
            "(lrspec.Inventory.from_model) and give it with --params"
        )
    raise ModelError(f"{source}: expected a timm model, or timm:NAME, torchvision:NAME, py:MODULE:FACTORY")


def _timm(name: str) -> Callable[..., Any]:
    timm = _import("timm")
    if ":" in name:
        raise ModelError(f"timm:{name} would load from outside; name an architecture of timm's registry")
    if not timm.is_model(name):
        raise ModelError(f"unknown timm model {name!r}{did_you_mean(name, timm.list_models(), 3)}")
    return lambda **args: timm.create_model(name, pretrained=False, **args)


def _torchvision(name: str) -> Callable[..., Any]:
    models = _import("torchvision").models
    known = models.list_models()
    if name not in known:
        raise ModelError(f"unknown torchvision model {name!r}{did_you_mean(name, known, 3)}")
    builder = models.get_model_builder(name)
    no_weights = {key: None for key in ("weights", "weights_backbone") if key in inspect.signature(builder).parameters}
    return lambda **args: builder(**{**no_weights, **args})


def _python(name: str) -> Callable[..., Any]:
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise ModelError(f"py:{name}: expected py:package.module:factory")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
        for step in attribute.split("."):
            found = getattr(found, step)
    except (Exception, SystemExit) as failure:  # code of the user's may raise anything
        raise ModelError(f"py:{name}: {_first_line(failure)}") from failure
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise ModelError(f"py:{name}: expected a class or a function that returns a model")
    return found  # type: ignore[no-any-return]


def _build(builder: Callable[..., Any], source: str, args: dict[str, Any]) -> nn.Module:
    """Build on the meta device, or really where that is refused."""
    torch = _import("torch")
    try:
        with torch.device("meta"):
            model = builder(**args)
    except (Exception, SystemExit):  # an architecture may refuse the meta device in any way
        try:
            model = builder(**args)
        except (Exception, SystemExit) as failure:  # and may raise anything for its arguments
            raise ModelError(f"{source} cannot be built: {_first_line(failure)}") from failure
    if not isinstance(model, torch.nn.Module):
        raise ModelError(f"{source}: expected a model (torch.nn.Module), found {type(model).__name__}")
    built: nn.Module = model
    return built


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as failure:
        raise ModelError(
            f"{name} is needed to build this model, and cannot be imported ({failure}): "
            "pip install 'lrspec[timm]', or give a saved inventory with --params"
        ) from None


def _first_line(failure: BaseException) -> str:
    lines = str(failure).strip().splitlines()
    return f"{type(failure).__name__}: {lines[0]}" if lines else type(failure).__name__

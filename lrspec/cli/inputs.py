"""Reads what a command works on: the spec that its arguments name, and the model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli.options import CannotRun

if TYPE_CHECKING:
    from lrspec.models.inventory import Inventory
    from lrspec.spec.load import Reading, SpecFile


def read_spec(spec: str | None, stdin_filename: str | None) -> Reading:
    """Read the spec of that name, or the only one of the folder; `-` is standard input."""
    from lrspec.spec.file_names import unreadable
    from lrspec.spec.load import read_file

    path = spec_path(spec)
    try:
        return read_stdin(stdin_filename) if path == "-" else read_file(path)
    except OSError as failure:
        raise CannotRun(f"{path}: {unreadable(path, failure)}") from None


def spec_path(spec: str | None) -> str:
    """Return the name of a spec, or that of the only one of the folder."""
    from pathlib import Path

    from lrspec.cli.discovery import UndecidedError, find_spec, refuse_lock

    if spec == "":
        raise click.UsageError("SPEC is empty")
    try:
        if spec is None:
            return find_spec(Path())
        refuse_lock(spec)
        return spec
    except UndecidedError as failure:
        raise CannotRun(str(failure)) from None


def with_overrides(file: SpecFile, overrides: dict[str, Any]) -> SpecFile:
    """Return the spec with the values that the command line sets."""
    from lrspec.spec.override import OverrideError

    try:
        return file.override(overrides) if overrides else file
    except OverrideError as failure:
        raise CannotRun(f"--set {failure}") from None


def refuse_for_several(file: SpecFile, lr: float | None, weight_decay: float | None) -> None:
    """Refuse --lr and --weight-decay, which could be meant for any of several optimizers."""
    for flag, key, value in (("--lr", "lr", lr), ("--weight-decay", "weight_decay", weight_decay)):
        if value is not None and len(file.spec.bases) > 1:
            choices = " or ".join(f"--set optimizers.{name}.{key}=…" for name in file.spec.bases)
            raise CannotRun(f"{flag}: the spec has several optimizers: use {choices}")


def read_stdin(filename: str | None) -> Reading:
    """Read a spec from standard input; `filename` is its name in reports, and the ending decides the format."""
    from lrspec.spec.load import ENOUGH, read
    from lrspec.spec.syntax.document import format_of

    name = filename or "<stdin>"
    if sys.stdin is None:
        raise CannotRun("standard input is closed")
    return read(sys.stdin.buffer.read(ENOUGH), name, format_of(name))


def inventory_for(
    file: SpecFile, model: str | None, args: dict[str, Any], params: str | None, *, outside: bool, cache: bool
) -> Inventory:
    """Return the inventory of the model that the command line names, or of the spec's own."""
    from pathlib import Path

    from lrspec.cli.discovery import UndecidedError, only_model
    from lrspec.models.cached import cached_inventory_of
    from lrspec.models.sources.model_error import ModelError

    if (given := given_inventory(model, args, params, cache=cache)) is not None:
        return given
    folder = Path(file.path).parent
    try:
        own = only_model(file.spec, folder)
        return cached_inventory_of(own.source, {**own.args, **args}, folder, outside=outside, cache=cache)
    except UndecidedError as failure:
        raise CannotRun(str(failure)) from None
    except ModelError as failure:
        place = file.model_span(0).start
        raise CannotRun(f"{file.path}:{place.line}:{place.column}: {failure}") from None


def given_inventory(model: str | None, args: dict[str, Any], params: str | None, *, cache: bool) -> Inventory | None:
    """Return the inventory of the model that the command line names, or the saved one; None if it names neither."""
    from pathlib import Path

    from lrspec.models.by_name import read_params
    from lrspec.models.sources.model_error import ModelError

    if model is not None and params is not None:
        raise click.UsageError("--model and --params exclude each other")
    if params is not None and args:
        raise click.UsageError("--model-arg and --params exclude each other")
    if params is None:
        return None if model is None else build(model, args, cache=cache)
    try:
        return read_params(Path(params))
    except ModelError as failure:
        raise CannotRun(str(failure)) from None


def build(model: str, args: dict[str, Any], *, cache: bool) -> Inventory:
    """Return the inventory of a model that the command line names."""
    from pathlib import Path

    from lrspec.models.cached import cached_inventory_of
    from lrspec.models.sources.model_error import ModelError

    try:
        return cached_inventory_of(model, args, Path(), run_code=True, outside=True, cache=cache)
    except ModelError as failure:
        raise CannotRun(str(failure)) from None

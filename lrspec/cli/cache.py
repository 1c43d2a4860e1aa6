"""`lrspec cache`: shows the folder that keeps inventories of models between runs, or clears it."""

from __future__ import annotations

import click

from lrspec.cli.options import CannotRun
from lrspec.cli.outputs import emit


@click.group()
def cache() -> None:
    """Show or clear the cache, which keeps the inventories of models between runs."""


@cache.command("dir")
def dir_() -> int:
    """Print the folder of the cache."""
    from lrspec.models.cache_files import folder

    path = folder()
    if path is None:
        raise CannotRun("no folder for a cache: name one in LRSPEC_CACHE_DIR")
    emit(f"{path}\n", None)
    return 0


@cache.command()
def clear() -> int:
    """Remove everything in the cache."""
    from lrspec.diagnostics.wording import count
    from lrspec.files import system_reason
    from lrspec.models import cache_files

    try:
        files, size = cache_files.clear()
    except OSError as failure:
        path = failure.filename or cache_files.folder()
        raise CannotRun(f"{path}: {system_reason(failure, 'cannot be removed')}") from None
    emit(f"{count(files, 'file')} removed, {size:,} bytes\n", None)
    return 0

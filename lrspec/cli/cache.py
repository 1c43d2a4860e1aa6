"""`lrspec cache`: where inventories of models are kept from one run to the next, and how to be rid of them."""

from __future__ import annotations

import click

from lrspec.cli.options import CannotRun
from lrspec.cli.outputs import emit


@click.group()
def cache() -> None:
    """Show or clear the cache, which keeps the inventories of models from one run to the next."""


@cache.command("dir")
def dir_() -> int:
    """Print the folder of the cache."""
    from lrspec.models.cache_files import folder

    place = folder()
    if place is None:
        raise CannotRun("there is no folder for a cache: name one in LRSPEC_CACHE_DIR")
    emit(f"{place}\n", None)
    return 0


@cache.command()
def clear() -> int:
    """Remove all that is kept."""
    from lrspec.diagnostics.wording import count
    from lrspec.files import system_reason
    from lrspec.models.cache_files import clear as clear_cache
    from lrspec.models.cache_files import folder

    try:
        files, size = clear_cache()
    except OSError as failure:
        where = failure.filename or folder()
        raise CannotRun(f"{where}: {system_reason(failure, 'cannot be removed')}") from None
    emit(f"{count(files, 'file')} removed, {size:,} bytes\n", None)
    return 0

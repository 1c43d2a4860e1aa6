"""`python -m docs.site` builds the site into build/site, with the playground in it; `--serve` serves it."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import SubprocessError

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException

from docs.site import check

ROOT = Path(__file__).parents[2]


def main(words: list[str] | None = None) -> int:
    """Build the site, and serve it if asked to; return the exit status."""
    given = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        build_site(given.output, playground=given.playground, url=given.url)
    except (Abort, MkDocsException, OSError, RuntimeError, SubprocessError) as error:
        print(f"docs.site: {error}", file=sys.stderr)
        return 1
    print(f"docs.site: {given.output}", file=sys.stderr)
    if given.external:
        print("\n".join(f"{target} in {page}" for target, page in sorted(check.external(given.output).items())))
    if given.serve:
        serve(given.output, given.port)
    return 0


def build_site(output: Path, *, playground: bool = True, url: str | None = None) -> None:
    """Write the site to a folder that is whole or not there, with the playground or with a page in its place.

    `url` is the address of the site, if it is not that of mkdocs.yml.
    """
    output = output.absolute()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}-", dir=output.parent) as work:
        built, old = Path(work, "site"), Path(work, "old")
        _build_pages(built, _build_playground(Path(work, "playground")) if playground else None, url)
        if found := check.problems(built):
            raise RuntimeError("\n  ".join(["links are wrong", *found]))
        if output.exists():
            output.rename(old)
        built.rename(output)


def serve(folder: Path, port: int) -> None:
    """Serve a folder on this machine until interrupted."""
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"docs.site: http://127.0.0.1:{server.server_port}/", file=sys.stderr)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _build_playground(into: Path) -> Path:
    """The built playground."""
    from docs.site.playground.build import build as build_playground

    build_playground(into)
    return into


def _build_pages(into: Path, playground: Path | None, url: str | None) -> None:
    """Have mkdocs build the pages, warnings being errors."""
    changed = {"site_url": url} if url else {}
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(into), strict=True, **changed)
    config.extra["playground"] = playground
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m docs.site", description="Build the site.")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build" / "site", help="the folder to write")
    parser.add_argument("--serve", action="store_true", help="then serve it on this machine")
    parser.add_argument("--port", type=int, default=8000, help="where to serve it (0: any free port)")
    parser.add_argument("--url", help="the address that the site will have, if it is not that of mkdocs.yml")
    parser.add_argument("--external", action="store_true", help="list the links that lead out of the site")
    parser.add_argument(
        "--without-playground", dest="playground", action="store_false", help="build only the pages, without npm"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

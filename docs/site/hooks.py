"""The hooks of mkdocs: pages and files that are not in docs, and what the site's pages say otherwise than on GitHub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.site import api, codes, fences, links, pictures, plots, schemas

ROOT = Path(__file__).parents[2]
COPIED = {
    "benchmarks/index.md": "benchmarks/RESULTS.md",
    "benchmarks/drafting.md": "benchmarks/DRAFTING.md",
    "benchmarks/interruptions.md": "benchmarks/INTERRUPTIONS.md",
    "benchmarks/playground.md": "benchmarks/PLAYGROUND.md",
    "benchmarks/sources.md": "benchmarks/SOURCES.md",
    "benchmarks/widths.md": "benchmarks/WIDTHS.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "code-of-conduct.md": "CODE_OF_CONDUCT.md",
    "llms.txt": "AGENTS.md",
    "start/index.md": "docs/start.md",
}
"""Files of the site that are elsewhere in the repository."""
MOVED = {path: name for name, path in COPIED.items()} | {"docs/diagnostics.md": codes.OVERVIEW}
ALONE = {"index.md", "language.md", "compared.md"}
"""Pages whose part of the navigation has no other page."""
NO_PLAYGROUND = "<!doctype html><title>lrspec</title><p>This site was built without its playground.\n"


def on_config(config: MkDocsConfig) -> None:
    """Put the pages of the codes and of the API into the navigation."""
    assert config.nav is not None
    config.nav = _expanded(config.nav, {codes.OVERVIEW: codes.navigation(), api.OVERVIEW: api.navigation()})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add what is generated, and what is elsewhere in the repository."""
    for name in MOVED:
        if file := files.get_file_from_path(name.removeprefix("docs/")):
            files.remove(file)
    made: dict[str, str | bytes] = {**codes.pages(), **api.pages(), **schemas.pages(), **plots.pictures()}
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    for name, path in {**_copied(), **schemas.files(), **_playground(config)}.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    if not config.extra["playground"]:
        files.append(File.generated(config, "playground/index.html", content=NO_PLAYGROUND))


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn a page as it is in the repository into one of the site."""
    name = page.file.src_uri
    if name == "language.md":
        page.meta["search"] = {"boost": 5}  # it defines the words that others use
    if name in ALONE:
        page.meta["hide"] = ["navigation"]
    if name.startswith("benchmarks"):
        markdown = plots.illustrated(name, markdown)
    source = COPIED.get(name, f"docs/{name}")
    place = links.Place(source, page.file, files, MOVED)
    return links.rewritten(pictures.themed(fences.titled(markdown)), place)


def _expanded(nav: Any, sections: dict[str, list[Any]]) -> Any:
    """The navigation with whole sections in the place of single pages."""
    if isinstance(nav, list):
        return [_expanded(each, sections) for each in nav]
    if isinstance(nav, dict):
        return {title: _expanded(each, sections) for title, each in nav.items()}
    return sections.get(nav, nav)


def _copied() -> dict[str, Path]:
    return {name: ROOT / path for name, path in COPIED.items() if (ROOT / path).exists()}


def _playground(config: MkDocsConfig) -> dict[str, Path]:
    """The files of the playground that was built."""
    folder = config.extra["playground"]
    built = sorted(folder.rglob("*")) if folder else []
    return {f"playground/{path.relative_to(folder).as_posix()}": path for path in built if path.is_file()}

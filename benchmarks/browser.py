"""The playground in the Chromium of the system: its files are served from a folder, and its engine is called."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[1]
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What the playground's page may load and run."""

PAGE = f"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<script type="module" src="bench.mjs"></script>
"""
SCRIPT = """import { Engine, Stopped } from "./engine.mjs";
const plain = location.hash === "#plain";
Object.assign(window, { Engine, Stopped, engine: new Engine({ plain, limit: 60 }) });
"""


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A browser may leave before it has read everything."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; yields its address, which ends with a slash."""
    with _Server(("127.0.0.1", 0), partial(_Files, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def add_page(folder: Path) -> None:
    """Add a page to a built engine that makes `window.engine`."""
    (folder / "bench.html").write_text(PAGE, encoding="utf-8")
    (folder / "bench.mjs").write_text(SCRIPT, encoding="utf-8")


@contextmanager
def launched() -> Iterator[Browser]:
    """The Chromium of the system, without a window and with an empty cache."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        yield browser
        browser.close()


def opened(browser: Browser | BrowserContext, address: str, *, plain: bool = False) -> Page:
    """Open the page that `add_page` adds, and wait until its engine has begun to start."""
    page = browser.new_page()
    page.goto(f"{address}bench.html{'#plain' if plain else ''}")
    while not page.evaluate("() => Boolean(window.engine)"):
        page.wait_for_timeout(10)
    return page


def call(page: Page, name: str, *arguments: Any) -> Any:
    """Call the engine of a page; playwright's Error if it refuses."""
    return page.evaluate("([name, args]) => engine.call(name, args)", [name, arguments])

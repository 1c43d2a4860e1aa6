"""The playground in the Chromium of the system: its files are served from a folder, and its engine is called.

    python -m benchmarks.browser

compiles all specs of tests/golden there, and prints the versions and how many give what the command prints.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docs.site.playground.build import HERE, build_engine
from lrspec import cli

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
_POLICY = re.search(r"<meta http-equiv=[^>]*>", (HERE / "page" / "index.html").read_text(encoding="utf-8"))
assert _POLICY, "the page of the playground says what it may load and run"

PAGE = f"""<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
{_POLICY[0]}
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


@contextmanager
def engine(top: Path) -> Iterator[str]:
    """Build the engine below an empty folder, with a page that makes `window.engine`; yields its address."""
    folder = top / "below" / "playground"
    build_engine(folder)
    (folder / "bench.html").write_text(PAGE, encoding="utf-8")
    (folder / "bench.mjs").write_text(SCRIPT, encoding="utf-8")
    shutil.copytree(GOLDEN, folder / "golden")
    with served(top) as address:
        yield f"{address}below/playground/"


@contextmanager
def launched() -> Iterator[Browser]:
    """The Chromium of the system, without a window and with an empty cache."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        yield browser
        browser.close()


def opened(browser: Browser | BrowserContext, address: str, *, plain: bool = False) -> Page:
    """Open the page that `engine` adds, and wait until its engine has begun to start."""
    page = browser.new_page()
    page.goto(f"{address}bench.html{'#plain' if plain else ''}")
    while not page.evaluate("() => Boolean(window.engine)"):
        page.wait_for_timeout(10)
    return page


def call(page: Page, name: str, *arguments: Any) -> Any:
    """Call the engine of a page; playwright's Error if it refuses."""
    return page.evaluate("([name, args]) => engine.call(name, args)", [name, arguments])


COMPILE_ALL = """async (cases) => {
  const bytes = async (name) => new Uint8Array(await (await fetch(`golden/${name}`)).arrayBuffer());
  const printed = {};
  for (const [folder, spec, params] of cases) {
    const text = await bytes(`${folder}/${spec}`);
    await engine.call("inventory", params ? [params, await bytes(`${folder}/${params}`)] : [null, ""]);
    const { report } = await engine.call("compile", [text, spec]);
    printed[folder] = [await engine.call("json", [text, spec]), report];
  }
  return printed;
}"""


def golden() -> list[Path]:
    """The folders of tests/golden whose spec is compiled for a saved inventory, or is wrong in itself."""
    folders = sorted(folder for folder in GOLDEN.iterdir() if folder.is_dir())
    return [folder for folder in folders if not (folder / "training.py").exists()]


def printed_in_browser(page: Page) -> dict[str, list[str]]:
    """What the engine of a page gives for each golden spec: the JSON plan, and the report."""
    cases = [(folder.name, _spec(folder).name, next(iter(_params(folder)), None)) for folder in golden()]
    printed: dict[str, list[str]] = page.evaluate(COMPILE_ALL, cases)
    return printed


def printed_by_command() -> dict[str, list[str]]:
    """What `lrspec compile --format json` prints for each golden spec, on standard output and on standard error."""
    printed = {}
    for folder in golden():
        given = [word for name in _params(folder) for word in ("--params", name)]
        with chdir(folder):
            out, err = run("compile", _spec(folder).name, *given, "--format", "json")
        printed[folder.name] = [out, err]
    return printed


def run(*words: str) -> tuple[str, str]:
    """Run the command: what it prints on standard output and, without the last line's end, on standard error."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        cli.run([*words])
    return out.getvalue(), err.getvalue().rstrip("\n")


def _spec(folder: Path) -> Path:
    (spec,) = folder.glob("spec.lrspec.*")
    return spec


def _params(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("params.*")]


def main() -> None:
    """Compile all golden specs in the browser, and print what came of it as JSON."""
    with tempfile.TemporaryDirectory() as top, engine(Path(top)) as address, launched() as browser:
        page = opened(browser, address)
        found, expected = printed_in_browser(page), printed_by_command()
        same = sum(found[name] == expected[name] for name in expected)
        python = call(page, "about")["python"]
        print(json.dumps({"Python": python, "Chromium": browser.version, "specs": len(expected), "same": same}))


if __name__ == "__main__":
    main()

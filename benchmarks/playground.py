"""Measures the playground in Chromium: how soon it answers, how soon again, and how large it is.

    python -m benchmarks.playground [--rounds 7] [--page FILE]

The page is printed, and written to PLAYGROUND.md. Each start has a browser of its own, whose cache is empty.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.browser import engine, launched, opened
from benchmarks.page import Table, duration, machine
from docs.site.playground.build import npm_packages
from docs.site.playground.bundle import bundle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PAGE = Path(__file__).with_name("PLAYGROUND.md")
HEAD = """\
# The playground

Written by `python -m benchmarks.playground`: times are medians, with the longest beside them. A start begins when the
page is opened, and ends when the plan of resnet18 is in it. "From nothing" has an empty cache; "again" is the same page
opened again. A change is one key in the spec, until the new plan, findings and table are in the page. The other times
are those until the engine answers; "without the memory" imports lrspec as Python usually does. All files come from this
machine: a network takes longer.

"""
SPEC = r"""lrspec: 1
optimizer: {type: AdamW, lr: RATE, weight_decay: 0.05}
rules:
  - name: depth
    layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.']
    layer_decay: 0.9
  - name: no-decay
    where: {ndim: [0, 1]}
    weight_decay: 0
"""
FILES = {
    "Pyodide": ("pyodide/pyodide.mjs", "pyodide/pyodide.asm.mjs", "pyodide/pyodide.asm.wasm"),
    "pydantic-core": ("python/pydantic_core.wasm",),
    "memory with Python's library, lrspec and what it imports": ("python/memory.bin",),
    "worker and engine": ("engine.mjs", "worker.mjs", "arrivals.mjs", "boot.mjs"),
    "page": ("index.html", "playground.mjs", "playground.css"),
    "library, if the memory does not do": ("python/library.zip",),
    "thirty inventories and their specs": ("inventories/*",),
}


def main() -> None:
    """Measure, and write the page."""
    words = _parser().parse_args()
    with tempfile.TemporaryDirectory() as top, engine(Path(top)) as address:
        folder = Path(top) / "below" / "playground"
        bundle(npm_packages(), folder)
        times = _starts(address, words.rounds) | _change(address, words.rounds) | _calls(address, words.rounds)
        sizes = _sizes(folder)
    load = f"{os.cpu_count()} cores, on which {os.getloadavg()[1]:.1f} processes wanted to run in the last five minutes"
    page = f"{HEAD}{machine()}\nThe machine has {load}.\n\n{times_table(times)}\n\n{sizes}\n"
    print(page)
    words.page.write_text(page, encoding="utf-8")


def _starts(address: str, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        with launched() as browser:
            context = browser.new_context()
            for name in ("first plan, from nothing", "first plan, again"):
                page = _shown(context, address)
                times.setdefault(name, []).append(_filled(page))
                page.close()
        with launched() as browser:
            times.setdefault("first plan, without the memory", []).append(
                _first_plan(opened(browser, address, plain=True))
            )
    return times


FIRST_PLAN = """async () => {
  const saved = await engine.inventory("resnet18");
  await engine.call("inventory", [saved.file, saved.text]);
  const { plan } = await engine.call("compile", [saved.spec, saved.spec_file]);
  const seconds = performance.now() / 1000;
  if (!plan.groups) throw new Error("no plan");
  return seconds;
}"""
WATCHED = """
let asked = 0;
addEventListener("keydown", () => (asked = performance.now()), true);
addEventListener("DOMContentLoaded", () => {
  const { dataset } = document.body;
  new MutationObserver(() => {
    if (dataset.filled?.endsWith(` ${dataset.version}`)) window.seconds ??= (performance.now() - asked) / 1000;
  }).observe(document.body, { attributeFilter: ["data-filled"] });
});
"""
"""Makes `window.seconds`: from the last key, or else from the beginning, until the page is filled."""

STOPPED = """async (spec) => {
  await engine.call("compile", [spec, "a.lrspec.yaml"], { limit: 1 }).catch(() => {});
  const begun = performance.now();
  await engine.call("about", []);
  return (performance.now() - begun) / 1000;
}"""
TIMED = """async ([name, args]) => {
  const begun = performance.now();
  await engine.call(name, args);
  return (performance.now() - begun) / 1000;
}"""


def _first_plan(page: Page) -> float:
    seconds: float = page.evaluate(FIRST_PLAN)
    page.close()
    return seconds


def _shown(browser: Browser | BrowserContext, address: str) -> Page:
    """The page of the playground, just opened."""
    page = browser.new_page()
    page.add_init_script(WATCHED)
    page.goto(f"{address}index.html")
    return page


def _filled(page: Page) -> float:
    """The seconds until the page was filled, once it is."""
    while (seconds := page.evaluate("() => window.seconds ?? null")) is None:
        page.wait_for_timeout(20)
    return float(seconds)


def _settle(page: Page) -> None:
    """Wait until the page is filled for what is in it now; then the next key is awaited."""
    filled = "({ filled, version }) => Boolean(filled?.endsWith(` ${version}`))"
    while not page.evaluate(f"() => ({filled})(document.body.dataset)"):
        page.wait_for_timeout(20)
    page.evaluate("() => { window.seconds = undefined; }")


def _change(address: str, rounds: int) -> dict[str, list[float]]:
    """Type digits into the spec, a key at a time, with 1,000 parameters."""
    times = []
    with launched() as browser:
        page = _shown(browser, address)
        _filled(page)
        content = json.dumps(inventory(1000)).encode()
        page.set_input_files("#file", {"name": "a.params.json", "mimeType": "application/json", "buffer": content})
        page.wait_for_selector("#about-model[title='a transformer']")
        page.locator(".cm-content").click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text(SPEC.replace("RATE", "1.0e-4"))
        page.locator(".cm-line", has_text="layer_decay").click()
        page.keyboard.press("End")
        for number in range(rounds + 3):
            page.wait_for_timeout(1000)
            _settle(page)
            page.keyboard.press(str(number % 9 + 1))
            times.append(_filled(page))
        assert page.get_by_text("No problems").count(), "the spec that is typed is right"
    return {"a change, with 1,000 parameters": times[3:]}


def _calls(address: str, rounds: int) -> dict[str, list[float]]:
    with launched() as browser:
        page = opened(browser, address)
        content = json.dumps(inventory(1000))
        specs = [SPEC.replace("RATE", f"{number + 1}.0e-4") for number in range(rounds + 1)]
        chosen = [_timed(page, "inventory", "a.params.json", content) for _ in range(rounds)]
        compiled = _timed(page, "compile", specs[0], "a.lrspec.yaml")
        _timed(page, "compile", specs[-1], "a.lrspec.yaml")
        names = [f"blocks.{number}.mlp.fc1.weight" for number in range(rounds)]
        hanging = SPEC.replace("RATE", "1e-4").replace(r"^head\.", r"^(?:\w?\w?\w?\.?)*!")
        return {
            "choosing an inventory of 1,000 parameters": chosen,
            "its first plan": [compiled],
            "explaining one of them": [_timed(page, "explain", specs[-1], "a.lrspec.yaml", name) for name in names],
            "comparing two specs": [_timed(page, "diff", specs[0], spec, "a.lrspec.yaml") for spec in specs[1:]],
            "after a call was stopped": [page.evaluate(STOPPED, hanging) for _ in range(rounds)],
        }


def _timed(page: Page, name: str, *arguments: Any) -> float:
    seconds: float = page.evaluate(TIMED, [name, arguments])
    return seconds


def inventory(parameters: int) -> dict[str, Any]:
    """A saved inventory of a transformer with so many parameters."""
    kinds = {"norm1": 1, "attn.qkv": 2, "attn.proj": 2, "norm2": 1, "mlp.fc1": 2, "mlp.fc2": 2}
    names = [("embed.weight", 2), ("head.weight", 2), ("head.bias", 1), ("embed.norm", 1)]
    for block in range(parameters):
        for kind, dimensions in kinds.items():
            names += [(f"blocks.{block}.{kind}.weight", dimensions), (f"blocks.{block}.{kind}.bias", 1)]
    entries = [{"name": name, "shape": [768] * dimensions, "module": ["Linear"]} for name, dimensions in names]
    return {"lrspec_params": 1, "source": "a transformer", "parameters": entries[:parameters]}


def times_table(times: dict[str, list[float]]) -> Table:
    """The times, as rows of the page."""
    rows = [(name, duration(median(each)), duration(max(each))) for name, each in times.items()]
    return Table(("what", "takes", "at the longest"), [*rows])


def _sizes(folder: Path) -> Table:
    """What the files have, as they are and as a server sends them that compresses."""
    rows = []
    for name, patterns in FILES.items():
        contents = [path.read_bytes() for pattern in patterns for path in folder.glob(pattern)]
        raw, sent = sum(map(len, contents)), sum(min(len(each), len(gzip.compress(each, 6))) for each in contents)
        rows.append((name, _megabytes(raw), _megabytes(sent)))
    return Table(("files", "MB", "MB with gzip"), [*rows])


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.playground", description="Measures the playground.")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write")
    return parser


if __name__ == "__main__":
    main()

"""lrspec in a real browser, by the engine of the playground: it answers as the command does, and can be stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.browser import call, engine, opened, printed_by_command, printed_in_browser, run
from docs.site.playground.inventories import MODELS
from tests.pages import ROOT
from tests.site.programs import needed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]

SPEC = """\
lrspec: 1
optimizer: {type: AdamW, lr: 1.0e-3}
rules:
  - {name: conv, match: '^conv', lr_mult: 2}
  - {name: rest, fallback: true, lr_mult: 1}
"""
HANGING = SPEC.replace("^conv", r"^(?:\w?\w?\w?\.?)*!")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the built engine, somewhere below the top of its server."""
    needed("npm")
    with engine(tmp_path_factory.mktemp("served")) as address:
        yield address


@pytest.fixture(scope="module")
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A page whose engine starts from its memory; it must not have asked any other place, or complained."""
    asked, said = [], []
    page = opened(chromium, address)
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    yield page
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(address)] == []


def test_python_is_3_14_and_starts_from_its_memory(page: Page) -> None:
    assert page.evaluate("() => engine.ready")["python"].startswith("3.14.")


def test_all_golden_specs_print_what_the_command_prints(page: Page) -> None:
    found, expected = printed_in_browser(page), printed_by_command()
    assert [name for name in expected if found[name] != expected[name]] == []
    assert len(expected) > 300


def test_all_inventories_compile_with_their_first_specs(page: Page) -> None:
    rows = page.evaluate("() => engine.inventories()")
    assert [row["name"] for row in rows] == [saved.name for saved in MODELS]
    assert len(rows) == 30
    for row in rows:
        saved = page.evaluate("(name) => engine.inventory(name)", row["name"])
        chosen = call(page, "inventory", saved["file"], saved["text"])
        assert {key: chosen[key] for key in ("source", "parameters", "elements")}.items() <= row.items()
        compiled = call(page, "compile", saved["spec"], saved["spec_file"])
        assert (compiled["status"], compiled["report"]) == (0, "")
        assert compiled["plan"]["groups"]
        assert compiled["table"]["grids"][0]["rows"]


@pytest.fixture
def chosen(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page with resnet18, whose inventory and specs are also in the current folder."""
    monkeypatch.chdir(tmp_path)
    saved = page.evaluate("() => engine.inventory('resnet18')")
    Path("resnet18.params.json").write_text(saved["text"], encoding="utf-8")
    Path("before.a.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    Path("a.lrspec.yaml").write_text(SPEC.replace("2}", "3}"), encoding="utf-8")
    call(page, "inventory", saved["file"], saved["text"])
    return page


PARAMS = ("--params", "resnet18.params.json")


@pytest.mark.parametrize("name", ["conv1.weight", "bn1", "layer5", "("])
def test_it_explains_as_the_command_does(chosen: Page, name: str) -> None:
    out, err = run("explain", "before.a.lrspec.yaml", name, *PARAMS)
    ask = "(args) => engine.call('explain', args).catch((error) => error.message)"
    assert chosen.evaluate(ask, [SPEC, "before.a.lrspec.yaml", name]) == (out or err.removeprefix("lrspec: "))


def test_it_compares_as_the_command_does(chosen: Page) -> None:
    out, _ = run("diff", "before.a.lrspec.yaml", "a.lrspec.yaml", *PARAMS)
    assert call(chosen, "diff", SPEC, SPEC.replace("2}", "3}"), "a.lrspec.yaml") == {"text": out}


def test_it_drafts_as_the_command_does(chosen: Page) -> None:
    assert call(chosen, "draft") == {"text": run("init", *PARAMS, "-o", "-")[0]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "not an inventory as `lrspec params` writes it"),
        ("a b", "expected JSON, or one name per line"),
        ('{"lrspec_params": 1, "parameters": [{"name": 3}]}', "at parameters[0].name"),
    ],
)
def test_a_wrong_inventory_is_refused_and_the_last_one_stays(chosen: Page, content: str, message: str) -> None:
    ask = "(args) => engine.call('inventory', args).catch((error) => error.message)"
    assert message in chosen.evaluate(ask, ["x.params.json", content])
    assert call(chosen, "compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 62
    assert message in chosen.evaluate(ask, ["resnet18.params.json", content])
    assert "conv1.weight" in call(chosen, "diff", SPEC, SPEC.replace("2}", "3}"), "a.lrspec.yaml")["text"]


def test_without_an_inventory_the_spec_itself_is_checked(page: Page) -> None:
    call(page, "inventory", None, "")
    right = call(page, "compile", SPEC, "a.lrspec.yaml")
    assert (right["status"], right["plan"], right["table"]) == (0, None, None)
    wrong = call(page, "compile", SPEC.replace("match", "macht"), "a.lrspec.yaml")
    assert wrong["status"] == 1
    assert wrong["diagnostics"][0]["code"] == "LRS103"
    ask = "(args) => engine.call('json', args).catch((error) => error.message)"
    assert page.evaluate(ask, [SPEC, "a.lrspec.yaml"]) == "no model: choose an inventory"


def test_a_hanging_regex_is_stopped_and_the_engine_goes_on_with_its_inventory(chosen: Page) -> None:
    hang = """async (spec) => {
      const states = [];
      engine.onstate = (state) => states.push(state);
      const failed = await engine.call("compile", [spec, "a.lrspec.yaml"], { limit: 1 }).catch((error) => error);
      const after = engine.call("about", []);
      return [failed instanceof Stopped, failed.message, (await after).python.slice(0, 5), states.slice(0, 5)];
    }"""
    states = ["busy", "stopped", "loading", "ready", "busy"]
    assert chosen.evaluate(hang, HANGING) == [True, "stopped after 1 s", "3.14.", states]
    assert call(chosen, "compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 62


def test_somebody_can_stop_it(chosen: Page) -> None:
    stop = """async (spec) => {
      const failed = engine.call("compile", [spec, "a.lrspec.yaml"]).catch((error) => error);
      const waits = engine.call("about", []);
      const ran = [engine.running];
      setTimeout(() => { ran.push(engine.running); engine.stop("stopped by a test"); }, 500);
      const { message, call, seconds, reason } = await failed;
      setTimeout(() => { ran.push(engine.running); engine.stop(); });
      await waits;
      return [message === reason && message, call, seconds, ran];
    }"""
    ran = [None, "compile", None]  # what waits for the start is not running
    assert chosen.evaluate(stop, HANGING) == ["stopped by a test", "compile", None, ran]
    assert call(chosen, "compile", SPEC, "a.lrspec.yaml")["plan"]["groups"]


def test_it_also_starts_without_its_memory(chromium: Browser, address: str) -> None:
    page = opened(chromium, address, plain=True)
    assert page.evaluate("() => engine.ready")["python"].startswith("3.14.")
    call(page, "inventory", "a.txt", "conv.weight\nhead.weight\n")
    assert json.loads(call(page, "json", SPEC, "a.lrspec.yaml"))["groups"]
    page.close()


def test_a_memory_that_cannot_be_read_is_done_without(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    context.route("**/memory.bin", lambda route: route.fulfill(status=404))
    page = opened(context, address)
    assert page.evaluate("() => engine.ready")["python"].startswith("3.14.")
    context.close()


def test_a_module_that_is_not_in_the_memory_is_fetched(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page = opened(context, address)
    assert call(page, "about")["lrspec"]
    assert "library.zip" not in asked
    failed = page.evaluate("() => engine.call('no such call', []).catch((error) => error.message)")
    assert "KeyError: 'no such call'" in failed
    assert asked.count("library.zip") == 1
    context.close()


def test_the_licenses_of_all_parts_are_published(page: Page) -> None:
    text = page.evaluate("() => fetch('licenses.txt').then((response) => response.text())")
    headings = [part.strip().partition(" ")[0] for part in text.split(f"\n{'-' * 80}\n")]
    assert {"Python:", "pyodide", "pydantic_core", "click", "rich", "@codemirror/view"} <= {*headings}
    assert "THE SOFTWARE IS PROVIDED" in text


def test_an_engine_whose_python_is_broken_starts_another_one(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    worker = (ROOT / "docs/site/playground/worker.mjs").read_text(encoding="utf-8")
    broken = worker.replace("return JSON.parse(", 'return call === "break" ? missing() : JSON.parse(')
    context.route("**/worker.mjs", lambda route: route.fulfill(body=broken, content_type="text/javascript"))
    page = opened(context, address)
    call(page, "inventory", "names.txt", "conv.weight\n")
    failed = page.evaluate("() => engine.call('break', []).catch((error) => error.message)")
    assert failed == "ReferenceError: missing is not defined"
    assert call(page, "compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 1
    context.close()


FILES = {
    "pyodide/pyodide.asm.wasm": "pyodide/pyodide.asm.wasm did not arrive (404)",
    "python/pydantic_core.wasm": "python/pydantic_core.wasm did not arrive (404)",
    "python/{memory.bin,library.zip}": "python/library.zip did not arrive (404)",
    "pyodide/pyodide.asm.mjs": "a file of lrspec's worker did not arrive",
    "worker.mjs": "a file of lrspec's worker did not arrive",
}
FAIL = """async () => {
  const { message } = await engine.ready.catch((error) => error);
  return [message, engine.failure.message, (await engine.call("about", []).catch((error) => error)).message];
}"""


@pytest.mark.parametrize("pattern", FILES)
def test_a_file_that_does_not_arrive_is_named_and_the_next_call_starts_again(
    chromium: Browser, address: str, pattern: str
) -> None:
    context = chromium.new_context()
    context.route(f"**/{pattern}", lambda route: route.fulfill(status=404))
    page = opened(context, address)
    assert page.evaluate(FAIL) == [FILES[pattern]] * 3
    context.unroute_all()
    assert call(page, "about")["python"].startswith("3.14.")
    context.close()


STOPPED = """async (spec) => {
  const states = [];
  engine.onstate = (state) => states.push(state);
  const failed = engine.call("compile", [spec, "a.lrspec.yaml"], { limit: 1 }).catch((error) => error);
  const waits = engine.call("about", []).catch((error) => error);
  return [(await failed).name, (await waits).message, states];
}"""


def test_a_worker_that_cannot_start_again_fails_until_the_network_is_back(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = opened(context, address)
    saved = page.evaluate("() => engine.inventory('resnet18')")
    call(page, "inventory", saved["file"], saved["text"])
    context.route("**/*", lambda route: route.abort())
    name, message, states = page.evaluate(STOPPED, HANGING)
    assert (name, states) == ("Stopped", ["busy", "stopped", "loading", "failed"])
    assert message.endswith("did not arrive")
    context.unroute_all()
    assert page.evaluate("() => engine.restart()")["python"].startswith("3.14.")
    assert call(page, "compile", SPEC, "a.lrspec.yaml")["plan"]["model"]["parameters"] == 62
    context.close()


def test_an_inventory_that_cannot_be_read_again_is_forgotten(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = opened(context, address)
    saved = page.evaluate("() => engine.inventory('resnet18')")
    call(page, "inventory", saved["file"], saved["text"])
    worker = (ROOT / "docs/site/playground/worker.mjs").read_text(encoding="utf-8")
    broken = worker.replace(
        "  const words", "  if (call === 'inventory') return { dead: 'no memory' };\n  const words", 1
    )
    assert broken != worker
    context.route("**/worker.mjs", lambda route: route.fulfill(body=broken, content_type="text/javascript"))
    name, message, states = page.evaluate(STOPPED, HANGING)
    assert (name, states) == ("Stopped", ["busy", "stopped", "loading", "failed"])
    assert message == "the inventory could not be read again: no memory"
    assert call(page, "compile", SPEC, "a.lrspec.yaml")["plan"] is None
    context.close()


def test_the_files_are_counted_while_they_arrive(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    counted = """async () => {
      const counts = [];
      const another = new Engine();
      another.onprogress = (...bytes) => counts.push(bytes);
      await another.ready;
      return counts;
    }"""
    counts = page.evaluate(counted)
    assert counts[-1][0] == counts[-1][1] > 20_000_000
    assert counts == sorted(counts)
    assert len(counts) > 3
    page.close()


def test_the_library_may_take_longer_than_a_call(chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = opened(context, address)
    assert call(page, "about")["lrspec"]
    context.route("**/library.zip", lambda route: route.fulfill(status=404))
    missing = "() => engine.call('no such call', []).catch((error) => error.message)"
    assert page.evaluate(missing) == "python/library.zip did not arrive (404)"
    assert call(page, "about")["lrspec"]
    context.unroute_all()
    assert "KeyError: 'no such call'" in page.evaluate(missing)
    context.close()

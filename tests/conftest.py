"""Options and settings of the test suite."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ["OMP_NUM_THREADS"] = "1"  # tiny models train sooner where no threads wait for each other

NPM_PACKAGES = Path(__file__).parent / "npm" / "package.json"

_NPM = f"packages of npm are needed ({', '.join(json.loads(NPM_PACKAGES.read_bytes())['dependencies'])})"

settings.register_profile("lrspec", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("lrspec")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update", action="store_true", help="write what is generated (golden reports, schemas, docs) anew"
    )
    parser.addoption("--drawn", type=int, help="draw so many examples of each property, other ones every time")
    parser.addoption("--large", action="store_true", help="measure the worst cases of the largest size as well")


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process for each processor, up to eight; and none beside this one that writes what is generated."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 0 if config.getoption("--update") else min(processors, 8)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have one process install what the tests take from npm, and run these tests; begin with what takes longest."""
    items.sort(key=lambda item: item.path.name != "test_worst_cases.py")
    for item in items:
        if isinstance(item, pytest.Function) and "node_modules" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("npm"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while all is imported, nor later in what was: hypothesis searches for each property."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether generated files are to be written instead of compared."""
    return bool(request.config.getoption("--update"))


@pytest.fixture
def one_process() -> Iterator[None]:
    """A process group of this process alone, for wrappers that need one."""
    from torch import distributed

    store: Any = vars(distributed)["HashStore"]()
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.fixture(autouse=True)
def no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """No width of a terminal; readline, which pytest imports, sets one for subprocesses behind Python's back."""
    monkeypatch.delenv("COLUMNS", raising=False)
    os.unsetenv("COLUMNS")


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names for as many caches as there are tests; few become folders."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in count())


@pytest.fixture(autouse=True)
def cache(caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test, so that none reads or writes the user's own."""
    folder = next(caches)
    monkeypatch.setenv("LRSPEC_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def node_modules(pytestconfig: pytest.Config) -> Path:
    """What the tests take from npm, installed by it into pytest's cache."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("npm")
    shutil.copy(NPM_PACKAGES, folder)
    if not _are_installed(folder / "node_modules"):
        npm = shutil.which("npm") or _unavailable(f"{_NPM}, and there is no npm on the path")
        words = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
        if ran.returncode:
            _unavailable(f"{_NPM}, and npm cannot install them: {ran.stderr.strip()}")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium of the system, without a window."""
    path = shutil.which("chromium") or _unavailable("Chromium is needed, and there is no chromium on the path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


def _are_installed(folder: Path) -> bool:
    paths = {folder / name / "package.json": version for name, version in _wanted().items()}
    return all(path.exists() and json.loads(path.read_bytes())["version"] == paths[path] for path in paths)


def _wanted() -> dict[str, str]:
    wanted: dict[str, str] = json.loads(NPM_PACKAGES.read_bytes())["dependencies"]
    return wanted


def _unavailable(reason: str) -> str:
    """Fails where the suite must be whole, and skips on the machine of a contributor."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)

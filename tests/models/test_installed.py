"""What tells one installation of a library from another, without importing it."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lrspec.models import installed

SITE = Path(pytest.__file__).parent.parent  # where the libraries are installed


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path that has a library, installed."""
    package = tmp_path / "site" / "madeup"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "part.py").write_text("")
    install(tmp_path / "site", "madeup-1.0")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path / "site"


def install(site: Path, name: str) -> None:
    (site / f"{name}.dist-info").mkdir()


@pytest.mark.parametrize("library", ["timm", "torch", "torchvision", "transformers", "pydantic", "click", "rich"])
def test_the_version_is_that_of_importlib_metadata(library: str) -> None:
    found = installed.version(library)
    assert found is not None
    assert found == f"{library}-{importlib.metadata.version(library)}.dist-info"


def test_nothing_is_imported_to_know_a_version() -> None:
    code = "import sys; from lrspec.models import installed; print(installed.version('timm'), *sys.modules)"
    name, _, *modules = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert name.startswith("timm-")
    assert not {"timm", "torch", "importlib.metadata"} & set(modules)


def test_another_version_of_a_library_is_told_from_the_first(site: Path) -> None:
    first = installed.version("madeup")
    assert first == "madeup-1.0.dist-info"
    (site / "madeup-1.0.dist-info").rename(site / "madeup-1.1.dist-info")
    assert installed.version("madeup") == "madeup-1.1.dist-info"
    install(site, "madeup-1.0")  # both, after an installation that went wrong
    assert installed.version("madeup") == "madeup-1.0.dist-info madeup-1.1.dist-info"


def test_a_version_of_an_index_is_one_whenever_it_was_installed(site: Path) -> None:
    first = installed.version("madeup")
    os.utime(site / "madeup" / "__init__.py", (1, 1))
    os.utime(site / "madeup-1.0.dist-info", (1, 1))
    assert installed.version("madeup") == first


def test_a_version_of_a_folder_or_a_repository_is_another_when_installed_anew(site: Path) -> None:
    file = site / "madeup-1.0.dist-info" / "direct_url.json"
    seen = {installed.version("madeup")}
    for time in (1, 2):
        file.write_text('{"url": "file:///home/me/madeup", "dir_info": {}}')
        os.utime(file, (time, time))
        seen.add(installed.version("madeup"))
    assert len(seen) == 3


def test_libraries_whose_names_begin_alike_are_told_apart(site: Path) -> None:
    first = installed.version("madeup")
    install(site, "madeup_extra-2.0")
    install(site, "made-3.0")
    install(site, "madeupmore-3.0")
    assert installed.version("madeup") == first


def test_the_case_of_a_distribution_does_not_matter(site: Path) -> None:
    (site / "madeup-1.0.dist-info").rename(site / "MadeUp-1.0.dist-info")
    assert installed.version("madeup") == "MadeUp-1.0.dist-info"


def test_a_copy_that_comes_first_on_the_path_is_what_counts(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkout" / "madeup").mkdir(parents=True)
    (tmp_path / "checkout" / "madeup" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "checkout"))
    assert str(installed.version("madeup")).startswith("sources ")


@pytest.mark.parametrize("change", ["edit", "touch", "add", "remove", "rename"])
def test_a_checkout_is_told_by_its_sources(site: Path, change: str) -> None:
    (site / "madeup-1.0.dist-info").rename(site / "elsewhere")
    (site / "madeup" / "deep").mkdir()
    part = site / "madeup" / "deep" / "part.py"
    part.write_text("a = 1")
    os.utime(part, (1, 1))
    first = installed.version("madeup")
    assert installed.version("madeup") == first
    if change == "edit":
        part.write_text("a = 22")
        os.utime(part, (1, 1))
    elif change == "touch":
        os.utime(part, (2, 2))
    elif change == "add":
        (site / "madeup" / "more.py").write_text("")
        os.utime(site / "madeup" / "more.py", (1, 1))
    elif change == "remove":
        (site / "madeup" / "part.py").unlink()
    else:
        part.rename(part.with_name("part2.py"))
    assert installed.version("madeup") not in (first, None)


def test_the_version_of_what_cannot_be_told_is_none(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "single.py").write_text("")
    (site / "namespace").mkdir()
    monkeypatch.setitem(sys.modules, "blocked", None)
    names = ("single", "namespace", "blocked", "no_such_library", "json.tool", "no_such.library", "")
    assert {name: installed.version(name) for name in names} == dict.fromkeys(names)


def test_the_version_of_everything_is_that_of_all_distributions_on_the_path(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = installed.everything()
    (site / "notes.txt").write_text("")
    monkeypatch.syspath_prepend(str(site / "not there"))
    monkeypatch.syspath_prepend(str(site / "notes.txt"))
    assert installed.everything() == first
    install(site, "apex-0.1")
    second = installed.everything()
    (site / "apex-0.1.dist-info").rename(site / "apex-0.2.dist-info")
    assert len({first, second, installed.everything()}) == 3

"""README and docs: every command and snippet in them is run, and what they show is what comes out."""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import timm
import torch

import lrspec
from docs.site import spec_picture
from lrspec.cli import run
from lrspec.diagnostics.codes import CODES
from tests.pages import PAGES, ROOT, blocks, files, run_shell

FIRST = "lrspec init --model resnet18"
"""The command of the README that writes the spec which the other pages use."""
HOME = ROOT / "docs" / "index.md"
COMMAND = re.compile(r"(?:COLUMNS=(?P<columns>\d+) )?lrspec (?P<words>[^|;>]+)(?:\| (?P<filter>.+))?")
"""One command, and what its result is piped to."""


@pytest.fixture(scope="session")
def first_spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The spec that the first command of the README writes."""
    folder = tmp_path_factory.mktemp("first")
    run_shell(f"cd {folder} && {FIRST}")
    return folder / "resnet18.lrspec.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first_spec: Path) -> Path:
    """A folder with the spec that the pages use, and with the examples."""
    shutil.copy(first_spec, tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_specs(page: Path, folder: Path) -> None:
    """Write the specs that the page shows as files; the README uses those of the home, too."""
    shown = [page, HOME] if page.name == "README.md" else [page]
    for name, text in [file for each in shown for file in files(each)]:
        if name.endswith(".lrspec.yaml"):
            (folder / name).write_text(text, encoding="utf-8")


def shell(command: str) -> str:
    """What a command prints, on standard error first, as a terminal would show it."""
    return "".join(printed(command))


def printed(command: str) -> tuple[str, str]:
    """What a command prints on standard error, and its result.

    `lrspec` runs in this process, where it need not wait for the import of torch and timm.
    """
    if not (found := COMMAND.fullmatch(command)):
        ran = run_shell(command)
        return ran.stderr, ran.stdout
    columns = {"COLUMNS": found["columns"]} if found["columns"] else {}
    out, error = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, columns), redirect_stdout(out), redirect_stderr(error):
        run(shlex.split(found["words"]))
    return error.getvalue(), piped(out.getvalue(), found["filter"] or "cat")


def piped(text: str, command: str) -> str:
    """What a command of the shell makes of a text."""
    return subprocess.run(
        ["bash", "-c", command], input=text, capture_output=True, encoding="utf-8", check=False
    ).stdout


def replayed(body: str) -> str:
    """A console block with the output that its commands have now."""
    commands = [line for line in body.splitlines() if line.startswith("$ ")]
    return "".join(f"{line}\n{shell(line.removeprefix('$ '))}" for line in commands)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_print_what_the_page_shows(page: Path, folder: Path, update: bool) -> None:
    write_specs(page, folder)
    shown = [block for block in blocks(page) if block.info == "console"]
    if any(f"$ {FIRST}\n" in block.body for block in shown):
        (folder / "resnet18.lrspec.yaml").unlink()
    now = [replayed(block.body) for block in shown]
    if update:
        text = page.read_text(encoding="utf-8")
        for block, body in zip(shown, now, strict=True):
            text = text.replace(block.body, body)
        page.write_text(text, encoding="utf-8")
    else:
        assert [block.body for block in shown] == now


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_snippets_run(page: Path, folder: Path) -> None:
    write_specs(page, folder)
    names: dict[str, Any] = {}
    for block in blocks(page):
        if block.info == "python":
            exec(compile(block.body, page.name, "exec"), names)


def excerpts() -> list[tuple[Path, str, str]]:
    """The pages, the files that they quote, and what they quote of them."""
    titled = ((page, block, re.search(r'title="(.+)"', block.info)) for page in PAGES for block in blocks(page))
    return [(page, title[1], block.body) for page, block, title in titled if title]


@pytest.mark.parametrize(("page", "file", "text"), excerpts())
def test_what_a_page_quotes_is_in_the_file(page: Path, file: str, text: str) -> None:
    assert text in (ROOT / file).read_text(encoding="utf-8"), f"{page.name} quotes {file}"


def test_pages_quote_scripts() -> None:
    assert len(excerpts()) > 10


def specs_of_the_language() -> list[str]:
    return [block.body for block in blocks(ROOT / "docs" / "language.md") if block.info == "yaml"]


def specs_across_widths() -> list[str]:
    return [block.body for block in blocks(ROOT / "docs" / "widths.md") if block.info == "yaml"]


@pytest.mark.parametrize("text", [*specs_of_the_language(), *specs_across_widths()])
def test_specs_of_the_language_and_across_widths_are_clean(text: str) -> None:
    file = lrspec.loads(text)
    (source,) = file.spec.sources
    with torch.device("meta"):
        model = timm.create_model(source.source, **source.args)
    assert lrspec.check(file, model) == []


def test_the_language_has_specs_and_every_diagnostic() -> None:
    assert len(specs_of_the_language()) > 5
    assert len(specs_across_widths()) > 1
    text = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    for code in CODES.values():
        assert re.search(rf"^\| {code.code} \| `?{code.name}`? \| {code.severity} \|", text, re.MULTILINE)


def test_the_readmes_commands_are_the_two_that_set_everything_up() -> None:
    (block,) = [block for block in blocks(ROOT / "README.md") if block.info == "sh"]
    first, tests = block.body.splitlines()
    assert first.endswith(f"/bin/{FIRST} -o -")
    assert tests.endswith("/pytest")


def test_the_readme_is_short_and_has_one_picture() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 100
    assert text.count("<img") + text.count("![") == 1


@pytest.mark.usefixtures("folder")
def test_the_first_command_prints_a_spec(first_spec: Path) -> None:
    assert printed(f"{FIRST} -o -")[1] == first_spec.read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_home_shows_its_spec(theme: str, tmp_path: Path, update: bool) -> None:
    drawn = tmp_path / f"spec-{theme}.svg"
    write_specs(HOME, tmp_path)
    spec_picture.main([str(tmp_path / "from-bert.lrspec.yaml"), "-o", str(drawn), "--theme", theme])
    kept = ROOT / "docs" / drawn.name
    if update:
        shutil.copy(drawn, kept)
    assert kept.read_text(encoding="utf-8") == drawn.read_text(encoding="utf-8")
    assert f'"{kept.name}"' in HOME.read_text(encoding="utf-8")
    assert f'"docs/{kept.name}"' in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_plot_shows_the_first_spec(theme: str, folder: Path, update: bool) -> None:
    (command,) = [line for line in page_commands("plotting.md") if f"-o plot-{theme}.svg" in line]
    assert shell(command) == ""
    drawn, kept = folder / f"plot-{theme}.svg", ROOT / "docs" / f"plot-{theme}.svg"
    if update:
        shutil.copy(drawn, kept)
    assert kept.stat().st_size <= 60_000
    assert texts(kept) >= {"learning rate", "conv1", "layer4.0", "fc"}
    assert texts(kept) == texts(drawn)
    assert f'"{kept.name}"' in (ROOT / "docs" / "plotting.md").read_text(encoding="utf-8")


def page_commands(page: str) -> list[str]:
    consoles = [block.body for block in blocks(ROOT / "docs" / page) if block.info == "console"]
    return re.findall(r"^\$ (.*)", "".join(consoles), re.MULTILINE)


def texts(picture: Path) -> set[str]:
    """The words of a picture, as matplotlib notes them; which numbers are beside an axis may differ by its version."""
    words = re.findall(r"<!-- (.*) -->", picture.read_text(encoding="utf-8"))
    return {word for word in words if not word[0].isdecimal()}


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

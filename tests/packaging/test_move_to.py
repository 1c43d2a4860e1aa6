"""`.ci/move_to.py` replaces both addresses everywhere, and can move again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lrspec.address import REPOSITORY, SITE
from tests.pages import ROOT

FILES = (".ci/move_to.py", "lrspec/address.py", "docs/ci.md", "docs/report-dark.png", "schemas/lrspec.v1.schema.json")
NEXT_TO_IT = f"{REPOSITORY}s {REPOSITORY}-2 {REPOSITORY}.git {REPOSITORY}/issues {SITE}/a/ {SITE}\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A git repository with some files of this one."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "page.md").write_bytes(NEXT_TO_IT.encode())
    (tmp_path / "link.md").symlink_to("page.md")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "untracked.md").write_text(REPOSITORY, encoding="utf-8")
    return tmp_path


def move(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / ".ci" / "move_to.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (*FILES, "page.md", "untracked.md")}


def page(folder: Path) -> str:
    return (folder / "page.md").read_bytes().decode()


def test_it_moves_every_tracked_text_and_can_move_on_and_back(folder: Path) -> None:
    before = contents(folder)
    ran = move(folder, "https://github.com/Some-Body/specs.git")
    assert ran.stdout == "https://github.com/Some-Body/specs, https://some-body.github.io/specs: 4 files changed\n"
    new, site = "https://github.com/Some-Body/specs", "https://some-body.github.io/specs"
    assert page(folder) == f"{REPOSITORY}s {REPOSITORY}-2 {new}.git {new}/issues {site}/a/ {site}\r\n"
    moved = contents(folder)
    assert b"      - uses: Some-Body/specs@v" in moved["docs/ci.md"]
    assert {name for name in moved if moved[name] == before[name]} == {
        ".ci/move_to.py",
        "docs/report-dark.png",
        "untracked.md",
    }
    assert (folder / "link.md").is_symlink()

    move(folder, "https://example.org/a/b", "--site", "https://example.org/a/b/pages/")  # one address begins the other
    assert page(folder).endswith(" https://example.org/a/b/pages/a/ https://example.org/a/b/pages\r\n")
    assert b"uses: a/b@v" in contents(folder)["docs/ci.md"]
    assert move(folder, REPOSITORY, "--site", SITE).returncode == 0
    assert contents(folder) == before


@pytest.mark.parametrize(
    "words",
    [
        ["http://github.com/a/b"],
        ["github.com/a/b"],
        ["git@github.com:a/b.git"],
        ["https://github.com/a b/c"],
        ["https://github.com/a/b?c"],
        ["https://user@github.com/a/b"],
        ["https:///a"],
        ["https://github.com/a/b", "--site", "ftp://a"],
        ["https://gitlab.com/a/b"],
        [],
    ],
)
def test_what_is_not_an_address_changes_nothing(folder: Path, words: list[str]) -> None:
    before = contents(folder)
    ran = move(folder, *words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    assert contents(folder) == before

"""The files of a folder: what git does not ignore, or all of them where there is no repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lrspec.repository import files_of


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in files_of(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "ignored/b", "sub/c", "sub/ignored/d", "sub/e.tmp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / ".gitignore").write_text("ignored/\n*.tmp\n")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_outside_of_git_every_file(folder: Path) -> None:
    assert names(folder) == [".gitignore", "a", "ignored/b", "sub/c", "sub/e.tmp", "sub/ignored/d"]


def test_in_a_repository_what_git_does_not_ignore(folder: Path) -> None:
    git(folder, "init")
    assert names(folder) == [".gitignore", "a", "sub/c"]
    assert names(folder / "sub") == ["c"]
    git(folder, "add", "-f", "sub/e.tmp", "a")
    assert names(folder) == [".gitignore", "a", "sub/c", "sub/e.tmp"]
    (folder / "a").unlink()
    assert names(folder) == [".gitignore", "sub/c", "sub/e.tmp"]


def test_repositories_inside_are_searched_by_their_own_rules(folder: Path) -> None:
    git(folder, "init")
    git(folder, "init", "sub")
    (folder / "sub" / ".gitignore").write_text("c\n")
    assert names(folder) == [".gitignore", "a", "sub/.gitignore", "sub/e.tmp", "sub/ignored/d"]


def test_without_git_every_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(folder, "init")
    monkeypatch.setenv("PATH", "")
    assert "ignored/b" in names(folder)


def test_a_damaged_repository_is_no_error(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("[")
    assert "ignored/b" in names(folder)
    assert not any(name.startswith(".git/") for name in names(folder))


def test_names_of_any_characters(folder: Path) -> None:
    git(folder, "init")
    for name in ("é", "a b", 'q"', "line\nbreak"):
        (folder / name).touch()
    assert {"é", "a b", 'q"', "line\nbreak"} < set(names(folder))

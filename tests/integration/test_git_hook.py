"""A check that git itself runs, before a commit, and the words that git has for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import ROOT

SPEC = "lrspec: 1\nrules: [{match: a, lr: 1e-3}]\n"


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """A second worktree of a repository, for which git names its folders to hooks; ignored specs are in it."""
    repository, worktree = tmp_path / "repository", tmp_path / "worktree"
    (repository / "specs").mkdir(parents=True)
    (repository / "specs" / "tracked.lrspec.yaml").write_text(SPEC)
    (repository / ".gitignore").write_text("ignored/\n")
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message=first")
    git(repository, "worktree", "add", "--quiet", str(worktree))
    (worktree / "specs" / "ignored").mkdir()
    (worktree / "specs" / "ignored" / "x.lrspec.yaml").write_text(SPEC)
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lrspec check --no-model specs\n')
    hook.chmod(0o755)
    return worktree


def git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PYTHONPATH": str(ROOT)}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    ran = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**environment, **who, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=True,
    )
    return ran.stdout


def test_what_git_ignores_is_left_out_in_a_hook_of_git(worktree: Path) -> None:
    (worktree / "specs" / "tracked.lrspec.yaml").write_text(f"{SPEC}# changed\n")
    said = git(worktree, "commit", "--all", "--message=second")
    assert "1 spec checked: nothing found" in said
    assert "ignored" not in said

"""Completion in the shell: commands, options, their values, and names of files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lrspec.cli import _COMMANDS

COMPLETE = r"""
source <(_LRSPEC_COMPLETE=bash_source lrspec)
complete -p lrspec
compopt() { echo files; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_lrspec_completion lrspec
printf '%s\n' "${COMPREPLY[@]}"
"""


def completed(folder: Path, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    command = folder / "lrspec"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lrspec "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    bash = ["bash", "-c", COMPLETE, "bash", "lrspec", *words]
    ran = subprocess.run(bash, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    declared, *offered = ran.stdout.split("\n")
    assert declared.endswith("-F _lrspec_completion lrspec")
    return {word for word in offered if word}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ([""], {*_COMMANDS}),
        (["comp"], {"compile"}),
        (["cache", ""], {"clear", "dir"}),
        (["compile", "--mo"], {"--model", "--model-arg"}),
        (["check", ".", "--format", ""], {"text", "json", "github", "sarif"}),
        (["schema", "p"], {"plan", "params"}),
        (["init", "--recipe", "l"], {"layer-decay", "linear-probe", "lora-plus"}),
        (["init", "-o", ""], {"files"}),
        (["compile", "a"], {"files"}),
        (["explain", "a"], {"files"}),
        (["check", "a", "b"], {"files"}),
        (["compile", "--params", ""], {"files"}),
        (["params", "-o", ""], {"files"}),
        (["compile", "--model", "resnet"], set()),
    ],
)
def test_bash_completes_commands_options_and_files(tmp_path: Path, words: list[str], offered: set[str]) -> None:
    assert completed(tmp_path, *words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    command = [sys.executable, "-m", "lrspec"]
    environment = {**os.environ, "_LRSPEC_COMPLETE": f"{shell}_source"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "_LRSPEC_COMPLETE" in ran.stdout
    assert ran.stderr == ""
    if program := shutil.which(shell):
        subprocess.run([program, "-n", "/dev/stdin"], input=ran.stdout, text=True, check=True)

"""What `examples/init` has is what the commands there write, to the byte, and clean."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from lrspec.cli import run
from tests.pages import ROOT, blocks

FOLDER = ROOT / "examples" / "init"
COMMANDS = next(block.body for block in blocks(FOLDER / "README.md") if block.info == "sh").splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.removeprefix("lrspec init "))
def test_a_command_writes_what_the_folder_has(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: bool
) -> None:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    here = tmp_path / "examples" / "init"
    shutil.copytree(FOLDER, here)
    for path in here.glob("*.lrspec.yaml"):
        path.unlink()
    monkeypatch.chdir(here)
    assert run([*shlex.split(command)[1:], "--force"]) == 0
    (written,) = here.glob("*.lrspec.yaml")
    for name in (written.name, written.name.replace(".lrspec.yaml", ".params.json")):
        if update and (here / name).exists():
            shutil.copy(here / name, FOLDER / name)
    assert written.read_text(encoding="utf-8") == (FOLDER / written.name).read_text(encoding="utf-8")
    assert run(["check", "--strict", written.name]) == 0


def test_every_spec_there_has_a_command() -> None:
    named = {name for command in COMMANDS for name in re.findall(r"-o (\S+)", command)}
    by_model = {f"{command.split()[-1]}.lrspec.yaml" for command in COMMANDS if " -o " not in command}
    assert {path.name for path in FOLDER.glob("*.lrspec.yaml")} == named | by_model

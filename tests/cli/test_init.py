"""`lrspec init`: the file it writes, what it asks on a terminal, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lrspec.cli import run
from lrspec.drafting import draft as drafting
from lrspec.drafting.prove import DraftError
from lrspec.drafting.recipes import compose as composing

BERT = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
MINE = """
import torch
from torch import nn

def net():
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))

def trained():
    model = net()
    groups = [{"params": model[0].parameters(), "lr": 1e-4}, {"params": model[2].parameters()}]
    return model, torch.optim.AdamW(groups, lr=1e-3)

def fails():
    raise RuntimeError("no data")
"""
RESNET = r"""# yaml-language-server: $schema=lrspec.v1.schema.json
# Layer-wise decay: the nearer to the input, the lower the learning rate.
# The first line is for editors: `lrspec schema -o lrspec.v1.schema.json` writes the file.
lrspec: 1
models: resnet18
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - name: depth                       # from the input to the head
    layers:
      - '^(?:conv1|bn1)\.'
      - '^layer(\d+)\.(\d+)\.'
      - '^fc\.'
    layer_decay: 0.75
  - name: no-decay                    # norms and biases
    where: {ndim: [0, 1]}
    weight_decay: 0
"""
INVENTORY = {
    "lrspec_params": 1,
    "source": "mine",
    "parameters": [{"name": name, "shape": [4, 4]} for name in ("conv.weight", "mid.weight", "fc.weight")],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Ran:
    """What came of a run."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def init(capsys: pytest.CaptureFixture[str]) -> Any:
    def ran(*words: str) -> Ran:
        return Ran(run(["init", *words]), *capsys.readouterr())

    return ran


def write(name: str, content: Any) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content if isinstance(content, str) else json.dumps(content))


def here() -> list[str]:
    """The names of what is in the folder."""
    return sorted(path.name for path in Path().iterdir())


def models_of(name: str) -> str | None:
    found = re.search("^models: (.*)$", Path(name).read_text(), re.MULTILINE)
    return found[1].strip("'") if found else None


def test_a_spec_is_written_and_checks_clean(init: Any, capsys: pytest.CaptureFixture[str]) -> None:
    ran = init("--model", "resnet18")
    assert (ran.status, ran.out) == (0, "")
    assert ran.err == "resnet18.lrspec.yaml: 20 groups, 62 parameters; next: lrspec compile resnet18.lrspec.yaml\n"
    assert Path("resnet18.lrspec.yaml").read_text() == RESNET
    assert here() == ["resnet18.lrspec.yaml"]
    assert run(["check", "--strict"]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_a_spec_goes_to_standard_output(init: Any) -> None:
    ran = init("--model", "resnet18", "-o", "-")
    assert (ran.status, ran.out, ran.err) == (0, RESNET, "the spec: 20 groups, 62 parameters\n")
    assert here() == []


def test_the_schema_is_found_in_the_folders_around(init: Any) -> None:
    write("schemas/lrspec.v1.schema.json", "{}")
    Path("specs").mkdir()
    init("--model", "resnet18", "-o", "specs/a.lrspec.yaml")
    first, *rest = Path("specs/a.lrspec.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=../schemas/lrspec.v1.schema.json"
    assert not any("lrspec schema" in line for line in rest)


def test_an_existing_file_stays_without_force(init: Any) -> None:
    write("resnet18.lrspec.yaml", "mine")
    ran = init("--model", "resnet18")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "lrspec: resnet18.lrspec.yaml: exists already: give --force to overwrite it, or another name with -o\n"
    )
    assert Path("resnet18.lrspec.yaml").read_text() == "mine"
    assert init("--model", "resnet18", "--force").status == 0
    assert Path("resnet18.lrspec.yaml").read_text() == RESNET


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "lrspec init: --model is missing (see lrspec init --help)"),
        (
            ["--model", "resnet18", "--recipe", "layer_decay"],
            "lrspec init: no recipe is called `layer_decay`: did you mean `layer-decay`? (see lrspec init --help)",
        ),
        (["--recipe", "x", "--model", "resnet18"], "lrspec init: no recipe is called `x`: expected layer-decay, "),
        (["--model", "resnet1"], "lrspec: unknown timm model 'resnet1': did you mean `resnet1"),
        (["--model", "resnet18", "-o", "no/a.lrspec.yaml"], "lrspec: no/a.lrspec.yaml: no such file or directory"),
        (["--model", "resnet18", "-o", "a.json"], "lrspec: a.json: JSON has no comments: name a file that ends in "),
        (["--model", "resnet18", "--force", "-o", "folder"], "lrspec: folder: is a directory"),
        (["--model", "resnet18", "-p", "a.json"], "lrspec init: --model and --params exclude each other"),
        (["-p", "a.json", "--model-arg", "a=1"], "lrspec init: --model-arg goes with --model"),
        (["-p", "nothing.json"], "lrspec: nothing.json: no such file or directory"),
        (["--from", "py:mine:trained", "--lr", "1"], "lrspec init: --lr and --from exclude each other: what the "),
        (["--from", "resnet18"], "lrspec: resnet18: expected py:package.module:function, or py:FILE.py:function"),
        (["--from", "py:mine.py:fails"], "lrspec: py:mine.py:fails cannot be run: RuntimeError: no data (mine.py:14, "),
        (["--from", "py:mine.py:tained"], "lrspec: py:mine.py:tained: AttributeError: "),
        (["--model", "resnet18", "--lr", "0"], "lrspec init: Invalid value for '--lr': expected a number above 0"),
        (["--model", "resnet18", "--layer-decay", "1.5"], "lrspec init: Invalid value for '--layer-decay': expected "),
        (
            ["--model", "resnet18", "-r", "blocks", "--head-mult", "2"],
            "lrspec init: --head-mult is not for blocks, but for layer-decay, head-body",
        ),
        (
            ["--model", "resnet18", "--optimizer", "AdmW"],
            "lrspec init: Invalid value for '--optimizer': `AdmW` is no",
        ),
        (
            ["--model", "resnet18", "--optimizer", ""],
            "lrspec init: Invalid value for '--optimizer': expected a string that is not empty, ",
        ),
        (
            ["--model", "resnet18", "--optimizer", "\udcff"],
            "lrspec init: Invalid value for '--optimizer': unpaired surrogate",
        ),
        (["--model", "resnet18", "--recipe", "lora-plus"], "lrspec: lora-plus: no parameter is called lora_B"),
        (["--model", "resnet18", "-o", "-", "--save-params"], "lrspec init: --save-params goes with a spec in a file"),
    ],
)
def test_what_cannot_be_written_is_one_line(init: Any, words: list[str], error: str) -> None:
    write("mine.py", MINE)
    Path("folder").mkdir()
    before = here()
    ran = init(*words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(error)
    assert ran.err.count("\n") == 1
    assert [name for name in here() if name != "__pycache__"] == before


def test_what_is_no_script_is_said_before_a_file_that_exists(init: Any) -> None:
    write("resnet18.lrspec.yaml", "mine")
    ran = init("--from", "resnet18")
    assert ran.status == 2
    assert ran.err == "lrspec: resnet18: expected py:package.module:function, or py:FILE.py:function\n"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("timm:resnet18.a1_in1k", "resnet18.a1_in1k"),
        ("hf:configs/tiny bert", "tiny-bert"),
        ("hf:configs/small.config.json", "small"),
        ("params:own.params.json", "own"),
    ],
)
def test_a_file_is_called_after_the_model(init: Any, model: str, name: str) -> None:
    write("configs/tiny bert/config.json", BERT)
    write("configs/small.config.json", BERT)
    write("own.params.json", INVENTORY)
    assert init("--model", model).status == 0
    assert f"{name}.lrspec.yaml" in here()


def test_a_model_of_ones_own_is_called_after_its_function(init: Any) -> None:
    write("mine.py", MINE)
    ran = init("--model", "py:mine.py:net")
    after = "next: lrspec compile net.lrspec.yaml --model py:mine.py:net\n"
    assert ran.err == f"net.lrspec.yaml: 4 groups, 4 parameters; {after}"
    assert models_of("net.lrspec.yaml") is None
    assert "# `models` is missing: a spec cannot name py:, which runs code. " in Path("net.lrspec.yaml").read_text()


def test_the_parameters_of_a_model_of_ones_own_are_saved_beside_the_spec(init: Any) -> None:
    write("mine.py", MINE)
    Path("specs").mkdir()
    assert init("--model", "py:mine.py:net", "--save-params", "-o", "specs/a.lrspec.yaml").status == 0
    assert models_of("specs/a.lrspec.yaml") == "params:a.params.json"
    assert run(["check", "specs", "--strict"]) == 0
    Path("specs/b.params.json").touch()
    assert init("--model", "py:mine.py:net", "--save-params", "-o", "specs/b.lrspec.yaml").status == 2
    assert not Path("specs/b.lrspec.yaml").exists()


@pytest.mark.parametrize(
    ("output", "models"),
    [
        ("a.lrspec.yaml", "hf:models/bert"),
        ("models/a.lrspec.yaml", "hf:bert"),
        ("models/bert/a.lrspec.yaml", "hf:."),
        ("specs/a.lrspec.yaml", None),
    ],
)
def test_a_path_is_relative_to_the_spec(init: Any, output: str, models: str | None) -> None:
    write("models/bert/config.json", BERT)
    Path("specs").mkdir()
    ran = init("--model", "hf:models/bert", "-o", output)
    assert ran.status == 0
    assert models_of(output) == models
    if models is None:
        said = "# `models` is missing: hf:models/bert is not in this folder or below it. With --save-params, "
        assert said in Path(output).read_text()
        assert ran.err.endswith("next: lrspec compile specs/a.lrspec.yaml --model hf:models/bert\n")
    else:
        assert run(["check", output, "--strict"]) == 0


def test_a_saved_inventory_elsewhere_is_not_to_be_saved_again(init: Any) -> None:
    write("own.params.json", INVENTORY)
    Path("specs").mkdir()
    init("--params", "own.params.json", "-o", "specs/a.lrspec.yaml")
    said = "\n# `models` is missing: params:own.params.json is not in this folder or below it.\n"
    assert said in Path("specs/a.lrspec.yaml").read_text()


def test_arguments_of_the_model_are_in_the_spec(init: Any) -> None:
    init("--model", "resnet18", "--model-arg", "num_classes=2")
    assert models_of("resnet18.lrspec.yaml") == "{source: resnet18, args: {num_classes: 2}}"
    assert run(["check", "--strict"]) == 0


def test_a_saved_inventory_is_a_model(init: Any) -> None:
    write("own.params.json", INVENTORY)
    assert init("--params", "own.params.json", "--recipe", "linear-probe").status == 0
    assert models_of("own.lrspec.yaml") == "params:own.params.json"
    assert run(["check", "--strict"]) == 0


def test_timm_is_named_where_it_knows_no_layers(init: Any) -> None:
    ran = init("--model", "poolformer_s12", "-o", "-")
    assert (
        "# timm defines no layers for this model (its layer decay puts twelve parameters on each); "
        "these follow its blocks.\n" in ran.out
    )
    assert "timm" not in init("--model", "poolformer_s12", "-o", "-", "-r", "no-decay").out


def test_a_model_without_a_head_says_how_to_get_one(init: Any) -> None:
    words, said = ("--model", "eva02_tiny_patch14_224", "-o", "-"), "# This model has no head;"
    assert f"{said} `--model-arg num_classes=N` builds one.\n" in init(*words).out
    assert said not in init(*words, "--model-arg", "num_classes=2").out
    assert said not in init("--model", "resnet18", "--model-arg", "num_classes=0", "-o", "-").out


def test_the_groups_of_an_optimizer_become_a_spec(init: Any) -> None:
    write("mine.py", MINE)
    ran = init("--from", "py:mine.py:trained", "--save-params")
    assert ran.status == 0
    assert ran.err.startswith("trained.lrspec.yaml: 2 groups, 4 parameters; next: lrspec compile trained.lrspec.yaml")
    assert models_of("trained.lrspec.yaml") == "params:trained.params.json"
    assert run(["check", "--strict"]) == 0


def test_reasons_name_parameters_and_groups(init: Any) -> None:
    ran = init("--model", "resnet18", "--explain")
    assert ran.out == (
        "depth: from the input to the head\n"
        "  sets the layer of 62 parameters: conv1.weight … fc.bias\n"
        "  in groups 0 to 19\n"
        "no-decay: norms and biases\n"
        "  sets the weight decay of 41 parameters: bn1.weight … fc.bias\n"
        "  in groups 1, 3, 5, 7, 9, 11, 13, 15, 17, 19\n"
    )


def test_reasons_do_not_mix_with_the_spec(init: Any) -> None:
    ran = init("--model", "resnet18", "--explain", "-o", "-")
    assert ran.out == RESNET
    assert ran.err.startswith("depth: from the input to the head\n")


def test_a_draft_that_is_wrong_is_to_be_reported(init: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any) -> None:
        raise DraftError("fc.weight: the draft gives 1, wanted 2")

    monkeypatch.setattr(composing, "compile_draft", wrong)
    ran = init("--model", "resnet18")
    assert (ran.status, ran.out, here()) == (2, "", [])
    assert ran.err == (
        "lrspec: internal error, please report it with the command and the model: "
        "fc.weight: the draft gives 1, wanted 2\n"
    )


def test_a_draft_that_is_no_spec_is_to_be_reported(init: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("mine.py", MINE)
    monkeypatch.setattr(drafting, "spec_text", lambda *_: "lrspec: 1\nrules: 1\n")
    ran = init("--from", "py:mine.py:trained")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("lrspec: internal error, please report it with the command and the model: the draft ")


@pytest.mark.parametrize("command", ["compile", "check"])
def test_without_a_spec_init_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command]) == 2
    assert capsys.readouterr().err.endswith("; `lrspec init` writes one\n")


def test_nothing_is_asked_without_a_terminal() -> None:
    command = [sys.executable, "-m", "lrspec", "init", "--recipe", "blocks"]
    ran = subprocess.run(command, input="resnet18\n", capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "lrspec init: --model is missing (see lrspec init --help)\n"


def test_a_closed_pipe_is_no_error() -> None:
    write("own.params.json", INVENTORY)
    command = f"{sys.executable} -m lrspec init -p own.params.json -o - | true"
    ran = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert ran.stderr == "the spec: 3 groups, 3 parameters\n"


ON_A_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "lrspec", "init", *sys.argv[1:]])
"""
"""Not a `preexec_fn`: the tests before may have left threads, with which that can wait for ever."""


CTRL_C = "\x03"


def conversed(words: Sequence[str], answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """The status and the screen of a run on a terminal, whose questions, by their ends, get these answers."""
    keyboard, terminal = os.openpty()
    streams: dict[str, Any] = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, *words],
        env={**os.environ, "COLUMNS": "20", "TERM": "xterm"},
        start_new_session=True,
        **streams,
    )
    os.close(terminal)
    shown = b""
    with suppress(OSError):  # the end, on Linux
        for question, answer in answers:
            start = len(shown)
            while question.encode() not in shown[start:]:
                shown += os.read(keyboard, 1000)
            os.write(keyboard, answer.encode())
        while True:
            if answers and answers[-1][1] == CTRL_C and not select.select([keyboard], [], [], 1)[0]:
                os.write(keyboard, CTRL_C.encode())  # a process that is about to read misses a signal
            shown += os.read(keyboard, 1000)
    os.close(keyboard)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def test_enter_accepts_what_is_proposed() -> None:
    status, screen = conversed([], [("Model [resnet18]: ", "\n"), ("Recipe [layer-decay]: ", "\n")])
    assert status == 0
    assert "  1  layer-decay   the learning rate falls from the head to the input, layer by layer\n" in screen
    assert screen.endswith("next: lrspec compile resnet18.lrspec.yaml\n")
    assert Path("resnet18.lrspec.yaml").read_text() == RESNET


def test_what_the_folder_has_is_proposed() -> None:
    write("own.params.json", INVENTORY)
    status, _ = conversed([], [("Model [params:own.params.json]: ", "\n"), ("Recipe [layer-decay]: ", "3\n")])
    assert status == 0
    assert "freeze: true" in Path("own.lrspec.yaml").read_text()


def test_a_typo_is_asked_again() -> None:
    write("own.params.json", INVENTORY)
    answers = [("Recipe [layer-decay]: ", "hed-body\n"), ("Recipe [layer-decay]: ", "head-body\n")]
    status, screen = conversed(["-p", "own.params.json"], answers)
    assert status == 0
    assert "no recipe is called `hed-body`: did you mean `head-body`?" in screen
    assert "name: body" in Path("own.lrspec.yaml").read_text()


def test_an_existing_file_is_asked_about(init: Any) -> None:
    write("own.params.json", INVENTORY)
    write("own.lrspec.yaml", "mine")
    words, question = ["-p", "own.params.json", "-r", "no-decay"], "Overwrite it? [y/N]: "
    assert conversed(words, [(question, "\n")])[0] == 2
    assert Path("own.lrspec.yaml").read_text() == "mine"
    assert conversed(words, [(question, "y\n")])[0] == 0
    assert Path("own.lrspec.yaml").read_text() == init(*words, "-o", "-").out


@pytest.mark.parametrize("words", [["--save-params"], []])
def test_an_inventory_that_exists_is_asked_about_too(words: list[str]) -> None:
    write("mine.py", MINE)
    write("net.params.json", "mine")
    if words:
        write("net.lrspec.yaml", "mine")
    words = ["--model", "py:mine.py:net", "-r", "no-decay", *words]
    first = "net.lrspec.yaml exists already. Overwrite it? [y/N]: ", "y\n"
    before = [first if "--save-params" in words else ("beside it? [Y/n]: ", "\n")]
    question = "net.params.json exists already. Overwrite it? [y/N]: "
    assert conversed(words, [*before, (question, "\n")])[0] == 2
    assert Path("net.params.json").read_text() == "mine"
    assert conversed(words, [*before, (question, "y\n")])[0] == 0
    assert models_of("net.lrspec.yaml") == "params:net.params.json"
    assert "lrspec_params" in Path("net.params.json").read_text()


def test_the_inventory_of_a_model_of_ones_own_is_asked_about() -> None:
    write("mine.py", MINE)
    words = ["--model", "py:mine.py:net", "-r", "no-decay"]
    assert conversed(words, [("beside it? [Y/n]: ", "\n")])[0] == 0
    assert models_of("net.lrspec.yaml") == "params:net.params.json"


@pytest.mark.parametrize("key", [CTRL_C, "\x04"], ids=["Ctrl-C", "Ctrl-D"])
@pytest.mark.parametrize("question", ["Model [resnet18]: ", "Recipe [layer-decay]: "])
def test_a_question_can_be_left(key: str, question: str) -> None:
    words = [] if question.startswith("Model") else ["--model", "resnet18"]
    status, screen = conversed(words, [(question, key)])
    assert status == 130
    assert screen.endswith("\nlrspec: interrupted\n")
    assert here() == []


def test_the_size_of_a_terminal_does_not_change_the_spec(init: Any) -> None:
    write("own.params.json", INVENTORY)
    words = ["-p", "own.params.json", "-r", "layer-decay"]
    assert conversed(words, [])[0] == 0
    assert Path("own.lrspec.yaml").read_text() == init(*words, "-o", "-").out

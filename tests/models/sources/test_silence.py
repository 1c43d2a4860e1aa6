"""The standard streams while a model is built: nothing is read, and nothing printed that could command a terminal."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
import timm
from torch import nn

from lrspec.cli import progress as bar
from lrspec.cli.progress import progress
from lrspec.models.by_name import inventory_of
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.silence import silence

LOUD = "\x1b[2J\n::error::x ##vso[a]b ##[group]c\n\u202e"
HARMLESS = ["\\x1b[2J", ":\\x3aerror::x #\\x23vso[a]b #\\x23[group]c", "\\u202e"]
SPEC = "lrspec: 1\noptimizer: {type: AdamW, lr: 1}\nrules: [{match: '^\\w', lr: 0.1}]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*words: str, typed: str = "typed\n", before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process, as whose standard input something is typed; `before` is code to run first."""
    code = f"import sys\nfrom lrspec.cli import run\n{before}\nsys.exit(run(sys.argv[1:]))"
    ran = [sys.executable, "-c", code, *words]
    return subprocess.run(ran, input=typed, capture_output=True, text=True, check=False, timeout=60)


# --------------------------------------------------------------------------------------------- what libraries print

PRINTS = {
    "print": "print(LOUD)",
    "print without an end": "print(LOUD, end='')",
    "standard error": "sys.stderr.write(LOUD)",
    "handle 1": "os.write(1, LOUD.encode())",
    "handle 2": "os.write(2, LOUD.encode())",
    "the streams of the process": "sys.__stdout__.write(LOUD), sys.__stderr__.write(LOUD)",
    "streams kept from before": "OUT.write(LOUD), ERR.write(LOUD)",
    "bytes": "sys.stdout.buffer.write(LOUD.encode())",
    "a log": "logging.getLogger('timm').error(LOUD)",
    "a log with a handler of its own": "LOGGER.critical(LOUD)",
    "a warning": "warnings.warn(LOUD)",
    "a warning that is always shown": "warnings.simplefilter('always'), warnings.warn(LOUD)",
    "code of another language": "ctypes.CDLL(None).write(1, LOUD.encode(), len(LOUD.encode()))",
    "a thread": "run(threading.Thread(target=print, args=(LOUD,)))",
    "an exception of a thread": "run(threading.Thread(target=exec, args=('raise ValueError(LOUD)', globals())))",
}
LIBRARY = f"""
import ctypes, json, logging, os, sys, threading, warnings
from pathlib import Path
import timm
from torch import nn
from lrspec.models.by_name import inventory_of
LOUD = {LOUD!r}
OUT, ERR = sys.stdout, sys.stderr
LOGGER = logging.getLogger("loud")
LOGGER.addHandler(logging.StreamHandler(sys.stdout))
def run(thread):
    thread.start()
    thread.join()
for name, code in json.loads(sys.argv[1]).items():
    def create_model(*_, **__):
        exec(code, globals())
        return nn.Linear(2, 2)
    timm.create_model = create_model
    print(name, len(inventory_of("resnet18", {{}}, Path()).parameters), flush=True)
    print(name, file=sys.stderr)
"""


def test_what_a_library_prints_while_it_builds_a_model_does_not_appear() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LIBRARY, json.dumps(PRINTS)],
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # what is printed waits, and must not appear later
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout.splitlines() == [f"{name} 2" for name in PRINTS]
    assert ran.stderr.splitlines() == list(PRINTS)
    assert ran.returncode == 0


USES_RETURN_DICT = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "vocab_size": 10,
    "use_return_dict": False,
    "x\n::error::stranger\n##vso[task.complete]": 1,
    "::set-output name=a": True,
    "y\x1b[2J": "word",
}


def test_a_config_with_a_command_for_a_key_prints_nothing() -> None:
    Path("config.json").write_text(json.dumps(USES_RETURN_DICT))
    for before in ("", "import transformers\ntransformers.logging.set_verbosity_debug()\n"):
        ran = command("params", "--model", "hf:config.json", before=before)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "stranger" not in ran.stdout
        assert json.loads(ran.stdout)["parameters"]


def test_logs_warnings_and_streams_are_as_before(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def create_model(*_: Any, **__: Any) -> nn.Module:
        logging.getLogger("timm").error("during")
        warnings.warn("during", stacklevel=1)
        return nn.Linear(1, 1)

    monkeypatch.setattr(timm, "create_model", create_model)
    logging.disable(logging.DEBUG)
    try:
        inventory_of("resnet18", {}, Path())
        assert logging.root.manager.disable == logging.DEBUG
    finally:
        logging.disable(logging.NOTSET)
    assert caplog.records == []
    logging.getLogger("timm").error("after")
    with pytest.warns(UserWarning, match="after"):
        warnings.warn("after", stacklevel=1)
    os.write(1, b"out")
    os.write(2, b"err")
    assert capfd.readouterr() == ("out", "err")
    assert [each.message for each in caplog.records] == ["after"]


def test_streams_that_are_closed_stay_closed() -> None:
    script = """
import os, sys
from lrspec.models.sources.silence import silence
for handle in (0, 1, 2):
    os.close(handle)
sys.stdout = sys.stderr = None
with silence("a", shown=False):
    pass
open_ones = []
for handle in (0, 1, 2):
    try:
        os.fstat(handle)
        open_ones.append(handle)
    except OSError:
        pass
os._exit(len(open_ones))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0


# ------------------------------------------------------------------------------------------- what one's own code prints

OWN = f"""
import logging, os, sys, torch
LOUD = {LOUD!r}
def prints():
    print("begun", LOUD)
    print("half", end=" ")
    print("a line", file=sys.stderr)
    sys.stdout.buffer.write(b"no text: \\xff\\n")
    print("to be continued", end="")
    return torch.nn.Linear(2, 2)
def reads():
    return torch.nn.Linear(len(input()), 2)
def reads_stream():
    return torch.nn.Linear(len(sys.stdin.read()), 2)
def reads_handle():
    return torch.nn.Linear(len(os.read(0, 100)) + 1, 2)
def fails():
    print("before it fails", end="")
    raise ValueError("not so")
"""


def test_what_one_s_own_code_prints_appears_on_standard_error_line_by_line_and_harmless() -> None:
    Path("own.py").write_text(OWN)
    ran = command("params", "--model", "py:own:prints")
    assert ran.returncode == 0
    own = [f"begun {HARMLESS[0]}", *HARMLESS[1:], "half a line", "no text: \\xff", "to be continued"]
    assert ran.stderr.splitlines() == own * _attempts(ran.stderr)
    assert ran.stderr.endswith("to be continued\n")
    assert [each["name"] for each in json.loads(ran.stdout)["parameters"]] == ["weight", "bias"]


def _attempts(printed: str) -> int:
    """How often a model was built until it bore it."""
    return printed.count("begun")


def test_an_unfinished_line_of_one_s_own_code_comes_before_the_refusal() -> None:
    Path("own.py").write_text(OWN)
    ran = command("params", "--model", "py:own:fails")
    assert ran.returncode == 2
    *printed, refusal = ran.stderr.splitlines()
    assert set("".join(printed).split("before it fails")) == {""}
    assert refusal == "lrspec: py:own:fails cannot be built: ValueError: not so (own.py:19, in fails)"


@pytest.mark.parametrize("name", ["reads", "reads_stream"])
def test_one_s_own_code_does_not_read_standard_input(name: str) -> None:
    Path("own.py").write_text(OWN)
    ran = command("params", "--model", f"py:own:{name}")
    wrong = f"lrspec: py:own:{name} would read standard input to be built, which is closed\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", wrong)


def test_the_handle_of_standard_input_leads_nowhere_and_the_spec_is_read_from_it_before() -> None:
    Path("own.py").write_text(OWN)
    ran = command("compile", "-", "--model", "py:own:reads_handle", "--format", "json", typed=SPEC)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["parameters"][0]["shape"] == [2, 1]


# -------------------------------------------------------------------------------------------------- the progress bar


def test_the_bar_of_a_check_goes_on_while_a_model_is_built_in_silence(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bar, "_PATIENCE", 0.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with progress(2) as advance:
        with silence("a", shown=False):
            advance()
            print("dropped")  # noqa: T201  (this is what is tested)
            shown = wait_for("1/2", capfd)
        advance()
        shown += wait_for("2/2", capfd)
    assert "dropped" not in shown + "".join(capfd.readouterr())


def wait_for(words: str, capfd: pytest.CaptureFixture[str]) -> str:
    """What standard error shows until some words appear there."""
    shown, give_up = "", time.monotonic() + 60
    while words not in shown and time.monotonic() < give_up:
        shown += capfd.readouterr().err
    assert words in shown
    return shown


def test_a_refusal_leaves_the_streams_as_they_were(capfd: pytest.CaptureFixture[str]) -> None:
    streams = (sys.stdin, sys.stdout, sys.stderr)
    for shown in (True, False):
        with pytest.raises(ModelError, match="would read standard input"), silence("a", shown=shown):
            sys.stdin.readline()
        assert (sys.stdin, sys.stdout, sys.stderr) == streams
    assert capfd.readouterr() == ("", "")

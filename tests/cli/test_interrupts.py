"""Ctrl-C or SIGTERM ends the command wherever it arrives, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import pkgutil
import re
import signal
import subprocess
import sys
import termios
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import lrspec.__main__

pytestmark = pytest.mark.usefixtures("folder")

SPEC = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3}\nrules: [{name: all, match: '^.', lr: 1e-3}]\n"
INTERRUPTED = "lrspec: interrupted\n"
INTERRUPT = "import signal\nsignal.raise_signal(signal.SIGINT)\n"
BEGIN = "import os, signal, sys\nfrom lrspec.interrupts import end_when_interrupted, undoing\nend_when_interrupted()\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def obeying_interrupts() -> None:
    """Tests may run where interrupts are ignored, as under nohup; a process would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    """Start Python in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, *words],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=obeying_interrupts,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The status of a process that is about to end, and the rest of its output."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def before_other_modules(name: str, code: str) -> str:
    """A folder for PYTHONPATH, with a module that comes before the installed one of its name."""
    place = Path("first")
    place.mkdir()
    (place / f"{name}.py").write_text(code)
    return str(place.absolute())


SWALLOWERS = {
    "a destructor": """
class Freed:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
Freed()
""",
    "a callback of C code": """
import ctypes
ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()
""",
    "an except clause": """
try:
    signal.raise_signal(signal.SIGINT)
except BaseException:
    pass
""",
    "a handler that makes it another error": """
class Named:
    def __set_name__(self, *_):
        signal.raise_signal(signal.SIGINT)
try:
    type("Owner", (), {"named": Named()})
except RuntimeError:
    pass
""",
}


@pytest.mark.parametrize("code", SWALLOWERS.values(), ids=SWALLOWERS)
def test_no_code_swallows_an_interrupt(code: str) -> None:
    assert ended(start("-c", f"{BEGIN}{code}\nprint('went on')\n")) == (130, "", INTERRUPTED)


ONCE = """
import signal, sys
if not hasattr(sys, "once"):
    sys.once = True
    signal.raise_signal(signal.SIGINT)
raise ModuleNotFoundError("numpy")
"""


def test_torch_does_not_swallow_an_interrupt_while_it_imports_numpy(folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC)
    path = before_other_modules("numpy", ONCE)
    command = start("-m", "lrspec", "check", ".", "--no-cache", "--model", "resnet18", PYTHONPATH=path)
    assert ended(command) == (130, "", INTERRUPTED)


def test_an_interrupt_while_the_command_is_imported_is_one_line() -> None:
    path = before_other_modules("click", INTERRUPT)
    assert ended(start("-m", "lrspec", "--help", PYTHONPATH=path)) == (130, "", INTERRUPTED)


def test_the_script_is_what_python_runs_with_m() -> None:
    scripts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    assert {name: pkgutil.resolve_name(place) for name, place in scripts.items()} == {"lrspec": lrspec.__main__.main}


FREED_LAST = """
class Last:
    def __del__(self, interrupt=signal.raise_signal, number=signal.SIGINT):
        interrupt(number)
        print("freed")
last = Last()
sys.exit(3)
"""


def test_an_interrupt_when_the_program_is_over_changes_nothing() -> None:
    assert ended(start("-c", BEGIN + FREED_LAST)) == (3, "freed\n", "")


def test_an_interrupt_while_exit_handlers_run_is_an_interrupt() -> None:
    code = f"{BEGIN}import atexit\natexit.register(signal.raise_signal, signal.SIGINT)\nprint('done')"
    assert ended(start("-c", code)) == (130, "done\n", INTERRUPTED)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupts_that_are_ignored_stay_ignored(name: str) -> None:
    code = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{BEGIN}{INTERRUPT}print('went on')"
    assert ended(start("-c", code.replace("SIGINT", name))) == (0, "went on\n", "")


def test_a_full_pipe_as_standard_error_keeps_nothing_waiting() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    command = [sys.executable, "-c", BEGIN + INTERRUPT]
    with subprocess.Popen(command, stderr=writer, preexec_fn=obeying_interrupts) as process:
        try:
            assert process.wait(60) == 130
        finally:
            process.kill()
            os.close(reader)
            os.close(writer)


FORKED = """
with undoing(lambda: print("undone", flush=True)):
    first = os.fork()
    second = first and os.fork()
    if first and not second:
        signal.raise_signal(signal.SIGTERM)
if not first:
    os._exit(5)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in (first, second)))
"""


def test_a_forked_process_undoes_nothing_of_its_parent() -> None:
    assert ended(start("-c", BEGIN + FORKED)) == (0, "5 143\n", "")


def test_a_closed_standard_error_changes_no_status() -> None:
    ran = subprocess.run(
        ["bash", "-c", '"$@" 2>&-; echo $?', "", sys.executable, "-c", BEGIN + INTERRUPT],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=obeying_interrupts,
    )
    assert ran.stdout == "130\n"


def test_a_second_interrupt_does_not_wait_for_what_the_first_undoes() -> None:
    undone = (
        "with undoing(lambda: print('first', flush=True)), undoing(lambda: print('second', flush=True) or input()):\n"
    )
    process = start("-c", f"{BEGIN}{undone}    signal.raise_signal(signal.SIGINT)")
    assert process.stdout is not None
    assert process.stdout.readline() == "second\n"
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "first\n", INTERRUPTED)


STEPS = ["os.open", "shutil.copymode", "pathlib.Path.replace"]
AT_STEP = """
import os, pathlib, shutil
def interrupted(*_, do={step}, **__):
    do(*_, **__)
    signal.raise_signal(signal.SIGINT)
from lrspec.files import replace_file
{step} = interrupted
replace_file(pathlib.Path("plan.json"), b"new")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("step", STEPS)
def test_a_file_that_is_being_written_leaves_nothing_beside_it(folder: Path, step: str, name: str) -> None:
    (folder / "plan.json").write_text("old")
    code = AT_STEP.format(step=step).replace("SIGINT", name)
    assert ended(start("-c", BEGIN + code)) == (128 + signal.Signals[name], "", INTERRUPTED)
    assert [path.name for path in folder.iterdir()] == ["plan.json"]
    assert (folder / "plan.json").read_text() == ("new" if "replace" in step else "old")


SLOW = """
import atexit, os, shutil, signal, sys, time
def slow(*_):
    os.write(2, b"slow\\n")
    time.sleep(600)
if "--multiprocessing-fork" in sys.orig_argv:
    {begin}
"""


def processes_of(group: int) -> str:
    """The processes of a group that have not ended."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    return "".join(re.findall(rf"^ *{group} +[^Z].*\n", listed, re.MULTILINE))


def interrupted_while_two_processes_are_slow(folder: Path, begin: str, number: int = signal.SIGINT) -> None:
    """Interrupt `check --fix` while its processes are slow; `begin` is what they do first."""
    for name in range(3):
        (folder / f"{name}.lrspec.yaml").write_text(SPEC.replace("lr: 1e-3", 'lr: "1e-3"'))
    path = before_other_modules("sitecustomize", SLOW.format(begin=begin))
    process = start("-m", "lrspec", "check", ".", "--fix", "--no-model", "--jobs", "2", PYTHONPATH=path)
    assert process.stderr is not None
    assert {process.stderr.readline() for _ in range(2)} == {"slow\n"}
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    assert ended(process) == (128 + number, "", INTERRUPTED)
    while left := processes_of(process.pid):  # they have closed the stream, and are about to be gone
        assert "[python" in left or "resource_tracker" in left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_processes_that_write_files_leave_nothing(folder: Path, number: int) -> None:
    interrupted_while_two_processes_are_slow(folder, "shutil.copymode = slow", number)
    assert {path.name for path in folder.iterdir()} == {"first", *(f"{number}.lrspec.yaml" for number in range(3))}


def test_processes_that_do_not_end_are_killed(folder: Path) -> None:
    deaf = "signal.pthread_sigmask = lambda *_: None"  # SIGTERM stays blocked
    interrupted_while_two_processes_are_slow(folder, f"shutil.copymode = slow; {deaf}")


def test_processes_that_are_about_to_end_are_not_waited_for(folder: Path) -> None:
    interrupted_while_two_processes_are_slow(folder, "atexit.register(slow)")


def in_a_terminal() -> None:
    obeying_interrupts()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_terminal_gets_its_cursor_back(folder: Path) -> None:
    (folder / "a.lrspec.yaml").write_text(SPEC)
    (folder / "slow.py").write_text("import time\ndef model():\n    time.sleep(600)\n")
    keyboard, terminal = os.openpty()
    streams: dict[str, Any] = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    process = subprocess.Popen(
        [sys.executable, "-m", "lrspec", "check", ".", "--model", "py:slow:model"],
        env={**os.environ, "TERM": "xterm"},
        start_new_session=True,
        preexec_fn=in_a_terminal,
        **streams,
    )
    os.close(terminal)
    shown = b""
    while b"0/1" not in shown:  # the bar
        shown += os.read(keyboard, 1000)
    os.write(keyboard, b"\x03")
    assert process.wait(60) == 130
    with suppress(OSError):  # the end, on Linux
        while more := os.read(keyboard, 1000):
            shown += more
    os.close(keyboard)
    assert re.search(rb"\r\x1b\[2K\x1b\[\?25h\r\nlrspec: interrupted\r\n$", shown)

"""`--watch` on `compile` and `check`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lrspec.cli import run

SPEC = "lrspec: 1\nmodels: params:m.json\noptimizer: {type: AdamW, lr: 1e-3}\nrules: [{match: '^w', lr: 0.003}]\n"
LIMIT = 60  # seconds


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    save(tmp_path, "w1")
    return tmp_path


def save(folder: Path, *names: str) -> None:
    content = {"lrspec_params": 1, "parameters": [{"name": name, "shape": [2]} for name in names]}
    (folder / "m.json").write_text(json.dumps(content), encoding="utf-8")


class Watching:
    """A command that watches, and what it has printed."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lrspec", *words, "--watch"],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.printed = ""
        self._seen = 0
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line

    def end(self) -> None:
        """End the command, if it has not ended, and close what it wrote to."""
        self.process.kill()
        self.process.wait()
        self._reading.join()
        assert self.process.stdout
        self.process.stdout.close()

    def until(self, text: str) -> None:
        """Wait until a text is printed that was not there before."""
        end = time.monotonic() + LIMIT
        while text not in self.printed[self._seen :]:
            assert time.monotonic() < end, self.printed
            assert self.process.poll() is None, self.printed
            time.sleep(0.02)
        self._seen = self.printed.index(text, self._seen) + len(text)


@contextmanager
def watching(*words: str) -> Iterator[Watching]:
    watch = Watching(*words)
    try:
        yield watch
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(LIMIT) == 130
    finally:
        watch.end()


def test_compile_runs_again_when_the_spec_is_written_or_replaced(folder: Path) -> None:
    with watching("compile", "s.lrspec.yaml") as watch:
        watch.until("0.003")
        watch.until("watching: Ctrl-C ends it")
        (folder / "s.lrspec.yaml").write_text(SPEC.replace("0.003", "0.002"), encoding="utf-8")
        watch.until(" s.lrspec.yaml changed\n")
        watch.until("0.002")
        (folder / "new").write_text(SPEC.replace("0.003", "0.004"), encoding="utf-8")
        (folder / "new").replace(folder / "s.lrspec.yaml")
        watch.until(" s.lrspec.yaml changed\n")
        watch.until("0.004")


def test_a_missing_spec_is_waited_for(folder: Path) -> None:
    with watching("compile") as watch:
        watch.until("watching")
        (folder / "s.lrspec.yaml").unlink()
        watch.until("no spec here")
        (folder / "s.lrspec.yaml").write_text(SPEC.replace("0.003", "0.002"), encoding="utf-8")
        watch.until("0.002")


def test_check_runs_again_for_an_inventory_a_lock_and_after_mistakes(folder: Path) -> None:
    with watching("check") as watch:
        watch.until("1 spec checked against 1 model: nothing found")
        watch.until("watching")
        save(folder, "w1", "b1")
        watch.until(" m.json changed\n")
        watch.until("LRS201")
        save(folder, "w1")
        watch.until("nothing found")
        (folder / "s.lrspec.lock").write_text("x", encoding="utf-8")
        watch.until(" s.lrspec.lock changed\n")
        watch.until("nothing found")


def test_it_ends_when_the_reader_of_the_output_leaves() -> None:
    watch = subprocess.Popen(
        [sys.executable, "-m", "lrspec", "check", "--watch"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert watch.stdout
    watch.stdout.readline()
    watch.stdout.close()
    assert watch.wait(LIMIT) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compile", "none.lrspec.yaml"], "none.lrspec.yaml: no such file or directory"),
        (["compile", "none.lrspec.yaml", "--params", "m.json"], "none.lrspec.yaml: no such file or directory"),
        (["check", "none.lrspec.yaml"], "none.lrspec.yaml: no such file or directory"),
        (["check", "s.lrspec.yaml", "none.lrspec.yaml"], "none.lrspec.yaml: no such file or directory"),
        (["compile", "."], ".: is a directory"),
        (["compile", "-"], "--watch cannot watch standard input"),
        (["check", "-"], "--watch cannot watch standard input"),
    ],
)
def test_what_cannot_be_watched_ends_at_once(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--watch"]) == 2
    assert message in capsys.readouterr().err

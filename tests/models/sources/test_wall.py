"""The wall around the building of a model: what it refuses, how it names that, what it lets through, what it leaves."""

from __future__ import annotations

import gc
import importlib.machinery
import json
import os
import py_compile
import shutil
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest
import timm
import yaml
from torch import nn

from lrspec.models.by_name import inventory_of
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.silence import silence
from lrspec.models.sources.wall import Wall

HERE = """
import sys
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.silence import silence
from lrspec.models.sources.wall import Wall
"""
BUILT = """
try:
    with silence("timm:made", shown=False), Wall("timm:made"):
        build()
    print("built")
except ModelError as refusal:
    print(refusal)
"""
SECRET = "the secret of another place\n"
EXTENSION = importlib.machinery.EXTENSION_SUFFIXES[0]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run: a secret, links to it, and code in every form that Python can run."""
    monkeypatch.chdir(tmp_path)
    Path("secret").write_text(SECRET)
    Path("link").symlink_to("secret")
    Path("folder").mkdir()
    Path("evil.py").write_text("import os, sys\nos.write(2, b'evil.py has run')\nsys.exit('evil.py has run')\n")
    py_compile.compile("evil.py", "bare/evil_bare.pyc")
    with zipfile.ZipFile("zipped.zip", "w") as archive:
        archive.write("evil.py", "evil_zipped.py")
    return tmp_path


def output(build: str, before: str = "", after: str = "", **environment: str) -> str:
    """What a process prints that builds a model so: the refusal in its one line, or `built`."""
    script = f"{HERE}{before}\ndef build():\n{textwrap.indent(textwrap.dedent(build).strip(), '    ')}\n{BUILT}{after}"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", script],
        input="typed\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert (ran.stderr, ran.returncode) == ("", 0), ran.stderr
    assert ran.stdout.count("\n") == 1 + after.count("print(")
    return ran.stdout.removesuffix("\n")


INSTALLED = "a model is built from what is installed"


def refused(build: str, words: str, why: str = INSTALLED, before: str = "") -> None:
    assert output(build, before) == f"timm:made would {words} to be built, and {why}"


def below(*parts: str) -> str:
    """The path of a file, by a way that begins at Python's own library."""
    library = Path(json.__file__).parent
    up = [".."] * (len(library.parts) - 1)
    return str(library.joinpath(*up, *Path(*parts).absolute().parts[1:]))


# --------------------------------------------------------------------------------------------- code from elsewhere


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (
            """
            import importlib.util
            spec = importlib.util.spec_from_file_location("evil", "evil.py")
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
            """,
            "open {folder}/evil.py",
        ),
        ("import sys\nsys.path.insert(0, '.')\nimport evil", "open {folder}/evil.py"),
        ("import sys\nsys.path.insert(0, 'bare')\nimport evil_bare", "open {folder}/bare/evil_bare.pyc"),
        ("import sys\nsys.path.insert(0, 'zipped.zip')\nimport evil_zipped", "open zipped.zip"),
        ("import runpy\nrunpy.run_path('evil.py')", "open evil.py"),
        ("exec(compile('1', 'evil.py', 'exec'))", "run the code of evil.py"),
        ("exec(open('evil.py').read())", "open evil.py"),
        ("import ctypes\nctypes.CDLL('{folder}/evil.so')", "load {folder}/evil.so"),
    ],
)
def test_code_from_elsewhere_is_not_run(build: str, words: str, folder: Path) -> None:
    refused(build.replace("{folder}", str(folder)), words.replace("{folder}", str(folder)))


def test_an_extension_module_from_elsewhere_is_not_loaded(folder: Path) -> None:
    shutil.copy(yaml._yaml.__file__, f"evil{EXTENSION}")
    place = folder / f"evil{EXTENSION}"
    build = f"""
    from importlib import machinery, util
    loader = machinery.ExtensionFileLoader("evil", {str(place)!r})
    loader.create_module(util.spec_from_loader("evil", loader))
    """
    refused(build, f"import {place}")


def test_an_import_whose_failure_is_expected_is_refused_where_it_finds_something(folder: Path) -> None:
    refused(
        "try:\n    import evil\nexcept Exception:\n    pass",
        f"open {folder}/evil.py",
        before="sys.path.insert(0, '')",  # as with `python -m lrspec`
    )


# --------------------------------------------------------------------------------------------------- standard input


@pytest.mark.parametrize("build", ["input()", "open(0).read()", "import io\nio.FileIO(0)"])
def test_standard_input_is_not_read(build: str) -> None:
    refused(build, "read standard input")


@pytest.mark.parametrize(
    "build", ["sys.stdin.read()", "sys.stdin.buffer.read()", "next(sys.stdin)", "sys.stdin.buffer.raw.read(1)"]
)
def test_standard_input_is_closed(build: str) -> None:
    assert output(build) == "timm:made would read standard input to be built, which is closed"


def test_what_reads_the_handle_of_standard_input_finds_nothing() -> None:
    build = """
    import os
    if os.read(0, 100) or sys.__stdin__.read():
        raise ModelError("it was read")
    """
    assert output(build) == "built"


@pytest.mark.parametrize("path", ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_other_names_of_standard_input_are_not_opened(path: str) -> None:
    refused(f"open({path!r})", f"open {path}")


# --------------------------------------------------------------------------------------------------------- processes


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("import subprocess\nsubprocess.run(['touch', 'made'])", "start the program touch"),
        ("import subprocess\nsubprocess.run('touch made', shell=True)", "start the program /bin/sh"),
        ("import os\nos.system('touch made')", "start the program b'touch made'"),
        ("import os\nos.popen('touch made')", "start the program /bin/sh"),
        ("import os\nos.posix_spawn('/bin/touch', ['touch', 'made'], {})", "start the program /bin/touch"),
        ("import os\nos.execv('/bin/touch', ['touch', 'made'])", "start the program /bin/touch"),
        ("import os\nos.execlp('touch', 'touch', 'made')", "start the program b'/nowhere/touch'"),
        ("import os\nos.spawnv(os.P_WAIT, '/bin/touch', ['touch', 'made'])", "start a process"),
        ("import os\nos.fork() or os._exit(0)", "start a process"),
        ("import os\nos.forkpty()[0] or os._exit(0)", "start a process"),
        ("import pty\npty.spawn(['touch', 'made'])", "start the program ['touch', 'made']"),
        ("import multiprocessing as m\nm.get_context('fork').Process(target=print).start()", "start a process"),
        ("import os\nos.kill(0, 0)", "send a signal to process 0"),
    ],
)
def test_no_process_is_started(build: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere:/bin")
    refused(build, words)
    assert not Path("made").exists()


# ----------------------------------------------------------------------------------------------------------- network


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("import socket\nsocket.create_connection(('models.example', 443))", "reach models.example"),
        ("import socket\nsocket.getaddrinfo('models.example', 443)", "reach models.example"),
        ("import socket\nsocket.gethostbyname('models.example')", "reach models.example"),
        ("import socket\nsocket.socket()", "open a socket"),
        ("import socket\nsocket.socketpair()", "open a socket"),
        ("from urllib import request\nrequest.urlopen('http://127.0.0.1:9/x')", "reach 127.0.0.1"),
        ("from http import client\nclient.HTTPConnection('127.0.0.1', 9).request('GET', '/')", "reach 127.0.0.1"),
        ("import socketserver as s\ns.TCPServer(('127.0.0.1', 0), None)", "open a socket"),
    ],
)
def test_no_host_is_reached(build: str, words: str) -> None:
    refused(build, words, "nothing is downloaded")


# ------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("open('secret')", "open secret"),
        ("open('{folder}/secret')", "open {folder}/secret"),
        ("open(b'secret')", "open secret"),
        ("import os\nos.open('secret', os.O_RDONLY)", "open secret"),
        ("import os\nos.open(b'secret', os.O_RDONLY)", "open secret"),
        ("import os\nos.open('.', os.O_RDONLY)", "open ."),
        ("import pathlib\npathlib.Path('secret').read_text()", "open secret"),
        ("import io\nio.FileIO('secret')", "open secret"),
        ("import io\nio.open_code('{folder}/secret')", "open {folder}/secret"),
        ("import linecache\nlinecache.getlines('secret')", "open secret"),
        ("open('folder/../secret')", "open folder/../secret"),
        ("open('link')", "open link"),
        ("open('/etc/passwd')", "open /etc/passwd"),
        ("open('\\x1b[2Jsecret')", "open \\x1b[2Jsecret"),
        ("import sqlite3\nsqlite3.connect('made')", "open made"),
    ],
)
def test_no_file_of_another_place_is_opened(build: str, words: str, folder: Path) -> None:
    Path("\x1b[2Jsecret").touch()
    refused(build.replace("{folder}", str(folder)), words.replace("{folder}", str(folder)))


def test_a_way_out_of_the_installed_packages_is_followed() -> None:
    assert Path(below("secret")).read_text() == SECRET
    refused(f"open({below('secret')!r})", f"open {below('secret')}")


def test_a_folder_is_not_installed_by_what_it_is_called() -> None:
    Path("site-packages").mkdir()
    Path("site-packages/secret").write_text(SECRET)
    refused("open('site-packages/secret')", "open site-packages/secret")


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("open('made', 'w')", "write made"),
        ("open('secret', 'r+')", "write secret"),
        ("open('secret', 'a')", "write secret"),
        ("import pathlib\npathlib.Path('made').write_text('x')", "write made"),
        ("import pathlib\npathlib.Path('made').touch()", "change made"),
        ("import json\nopen(json.__file__, 'a')", "write {json}"),
        ("import os\nos.remove('secret')", "change secret"),
        ("import os\nos.rename('secret', 'made')", "change secret"),
        ("import os\nos.replace('secret', 'made')", "change secret"),
        ("import os\nos.rmdir('folder')", "change folder"),
        ("import os\nos.mkdir('made')", "change made"),
        ("import os\nos.makedirs('made/made')", "change made"),
        ("import os\nos.chmod('secret', 0)", "change secret"),
        ("import os\nos.symlink('secret', 'made')", "change secret"),
        ("import os\nos.link('secret', 'made')", "change secret"),
        ("import os\nos.truncate('secret', 0)", "change secret"),
        ("import os\nos.utime('secret', (0, 0))", "change secret"),
        ("import shutil\nshutil.rmtree('folder')", "change folder"),
        ("import shutil\nshutil.copyfile('secret', 'made')", "change secret"),
        ("import shutil\nshutil.move('secret', 'made')", "change secret"),
    ],
)
def test_no_file_is_changed_behind_the_wall(build: str, words: str, folder: Path) -> None:
    before = sorted(folder.rglob("*")), Path("secret").stat()
    refused(build, words.replace("{json}", json.__file__))
    after = sorted(folder.rglob("*")), Path("secret").stat()
    assert [after[0], after[1].st_mtime_ns, after[1].st_mode] == [before[0], before[1].st_mtime_ns, before[1].st_mode]
    assert Path("secret").read_text() == SECRET


def test_no_temporary_file_is_made() -> None:
    found = output("import tempfile\ntempfile.mkstemp()", TMPDIR=str(Path("folder").absolute()))
    assert found.startswith("timm:made would write ")
    assert list(Path("folder").iterdir()) == []


# ----------------------------------------------------------------------------------- hiding it, and other threads


@pytest.mark.parametrize(
    "build",
    [
        "try:\n    open('secret')\nexcept Exception:\n    pass",
        "try:\n    open('secret')\nexcept Exception:\n    raise ValueError('another') from None",
        "try:\n    open('secret')\nexcept Exception:\n    sys.exit(3)",
        "try:\n    open('secret')\nexcept Exception:\n    raise ModelError('another') from None",
        "try:\n    open('secret')\nfinally:\n    open('made', 'w')",
        "import contextlib\nfor _ in range(3):\n    with contextlib.suppress(Exception):\n        open('secret')",
    ],
)
def test_the_first_refusal_is_told_however_it_is_hidden(build: str) -> None:
    refused(build, "open secret")


def test_a_refusal_is_told_by_each_way_to_build_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[str]()

    def build(*_: Any, **__: Any) -> nn.Module:
        try:
            tried.append(Path("secret").read_text())
        except Exception as refusal:
            tried.append(type(refusal).__name__)
            raise ValueError("another") from None
        return nn.Linear(1, 1)

    monkeypatch.setattr(timm, "create_model", build)
    with pytest.raises(ModelError, match=r"^resnet18 would open secret to be built, and a model"):
        inventory_of("resnet18", {}, Path())
    assert set(tried) == {"RefusedError"}


def test_an_interruption_behind_the_wall_stays_one() -> None:
    with pytest.raises(KeyboardInterrupt), Wall("timm:made"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("work", "words", "why"),
    [
        ("open('secret').read()", "open secret", INSTALLED),
        ("__import__('os').system('touch made')", "start the program b'touch made'", INSTALLED),
        ("__import__('socket').socket()", "open a socket", "nothing is downloaded"),
    ],
)
def test_a_thread_that_is_started_inside_may_do_no_more(work: str, words: str, why: str) -> None:
    build = f"""
    import threading
    def does():
        {work}
    def starts(work):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    """
    refused(f"{build}\n    starts(does)", words, why)
    refused(f"{build}\n    starts(lambda: starts(does))", words, why)
    assert not Path("made").exists()


def test_a_thread_that_takes_the_place_of_an_earlier_one_may_do_no_more() -> None:
    before = "import threading\nends = threading.Event()\nearlier = threading.Thread(target=ends.wait)\nearlier.start()"
    build = """
    ends.set()
    earlier.join()
    def work():
        if threading.get_ident() == earlier.ident:
            open("secret")
    for _ in range(100):
        later = threading.Thread(target=work)
        later.start()
        later.join()
    """
    refused(build, "open secret", before=before)


def test_threads_that_ran_before_are_not_concerned() -> None:
    before = """
import threading
begins, found = threading.Event(), []
def work():
    begins.wait()
    found.append(open("secret").read())
earlier = threading.Thread(target=work)
earlier.start()
"""
    assert output("begins.set()\nearlier.join()", before, "print(*found, end='')\n") == f"built\n{SECRET.strip()}"


# -------------------------------------------------------------------------------------------------- what is let through


@pytest.mark.parametrize(
    "build",
    [
        "import os\nopen(os.devnull).read()",
        "import os\nprint('x', file=open(os.devnull, 'w'))",
        "import json\nopen(json.__file__).read()",
        "import json, os\nos.close(os.open(json.__file__, os.O_RDONLY))",
        "import json, os\nopen(os.path.join(os.path.dirname(json.__file__), '..', 'os.py')).read()",
        "import colorsys",  # of Python's library
        "import jsonschema",  # an installed package
        "import importlib.metadata as m\nm.version('pyyaml')",
        "import collections, dataclasses\ncollections.namedtuple('A', 'a')\ndataclasses.make_dataclass('B', ['b'])",
        "import ctypes\nctypes.CDLL(None)",
        "import sys\nsys.path.insert(0, '/nowhere')\nimport colorsys",
        "import threading\nthread = threading.Thread(target=print)\nthread.start()\nthread.join()",
        "try:\n    open('missing')\nexcept FileNotFoundError:\n    return\nraise ModelError('it was opened')",
        "try:\n    import no_such_module\nexcept ImportError:\n    return\nraise ModelError('it was imported')",
        "try:\n    open('a\\0b')\nexcept ValueError:\n    return\nraise ModelError('it was opened')",
    ],
)
def test_what_building_a_model_needs_is_let_through(build: str) -> None:
    assert output(build) == "built"


def test_an_installed_package_may_do_anything_as_it_is_imported_and_nothing_more_when_it_is_called(
    folder: Path,
) -> None:
    Path("site-packages").mkdir()
    Path("elsewhere").mkdir()
    Path("elsewhere/__init__.py").write_text("found = open('secret').read()\ndef read(): open('secret')")
    Path("site-packages/linked").symlink_to("../elsewhere")
    installed = {"PYTHONPATH": str(folder / "site-packages")}
    assert output("import linked", **installed) == "built"
    assert output("import linked\nlinked.read()", **installed) == (
        f"timm:made would open secret to be built, and {INSTALLED}"
    )


def test_libraries_that_are_developed_elsewhere_are_found_whenever_they_are_loaded(folder: Path) -> None:
    Path("developed/timm").mkdir(parents=True)
    Path("developed/timm/__init__.py").write_text("def data(): return open(__path__[0] + '/data.txt').read()")
    Path("developed/timm/data.txt").touch()
    before = "with Wall('earlier'):\n    open(sys.modules['os'].__file__).close()\nimport timm"
    developed = {"PYTHONPATH": str(folder / "developed")}
    assert output("timm.data()", before, **developed) == "built"


# ------------------------------------------------------------------------------------------------ behind the wall


@pytest.mark.parametrize("writes_bytecode", [True, False])
def test_behind_the_wall_everything_is_as_before(writes_bytecode: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def build() -> None:
        with silence("a", shown=False), Wall("a"):
            assert sys.dont_write_bytecode
            assert around() != before
            Path("secret").read_text()

    monkeypatch.setattr(sys, "dont_write_bytecode", not writes_bytecode)
    gc.collect()  # files that earlier tests have left open would close in between
    before = around()
    with pytest.raises(ModelError, match="would open secret"):
        build()
    assert around() == before
    assert Path("secret").read_text() == SECRET


def around() -> tuple[Any, ...]:
    """The standard streams, what their handles lead to, how many are open, and whether bytecode is written."""
    places = [os.fstat(handle)[:3] for handle in range(3)]
    return sys.stdin, sys.stdout, sys.stderr, places, len(list(Path("/dev/fd").iterdir())), sys.dont_write_bytecode


def test_behind_the_wall_code_may_do_what_it_could() -> None:
    after = """
import os, socket, subprocess
print(open("secret").read().strip())
print(sys.stdin.read().strip())
socket.socket().close()
print(subprocess.run(["true"]).returncode)
"""
    assert output("open('secret')", after=after).splitlines()[1:] == [SECRET.strip(), "typed", "0"]

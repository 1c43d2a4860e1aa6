"""A wall around the building of a model: what goes beyond the installed packages is refused, and named.

A model that a spec or a configuration names is built by a library, from arguments that a stranger may have written.
What these may say is judged before (`arguments.py`, `hf_settings.py`); this is the second line, for the overlooked.
Python tells an audit hook what it is about to do (PEP 578). Code in other languages does not, so that a file that a
library opens without Python is not seen.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

from lrspec.diagnostics.escape import printable
from lrspec.models.sources.model_error import ModelError

_LIBRARIES = ("torch", "timm", "torchvision", "transformers", "huggingface_hub", "lrspec")
"""Packages that may be installed as links to other folders, for their development."""

_ZIPPED = f"python{sys.version_info.major}{sys.version_info.minor}.zip"
"""Where Python may keep its own modules."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

Args = tuple[Any, ...]


class RefusedError(ModelError):
    """Something that the building of a model was about to do, and may not."""


class Wall:
    """Refuses, to what runs inside and to threads that it starts, all that is beyond the installed packages.

    Files of other places are not opened or changed and no code is run from there; no process is started, no host is
    looked up, and standard input is not read. It ends in the first `RefusedError`, even if what ran inside has caught
    that. What a package does as it is imported is let through: no spec has a say in it. One wall can stand at a time.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._refused: RefusedError | None = None

    def __enter__(self) -> None:
        _install()
        _installed.cache_clear()  # a library may have been loaded since
        self._outside, self._others = sys._getframe(1), set(threading.enumerate()) - {threading.current_thread()}
        self._writes_bytecode, sys.dont_write_bytecode = not sys.dont_write_bytecode, True
        _standing.append(self)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        _standing.remove(self)
        sys.dont_write_bytecode = not self._writes_bytecode
        del self._outside
        if self._refused is not None and (kind is None or issubclass(kind, Exception | SystemExit)):
            raise self._refused

    def meet(self, event: str, args: Args) -> None:
        """Judge what Python is about to do; threads that ran before are not concerned."""
        judge = _JUDGES.get(event) or _JUDGES.get(event.partition(".")[0] + ".")
        if judge is None or threading.current_thread() in self._others:
            return
        wrong = judge(args)
        if wrong is not None and not self._is_importing():
            why = "nothing is downloaded" if event.startswith("socket.") else "a model is built from what is installed"
            refusal = RefusedError(f"{self._source} would {printable(wrong)} to be built, and {why}")
            self._refused = self._refused or refusal
            raise refusal

    def _is_importing(self) -> bool:
        """Whether an installed module is just being imported: its code is on the way from here to the wall."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame is not self._outside:
            if frame.f_code.co_name == "<module>" and _is_installed(frame.f_code.co_filename):
                return True
            frame = frame.f_back
        return False


_standing: Final[list[Wall]] = []


@lru_cache(maxsize=1)
def _install() -> None:
    """Add the hook, for good: Python has no way to remove one. It does nothing unless a wall stands."""

    def hook(event: str, args: Args) -> None:
        if _standing:
            _standing[-1].meet(event, args)

    sys.addaudithook(hook)


# ------------------------------------------------------------------------------------------------------ judging


def _opened(args: Args) -> str | None:
    path, _, flags = args
    if isinstance(path, int):
        return "read standard input" if path == 0 else None
    named = os.fsdecode(path)
    if named == os.devnull:
        return None
    if flags & _WRITING:
        return f"write {named}"
    is_there = os.path.lexists(named)  # Python tries places on its path that need not exist
    return f"open {named}" if is_there and not _is_installed(named) else None


def _imported(args: Args) -> str | None:
    path = args[1]  # of a module that is not of Python code; of others the files are opened
    return None if path is None or _is_installed(os.fsdecode(path)) else f"import {os.fsdecode(path)}"


def _executed(args: Args) -> str | None:
    name = args[0].co_filename
    return None if name.startswith("<") or _is_installed(name) else f"run the code of {name}"


def _loaded(args: Args) -> str | None:
    name = args[0]
    is_named = name is None or os.sep not in os.fsdecode(name)  # the program itself, or a library of the system's
    return None if is_named or _is_installed(os.fsdecode(name)) else f"load {os.fsdecode(name)}"


def _says(what: str) -> Callable[[Args], str]:
    """A judge that refuses all, and says what with the first argument of the event."""
    return lambda args: what.format(*args[:1] or ("",))


_JUDGES: dict[str, Callable[[Args], str | None]] = {
    "open": _opened,
    "import": _imported,
    "exec": _executed,
    "ctypes.dlopen": _loaded,
    "builtins.input": _says("read standard input"),
    "sqlite3.connect": _says("open {}"),
    **dict.fromkeys(("os.kill", "os.killpg"), _says("send a signal to process {}")),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"),
        _says("start the program {}"),
    ),
    **dict.fromkeys(("os.fork", "os.forkpty"), _says("start a process")),
    **dict.fromkeys(("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"), _says("reach {}")),
    "socket.": _says("open a socket"),
    **dict.fromkeys(
        (
            "os.remove",
            "os.rename",
            "os.rmdir",
            "os.mkdir",
            "os.chmod",
            "os.chown",
            "os.link",
            "os.symlink",
            "os.truncate",
            "os.utime",
            "os.setxattr",
            "os.removexattr",
        ),
        _says("change {}"),
    ),
    **dict.fromkeys(("shutil.", "tempfile."), _says("change {}")),
}
"""Who judges what Python tells of: audit events by their names, or by what the names begin with."""


def _is_installed(path: str) -> bool:
    """Whether a file is of Python or of an installed package, by its name or behind links.

    A package manager may keep the files of packages elsewhere and link to them.
    """
    places = _installed()
    by_name = os.path.abspath(path)  # noqa: PTH100  (`..` and all)
    real = os.path.realpath(path)
    return (".." not in Path(path).parts and f"{by_name}{os.sep}".startswith(places)) or real.startswith(places)


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    """The folders of Python, of installed packages, and of the libraries that are loaded, each with a slash."""
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    folders += [each for each in sys.path if Path(each).name in ("site-packages", "dist-packages", _ZIPPED)]
    for name in _LIBRARIES:
        folders += getattr(sys.modules.get(name), "__path__", ())
    both = [place for each in folders for place in (os.path.abspath(each), os.path.realpath(each))]  # noqa: PTH100
    return tuple(dict.fromkeys(place + os.sep for place in both))

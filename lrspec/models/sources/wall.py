"""A wall around the building of a model: it refuses, and names, anything that goes beyond the installed packages.

A model that a spec or a config names is built by a library, from arguments that a stranger may have written. These
are judged first (`arguments.py`, `hf_settings.py`); the wall is the second line of defence, for what was overlooked.
Python tells an audit hook what it is about to do (PEP 578). Code in other languages does not, so a file that a library
opens without Python is not seen.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

from lrspec.diagnostics.escape import printable
from lrspec.models.sources.model_error import ModelError

_LIBRARIES = ("torch", "timm", "torchvision", "transformers", "huggingface_hub", "lrspec")
"""Packages that may be installed as links to other folders, for development."""

_ZIPPED = f"python{sys.version_info.major}{sys.version_info.minor}.zip"  # Python may keep its own modules here
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

Args = tuple[Any, ...]


class RefusedError(ModelError):
    """Building a model was about to do something forbidden."""


class Wall:
    """Refuses anything beyond the installed packages, to the code inside and to the threads that it starts.

    Files elsewhere are not opened or changed, and no code is run from there; no process is started, no host is looked
    up, and standard input is not read. The wall ends with the first `RefusedError`, even if the code inside has caught
    it. What a package does while it is imported is allowed: no spec decides that. Only one wall can stand at a time.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._refused: RefusedError | None = None

    def __enter__(self) -> None:
        _install()
        sysconfig.get_paths()  # Python 3.13 opens a file for these the first time, which the wall could not judge
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
        """Judge what Python is about to do, except in threads that ran before."""
        judge = _JUDGES.get(event) or _JUDGES.get(event.partition(".")[0] + ".")
        if judge is None or threading.current_thread() in self._others:
            return
        action = judge(args)
        if action is None:
            return
        frame: FrameType | None = sys._getframe(0)
        while frame is not None and frame is not self._outside:
            if frame.f_code.co_name == "<module>" and _is_installed(frame.f_code.co_filename):
                return  # an installed module is being imported: its code is between here and the wall
            frame = frame.f_back
        why = "nothing is downloaded" if event.startswith("socket.") else "a model is built from what is installed"
        refusal = RefusedError(f"{self._source} would {printable(action)} to be built, and {why}")
        self._refused = self._refused or refusal
        raise refusal


_standing: Final[list[Wall]] = []


@lru_cache(maxsize=1)
def _install() -> None:
    """Add the hook for good, since Python cannot remove one. It does nothing unless a wall stands."""

    def hook(event: str, args: Args) -> None:
        if _standing:
            _standing[-1].meet(event, args)

    sys.addaudithook(hook)


def _opened(args: Args) -> str | None:
    path, _, flags = args
    if isinstance(path, int):
        return "read standard input" if path == 0 else None
    name = os.fsdecode(path)
    if name == os.devnull:
        return None
    if flags & _WRITING:
        return f"write {name}"
    exists = os.path.lexists(name)  # Python tries places on its path that need not exist
    return f"open {name}" if exists and not _is_installed(name) else None


def _imported(args: Args) -> str | None:
    path = args[1]  # of a module that is not Python code; the files of others are opened
    return None if path is None or _is_installed(os.fsdecode(path)) else f"import {os.fsdecode(path)}"


def _executed(args: Args) -> str | None:
    name = args[0].co_filename
    return None if name.startswith("<") or _is_installed(name) else f"run the code of {name}"


def _loaded(args: Args) -> str | None:
    name = args[0]
    is_system = name is None or os.sep not in os.fsdecode(name)  # the program itself, or a library of the system
    return None if is_system or _is_installed(os.fsdecode(name)) else f"load {os.fsdecode(name)}"


def _refuse(action: str, events: Iterable[str]) -> dict[str, Callable[[Args], str]]:
    """Return judges that refuse all of some events; the action names the first argument of the event."""
    return dict.fromkeys(events, lambda args: action.format(*args[:1] or ("",)))


_JUDGES: dict[str, Callable[[Args], str | None]] = {
    "open": _opened,
    "import": _imported,
    "exec": _executed,
    "ctypes.dlopen": _loaded,
    **_refuse("read standard input", ["builtins.input"]),
    **_refuse("open {}", ["sqlite3.connect"]),
    **_refuse("send a signal to process {}", ["os.kill", "os.killpg"]),
    **_refuse("start the program {}", ["subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"]),
    **_refuse("start the program {}", ["os.startfile", "pty.spawn"]),
    **_refuse("start a process", ["os.fork", "os.forkpty"]),
    **_refuse("reach {}", ["socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"]),
    **_refuse("open a socket", ["socket."]),
    **_refuse("change {}", ["os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"]),
    **_refuse("change {}", ["os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"]),
    **_refuse("change {}", ["shutil.", "tempfile."]),
}
"""The judges of audit events, by the events' names or by what the names begin with."""


def _is_installed(path: str) -> bool:
    """Return whether a file belongs to Python or to an installed package, by its name or behind links.

    A package manager may keep the files of packages elsewhere and link to them.
    """
    places = _installed()
    by_name = os.path.abspath(path)  # noqa: PTH100  (`..` and all)
    real = os.path.realpath(path)
    return (".." not in Path(path).parts and f"{by_name}{os.sep}".startswith(places)) or real.startswith(places)


@lru_cache(maxsize=1)
def _installed() -> tuple[str, ...]:
    """Return the folders of Python, of installed packages and of the loaded libraries, each with a slash."""
    paths = sysconfig.get_paths()
    folders = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    folders += [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages", _ZIPPED)]
    for name in _LIBRARIES:
        folders += getattr(sys.modules.get(name), "__path__", ())
    both = [path for folder in folders for path in (os.path.abspath(folder), os.path.realpath(folder))]  # noqa: PTH100
    return tuple(dict.fromkeys(path + os.sep for path in both))

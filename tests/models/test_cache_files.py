"""The cache's folder: what is kept, what is believed of it, and that nothing about it can stop a command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from lrspec.cli import run
from lrspec.models import cache_files as kept


def only_file(cache: Path) -> Path:
    (file,) = cache.iterdir()
    return file


def test_what_is_written_is_read_under_its_key(cache: Path) -> None:
    kept.write("a", "one\ntwo é")
    kept.write("b", "")
    assert (kept.read("a"), kept.read("b"), kept.read("c")) == ("one\ntwo é", "", None)
    kept.write("a", "new")
    assert (kept.read("a"), len(list(cache.iterdir()))) == ("new", 2)


def test_only_the_user_can_read_the_cache(cache: Path) -> None:
    kept.write("a", "text")
    assert (cache.stat().st_mode & 0o777, only_file(cache).stat().st_mode & 0o777) == (0o700, 0o600)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flip_each_byte_in_turn(file: Path) -> None:
    """Leave it with its last byte flipped; before, every other one."""
    content = file.read_bytes()
    for index in range(len(content)):
        file.write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
        assert kept.read("a") is None


def take_for_another_key(file: Path) -> None:
    kept.write("b", "text of b")
    other = next(path for path in file.parent.iterdir() if path != file)
    other.replace(file)


def make_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def make_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def make_a_link_to_nothing(file: Path) -> None:
    file.unlink()
    file.symlink_to("nothing")


def make_a_link_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


DAMAGES: list[Callable[[Path], object]] = [
    truncate,
    flip_each_byte_in_turn,
    take_for_another_key,
    make_a_folder,
    make_a_pipe,
    make_a_link_to_nothing,
    make_a_link_to_itself,
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(b"\x00\xff" * 1000),
    lambda file: file.write_bytes(file.read_bytes() + b"\n"),
    lambda file: os.truncate(file, 10**12),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_as_it_was_written_is_not_there(cache: Path, damage: Callable[[Path], object]) -> None:
    kept.write("a", "text")
    damage(only_file(cache))
    assert kept.read("a") is None
    kept.write("a", "text")
    assert kept.read("a") == (None if damage is make_a_folder else "text")
    assert not [path for path in cache.iterdir() if not path.name.endswith(".cache")]


def test_files_of_another_user_are_not_believed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write("a", "text")
    own = only_file(cache).stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert kept.read("a") == ("text" if own == 0 else None)
    if own == 0:  # root's are everybody's
        os.chown(only_file(cache), 12345, -1)
        assert kept.read("a") is None


@pytest.mark.parametrize("place", ["file", "file/cache", "/proc/none/cache", "x" * 300, "loop"])
def test_where_no_folder_can_be_nothing_is_kept(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("LRSPEC_CACHE_DIR", str(tmp_path / place))
    kept.write("a", "text")
    assert kept.read("a") is None


def test_of_a_folder_that_is_not_there_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for place in ("none", "file", "file/none"):
        monkeypatch.setenv("LRSPEC_CACHE_DIR", str(tmp_path / place))
        assert kept.clear() == (0, 0)


def test_what_cannot_be_written_is_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    kept.write("a", "old")
    monkeypatch.setattr(Path, "replace", full)
    kept.write("a", "new")
    assert kept.read("a") == "old"
    assert len(list(cache.iterdir())) == 1


def test_the_folder_is_the_users_own_for_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRSPEC_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = kept.folder()
    assert found is not None
    assert (found.name, found.is_absolute()) == ("lrspec", True)
    if sys.platform == "linux":
        assert found == tmp_path / "lrspec"


def test_a_user_without_a_home_has_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LRSPEC_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert kept.folder() is None
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: "~/.cache/lrspec")  # as older versions
    monkeypatch.chdir(tmp_path)
    assert kept.folder() is None
    kept.write("a", "text")
    assert kept.read("a") is None
    assert list(tmp_path.iterdir()) == []


def test_the_oldest_entries_go_where_there_is_too_much(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, key in enumerate(("new", "middle", "old")):
        before = set(cache.iterdir()) if cache.exists() else set()
        kept.write(key, "x" * 1000)
        (file,) = set(cache.iterdir()) - before
        os.utime(file, ns=(10**18 - age, 10**18 - age))
    (cache / f"{'0' * 64}.cache.ab_12").write_bytes(b"x" * 1000)  # a process has died over it
    os.utime(cache / f"{'0' * 64}.cache.ab_12", ns=(10**18 - 10, 10**18 - 10))
    monkeypatch.setattr(kept, "_MOST_BYTES", 3500)
    kept.write("newest", "x" * 1000)
    assert [kept.read(key) is not None for key in ("newest", "new", "middle", "old")] == [True, True, True, False]
    assert len(list(cache.iterdir())) == 3


def test_clear_removes_its_own_files_and_says_how_many(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept.write("a", "text")
    kept.write("b", "text")
    size = sum(path.stat().st_size for path in cache.iterdir())
    (cache / "mine.txt").write_text("not of the cache")
    (cache / f"{'0' * 64}.cache").mkdir()
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr() == (f"2 files removed, {size} bytes\n", "")
    assert len(list(cache.iterdir())) == 2
    assert run(["cache", "clear"]) == 0
    assert capsys.readouterr().out == "0 files removed, 0 bytes\n"


def test_clear_says_what_it_cannot_remove(
    cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    kept.write("a", "text")
    file = only_file(cache)
    monkeypatch.setattr(Path, "unlink", refuse)
    assert run(["cache", "clear"]) == 2
    assert capsys.readouterr() == ("", f"lrspec: {file}: permission denied\n")


def test_dir_prints_the_folder(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "dir"]) == 0
    assert capsys.readouterr() == (f"{cache}\n", "")


def test_dir_without_a_folder_says_how_to_have_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "folder", lambda: None)
    assert run(["cache", "dir"]) == 2
    assert capsys.readouterr().err == "lrspec: no folder for a cache: name one in LRSPEC_CACHE_DIR\n"


WRITE_OFTEN = """
import sys
from lrspec.models import cache_files as kept
for turn in range(200):
    kept.write("key", sys.argv[1] * 5000)
    assert kept.read("key") in ("a" * 5000, "b" * 5000, "c" * 5000), turn
"""


def test_several_processes_may_write_at_once(cache: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITE_OFTEN, letter]) for letter in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(list(cache.iterdir())) == 1

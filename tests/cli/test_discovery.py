"""The files of a folder: what git does not ignore, or all of them where there is no repository."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lrspec.cli.discovery import UndecidedError, files_of, find_specs
from lrspec.files import leads_inside
from lrspec.models.by_name import inventory_of
from lrspec.models.sources.model_error import ModelError


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in files_of(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "ignored/b", "sub/c", "sub/ignored/d", "sub/e.tmp"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / ".gitignore").write_text("ignored/\n*.tmp\n")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_outside_of_a_repository_every_file_is_found(folder: Path) -> None:
    assert names(folder) == [".gitignore", "a", "ignored/b", "sub/c", "sub/e.tmp", "sub/ignored/d"]


def test_in_a_repository_the_files_are_found_that_git_does_not_ignore(folder: Path) -> None:
    git(folder, "init")
    assert names(folder) == [".gitignore", "a", "sub/c"]
    assert names(folder / "sub") == ["c"]
    git(folder, "add", "-f", "sub/e.tmp", "a")
    assert names(folder) == [".gitignore", "a", "sub/c", "sub/e.tmp"]
    (folder / "a").unlink()
    assert names(folder) == [".gitignore", "sub/c", "sub/e.tmp"]


def test_repositories_inside_are_searched_by_their_own_rules(folder: Path) -> None:
    git(folder, "init")
    git(folder, "init", "sub")
    (folder / "sub" / ".gitignore").write_text("c\n")
    assert names(folder) == [".gitignore", "a", "sub/.gitignore", "sub/e.tmp", "sub/ignored/d"]


def test_without_git_on_the_path_every_file_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(folder, "init")
    monkeypatch.setenv("PATH", "")
    assert "ignored/b" in names(folder)


def test_a_damaged_repository_is_no_error(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("[")
    assert "ignored/b" in names(folder)
    assert not any(name.startswith(".git/") for name in names(folder))


def test_files_are_found_whatever_characters_their_names_have(folder: Path) -> None:
    git(folder, "init")
    for name in ("é", "a b", 'q"', "line\nbreak"):
        (folder / name).touch()
    assert {"é", "a b", 'q"', "line\nbreak"} < set(names(folder))


# --------------------------------------------------------------- links whose spelt-out path is too long for the system

INVENTORY = {"lrspec_params": 1, "source": "x", "parameters": [{"name": "a", "shape": [1], "module": ["Linear"]}]}
CONFIG = {"model_type": "bert", "architectures": ["BertModel"], "hidden_size": 8, "num_attention_heads": 2}
SPEC = "lrspec: 1\nrules: [{match: a, lr: 1}]\n"
OUTSIDE = {"params.json": json.dumps(INVENTORY), "config.json": json.dumps(CONFIG), "a.lrspec.yaml": SPEC}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with links to files outside, each by way of links that end deeper than a path can be spelt out."""
    for name, text in OUTSIDE.items():
        (tmp_path / name).write_text(text)
    checkout, level, hops = tmp_path / "checkout", "d" * 200, 5
    checkout.mkdir()
    monkeypatch.chdir(checkout)
    for _ in range(5 * hops):  # 5,000 characters; a path has 4,096 at most
        Path(level).mkdir()
        os.chdir(level)
    for name in OUTSIDE:
        Path(name).symlink_to("../" * (5 * hops + 1) + name)
    os.chdir(checkout)
    for hop in range(hops):
        Path(f"hop{hop}").symlink_to("/".join([f"hop{hop - 1}"] * (hop > 0) + [level] * 5))
    for name in OUTSIDE:
        Path(name).symlink_to(f"hop{hops - 1}/{name}")
    Path("model").symlink_to(f"hop{hops - 1}")
    return checkout


def test_a_link_that_is_too_long_to_be_spelt_out_leads_outside(checkout: Path) -> None:
    for name in OUTSIDE:
        link = checkout / name
        assert link.read_text() == OUTSIDE[name]  # the system follows it
        assert link.resolve().is_relative_to(checkout)  # spelling it out stops on the way
        assert not leads_inside(link, checkout)
        assert not leads_inside(Path(name), Path())
    assert leads_inside(checkout / "hop0", checkout)


@pytest.mark.parametrize("source", ["params:params.json", "hf:config.json", "hf:model", "params:model/params.json"])
def test_a_model_is_not_read_by_way_of_a_link_too_long_to_be_spelt_out(checkout: Path, source: str) -> None:
    for folder in (checkout, Path()):
        with pytest.raises(ModelError, match="outside the spec's own folder"):
            inventory_of(source, {}, folder)
    if source == "params:params.json":
        assert len(inventory_of(source, {}, checkout, outside=True).parameters) == 1


def test_a_spec_is_not_found_by_way_of_a_link_too_long_to_be_spelt_out(checkout: Path) -> None:
    with pytest.raises(UndecidedError, match="no spec in"):
        find_specs([str(checkout)])
    (checkout / "own.lrspec.yaml").write_text(SPEC)
    (checkout / "linked.lrspec.yaml").symlink_to("own.lrspec.yaml")
    found = [Path(each).name for each in find_specs([str(checkout)])]
    assert found == ["linked.lrspec.yaml", "own.lrspec.yaml"]


def test_a_link_that_leads_nowhere_is_where_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "inside").symlink_to("missing")
    (tmp_path / "outside").symlink_to("../missing")
    (tmp_path / "loop").symlink_to("loop")
    assert leads_inside(tmp_path / "inside", tmp_path)
    assert not leads_inside(tmp_path / "outside", tmp_path)
    assert leads_inside(tmp_path / "loop", tmp_path)  # it cannot be opened
    assert leads_inside(tmp_path / "a\0b", tmp_path)

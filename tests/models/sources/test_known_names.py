"""Names that a library does not know: refused with what was probably meant, from the cache without the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import timm

from lrspec.models import cache_files, installed
from lrspec.models.by_name import inventory_of
from lrspec.models.sources import known_names as module
from lrspec.models.sources.known_names import KnownNames, known_names
from lrspec.models.sources.model_error import ModelError

NAMES = KnownNames(["vit_s_16", "vit_s_8", "gvit_s", "vit_s_32", "vit_s_4"], ["vit_s_8.a1", "vit_s_8.a2"], ["old_vit"])


def refused(name: str, names: KnownNames = NAMES) -> str:
    with pytest.raises(ModelError) as failure:
        names.check("timm", name)
    return str(failure.value)


def by_name(source: str, *, cache: bool = True) -> str:
    with pytest.raises(ModelError) as failure:
        inventory_of(source, {}, Path(), cache=cache)
    return str(failure.value)


@pytest.mark.parametrize("name", ["vit_s_8", "vit_s_8.a2", "old_vit"])
def test_a_name_that_is_known_passes(name: str) -> None:
    NAMES.check("timm", name)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("vit_s", "`vit_s_16`, `vit_s_8`, `vit_s_32`? (1 more begin with `vit_s`)"),
        ("ViT-S", "`vit_s_16`, `vit_s_8`, `vit_s_32`? (1 more begin with `ViT-S`)"),
        ("VIT_S_8", "`vit_s_8`?"),
        ("gvit", "`gvit_s`?"),
        ("vit_t_8", "`vit_s_8`, `vit_s_4`, `vit_s_32`?"),
        ("vit_s_8.a3", "`vit_s_8.a2`, `vit_s_8.a1`, `vit_s_8`?"),
        ("gvit.a1", "`gvit_s`?"),
    ],
)
def test_names_that_begin_with_it_come_before_misspelt_ones(name: str, near: str) -> None:
    assert refused(name) == f"unknown timm model '{name}': did you mean {near}"


@pytest.mark.parametrize("name", ["unlike_all", "old_vot"])
def test_a_name_that_is_like_none_gets_no_suggestion(name: str) -> None:
    assert refused(name) == f"unknown timm model '{name}'"


def test_the_first_suggestion_has_the_most_weights() -> None:
    assert ": did you mean `vit_small_patch16_224`, " in by_name("vit_small", cache=False)


def test_every_name_that_timm_builds_is_known() -> None:
    from lrspec.models.sources.timm import _names

    names = _names()
    registered = timm.models._registry._model_entrypoints
    assert {*names.architectures, *names.old} == {*registered}
    assert {*names.tagged} == {*timm.list_pretrained()}


IMPORTED = """
import sys
from lrspec.cli import run
status = run(sys.argv[1:])
print(status, {"torch", "timm", "torchvision", "numpy"} & {*sys.modules})
"""


@pytest.mark.parametrize(
    ("source", "near"), [("vit_small", "`vit_small_patch16_224`"), ("torchvision:resnet", "`resnet18`, `resnet34`")]
)
def test_an_unknown_name_is_refused_from_the_cache_without_the_library(source: str, near: str) -> None:
    first = by_name(source)
    command = [sys.executable, "-c", IMPORTED, "params", "--model", source]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("2 set()\n", f"lrspec: {first}\n")
    assert near in first


def test_a_model_that_is_built_leaves_the_names_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    inventory_of("torchvision:resnet18", {}, Path(), cache=True)
    monkeypatch.setattr("lrspec.models.sources.torchvision.library", lambda _: pytest.fail("imported"))
    assert "unknown torchvision model 'resnet'" in by_name("torchvision:resnet")


def test_without_the_cache_the_names_are_not_kept(cache: Path) -> None:
    known_names("timm", lambda: NAMES, cache=False)
    assert not cache.exists()


def test_another_version_has_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert known_names("timm", lambda: NAMES, cache=True) == NAMES
    other = KnownNames(["new"], [], [])
    assert known_names("timm", lambda: other, cache=True) == NAMES
    version = installed.version
    monkeypatch.setattr(installed, "version", lambda name: f"{version(name)} {name == 'timm'}")
    assert known_names("timm", lambda: other, cache=True) == other


@pytest.mark.parametrize("text", ["", "[]", "[[], []]", "[[], [], [1]]", "{}", "[[], [], 'a']", "3", '["a", "b", "c"]'])
def test_a_cached_text_that_is_no_list_of_names_is_read_anew(text: str) -> None:
    cache_files.write(module._key("timm") or "", text)
    assert known_names("timm", lambda: NAMES, cache=True) == NAMES

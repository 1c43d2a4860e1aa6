"""Inventories by way of the cache: the same as built, built once, and never where anything has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lrspec.cli import run
from lrspec.models import cache_files as kept
from lrspec.models import cached as cached_models
from lrspec.models import installed
from lrspec.models.cached import cached_inventory_of, model_key
from lrspec.models.inventory import Inventory
from lrspec.models.parameters import Parameter
from lrspec.models.sources.model_error import ModelError

SPEC = "lrspec: 1\nmodels: {source: 'timm:made_up', args: {depth: 2}}\nrules: [{name: all, match: '^', lr: 1e-3}]\n"
INVENTORY = Inventory(
    (
        Parameter("a.weight", ("b.weight", "c.weight"), (2, 3), True, ("Linear",), (("Head", "Linear"), ("Linear",))),
        Parameter("scale", (), (), False, ("Scale",), declared=("head", "no_weight_decay")),
        Parameter("known", (), (1,), declared=()),
        Parameter("naïve.\udcff.bias", (), (0,), True, ()),
        Parameter("unknown", (), None),
    ),
    "timm:made_up",
    {"z": 1.5, "a": [True, None, {"deep": "é"}], "one": 1},
)


class Builds:
    """Builds inventories in place of `models.inventory_of`, and counts."""

    def __init__(self) -> None:
        self.built: list[str] = []
        self.result: Inventory | Exception = INVENTORY
        self.meanwhile: Callable[[], int] = lambda: 0

    def __call__(self, source: str, args: dict[str, Any], folder: Path, **_: bool) -> Inventory:
        self.built.append(source)
        self.meanwhile()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    found = Builds()
    monkeypatch.setattr(cached_models, "inventory_of", found)
    return found


def get(source: str = "made_up", **args: Any) -> Inventory:
    return cached_inventory_of(source, args, Path(), run_code=True, outside=True)


# -------------------------------------------------------------------------------------------------- what is kept


def test_a_model_read_from_the_cache_is_what_was_built(builds: Builds) -> None:
    cold, warm = get(), get()
    assert len(builds.built) == 1
    assert cold is INVENTORY
    assert warm == INVENTORY
    assert json.dumps(warm.to_dict()) == json.dumps(INVENTORY.to_dict())
    assert warm.fingerprint == INVENTORY.fingerprint


@pytest.mark.parametrize("source", ["resnet18", "timm:resnet18", "torchvision:resnet18"])
def test_architectures_of_libraries_are_built_once(builds: Builds, source: str) -> None:
    for _ in range(3):
        get(source)
    assert builds.built == [source]


@pytest.mark.parametrize("source", ["py:package:factory", "params:a.json", "hf:no_such_folder", "mine:a"])
def test_code_files_and_what_is_no_model_are_not_kept(builds: Builds, cache: Path, source: str) -> None:
    get(source)
    get(source)
    assert (builds.built, cache.exists()) == ([source, source], False)


def test_errors_are_not_kept_in_the_cache(builds: Builds, cache: Path) -> None:
    builds.result = ModelError("unknown")
    for _ in range(2):
        with pytest.raises(ModelError, match="unknown"):
            get()
    assert (len(builds.built), cache.exists()) == (2, False)


def test_without_the_cache_nothing_is_read_and_nothing_written(builds: Builds, cache: Path) -> None:
    cached_inventory_of("made_up", {}, Path(), cache=False)
    assert not cache.exists()
    get()
    builds.result = other = Inventory.from_names(["other"])
    assert cached_inventory_of("made_up", {}, Path(), cache=False) is other
    assert get() == INVENTORY


def test_a_cache_that_cannot_be_written_is_no_error(
    builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LRSPEC_CACHE_DIR", str(tmp_path / "file"))
    assert [get(), get()] == [INVENTORY] * 2


def kept_text(**other: Any) -> str:
    whole = {"source": "a", "args": {}, "names": ["a"], "shapes": [[1]], "trainable": [True], "owner": [0]}
    return json.dumps({**whole, "aliases": [], "owners": [["A"]], "declared": [[]], **other})


def test_a_cached_text_that_is_an_inventory_is_not_built_anew(builds: Builds) -> None:
    kept.write(model_key("made_up", {}, Path(), outside=False) or "", kept_text())
    assert [parameter.name for parameter in get().parameters] == ["a"]
    assert not builds.built


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        kept_text(owners=[]),
        kept_text(shapes=[]),
        kept_text(declared=[]),
        kept_text(names=["a", "a"], shapes=[[], []], trainable=[True, True], owner=[0, 0], declared=[[], []]),
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_cached_text_that_is_no_inventory_is_built_anew(builds: Builds, text: str) -> None:
    key = model_key("made_up", {}, Path(), outside=False)
    assert key
    kept.write(key, text)
    assert get() is INVENTORY
    assert (get(), len(builds.built)) == (INVENTORY, 1)


# -------------------------------------------------------------------------------------------------- what is its key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"a": 1}),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": "1"}, {"a": 1}),
        ({"a": None}, {}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),  # the table names them in their order
        ({"a": [1, 2]}, {"a": [[1], 2]}),
    ],
)
def test_other_arguments_are_another_model(builds: Builds, one: dict[str, Any], other: dict[str, Any]) -> None:
    get(**one)
    get(**other)
    get(**one)
    assert len(builds.built) == 2


@pytest.mark.parametrize("value", [{1: "a"}, (1, 2), float("nan"), float("inf"), {1}, b"a", object()])
def test_arguments_that_no_json_tells_are_not_kept(builds: Builds, cache: Path, value: Any) -> None:
    get(a=value)
    assert (len(builds.built), cache.exists()) == (1, False)


def test_what_a_build_has_made_of_the_arguments_is_not_kept_where_json_cannot(builds: Builds, cache: Path) -> None:
    builds.result = Inventory((), "timm:made_up", {"a": (1,)})
    get()
    assert not cache.exists()


@pytest.mark.parametrize(
    ("source", "libraries"),
    [
        ("made_up", ["lrspec", "timm", "torch"]),
        ("torchvision:made_up", ["lrspec", "torchvision", "torch"]),
        ("hf:config.json", ["lrspec", "transformers", "torch"]),
    ],
)
def test_another_version_of_what_builds_it_is_another_model(
    builds: Builds, source: str, libraries: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    versions: dict[str, str | None] = {"numpy": "1", **dict.fromkeys(libraries, "1")}
    monkeypatch.setattr(installed, "version", versions.get)
    get(source)
    for count, library in enumerate(libraries, 2):
        versions[library] = "2"
        get(source)
        get(source)
        assert len(builds.built) == count
        versions["numpy"] = f"{count}"
    versions["torch"] = None  # cannot be told
    get(source)
    get(source)
    assert len(builds.built) == len(libraries) + 3


def test_another_python_is_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {model_key("made_up", {}, Path(), outside=False)}
    monkeypatch.setattr(sys, "platform", "other")
    keys.add(model_key("made_up", {}, Path(), outside=False))
    assert len(keys) == 2


def test_what_changes_while_a_model_is_built_is_not_kept(builds: Builds, tmp_path: Path, cache: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text("{}")
    builds.meanwhile = lambda: config.write_text('{"layers": 2}')
    get(f"hf:{config}")
    assert not cache.exists()
    builds.meanwhile = lambda: 0
    get(f"hf:{config}")
    get(f"hf:{config}")
    assert len(builds.built) == 2


# -------------------------------------------------------------------------------------------------- configurations


def key_of(name: str, folder: Path, *, outside: bool = False) -> str | None:
    return model_key(f"hf:{name}", {}, folder, outside=outside)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "spec" / "bert").mkdir(parents=True)
    file = tmp_path / "spec" / "bert" / "config.json"
    file.write_text('{"model_type": "bert"}')
    return file


def test_a_configuration_is_known_by_its_bytes(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = config.parent.parent
    first = key_of("bert", folder)
    assert first
    os.utime(config, (1, 1))
    assert key_of("bert", folder) == first
    config.write_text('{"model_type": "bert" }')
    second = key_of("bert", folder)
    assert second not in (first, None)
    monkeypatch.setattr(installed, "everything", lambda: "more")  # apex, say, which transformers uses where it is
    assert key_of("bert", folder) not in (first, second, None)


def test_a_configuration_is_a_folder_or_a_file(config: Path) -> None:
    folder = config.parent.parent
    assert key_of("bert/config.json", folder)
    assert key_of("bert/other.json", folder) is None
    config.rename(config.with_name("other.json"))
    assert key_of("bert/other.json", folder)
    assert key_of("bert", folder) is None
    assert key_of("a\0b", folder) is None


def test_a_configuration_outside_the_specs_folder_is_for_the_build_to_refuse(config: Path) -> None:
    folder, bert = config.parent.parent, config.parent
    (folder / "link").symlink_to(bert)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "sub").mkdir()
    (folder / "sub" / "link").symlink_to(bert)
    (folder / "sub" / "config.json").symlink_to(config)
    assert key_of("link", folder)
    assert key_of("loop", folder) is None
    for name in ("../bert", str(bert), "link", "config.json", "."):
        assert key_of(name, folder / "sub") is None
        assert key_of(name, folder / "sub", outside=True)


def test_an_old_inventory_does_not_allow_what_a_build_refuses(builds: Builds, config: Path) -> None:
    cached_inventory_of(f"hf:{config}", {}, Path(), outside=True)
    builds.result = ModelError("outside the spec's own folder")
    with pytest.raises(ModelError, match="outside"):
        cached_inventory_of(f"hf:{config}", {}, config.parent.parent / "sub")


# -------------------------------------------------------------------------------------------------- the commands


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec for a model that no library knows, and that the cache has."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    for args in ({}, {"depth": 2}):
        key = model_key("timm:made_up", args, Path(), outside=False)
        assert key
        kept.write(key, cached_models._encode(Inventory(INVENTORY.parameters[:2], "timm:made_up", args)))
    return tmp_path


COMMANDS = [
    ["compile", "a.lrspec.yaml"],
    ["compile", "a.lrspec.yaml", "--model", "made_up"],
    ["compile", "a.lrspec.yaml", "--model", "timm:made_up", "--model-arg", "depth=2", "--format", "json"],
    ["explain", "a.lrspec.yaml", "a.weight"],
    ["explain", "a.lrspec.yaml", "a.weight", "--model", "made_up"],
    ["params", "--model", "made_up"],
    ["check", "."],
    ["check", ".", "--model", "made_up"],
]


@pytest.mark.parametrize("words", COMMANDS)
def test_the_commands_take_models_from_the_cache(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert run(words) == 0
    assert capsys.readouterr().err == ""
    assert run([*words, "--no-cache"]) == 2
    said = capsys.readouterr()
    assert "unknown timm model 'made_up'" in said.out + said.err


def test_a_check_in_several_processes_takes_models_from_the_cache(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "b.lrspec.yaml").write_text(SPEC)
    assert run(["check", ".", "--jobs", "2"]) == 0
    assert run(["check", ".", "--jobs", "2", "--no-cache"]) == 2
    assert "unknown timm model 'made_up'" in capsys.readouterr().out


def test_a_model_in_the_cache_is_no_saved_inventory(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", ".", "--no-build"]) == 0
    assert "skipped" in capsys.readouterr().out


def test_code_that_is_run_may_change_what_others_build(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "of_ones_own.py").write_text("import torch\ndef factory(): return torch.nn.Linear(2, 2)\n")
    assert run(["check", ".", "--model", "py:of_ones_own:factory", "--model", "made_up"]) == 2
    assert "unknown timm model 'made_up'" in capsys.readouterr().err


IMPORTED = """
import sys
from lrspec.cli import run
status = run(sys.argv[1:])
heavy = {"torch", "timm", "torchvision", "transformers", "numpy", "importlib.metadata"} & {*sys.modules}
sys.exit(status or " ".join(sorted(heavy)))
"""


@pytest.mark.parametrize("words", COMMANDS)
def test_a_model_from_the_cache_starts_no_library(folder: Path, words: list[str]) -> None:
    ran = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, check=False)
    assert ran.stderr.strip() in ("", "importlib.metadata")  # pydantic looks for plugins with it


@pytest.mark.parametrize("kind", ["timm", "torchvision"])
def test_results_are_the_same_bytes_with_and_without_the_cache(
    kind: str,
    tmp_path: Path,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = f"{kind}:resnet18"
    text = SPEC.replace("{source: 'timm:made_up', args: {depth: 2}}", f"[{model}, {{source: {model}, args: ARGS}}]")
    spec = text.replace("ARGS", "{num_classes: 2, zero_init_last: true}" if kind == "timm" else "{num_classes: 2}")
    (tmp_path / "a.lrspec.yaml").write_text(spec.replace("'^'", "'^(?!fc).'"))
    several: Callable[[], list[tuple[int, Any]]] = lambda: [  # noqa: E731
        (run(words), capsys.readouterr())
        for words in (
            ["params", "--model", model],
            ["params", "--model", model, "--model-arg", "num_classes=3"],
            ["compile", "--model", model],
            ["compile", "--model", model, "--format", "json"],
            ["compile", "--model", model, "--lr", "1", "--model-arg", "num_classes=3", "--format", "json"],
            ["explain", "a.lrspec.yaml", "^fc", "--model", model],
            ["check", ".", "--format", "json"],
        )
    ]
    monkeypatch.setenv("LRSPEC_CACHE_DIR", "/dev/null")
    without = several()
    monkeypatch.setenv("LRSPEC_CACHE_DIR", str(cache))
    cold, warm = several(), several()
    assert cold == without
    assert warm == without
    assert len(list(cache.iterdir())) == 4  # three models, and the names that the library knows

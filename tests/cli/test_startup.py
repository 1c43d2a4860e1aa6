"""What is imported, and when: a command, or an import, waits for nothing that it does not use."""

from __future__ import annotations

import importlib
import json
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import lrspec
from lrspec.cli import _COMMANDS, cli

LIBRARIES = {"torch", "timm", "torchvision", "transformers"}
HEAVY = {*LIBRARIES, "matplotlib", "numpy", "pydantic", "yaml", "rich", "logging", "platformdirs"}
SPEC = "lrspec: 1\nrules: [{name: all, match: '^.', lr: 1e-3}]\n"
LIST_MODULES = """
import json, sys
from lrspec.cli import run
status = run(sys.argv[2:])
open(sys.argv[1], "w").write(json.dumps([*sys.modules]))
sys.exit(status)
"""


def imported_by(tmp_path: Path, *words: str) -> set[str]:
    """The modules that a run of the command has imported."""
    file = tmp_path / "modules.json"
    command = [sys.executable, "-c", LIST_MODULES, str(file), *words]
    subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    return set(json.loads(file.read_text()))


def output(code: str) -> str:
    """What code prints in a process of its own."""
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "words",
    [["--help"], ["compile", "--help"], ["init", "--help"], ["cache", "--help"], ["plot", "--help"], ["--version"]],
)
def test_help_imports_the_command_and_nothing_that_it_works_with(tmp_path: Path, words: list[str]) -> None:
    modules = imported_by(tmp_path, *words)
    assert not HEAVY & modules
    imported = {name for name in modules if name.startswith("lrspec.") and not name.startswith("lrspec.cli")}
    assert imported <= {"lrspec.formats", "lrspec.spec", "lrspec.spec.model_kinds"}  # tables that the help shows


def test_help_lists_each_command_with_what_it_does() -> None:
    listed = output("from lrspec.cli import run; run(['--help'])").partition("Commands:\n")[2].splitlines()
    described = dict(line.split(maxsplit=1) for line in listed)
    assert list(described) == sorted(_COMMANDS)


def test_a_command_imports_the_file_of_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    modules = imported_by(tmp_path, "check", "--no-model", "a.lrspec.yaml")
    assert "lrspec.cli.check" in modules
    assert "lrspec.cli.compile" not in modules
    assert not modules & {"torch", "timm", "numpy", "rich", "logging", "platformdirs"}


def test_a_plot_of_a_saved_inventory_imports_no_library_of_models(tmp_path: Path) -> None:
    (tmp_path / "a.lrspec.yaml").write_text(SPEC)
    (tmp_path / "names.txt").write_text("conv.weight\nfc.weight\n")
    modules = imported_by(tmp_path, "plot", "--params", "names.txt", "-o", "a.svg")
    assert "matplotlib" in modules
    assert not modules & {*LIBRARIES, "matplotlib.pyplot"}


def test_importing_the_package_imports_none_of_its_modules() -> None:
    imported = set(output("import sys, lrspec; print(*sys.modules)").split())
    assert not HEAVY & imported
    assert "lrspec" in imported
    assert not any(name.startswith("lrspec.") for name in imported)


def test_all_that_the_package_offers_is_there_when_it_is_asked_for() -> None:
    code = "from lrspec import *; import lrspec as package; print(*(n for n in package.__all__ if n in globals()))"
    assert output(code).split() == lrspec.__all__
    homes = lrspec._HOMES  # type: ignore[attr-defined]
    assert sorted(name for names in homes.values() for name in names) == lrspec.__all__
    assert set(output("import lrspec; print(*dir(lrspec))").split()) >= {*lrspec.__all__, "__version__"}


def test_what_the_package_does_not_offer_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lrspec' has no attribute 'complie'"):
        _ = lrspec.complie  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="cannot import name 'complie'"):
        from lrspec import complie  # type: ignore[attr-defined]  # noqa: F401


def test_calls_of_the_package_stay_calls_when_its_modules_are_imported() -> None:
    modules = sorted(module.name for module in pkgutil.iter_modules(lrspec.__path__) if not module.name.startswith("_"))
    imports = "".join(f"import lrspec.{name}\n" for name in modules)
    calls = ("check", "compile", "load", "loads", "param_groups")
    code = f"import lrspec\n{imports}print(*(type(getattr(lrspec, name)).__name__ for name in {calls}))"
    assert output(code).split() == ["function"] * len(calls)


def test_what_is_pickled_is_read_in_another_process() -> None:
    parameter = lrspec.Parameter("fc.weight", shape=(2, 3))
    pickled = pickle.dumps((parameter, lrspec.Severity.error, lrspec.compile))
    code = f"import pickle; print(*pickle.loads({pickled!r})[:2])"
    assert output(code) == f"{parameter} error\n"


def test_a_warning_imports_no_logging(tmp_path: Path) -> None:
    file = tmp_path / "a.lrspec.yaml"
    file.write_text(SPEC.replace("1e-3", "3"))
    code = (
        f"import sys, lrspec; lrspec.compile({str(file)!r}, lrspec.Inventory.from_names(['a'])); "
        "print(lrspec.SpecWarning.__mro__[1].__name__, 'logging' in sys.modules)"
    )
    assert output(code) == "UserWarning False\n"


def test_every_command_is_where_the_table_says() -> None:
    for name in _COMMANDS:
        assert cli.commands.get(name) is None  # none is registered besides
        assert getattr(importlib.import_module(f"lrspec.cli.{name}"), name).name == name

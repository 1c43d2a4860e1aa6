"""The wheel and the sdist: built as for an index, looked into, installed where there is nothing else, and tested."""

from __future__ import annotations

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from lrspec.address import REPOSITORY
from lrspec.formats.json_schema import FILES
from tests.pages import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distributions")]  # built and installed once

TESTS = (  # of what is beside the package: pages, hooks, schemas, a script
    "tests/diagnostics/test_manual.py",
    "tests/integration/test_pre_commit.py",
    "tests/packaging/test_metadata.py",
    "tests/packaging/test_move_to.py",
    "tests/test_ci_page.py",
)
INVENTORY = ROOT / "examples" / "own-model.params.json"
SPEC = f"""\
lrspec: 1
models: params:{INVENTORY.name}
optimizer: {{type: AdamW, lr: 1e-3, weight_decay: 0.05}}
rules:
  - {{name: depth, layers: ['^(?:tokens|positions)\\.', '^blocks\\.(\\d+)\\.', '^norm\\.'], layer_decay: 0.75}}
"""


def ran(*words: object, folder: Path = ROOT, **variables: str) -> str:
    """What a command prints, which must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    command = [str(word) for word in words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Built:
    """What `python -m build` has made: the sdist from the tree, and from that the wheel."""

    wheel: Path
    sdist: Path

    @property
    def names(self) -> set[str]:
        """The files in the wheel."""
        return set(zipfile.ZipFile(self.wheel).namelist())

    @property
    def metadata(self) -> Message:
        """The wheel's metadata; its payload is the page of the index."""
        (name,) = (name for name in self.names if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(zipfile.ZipFile(self.wheel).read(name))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    ran(sys.executable, "-m", "build", "--outdir", folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment that has lrspec, what it needs, and no torch."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    ran(folder / "bin" / "python", "-m", "pip", "install", "--quiet", built.wheel)
    return folder / "bin"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder with nothing but a spec and an inventory."""
    (tmp_path / "own-model.lrspec.yaml").write_text(SPEC, encoding="utf-8")
    shutil.copy(INVENTORY, tmp_path)
    return tmp_path


def tracked(folder: str = ".") -> set[str]:
    """What git has of this repository, or will have."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder)
    return {name for name in ran(*words).split("\0") if name}


def test_checkers_of_packages_find_nothing(built: Built) -> None:
    ran(sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.sdist)
    ran(sys.executable, "-m", "check_wheel_contents", built.wheel)


def test_the_sdist_has_what_the_repository_has(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if not member.isdir()}
    assert names == tracked() | {"PKG-INFO"}


def test_the_wheel_has_the_package_and_the_schemas(built: Built) -> None:
    in_package = {name for name in built.names if ".dist-info/" not in name}
    assert in_package == tracked("lrspec") | {f"lrspec/{name}" for name in tracked("schemas")}
    for name in ("py.typed", "diagnostics/manual.md", "review/report/static/page.html.jinja"):
        assert f"lrspec/{name}" in in_package


def test_the_wheel_is_the_same_each_time(built: Built, tmp_path: Path) -> None:
    ran(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path)
    assert (tmp_path / built.wheel.name).read_bytes() == built.wheel.read_bytes()


def test_links_and_pictures_of_the_readme_lead_into_the_repository(built: Built) -> None:
    page = re.sub(r"```.*?```", "", str(built.metadata.get_payload()), flags=re.DOTALL)
    for kind, wanted in (
        ("raw", r'(?:src(?:set)?="|!\[[^\]]*\]\()([^")]+)'),
        ("blob", r"(?<!!)\[[^\]]*\]\(([^#][^)]*)\)"),
    ):
        targets = re.findall(wanted, page)
        assert targets
        assert [target for target in targets if not target.startswith("https://")] == []
        here = f"{REPOSITORY}/{kind}/v{built.metadata['Version']}/"
        paths = [target.removeprefix(here).partition("#")[0] for target in targets if target.startswith(here)]
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_specs_are_checked_and_compiled_where_there_is_no_torch(installed: Path, specs: Path) -> None:
    assert "torch" not in ran(installed / "python", "-m", "pip", "list")
    assert ran(installed / "lrspec", "check", folder=specs) == "1 spec checked against 1 model: nothing found\n"
    assert "28 parameters trained" in ran(installed / "lrspec", "compile", folder=specs)


def test_the_installed_command_prints_the_schemas(installed: Path, tmp_path: Path) -> None:
    for form, file in FILES.items():
        assert ran(installed / "lrspec", "schema", form, folder=tmp_path) == (ROOT / "schemas" / file).read_text()


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("compile", "--model", "resnet18"), "timm"),
        (("compile", "--model", "torchvision:resnet18"), "torchvision"),
        (("plot", "-o", "a.svg"), "plot"),
        (("report", "-o", "a.html"), "report"),
    ],
)
def test_what_is_missing_is_named_by_its_extra(
    built: Built, installed: Path, specs: Path, words: tuple[str, ...], extra: str
) -> None:
    done = subprocess.run([installed / "lrspec", *words], cwd=specs, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"pip install 'lrspec[{extra}]'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert extra in built.metadata.get_all("Provides-Extra", [])


def test_tests_pass_in_the_unpacked_sdist(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    path = str(folder)  # before the lrspec that is installed
    file = ran(sys.executable, "-c", "import lrspec; print(lrspec.__file__)", folder=folder, PYTHONPATH=path)
    assert file == f"{folder}/lrspec/__init__.py\n"
    ran(sys.executable, "-m", "pytest", "-n0", *TESTS, folder=folder, PYTHONPATH=path)

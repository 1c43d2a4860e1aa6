"""Runs the everyday tests with several versions of Python, torch and the others, and writes docs/compatibility.md.

    python benchmarks/compatibility.py [--only NAME]... [--venvs FOLDER]

Each row of ENVIRONMENTS gets a virtual environment of its own, with its pins and the extra `test`; the last one is a
browser. Rows that are not run keep what the page says of them. `--venvs` keeps the environments there, and uses those
that are there already. The exit status is 1 if tests fail in any of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "compatibility.md"
PACKAGES = ("torch", "timm", "transformers", "lightning", "peft", "accelerate", "deepspeed")
VERSIONS = """
import importlib.metadata, json, platform, sys
versions = {"Python": platform.python_version()}
for package in sys.argv[1:]:
    try:
        versions[package] = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(versions))
"""
HEAD = """# Compatibility

The everyday tests of lrspec were run with these versions. `oldest` has the oldest versions of torch, torchvision, timm
and transformers that lrspec admits, and of the packages that it needs itself. A dash means that a package was not
installed: DeepSpeed's tests are among the slow ones, which run with the latest versions before each change.

`browser` is lrspec in the playground: in Chromium, on the Python of Pyodide, without torch. The tests do not run there.
All specs of `tests/golden` are compiled, and those are counted whose JSON plan and report are what the command gives,
to the byte.

"""


@dataclass(frozen=True)
class Environment:
    """A row of the page: the versions to install, beside which pip takes the newest."""

    name: str
    python: str
    pins: tuple[str, ...] = ()


ENVIRONMENTS = (
    Environment(
        "oldest",
        "3.11",
        (
            *("torch==2.10.0", "torchvision==0.25.0", "timm==1.0.22", "transformers==5.4.0"),
            *("click==8.2.0", "platformdirs==4.2.0", "pydantic==2.12.0", "PyYAML==6.0.1", "rich==13.7.0"),
        ),
    ),
    Environment("between", "3.12", ("torch==2.13.0", "torchvision==0.28.0")),
    Environment("usual", "3.11", ("torch==2.14.1", "torchvision==0.29.1")),
    Environment("newest", "3.12"),
    Environment("Python 3.13", "3.13"),
    Environment("Python 3.14", "3.14"),
    Environment("browser", "3.14"),
)


def main() -> None:
    """Run the chosen environments, one after the other, and write the page after each."""
    words = _parser().parse_args()
    all_passed = True
    with tempfile.TemporaryDirectory() as folder:
        for environment in ENVIRONMENTS:
            if not words.only or environment.name in words.only:
                in_browser = environment.name == "browser"
                row, passed = run_in_browser() if in_browser else run(environment, words.venvs or Path(folder))
                print(row)
                write_row(row)
                all_passed = all_passed and passed
    if not all_passed:
        raise SystemExit(1)


def run(environment: Environment, venvs: Path) -> tuple[str, bool]:
    """Install an environment and run the tests in it; the result is its row of the page, and whether all passed."""
    venv = venvs / environment.name
    python = venv / "bin" / "python"
    if not venv.exists():
        interpreter = shutil.which(f"python{environment.python}")
        if interpreter is None:
            raise SystemExit(f"python{environment.python} is not on the path")
        subprocess.run([interpreter, "-m", "venv", venv], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *environment.pins, "-e", ".[test]"], check=True, cwd=ROOT)
    tests = subprocess.run([python, "-m", "pytest"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    print(tests.stdout)
    listed = subprocess.run([python, "-c", VERSIONS, *PACKAGES], check=True, stdout=subprocess.PIPE, text=True)
    return row_of(environment.name, json.loads(listed.stdout), outcome(tests.stdout)), tests.returncode == 0


def run_in_browser() -> tuple[str, bool]:
    """Compile the golden specs in a browser; the result is the row of the page, and whether all are the command's."""
    words = [sys.executable, "-m", "benchmarks.browser"]
    ran = json.loads(subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout)
    result = f"{ran['same']} of {ran['specs']} specs, in Chromium {ran['Chromium']}"
    return row_of("browser", ran, result), ran["same"] == ran["specs"]


def row_of(name: str, versions: dict[str, str], result: str) -> str:
    """A row of the page."""
    found = [versions.get(package, "–").partition("+")[0] for package in ("Python", *PACKAGES)]
    return f"| {' | '.join([name, dt.date.today().isoformat(), *found, result])} |"


def outcome(printed: str) -> str:
    """The counts of pytest's last line, without its time: `5131 passed`."""
    lines: list[str] = re.findall(r"^(?:=+ )?(\d.*?) in [\d.]+s", printed, re.MULTILINE)
    return lines[-1] if lines else "did not run"


def write_row(row: str) -> None:
    """Put a row into the page in place of the one of that name."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")] if PAGE.exists() else []
    by_name = {line.split(" | ")[0].removeprefix("| "): line for line in [*rows[1:], row]}
    ordered = [by_name[environment.name] for environment in ENVIRONMENTS if environment.name in by_name]
    titles = ("environment", "date", "Python", *PACKAGES, "outcome")
    table = [f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}", *ordered]
    PAGE.write_text(HEAD + "\n".join(table) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Runs the everyday tests with several versions of dependencies.")
    names = [environment.name for environment in ENVIRONMENTS]
    parser.add_argument("--only", action="append", choices=names, help="run only this one; may be repeated")
    parser.add_argument("--venvs", type=Path, help="a folder to keep the environments in")
    return parser


if __name__ == "__main__":
    main()

"""What pyproject.toml says of the package to an index."""

from __future__ import annotations

import re
import tomllib

from lrspec.address import REPOSITORY, SITE
from tests.pages import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]


def test_the_addresses_are_those_of_the_repository_and_the_site() -> None:
    assert PROJECT["urls"] == {
        "Homepage": SITE,
        "Documentation": SITE,
        "Repository": REPOSITORY,
        "Changelog": f"{REPOSITORY}/blob/main/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    }
    assert PROJECT["authors"] == [{"name": "The lrspec authors"}]


def test_the_versions_of_python_are_those_that_the_tests_have_run_with() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    ran = set(re.findall(r"\| (3\.\d+)\.\d+ \|", page))
    kinds = [kind.rpartition(" :: ") for kind in PROJECT["classifiers"]]
    assert [version for kind, _, version in kinds if kind == "Programming Language :: Python" and "." in version] == (
        sorted(ran, key=lambda version: int(version[2:]))
    )
    assert PROJECT["requires-python"] == f">={min(ran, key=lambda version: int(version[2:]))}"

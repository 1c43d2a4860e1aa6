"""CITATION.cff: valid, and with the facts of the package."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
import yaml

import lrspec
from lrspec import address
from tests.pages import ROOT

FILE = ROOT / "CITATION.cff"


@pytest.mark.slow
def test_the_citation_follows_its_schema() -> None:
    schema = ["--builtin-schema", "vendor.citation-file-format", "--force-filetype", "yaml"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(FILE)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_citation_has_the_facts_of_the_package() -> None:
    citation = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["version"] == lrspec.__version__
    assert (citation["title"], citation["abstract"]) == (project["name"], project["description"])
    assert citation["license"] == project["license"].partition(" AND ")[0]
    assert (citation["repository-code"], citation["url"]) == (address.REPOSITORY, address.SITE)
    assert {word.lower() for word in citation["keywords"]} <= set(project["keywords"])

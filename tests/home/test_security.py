"""SECURITY.md: the tests that it names exist, and its figures are those of the code and of docs/ci.md."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from lrspec.models import inventory_file
from lrspec.regex import time_limit
from lrspec.spec import limits
from lrspec.spec.unsafe_settings import unsafe_settings
from tests.pages import ROOT
from tests.test_worst_cases import SIZES

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TESTS = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
MIB = 2**20


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_each_promise_names_tests_that_exist(file: str, test: str) -> None:
    assert (f"def {test}(" if test else "def test_") in (ROOT / file).read_text(encoding="utf-8")


def test_each_promise_has_tests() -> None:
    promised = PAGE.partition("## Promised")[2].partition("### Limits")[0]
    assert len(re.findall(r"^- \*\*", promised, re.MULTILINE)) == len(
        re.findall(r"^\| .*`tests/", promised, re.MULTILINE)
    )


def row(beginning: str) -> str:
    (found,) = re.findall(rf"^\| {re.escape(beginning)} \| (.*) \|$", PAGE, re.MULTILINE)
    return str(found)


def test_the_limits_of_a_spec_and_of_a_regex_are_those_of_the_code() -> None:
    assert row("a spec") == (
        f"{limits.MAX_BYTES // MIB} MiB, {limits.MAX_DEPTH} levels, {limits.MAX_NODES:,} nodes and "
        f"{limits.MAX_EXPANDED // MIB} MiB of characters with aliases expanded, {limits.MAX_RULES:,} rules, "
        f"{limits.MAX_MODELS} models"
    )
    assert row("a regex") == (
        f"{limits.MAX_PATTERN:,} characters; {time_limit.REGEX_SECONDS:g} s, and "
        f"{time_limit.REGEX_SECONDS_A_TEXT * 1e6:g} µs more for each name that it searches"
    )


def test_the_limits_of_an_inventory_are_those_of_the_code() -> None:
    assert row("a saved inventory") == (
        f"{inventory_file.MOST_BYTES // MIB} MiB, {inventory_file.MOST_NAMES:,} names, "
        f"{inventory_file.MOST_NAME:,} characters in a name"
    )


class Case(NamedTuple):
    """A row of the page, and the row of docs/ci.md that promises the same."""

    size: str
    here: str
    there: str


@pytest.mark.parametrize(
    "case",
    [
        Case("small", "100 KB and 1,000 names", "| 100 KB | 1,000 | {} s | {} MB |"),
        Case("large", "1 MiB and 100,000 names", "| 1 MiB, the most | 100,000 | {} s | {} MB |"),
    ],
)
def test_time_and_memory_are_half_of_what_the_tests_allow(case: Case) -> None:
    size = SIZES[case.size]
    promised = size.seconds // 2, size.megabytes // 2
    assert row(f"`lrspec check --no-build`, {case.here}") == "{} s of one processor, {} MB".format(*promised)
    assert case.there.format(*promised) in (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert "at twice the time or memory" in PAGE


def test_settings_that_the_page_calls_refused_are_refused() -> None:
    plain = ["auto_map", "trust_remote_code", "checkpoint_path"]
    endings = [f"my{ending}" for ending in ("_path", "_dir", "_kwargs", "_implementation")]
    for name in [*plain, *endings]:
        assert f"`{name.removeprefix('my')}`" in PAGE
        assert list(unsafe_settings({name: "x"})), name


def test_the_policy_of_the_playground_is_as_the_page_says() -> None:
    promised = re.findall(r"`(\w+-src '\w+')`", PAGE.partition("## The playground")[2])
    assert len(promised) == 2
    page = ROOT / "docs" / "site" / "playground" / "page" / "index.html"
    (policy,) = re.findall(r'Content-Security-Policy"\s+content="(.*?)"', page.read_text(encoding="utf-8"))
    assert {*promised} <= {*policy.split("; ")}

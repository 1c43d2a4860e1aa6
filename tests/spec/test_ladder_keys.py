"""The keys of a ladder: which exclude or need each other, and where a report points."""

from __future__ import annotations

import pytest

import lrspec

BEFORE = "lrspec: 1\noptimizer: {type: SGD, lr: 1}\nrules:\n"


def places(layers: str, decay: str = "0.5") -> list[tuple[str, int, int, int]]:
    """Code, line, column and end of each finding of a spec with this ladder, whose `layers` begin at column 13."""
    try:
        lrspec.loads(f"{BEFORE}  - layers: {layers}\n    layer_decay: {decay}\n")
    except lrspec.SpecError as error:
        return [(each.code, each.line, each.column, each.end_column) for each in error.diagnostics]
    return []


@pytest.mark.parametrize(
    ("layers", "columns"),
    [
        (r"[{gap: 1}, '^a\.']", (14, 22)),
        (r"['^b', {gap: 0}]", (26, 27)),
        (r"['^b', {gap: 1.0}]", (26, 29)),
        (r"[{match: '^a\.', every: 3}]", (22, 28)),
        (r"[{match: ['^a\.(\d+)', '^b\.'], every: 3}]", (36, 42)),
        (r"[{match: ['^a\.(\d+)', '^b(.)\.(.)'], every: 3}]", (36, 48)),
        (r"[{match: '^a\.(?:\d+)', every: 3}]", (22, 35)),
        (r"[{match: '^a\.(\d+)', every: 1}]", (42, 43)),
        (r"[{match: '^a\.(\d+)'}]", (22, 33)),
        (r"[{every: 2}]", (22, 23)),
        (r"['^b', {to: first}]", (25, 30)),
        (r"['^b', {join: '^a\.', to: middle}]", (39, 45)),
        (r"['^b', {join: '^a\.', every: 2}]", (35, 40)),
        (r"['^b', {every: 2, join: '^a\.'}]", (31, 35)),
        (r"['^b', {gap: 2, match: '^a\.(\d+)'}]", (29, 34)),
        (r"['^b', {gap: 2, to: first}]", (29, 31)),
        (r"['^b', {}]", (20, 22)),
    ],
)
def test_an_entry_is_of_one_kind_and_complete(layers: str, columns: tuple[int, int]) -> None:
    assert places(layers) == [("LRS104", 4, *columns)]


@pytest.mark.parametrize(
    ("decay", "columns"),
    [
        ("{first: 0}", (26, 27)),
        ("{first: 1.5}", (26, 29)),
        ("{first: 0.1, min_mult: 0.01}", (31, 39)),
        ("{factor: 0.5, first: 0.1}", (32, 37)),
        ("{factor: 0.5, min_mult: 0.1, first: 0.1}", (47, 52)),
        ("{min_mult: 0.1}", (18, 33)),
        ("{}", (18, 20)),
    ],
)
def test_a_decay_has_a_factor_or_first(decay: str, columns: tuple[int, int]) -> None:
    assert places("'^a'", decay) == [("LRS104", 5, *columns)]


@pytest.mark.parametrize(
    "layers",
    [
        r"[{match: '^a\.(\d+)', every: 2}]",
        r"[{match: ['^a\.(\d+)', '^b\.(?P<n>\d+)(?:x(?=y))?', '(?x) \( ( \d+ ) # (a)'], every: 2}, {gap: 1}]",
        "['^b', {join: '^a', to: last}, {gap: 1}]",
    ],
)
def test_right_entries(layers: str) -> None:
    assert places(layers) == []
    assert places(layers, "{first: 1}") == []


def test_a_misspelt_key_is_not_missing_as_well() -> None:
    assert [code for code, *_ in places("['^b', {join: '^a', too: first}]")] == ["LRS103"]
    assert [code for code, *_ in places(r"[{macth: '^a\.(\d+)', every: 2}]")] == ["LRS103"]
    assert [code for code, *_ in places("'^a'", "{frist: 0.1}")] == ["LRS103"]


def test_a_regex_that_is_none_has_no_groups_to_count() -> None:
    assert [code for code, *_ in places(r"[{match: ['^a(\d+)', '^b('], every: 2}]")] == ["LRS105"]

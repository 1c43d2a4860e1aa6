"""No lint speaks of what is right: every right spec of the repository, on every model that it is for."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.right_specs import right_specs


@pytest.mark.slow
def test_no_right_spec_has_a_finding() -> None:
    places: Counter[str] = Counter()
    alarms: list[str] = []
    for right in right_specs():
        assert right.models, right.place
        places[right.place.rpartition("/")[0] or right.place.partition(",")[0]] += 1
        alarms += [f"{right.place}: {found.code} {found.message}" for found in right.findings()]
    assert alarms == []
    assert places["tests/timm_families"] == 98
    assert min(places[place] for place in ("examples", "tests/well_written", "tests/golden", "manual")) >= 15

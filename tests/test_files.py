"""Reading files up to a limit."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from lrspec.files import read_at_most
from lrspec.models.inventory import Inventory


@pytest.mark.parametrize("most", [0, 1, 2**20, 2**20 + 1, 3 * 2**20 - 1, 3 * 2**20, 2**40])
def test_no_more_is_read_than_wanted(most: int) -> None:
    content = bytes(range(256)) * (3 * 2**12)
    assert read_at_most(BytesIO(content), most) == content[:most]


def test_a_small_inventory_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    path.write_text("head.weight\n", encoding="utf-8")
    Inventory.load(path)  # imports what it needs
    tracemalloc.start()
    Inventory.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22

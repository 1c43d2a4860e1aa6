"""The files of plots: the same bytes, whatever the user's own settings of matplotlib are, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

import lrspec
from lrspec.models.inventory import Inventory
from lrspec.review.plot.draw import FORMATS, draw

NAMES = ["conv.weight", "a$b$.weight", "fc.weight", "fc.bias"]
SPEC = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.1},
    "rules": [{"name": "depth", "layers": r"^(.+)\.", "layer_decay": 0.5}],
}
PLAN = lrspec.compile(SPEC, Inventory.from_names(NAMES))
ELSEWHERE = """
import hashlib, json, sys
import lrspec
from lrspec.models.inventory import Inventory
from lrspec.review.plot.draw import FORMATS, draw
spec, names = json.loads(sys.argv[1])
plan = lrspec.compile(spec, Inventory.from_names(names))
digests = [hashlib.sha256(draw(plan, form, steps=steps)).hexdigest() for form in FORMATS for steps in (None, 100)]
print(json.dumps([digests, "matplotlib.pyplot" in sys.modules]))
"""


@pytest.mark.parametrize("steps", [None, 100])
@pytest.mark.parametrize(("form", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_plot_is_the_same_bytes_again(form: str, magic: bytes, steps: int | None) -> None:
    content = draw(PLAN, form, steps=steps)
    assert content.startswith(magic)
    assert draw(PLAN, form, steps=steps) == content
    assert b"Matplotlib" not in content
    assert draw(PLAN, form, theme="dark", steps=steps) != content


def test_other_processes_and_settings_give_the_same_bytes(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.grid: True\nsavefig.dpi: 10\nsvg.fonttype: none\n")
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"}
    command = [sys.executable, "-c", ELSEWHERE, json.dumps([SPEC, NAMES])]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    digests, pyplot = json.loads(ran.stdout)
    here = [hashlib.sha256(draw(PLAN, form, steps=steps)).hexdigest() for form in FORMATS for steps in (None, 100)]
    assert digests == here
    assert not pyplot


def test_the_users_settings_are_left_as_they_are() -> None:
    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 23}):
        content = draw(PLAN, "svg")
        assert mpl.rcParams["font.size"] == 23
    assert draw(PLAN, "svg") == content
    assert dict(mpl.rcParams) == before


def test_the_width_is_in_inches() -> None:
    assert b'width="244.8pt"' in draw(PLAN, "svg")
    assert b'width="504pt"' in draw(PLAN, "svg", width=7)


def test_letters_that_the_font_lacks_are_no_warning() -> None:
    names = Inventory.from_names(["\u4e2d\u6587.weight"])
    assert draw(lrspec.compile({**SPEC, "rules": [{"match": "^.", "lr_mult": 1}]}, names), "svg")

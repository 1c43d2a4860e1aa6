"""timm's layer decay for a model of each family: its draft gives what timm gives, and is short, clean and general."""

from __future__ import annotations

from functools import cache
from statistics import median

import pytest
import timm

from benchmarks.drafting import Drafted, lines, regexes
from benchmarks.grouped import grouped
from lrspec.compiler.compile import attempt

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("drafts of timm")]  # each is made once

FAMILIES = {family: timm.list_models(module=family) for family in sorted(timm.list_modules())}


@cache
def of_family(family: str) -> Drafted:
    """The draft for the first of a family."""
    return Drafted.of(grouped(FAMILIES[family][0]))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_draft_gives_each_parameter_what_timm_gives_it_and_has_no_finding(family: str) -> None:
    drafted = of_family(family)
    assert drafted.equal
    assert drafted.clean, attempt(drafted.file, drafted.model.inventory).diagnostics
    assert drafted.by_recipe is not False


def test_drafts_are_as_short_as_specs_that_people_write() -> None:
    files = [of_family(family).file for family in FAMILIES]
    assert median(map(lines, files)) <= 15
    assert median(map(regexes, files)) <= 4
    assert sum(lines(file) <= 32 for file in files) >= 0.95 * len(files)


CARRIED = [
    ("resnet50", "resnet101"),
    ("vit_base_patch16_224", "vit_large_patch16_224"),
    ("swin_tiny_patch4_window7_224", "swin_large_patch4_window7_224"),
    ("convnext_atto", "convnext_xxlarge"),
    ("densenet121", "densenet201"),
    ("efficientnet_b0", "efficientnet_b7"),
    ("mixer_s32_224", "mixer_l16_224"),
    ("regnetx_002", "regnetx_320"),
    ("beit_base_patch16_224", "beit_large_patch16_512"),
    ("nfnet_f0", "nfnet_f6"),
    ("volo_d1_224", "volo_d5_512"),
    ("coatnet_0_224", "coatnet_5_224"),
]
"""Models, and larger ones of their families."""


@pytest.mark.parametrize(("small", "large"), CARRIED)
def test_a_draft_for_a_small_model_gives_a_large_one_what_timm_gives_it(small: str, large: str) -> None:
    drafted, other = Drafted.of(grouped(small)), grouped(large)
    outcome = attempt(drafted.file, other.inventory)
    assert other.equals(outcome.plan), (drafted.file.document.text.content, outcome.diagnostics)


def test_what_timm_leaves_to_the_rate_of_the_head_is_said_and_drafted() -> None:
    model = grouped("vit_srelpos_medium_patch16_224")
    assert dict(model.mistakes()).keys() == {
        f"shared_rel_pos.mlp.fc{number}.{kind}" for number in (1, 2) for kind in ("weight", "bias")
    }
    assert all(dict(model.mistakes()).values())
    assert Drafted.of(model).equal

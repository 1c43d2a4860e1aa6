"""A layer-decay spec for each family of timm, as timm groups it: no finding, and timm's rates and weight decays."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest
import timm
from timm.optim import param_groups_layer_decay  # type: ignore[attr-defined]
from torch import nn

import lrspec
from tests.test_examples import build

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent / "timm_families"
SPECS = {path.name.partition(".")[0]: path for path in sorted(FOLDER.iterdir())}
WRITTEN_FOR = "1.0.31"
"""The version of timm whose families these are. A newer one may have more, an older one fewer."""

MATCHERS = {
    "csatv2": {"stem": "^stem_dct", "blocks": r"^stages\.(\d+)\.(\d+)"},
    "metaformer": {
        "stem": "^stem",
        "blocks": [(r"^stages\.(\d+)\.downsample", (0,)), (r"^stages\.(\d+)\.blocks\.(\d+)", None)],
    },
    "pit": {
        "stem": "^cls_token|pos_embed|patch_embed",
        "blocks": [
            (r"^transformers\.(\d+)\.pool", (0,)),
            (r"^transformers\.(\d+)\.blocks\.(\d+)", None),
            ("^norm", (99999,)),
        ],
    },
}
"""What timm should match in families that have no matcher: it makes a layer of each twelve parameters there."""

each_family = pytest.mark.parametrize("family", sorted(SPECS.keys() & set(timm.list_modules())))


def model_of(file: lrspec.SpecFile, family: str) -> nn.Module:
    """The model that a spec names, with a matcher."""
    (source,) = file.spec.sources
    model = build(source)
    assert hasattr(model, "group_matcher") != (family in MATCHERS)
    if family in MATCHERS:
        vars(model)["group_matcher"] = lambda coarse: MATCHERS[family]
    return model


def expected(model: nn.Module, weight_decay: float) -> dict[str, tuple[float, float]]:
    """The learning rate's multiplier and the weight decay that timm gives each parameter."""
    exempt: Collection[str] = getattr(model, "no_weight_decay", tuple)()
    groups = param_groups_layer_decay(model, weight_decay, exempt, layer_decay=0.75)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: (group["lr_scale"], group["weight_decay"])
        for group in groups
        for parameter in group["params"]
    }


@each_family
def test_a_spec_has_no_finding_and_gives_each_parameter_what_timm_gives_it(family: str) -> None:
    file = lrspec.load(SPECS[family])
    model = model_of(file, family)
    optimizer = file.spec.optimizer
    assert optimizer.lr is not None
    assert optimizer.weight_decay is not None
    assert lrspec.check(file, model) == []
    given = expected(model, optimizer.weight_decay)
    planned = {each.name: each.settings for each in lrspec.compile(file, model).parameters}
    assert planned.keys() == given.keys()
    for name, (multiplier, weight_decay) in given.items():
        assert planned[name].lr == pytest.approx(optimizer.lr * multiplier, rel=1e-12, abs=0), name
        assert planned[name].weight_decay == weight_decay, name


@each_family
def test_a_spec_names_a_model_of_its_family_and_is_short(family: str) -> None:
    (source,) = lrspec.load(SPECS[family]).spec.sources
    assert source.source in timm.list_models(module=family)
    assert len(SPECS[family].read_text(encoding="utf-8").splitlines()) <= 25


def test_every_family_has_a_spec() -> None:
    assert timm.__version__ != WRITTEN_FOR or SPECS.keys() == set(timm.list_modules())
    assert len(SPECS) == 98

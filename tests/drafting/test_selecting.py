"""The selectors of a draft: the shortest that carry over, exact, and none overlapping another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrspec import Parameter
from lrspec.drafting.rules import Selector
from lrspec.drafting.selecting.cost import ALL, cost
from lrspec.drafting.selecting.selectors import selectors
from lrspec.drafting.selecting.targets import reached
from lrspec.models.parameters import Columns


def parameter(name: str, *shape: int, owner: str = "Linear", declared: tuple[str, ...] = (), **more: Any) -> Parameter:
    return Parameter(name, shape=shape, module=(owner,), declared=declared, **more)


def columns(*more: Parameter) -> Columns:
    """Return the columns of a transformer of two blocks, with some more parameters."""
    return Columns.of(
        [
            parameter("cls_token", 1, 1, 8, owner="ViT", declared=("no_weight_decay",)),
            *(
                parameter(f"blocks.{n}.{name}", *shape, owner=owner)
                for n in (0, 1)
                for name, shape, owner in (
                    ("ln_1.weight", (8,), "LayerNorm"),
                    ("ln_1.bias", (8,), "LayerNorm"),
                    ("attn.qkv.weight", (24, 8), "Linear"),
                    ("attn.qkv.bias", (24,), "Linear"),
                )
            ),
            parameter("ln_f.weight", 8, owner="LayerNorm"),
            parameter("ln_f.bias", 8, owner="LayerNorm"),
            parameter("head.weight", 10, 8, declared=("head",)),
            parameter("head.bias", 10, declared=("head",)),
            *more,
        ]
    )


def found(model: Columns, *texts: str, decay: bool = False) -> tuple[Selector, ...]:
    """Return the selectors of the parameters that have one of some texts in their names."""
    members = [index for index, name in enumerate(model.names) if any(text in name for text in texts)]
    return selectors(model, members, decay=decay)


@pytest.mark.parametrize(
    ("texts", "decay", "expected"),
    [
        (("",), False, (ALL,)),
        (("bias", "ln_"), True, (Selector(ndim=(0, 1)),)),
        (("cls_token",), True, (Selector(declared=("no_weight_decay",)),)),
        (("cls_token",), False, (Selector(match=(r"^cls_token$",)),)),
        (("bias", "ln_", "cls_token"), True, (Selector(ndim=(0, 1)), Selector(declared=("no_weight_decay",)))),
        (("head",), False, (Selector(declared=("head",)),)),
        (("blocks",), False, (Selector(match=(r"^blocks\.",)),)),
        (("blocks.1.",), False, (Selector(match=(r"^blocks\.1\.",)),)),
        (("attn",), False, (Selector(match=(r"^blocks\.\d+\.attn\.",)),)),
        (("bias",), False, (Selector(match=(r"\.bias$",)),)),
        (("ln_",), False, (Selector(module="Norm"),)),
        (("head.weight",), False, (Selector(match=(r"^head\.weight$",)),)),
        (("qkv.weight", "head.weight"), False, (Selector(ndim=(2,)),)),
    ],
)
def test_selectors_are_those_that_a_person_writes(
    texts: tuple[str, ...], decay: bool, expected: tuple[Selector, ...]
) -> None:
    assert found(columns(), *texts, decay=decay) == expected


def test_scalars_that_decay_are_not_among_vectors_that_do_not() -> None:
    model = columns(parameter("temperature"))
    assert found(model, "bias", "ln_", decay=True) == (Selector(ndim=(1,)),)


def test_no_set_of_dimensions_is_chosen_because_it_happens_to_fit() -> None:
    for selector in found(columns(), "bias", "ln_", "cls_token"):
        assert selector.ndim != (1, 3)


def test_all_norms_are_selected_by_what_their_classes_are_called() -> None:
    model = columns(parameter("ln_g.weight", 8, owner="RMSNorm"))
    assert found(model, "ln_") == (Selector(module="Norm"),)


def test_declared_tables_are_narrowed_where_vectors_have_a_rule() -> None:
    model = columns(
        parameter("pos.weight", 8, 8, declared=("no_weight_decay",)),
        parameter("pos.bias", 8, declared=("no_weight_decay",)),
    )
    tables = Selector(declared=("no_weight_decay",), ndim=(2, 3))
    assert found(model, "bias", "ln_", "cls_token", "pos", decay=True) == (Selector(ndim=(0, 1)), tables)


def test_without_shapes_and_what_is_declared_names_must_do() -> None:
    names = ["a.weight", "a.bias", "head.weight", "head.bias"]
    model = Columns.of([Parameter(name) for name in names])
    assert found(model, "bias", decay=True) == (Selector(match=(r"\.bias$",)),)


def test_all_but_a_few_is_said_with_an_exclude() -> None:
    model = Columns.of([Parameter(f"blocks.{n}.w") for n in range(12)])
    members = [n for n in range(12) if n != 4]
    assert selectors(model, members) == (Selector(match=(r"^blocks\.",), exclude=(r"^blocks\.4\.",)),)


def test_all_of_an_ending_but_a_part_is_said_with_an_exclude() -> None:
    leaves = [f"blocks.{n}.{part}.{leaf}" for n in (0, 1) for part in ("attn", "mlp", "norm") for leaf in ("w", "bias")]
    model = Columns.of([Parameter(name) for name in ("stem.conv.bias", *leaves, "head.bias", "head.w")])
    members = [place for place, name in enumerate(model.names) if name.endswith("bias") and "attn" not in name]
    [selector] = selectors(model, members)
    assert (selector.match, len(selector.exclude)) == ((r"\.bias$",), 1)


def test_any_name_of_a_tied_parameter_selects_it() -> None:
    model = Columns.of([Parameter("embed.weight", aliases=("head.weight",)), Parameter("head.bias"), Parameter("b.w")])
    assert selectors(model, [1]) == (Selector(match=(r"^head\.bias$",)),)
    assert selectors(model, [0, 1]) == (Selector(match=(r"^(?:embed|head)\.",)),)


def test_nothing_needs_no_selector() -> None:
    assert selectors(columns(), []) == ()


@st.composite
def models(draw: st.DrawFn) -> Columns:
    """Models of few parameters, some tied; of some models shapes, or what is declared, are not known."""
    parts = st.lists(st.sampled_from(["a", "b", "0", "1", "12", "norm1", "weight", "bias"]), min_size=1, max_size=4)
    names = draw(st.lists(parts.map(".".join), min_size=1, max_size=12, unique=True))
    aliased = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    has_shapes, has_declared = draw(st.booleans()), draw(st.booleans())
    owners = st.sampled_from([("Linear",), ("LayerNorm",), ("BatchNorm2d", "_BatchNorm"), ()])
    kinds = st.lists(st.sampled_from(["embedding", "head", "no_weight_decay"]), max_size=2, unique=True)
    return Columns.of(
        Parameter(
            name,
            aliases=(f"tied.{name}",) if tied else (),
            shape=tuple(draw(st.lists(st.integers(1, 3), max_size=4))) if has_shapes else None,
            module=draw(owners) if has_shapes else (),
            declared=tuple(sorted(draw(kinds))) if has_declared else None,
        )
        for name, tied in zip(names, aliased, strict=True)
    )


@settings(deadline=None)
@given(models(), st.booleans(), st.data())
def test_selectors_are_exact_and_do_not_overlap(model: Columns, decay: bool, data: st.DataObject) -> None:
    size = len(model.names)
    labels = data.draw(st.lists(st.sampled_from("wwfr"), min_size=size, max_size=size))
    wanted, free = ({i for i, label in enumerate(labels) if label == which} for which in "wf")
    hits = [reached(model, selector) for selector in selectors(model, wanted, free, decay=decay)]
    selected = frozenset[int]().union(*hits)
    assert wanted <= selected <= wanted | free
    assert sum(map(len, hits)) == len(selected)


def test_all_but_some_is_the_last_resort() -> None:
    listed = Selector(match=(r"^embed\.", r"\.bias$", r"\.norm\.", r"^head\.", r"^scale$"))
    assert cost((listed,)) < cost((Selector(match=ALL.match, exclude=(r"\.experts\.",)),))


def test_what_is_left_of_numbered_modules_is_theirs_but_some() -> None:
    names = [f"layers.{n}.experts.{m}.w" for n in range(3) for m in range(9)] + ["layers.0.norm.w", "head.w"]
    model = Columns.of(Parameter(name) for name in names)
    members = [n for n, name in enumerate(names) if "experts" in name and not name.endswith(("s.0.w", "s.1.w"))]
    experts = r"^layers\.\d+\.experts\."
    expected = Selector(match=(experts,), exclude=(rf"{experts}(?:0|1)\.",))
    assert selectors(model, members) == (expected,)


def test_biases_but_those_of_norms_are_told_by_their_owners() -> None:
    model = columns(parameter("stem.bias", 8, owner="Conv2d"), parameter("norm.bias", 8, owner="LayerNorm"))
    members = [n for n, name in enumerate(model.names) if name.endswith("bias") and "Layer" not in model.owners[n][0]]
    assert selectors(model, members) == (Selector(match=(r"\.bias$",), module=r"^(?:Linear|Conv2d)$"),)


def test_matrices_of_some_modules_are_told_by_dimensions() -> None:
    parts = {"q.w": 2, "mix.in.w": 2, "mix.a.out.w": 2, "n.w": 1, "mix.n.w": 1, "mix.a.n.w": 1}
    shapes = {
        **{f"embed.{part}.w": 2 for part in ("q", "in", "out")},
        **{f"blocks.{n}.{part}": dims for n in (0, 1) for part, dims in parts.items()},
    }
    model = Columns.of(parameter(name, *[8] * dims) for name, dims in shapes.items())
    members = [place for place, dims in enumerate(shapes.values()) if place > 2 and dims == 2]
    assert selectors(model, members) == (Selector(match=(r"^blocks\.",), ndim=(2,)),)


def test_no_adapters_name_and_no_parametrization_says_what_is_selected() -> None:
    holders = ("lora_A", "lora_B", "lora_embedding_A", "modules_to_save")
    names = [f"h.{n}.{part}.{holder}.mine.weight" for n in (0, 1) for part in "qv" for holder in holders]
    model = columns(*(parameter(name, 8, 8) for name in names), parameter("h.mine", 8))
    assert found(model, "lora_A", "lora_B") == (Selector(match=(r"\.(?:lora_A|lora_B)\.",)),)
    assert found(model, "modules_to_save") == (Selector(match=(r"\.modules_to_save\.",)),)
    weight = "last.parametrizations.weight.original"
    model = columns(parameter(f"{weight}0", 8, 1), parameter(f"{weight}1", 8, 8))
    assert found(model, "original0") == (Selector(match=(r"^last\.parametrizations\.weight\.original0$",)),)


def test_all_weights_and_biases_are_what_something_else_is_excluded_from() -> None:
    names = ("attn.table", "attn.proj.weight", "attn.rel.net.weight", "mlp.fc.bias", "gate.bias")
    model = columns(*(parameter(f"blocks.{n}.{name}", 8, 8) for n in (0, 1) for name in names))
    members = [n for n, name in enumerate(model.names) if name.startswith("blocks.") and "table" not in name]
    assert selectors(model, members) == (Selector(match=(r"^blocks\.",), exclude=(r"\.table$",)),)


def test_biases_of_some_parts_are_told_from_those_of_norms_by_their_owners() -> None:
    names = [*(f"neck.{n}.bias" for n in range(3)), "box.cls.bias", "box.reg.bias"]
    convs = [parameter(name, 8, owner="Conv2d") for name in names]
    others = [parameter("box.norm.bias", 8, owner="GroupNorm"), parameter("stem.bias", 8, owner="Conv2d")]
    model = columns(*convs, *others)
    members = [n for n, name in enumerate(model.names) if name in names]
    assert selectors(model, members) == (Selector(match=(r"^(?:neck|box)\..*\.bias$",), module="^Conv2d$"),)

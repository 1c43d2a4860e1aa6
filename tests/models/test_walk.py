"""The walk of a model's modules: the names and the order of torch's own, for every shape that a model can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch._dynamo import OptimizedModule  # what torch.compile makes of a module
from torch._dynamo.eval_frame import DisableContext
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

from lrspec import Inventory
from lrspec.models.walk import walk

WRAPS = [checkpoint_wrapper, nn.DataParallel, lambda model: OptimizedModule(model, DisableContext())]
Drawn = list[tuple[int, int, str]]


def names(model: nn.Module) -> list[str]:
    return walk(model).names


def grown(modules: int, parameters: int, edges: Drawn, entries: Drawn) -> nn.Module:
    """A model of empty modules, put into each other and given parameters at will; what is in two places is shared."""
    made = [nn.Module() for _ in range(modules)]
    tensors = [None, *(nn.Parameter(torch.empty(0)) for _ in range(parameters))]
    for outer, inner, name in edges:
        made[outer % modules].register_module(
            name, made[inner % modules] if inner % modules > outer % modules else None
        )
    for owner, tensor, name in entries:
        made[owner % modules].register_parameter(f"p{name}", tensors[tensor % len(tensors)])
    return made[0]


drawn = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["a", "b", "module", "_orig_mod"])))


@given(modules=st.integers(1, 6), parameters=st.integers(1, 5), edges=drawn, entries=drawn)
def test_names_and_order_are_torchs(modules: int, parameters: int, edges: Drawn, entries: Drawn) -> None:
    model = grown(modules, parameters, edges, entries)
    listed = list(model.named_parameters(remove_duplicate=False))
    found = walk(model)
    assert [*zip(found.names, map(id, found.tensors), strict=True)] == [(n, id(p)) for n, p in listed]
    assert [p.name for p in Inventory.from_model(model).parameters] == [name for name, _ in model.named_parameters()]


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(WRAPS)), max_size=6))
def test_wrappers_anywhere_add_nothing(drawn: list[tuple[int, Any]]) -> None:
    model: nn.Module = nn.ModuleDict(
        {"module": nn.Sequential(nn.Linear(1, 1), nn.ReLU()), "_orig_mod": nn.Linear(1, 1)}
    )
    model.get_submodule("_orig_mod").register_parameter("weight", model.get_parameter("module.0.weight"))
    plain = Inventory.from_model(model)
    for number, wrap in drawn:
        paths = [path for path, _ in model.named_modules()]
        path = paths[number % len(paths)]
        if path:
            model.set_submodule(path, wrap(model.get_submodule(path)))
        else:
            model = wrap(model)
    assert Inventory.from_model(model) == plain


def test_lists_and_mappings_of_parameters_have_the_names_that_torch_gives_them() -> None:
    one, two = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(2))
    model = nn.ModuleDict({"list": nn.ParameterList([one, two]), "dict": nn.ParameterDict({"x": one})})
    assert [(p.names, p.owners) for p in Inventory.from_model(model).parameters] == [
        (("list.0", "dict.x"), (("ParameterList",), ("ParameterDict",))),
        (("list.1",), (("ParameterList",),)),
    ]


def test_a_module_in_two_places_is_named_twice_with_both_owners() -> None:
    shared = nn.Linear(2, 2, bias=False)
    model = nn.ModuleDict({"a": shared, "b": nn.Sequential(shared), "c": nn.Embedding(2, 2)})
    model["c"].weight = shared.weight
    (parameter,) = Inventory.from_model(model).parameters
    assert parameter.names == ("a.weight", "b.0.weight", "c.weight")
    assert parameter.owners == (("Linear",), ("Linear",), ("Embedding",))


def test_a_module_that_contains_itself_is_entered_once() -> None:
    model = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1)))
    model[1].register_module("whole", model)
    assert names(model) == [name for name, _ in model.named_parameters()]


def test_a_listing_of_parameters_of_a_classs_own_is_not_asked() -> None:
    class Hiding(nn.Linear):
        def named_parameters(self, prefix: str = "") -> Iterator[Any]:  # type: ignore[override]
            yield f"{prefix}hidden", self.weight

    assert names(nn.DataParallel(Hiding(1, 1))) == names(Hiding(1, 1)) == ["weight", "bias"]


def test_a_listing_of_modules_of_a_classs_own_is_followed() -> None:
    class Late(nn.Module):
        def named_modules(self, *args: Any, **options: Any) -> Any:
            self.part = nn.Linear(1, 1)
            return super().named_modules(*args, **options)

    model = nn.Sequential(nn.Linear(1, 1), Late())
    model[1].register_module("part", nn.Module())
    assert names(model) == [name for name, _ in model.named_parameters()]
    assert names(model)[-1] == "1.part.bias"


class Equal(nn.Module):
    """A module that says that it is any other of its class."""

    def __init__(self, inner: nn.Module | None = None) -> None:
        super().__init__()
        self.w, self.inner = nn.Parameter(torch.zeros(1)), inner

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    def __hash__(self) -> int:
        return 1


def test_modules_that_compare_equal_are_different_ones() -> None:
    assert walk(Equal(Equal(Equal()))).names == ["w", "inner.w", "inner.inner.w"]

"""Inventories: of models as they are, wrapped and tied, and of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (  # the only home that torch gives it
    apply_activation_checkpointing,
)

import lrspec
from lrspec import Inventory, InventoryError, Parameter


class Block(nn.Module):
    """A user's own class, with a submodule that happens to be called `module`."""

    def __init__(self) -> None:
        super().__init__()
        self.module = nn.Linear(3, 3)
        self.norm = nn.BatchNorm1d(3)
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.norm(self.module(x)) * self.scale
        return result


class Tied(nn.Module):
    """A model whose embedding is also its head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 3)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(3, 7, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.head(self.blocks(self.embed(x)))
        return result


def compiled(model: nn.Module) -> nn.Module:
    result: Any = torch.compile(model)
    assert isinstance(result, nn.Module)
    return result


def test_an_inventory_lists_parameters_in_model_order_with_shapes_owners_and_trainability() -> None:
    model = Block()
    model.norm.weight.requires_grad_(False)
    inventory = Inventory.from_model(model)
    assert inventory.parameters == (
        Parameter("scale", (), (), True, ("Block",), declared=()),
        Parameter("module.weight", (), (3, 3), True, ("Linear",), declared=()),
        Parameter("module.bias", (), (3,), True, ("Linear",), declared=()),
        Parameter("norm.weight", (), (3,), False, ("BatchNorm1d", "_BatchNorm", "_NormBase"), declared=()),
        Parameter("norm.bias", (), (3,), True, ("BatchNorm1d", "_BatchNorm", "_NormBase"), declared=()),
    )
    assert [p.name for p in inventory.parameters] == [name for name, _ in model.named_parameters()]
    assert inventory.elements == 1 + 9 + 3 + 3 + 3
    assert inventory.source.endswith("test_inventory.Block")


def test_a_tied_parameter_is_one_with_aliases() -> None:
    first = Inventory.from_model(Tied()).parameters[0]
    assert first == Parameter(
        "embed.weight", ("head.weight",), (7, 3), True, ("Embedding",), (("Linear",),), ("embedding",)
    )


def test_a_module_in_two_places_gives_aliases() -> None:
    shared = nn.Linear(2, 2)
    inventory = Inventory.from_model(nn.ModuleDict({"a": shared, "b": shared}))
    assert [p.names for p in inventory.parameters] == [("a.weight", "b.weight"), ("a.bias", "b.bias")]


@pytest.mark.parametrize(
    "wrap",
    [
        torch.compile,
        nn.DataParallel,
        lambda model: nn.DataParallel(compiled(model)),
        lambda model: torch.compile(nn.DataParallel(model)),
    ],
    ids=["compile", "DataParallel", "compile in DataParallel", "DataParallel in compile"],
)
def test_wrappers_of_the_whole_model_add_nothing(wrap: Any) -> None:
    model = Tied()
    assert Inventory.from_model(wrap(model)) == Inventory.from_model(model)


def test_compiled_inner_modules_add_nothing() -> None:
    model, plain = Tied(), Inventory.from_model(Tied())
    model.blocks[0] = torch.compile(model.blocks[0])  # type: ignore[assignment]
    assert "_orig_mod" in "".join(name for name, _ in model.named_parameters())
    assert Inventory.from_model(model) == plain


def test_activation_checkpointing_adds_nothing() -> None:
    model, plain = Tied(), Inventory.from_model(Tied())
    apply_activation_checkpointing(model, check_fn=lambda module: isinstance(module, Block))
    assert "_checkpoint_wrapped_module" in "".join(name for name, _ in model.named_parameters())
    assert Inventory.from_model(model) == plain


@pytest.mark.usefixtures("one_process")
def test_distributed_data_parallel_adds_nothing() -> None:
    model = Tied()
    assert Inventory.from_model(nn.parallel.DistributedDataParallel(model)) == Inventory.from_model(model)


@pytest.mark.usefixtures("one_process")
def test_fully_shard_adds_no_owner_class() -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    model, plain = Tied(), Inventory.from_model(Tied())
    fully_shard(model.blocks[0].module, mesh=init_device_mesh("cpu", (1,)))  # type: ignore[arg-type]
    assert type(model.blocks[0].module).__name__ == "FSDPLinear"
    assert Inventory.from_model(model) == plain


@pytest.mark.usefixtures("one_process")
@pytest.mark.filterwarnings("ignore:.*FSDP.*")  # torch says that FSDP1 is old, and that this is a CPU
def test_shards_of_fsdp1_are_refused() -> None:
    from torch.distributed.fsdp import FullyShardedDataParallel

    model = FullyShardedDataParallel(nn.Linear(2, 2), use_orig_params=True, device_id=torch.device("cpu"))
    with pytest.raises(InventoryError, match="compile before the model is sharded, and bind afterwards"):
        Inventory.from_model(model)
    plan = lrspec.compile(lrspec.loads("lrspec: 1\nrules: [{match: '^weight$|^bias$', lr: 1}]"), nn.Linear(2, 2))
    assert plan.param_groups(model)[0]["param_names"] == ["weight", "bias"]


def test_shards_of_zero3_are_refused() -> None:
    model = nn.Linear(2, 2)
    setattr(model.weight, "ds_shape", (2, 2))  # noqa: B010  what DeepSpeed leaves on a parameter that it has partitioned
    with pytest.raises(InventoryError, match="parameters of this Linear are shards"):
        Inventory.from_model(model)


def test_lazy_parameters_are_refused() -> None:
    with pytest.raises(InventoryError, match="run a batch through the model first"):
        Inventory.from_model(nn.LazyLinear(2))


def test_parametrized_modules_keep_their_names_and_owners() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    torch.nn.utils.parametrizations.weight_norm(model[0])
    owners = {p.name: p.module for p in Inventory.from_model(model).parameters}
    assert owners["0.bias"] == ("Linear",)
    assert "0.parametrizations.weight.original0" in owners


def test_taking_an_inventory_does_not_touch_the_model() -> None:
    model = Tied()
    before = {name: (p.requires_grad, p.data_ptr()) for name, p in model.named_parameters()}
    Inventory.from_model(model)
    assert {name: (p.requires_grad, p.data_ptr()) for name, p in model.named_parameters()} == before


def test_models_on_the_meta_device_have_the_same_inventory() -> None:
    with torch.device("meta"):
        model = Tied()
    assert Inventory.from_model(model) == Inventory.from_model(Tied())


# ---------------------------------------------------------------------------------------------------- files


def test_a_saved_inventory_reads_back(tmp_path: Path) -> None:
    inventory = Inventory.from_model(Tied(), source="py:x", args={"depth": 2})
    path = tmp_path / "model.params.json"
    path.write_text(json.dumps(inventory.to_dict()), encoding="utf-8")
    assert Inventory.load(path) == inventory
    assert Inventory.load(path).fingerprint == inventory.fingerprint


def test_what_is_declared_is_saved_if_it_is_known(tmp_path: Path) -> None:
    known = Parameter("a", declared=("embedding", "head"))
    inventory = Inventory([known, Parameter("b", declared=()), Parameter("c")])
    saved = inventory.to_dict()
    assert [entry.get("declared") for entry in saved["parameters"]] == [["embedding", "head"], [], None]
    path = tmp_path / "model.params.json"
    path.write_text(json.dumps(saved), encoding="utf-8")
    assert Inventory.load(path) == inventory
    path.write_text(path.read_text().replace('["embedding", "head"]', '["head", "embedding", "head"]'))
    assert Inventory.load(path) == inventory, "sorted, each once"


def test_an_inventory_in_the_documented_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(
        '{"lrspec_params": 1, "source": "timm:resnet18", "parameters": [{"name": "conv1.weight", "aliases": [], '
        '"shape": [64, 3, 7, 7], "requires_grad": true, "module": ["Conv2d", "_ConvNd"], "alias_modules": []}]}'
    )
    assert Inventory.load(path) == Inventory(
        (Parameter("conv1.weight", (), (64, 3, 7, 7), True, ("Conv2d", "_ConvNd")),), "timm:resnet18"
    )


def test_an_inventory_of_names_alone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"\xef\xbb\xbfa.weight\r\n\r\nb.bias\r\n")
    assert Inventory.load(path) == Inventory.from_names(["a.weight", "b.bias"], source="params:names.txt")
    assert Inventory.load(path).elements is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{}", "not an inventory"),
        (b"{", "not an inventory"),
        (b'{"lrspec_params": 2, "parameters": []}', "at lrspec_params"),
        (b'{"lrspec_params": 1, "parameters": [{"name": 3}]}', r"at parameters\[0\].name"),
        (b'{"lrspec_params": 1, "parameters": [{"name": "a"}, {"name": "a"}]}', "two parameters are called 'a'"),
        (b'{"lrspec_params": 1, "parameters": [{"name": "a", "aliases": ["a"]}]}', "two parameters are called 'a'"),
        (
            b'{"lrspec_params": 1, "parameters": [{"name": "a", "aliases": ["b"], "alias_modules": [[], []]}]}',
            "as many",
        ),
        (b'{"lrspec_params": 1, "parameters": [{"name": "a", "shape": [-1]}]}', "shape"),
        (
            b'{"lrspec_params": 1, "parameters": [{"name": "a", "shape": [4294967296, 2147483648]}]}',
            "a: more elements than",
        ),
        (b"a.weight, 3\n", "one name per line"),
        (b"a\x1b[2J\n", "one name per line"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_files_that_are_no_inventories_are_refused(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(text)
    with pytest.raises(InventoryError, match=message):
        Inventory.load(path)


def test_the_fingerprint_is_over_names_aliases_and_shapes() -> None:
    standard: dict[str, Any] = {"name": "a", "aliases": ("b",), "shape": (2,)}

    def fingerprint(**changed: Any) -> str:
        return Inventory((Parameter(**(standard | changed)),)).fingerprint

    different: list[dict[str, Any]] = [{"name": "x"}, {"aliases": ()}, {"shape": (3,)}]
    assert len({fingerprint(**each) for each in [{}, *different]}) == 4
    assert fingerprint(requires_grad=False, module=("A",)) == fingerprint()


def test_a_plan_of_a_wrapped_model_is_the_plain_models_to_the_byte() -> None:
    spec = lrspec.loads(
        "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3}\nrules:\n"
        "  - {name: ladder, layers: ['^embed\\.', '^blocks\\.(\\d+)\\.'], exclude: '^x', layer_decay: 0.5}\n"
    )
    model = Tied()
    wrapped = nn.DataParallel(compiled(model))
    assert json.dumps(lrspec.compile(spec, wrapped).to_dict()) == json.dumps(lrspec.compile(spec, model).to_dict())

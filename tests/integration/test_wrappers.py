"""Models really wrapped: the plan is the plain model's, and its groups hold the wrapped model's own tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributed._composable.replicate import replicate
from torch.distributed._composable.replicate_with_fsdp import replicate as replicate_on_a_mesh
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper, offload_wrapper
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from torch.nn.parallel import DistributedDataParallel

import lrspec

SPEC = lrspec.loads(
    r"""
lrspec: 1
optimizer: {type: SGD, lr: 0.5, momentum: 0.9, weight_decay: 0.01}
rules:
  - {name: depth, layers: ['^embed\.weight$', '^blocks\.(\d+)\.'], layer_decay: 0.5}
  - {name: no-decay, where: {module: '^LayerNorm$'}, weight_decay: 0}
  - {name: inner, match: '\.module\.|\._orig_mod\.', lr_scale: 0.5}
"""
)


class Block(nn.Module):
    """A block whose submodules are called like what wrappers add to names."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.module = nn.Linear(4, 8)
        self._orig_mod = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self._orig_mod(self.module(self.norm(x)).relu())
        return x + y


class Model(nn.Module):
    """A small model whose embedding is also its head."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(6, 4)
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.head = nn.Linear(4, 6, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.head(x)
        return scores


Wrap = Callable[[nn.Module], nn.Module]


def mesh(axis: str) -> DeviceMesh:
    return init_device_mesh("cpu", (1, 1), mesh_dim_names=("data", "tensor"))[axis]


def compiled(model: nn.Module) -> nn.Module:
    result: Any = torch.compile(model, backend="eager")
    assert isinstance(result, nn.Module)
    return result


def compiled_in_place(model: nn.Module) -> nn.Module:
    model.compile(backend="eager")
    return model


def each_block(wrap: Wrap) -> Wrap:
    """Wraps the blocks of a model, and not the model."""

    def wrapped(model: Any) -> nn.Module:
        for number, block in enumerate(model.blocks):
            model.blocks[number] = wrap(block)
        return model  # type: ignore[no-any-return]

    return wrapped


def chain(*wraps: Wrap) -> Wrap:
    """One wrapper in another, the innermost first."""

    def wrapped(model: nn.Module) -> nn.Module:
        for wrap in wraps:
            model = wrap(model)
        return model

    return wrapped


def sharded(**options: Any) -> Wrap:
    """FSDP2, as it is applied: to the blocks, then to the model."""

    def wrapped(model: Any) -> nn.Module:
        for block in model.blocks:
            fully_shard(block, mesh=mesh("data"), **options)
        fully_shard(model, mesh=mesh("data"), **options)
        return model  # type: ignore[no-any-return]

    return wrapped


def tensor_parallel(model: Any) -> nn.Module:
    for block in model.blocks:
        parallelize_module(block, mesh("tensor"), {"module": ColwiseParallel(), "_orig_mod": RowwiseParallel()})
    return model  # type: ignore[no-any-return]


def offloaded(model: nn.Module) -> nn.Module:
    return sharded(offload_policy=CPUOffloadPolicy(pin_memory=False))(model)


def replicated_on_a_mesh(model: nn.Module) -> nn.Module:
    replicate_on_a_mesh(model, mesh=mesh("data"))
    return model


WRAPS: dict[str, Wrap] = {
    "DataParallel": lambda model: nn.DataParallel(model, device_ids=[0]),  # the CPU, where there is no GPU
    "DistributedDataParallel": DistributedDataParallel,
    "replicate": replicate,
    "replicate on a mesh": replicated_on_a_mesh,
    "compile": compiled,
    "compile in place": compiled_in_place,
    "blocks compiled": each_block(compiled),
    "blocks compiled in place": each_block(compiled_in_place),
    "blocks checkpointed": each_block(checkpoint_wrapper),
    "all checkpointed, blocks twice": chain(
        each_block(chain(checkpoint_wrapper, checkpoint_wrapper)), checkpoint_wrapper
    ),
    "blocks offloaded": each_block(offload_wrapper),
    "fully_shard": sharded(),
    "fully_shard with offloading": offloaded,
    "tensor parallel": tensor_parallel,
    "compile of DistributedDataParallel": chain(DistributedDataParallel, compiled),
    "DistributedDataParallel of compile": chain(compiled, DistributedDataParallel),
    "DistributedDataParallel of checkpointed and compiled blocks": chain(
        each_block(chain(checkpoint_wrapper, compiled)), DistributedDataParallel
    ),
    "fully_shard of checkpointed blocks": chain(each_block(checkpoint_wrapper), sharded()),
    "fully_shard of checkpointed and compiled blocks": chain(
        each_block(chain(checkpoint_wrapper, compiled)), sharded()
    ),
    "compile of fully_shard": chain(sharded(), compiled),
    "fully_shard of tensor parallel": chain(tensor_parallel, sharded()),
}

each_wrap = pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
pytestmark = pytest.mark.usefixtures("one_process")


@pytest.fixture
def model() -> nn.Module:
    torch.compiler.reset()
    torch.manual_seed(0)
    return Model()


def whole(tensor: Tensor) -> Tensor:
    """The values of a tensor, of a sharded one too."""
    return (tensor.full_tensor() if isinstance(tensor, DTensor) else tensor).detach().cpu().clone()


def by_name(groups: list[dict[str, Any]]) -> dict[str, Tensor]:
    return {
        name: tensor for group in groups for name, tensor in zip(group["param_names"], group["params"], strict=True)
    }


def train(model: nn.Module, groups: list[dict[str, Any]]) -> dict[str, Tensor]:
    """Two steps; the values of the parameters after them."""
    optimizer = torch.optim.SGD(groups)
    for _ in range(2):
        optimizer.zero_grad()
        tokens = torch.arange(6).reshape(2, 3)
        nn.functional.cross_entropy(model(tokens).cpu().flatten(0, 1), tokens.flatten().roll(1)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return {name: whole(tensor) for name, tensor in by_name(groups).items()}


@each_wrap
def test_the_plan_is_the_plain_models(wrap: Wrap, model: nn.Module) -> None:
    plain = lrspec.compile(SPEC, model)
    wrapped = wrap(model)
    assert lrspec.compile(SPEC, wrapped).to_dict() == plain.to_dict()
    assert plain.to_dict()["model"]["source"].endswith("test_wrappers.Model")


@each_wrap
def test_groups_hold_the_wrapped_models_own_tensors(wrap: Wrap, model: nn.Module) -> None:
    plan, values = lrspec.compile(SPEC, model), copy.deepcopy(model).state_dict()
    wrapped = wrap(model)
    bound = by_name(plan.param_groups(wrapped))
    assert {id(tensor) for tensor in bound.values()} == {id(tensor) for tensor in wrapped.parameters()}
    assert list(bound) == [name for group in plan.groups or () for name in group.params]
    assert all(torch.equal(whole(tensor), values[name]) for name, tensor in bound.items())


@each_wrap
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch.compile looks there
def test_training_is_the_plain_models(wrap: Wrap, model: nn.Module) -> None:
    plan, plain = lrspec.compile(SPEC, model), copy.deepcopy(model)
    before = {name: whole(tensor) for name, tensor in plain.named_parameters()}
    wrapped = wrap(model)
    trained, expected = train(wrapped, plan.param_groups(wrapped)), train(plain, plan.param_groups(plain))
    assert list(trained) == list(expected)
    torch.testing.assert_close(trained, expected)
    assert all(not torch.equal(trained[name], before[name]) for name in trained)


def test_a_plan_made_on_the_meta_device_binds_when_the_model_has_weights(model: nn.Module) -> None:
    with torch.device("meta"):
        empty = Model()
    plan = lrspec.compile(SPEC, empty)
    assert plan.to_dict() == lrspec.compile(SPEC, model).to_dict()
    empty.to_empty(device="cpu")
    with pytest.raises(lrspec.BindError, match=r"head\.weight is tied to embed\.weight in the plan.*: tie them"):
        plan.param_groups(empty)
    empty.head.weight = empty.embed.weight
    empty.load_state_dict(model.state_dict())
    torch.testing.assert_close(train(empty, plan.param_groups(empty)), train(model, plan.param_groups(model)))


def test_a_plan_made_on_the_meta_device_binds_to_a_model_sharded_there(model: nn.Module) -> None:
    with torch.device("meta"):
        empty = Model()
    plan = lrspec.compile(SPEC, empty)
    sharded()(empty).to_empty(device="cpu")
    options = StateDictOptions(full_state_dict=True)
    set_model_state_dict(empty, model.state_dict(), options=options)
    torch.testing.assert_close(train(empty, plan.param_groups(empty)), train(model, plan.param_groups(model)))


def test_freezing_reaches_the_tensors_of_a_wrapped_model(model: nn.Module) -> None:
    spec = lrspec.loads("lrspec: 1\nrules: [{match: '^embed', freeze: true}, {match: '^blocks', lr: 0.1}]")
    plan = lrspec.compile(spec, model)
    wrapped = chain(each_block(checkpoint_wrapper), sharded())(model)
    plan.freeze(wrapped)
    assert [name for name, tensor in wrapped.named_parameters() if not tensor.requires_grad] == ["embed.weight"]
    assert len(by_name(plan.param_groups(wrapped))) == len(list(wrapped.parameters())) - 1

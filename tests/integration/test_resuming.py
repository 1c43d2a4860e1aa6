"""Ten steps, a checkpoint, another grouping, ten more: bit for bit as if the state had been moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import Tensor, nn
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_optimizer_state_dict
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

import lrspec

STEPS = 10
BEFORE = r"""
  - {name: body, match: '^(embed|blocks)\.', lr_mult: 0.5}
  - {name: head, match: '^head\.bias$', lr_mult: 1}
  - {name: no-decay, where: {ndim: [0, 1]}, weight_decay: 0}
"""
AFTER = r"""
  - {name: depth, layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.bias$'], layer_decay: 0.5}
  - {name: norms, match: 'norm\.', weight_decay: 0.02}
"""
ONE = {
    "AdamW": "type: AdamW, lr: 1e-2, weight_decay: 0.1",
    "AdamW, fused": "type: AdamW, lr: 1e-2, weight_decay: 0.1, fused: true",
    "AdamW, foreach": "type: AdamW, lr: 1e-2, weight_decay: 0.1, foreach: true",
    "AdamW, amsgrad": "type: AdamW, lr: 1e-2, weight_decay: 0.1, amsgrad: true, betas: [0.8, 0.9]",
    "SGD": "type: SGD, lr: 1e-2, weight_decay: 0.1, momentum: 0.9",
    "SGD, fused": "type: SGD, lr: 1e-2, weight_decay: 0.1, momentum: 0.9, nesterov: true, fused: true",
    "SGD, plain": "type: SGD, lr: 1e-2, weight_decay: 0.1",
    "Adafactor": "type: Adafactor, lr: 1e-2, weight_decay: 0.1",
    "RMSprop": "type: RMSprop, lr: 1e-3, weight_decay: 0.1, centered: true, momentum: 0.5",
}


class Model(nn.Module):
    """Two matrices and two vectors a block, and a head whose weight is the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"norm": nn.LayerNorm(8), "up": nn.Linear(8, 12), "down": nn.Linear(12, 8)}) for _ in range(3)
        )
        self.head = nn.Linear(8, 11)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens)
        for block in self.blocks.children():
            assert isinstance(block, nn.ModuleDict)
            x = x + block["down"](block["up"](block["norm"](x)).relu())
        scores: Tensor = self.head(x)
        return scores


def built() -> Model:
    torch.manual_seed(0)
    return Model()


def train(model: nn.Module, optimizers: list[Optimizer], first: int) -> None:
    for step in range(first, first + STEPS):
        torch.manual_seed(step)
        tokens, wanted = torch.randint(11, (4, 6)), torch.randint(11, (24,))
        model.zero_grad()
        nn.functional.cross_entropy(model(tokens).flatten(0, 1), wanted).backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers:
            optimizer.step()


def through_a_file(value: Any, folder: Path) -> Any:
    torch.save(value, folder / "checkpoint.pt")
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def by_hand(optimizer: Optimizer, names: Mapping[Tensor, str], saved: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the state of each parameter where torch looks for it."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if names[parameter] in saved:
                optimizer.state[parameter] = {
                    key: value.clone() if isinstance(value, Tensor) else value
                    for key, value in saved[names[parameter]].items()
                }


def named(model: nn.Module) -> dict[Tensor, str]:
    return {parameter: name for name, parameter in model.named_parameters()}


def numbered(plan: lrspec.Plan, state: Mapping[int, Any], optimizer: str | None = None) -> dict[str, Any]:
    """What was saved of each parameter, by the order of the plan alone."""
    groups = [group for group in plan.groups or () if group.settings.optimizer == optimizer]
    order = [name for group in groups for name in group.params]
    return {name: state[number] for number, name in enumerate(order) if number in state}


def assert_equal(one: nn.Module, other: nn.Module) -> None:
    for (name, a), (_, b) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        assert torch.equal(a, b), name


def compiled(optimizer: str, rules: str, model: nn.Module) -> lrspec.Plan:
    return lrspec.compile(lrspec.loads(f"lrspec: 1\n{optimizer}\nrules:{rules}"), model)


@pytest.mark.parametrize("described", ONE.values(), ids=ONE)
def test_resuming_with_other_groups_is_moving_the_state_by_hand(described: str, tmp_path: Path) -> None:
    model = built()
    before, after = (compiled(f"optimizer: {{{described}}}", rules, model) for rules in (BEFORE, AFTER))
    optimizer = lrspec.build_optimizer(before, model)
    train(model, [optimizer], 0)
    saved, weights = through_a_file((optimizer.state_dict(), model.state_dict()), tmp_path)

    resumed, moved = built(), built()
    for each in (resumed, moved):
        each.load_state_dict(weights)
    loaded, hand = lrspec.build_optimizer(after, resumed), lrspec.build_optimizer(after, moved)
    report = lrspec.load_optimizer_state(loaded, saved, after)
    by_hand(hand, named(moved), numbered(before, saved["state"]))
    train(resumed, [loaded], STEPS)
    train(moved, [hand], STEPS)

    assert_equal(resumed, moved)
    assert (len(report.kept), report.new, report.dropped) == (20, (), ())
    assert [group.params for group in before.groups or ()] != [group.params for group in after.groups or ()]
    assert any(not torch.equal(parameter, weights[name]) for name, parameter in resumed.named_parameters())


def test_resuming_by_position_mixes_up_states_that_resuming_by_name_keeps_apart(tmp_path: Path) -> None:
    """What this is for: as many groups of as many parameters, in another order, and torch sees nothing."""
    a, b = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
    model, turned = nn.ModuleDict({"a": a, "b": b}), nn.ModuleDict({"b": b, "a": a})
    rules = "\n  - {name: one, match: '^a', lr_mult: 1}\n  - {name: two, match: '^b', lr_mult: 2}"
    plan = compiled("optimizer: {type: SGD, lr: 0.1, momentum: 0.9}", rules, model)
    optimizer = lrspec.build_optimizer(plan, model)
    a.weight.grad, b.weight.grad = torch.zeros(3, 3), torch.ones(3, 3)
    optimizer.step()
    saved = through_a_file(optimizer.state_dict(), tmp_path)

    after = lrspec.compile(plan.file, turned)
    by_position, by_name = lrspec.build_optimizer(after, turned), lrspec.build_optimizer(after, turned)
    by_position.load_state_dict(saved)
    lrspec.load_optimizer_state(by_name, saved, after)
    assert torch.equal(by_position.state[a.weight]["momentum_buffer"], torch.ones(3, 3))
    assert torch.equal(by_name.state[a.weight]["momentum_buffer"], torch.zeros(3, 3))


SEVERAL = """optimizers:
  adamw: {type: AdamW, lr: 1e-2, weight_decay: 0.1}
  muon: {type: Muon, lr: 2e-2, weight_decay: 0.1, momentum: 0.9}"""
SPLIT = r"""
  - {name: matrices, match: '^blocks\..*weight$', where: {ndim: 2}, optimizer: muon}
  - {name: all, match: '^.+$', lr_mult: 1}
"""
SPLIT_OTHERWISE = r"""
  - {name: matrices, match: '^blocks\.[12].*weight$', where: {ndim: 2}, optimizer: muon}
  - {name: depth, layers: ['^embed\.', '^blocks\.(\d+)\.', '^head\.bias$'], layer_decay: 0.5}
  - {name: no-decay, where: {ndim: 1}, weight_decay: 0}
"""


@pytest.mark.parametrize("merged", ["one each", "merged", "merged and flat"])
def test_several_optimizers_resume_by_hand_and_what_has_moved_begins_anew(merged: str, tmp_path: Path) -> None:
    model = built()
    before, after = (compiled(SEVERAL, rules, model) for rules in (SPLIT, SPLIT_OTHERWISE))
    optimizers = lrspec.build_optimizers(before, model)
    train(model, list(optimizers.values()), 0)
    each = {name: optimizer.state_dict() for name, optimizer in optimizers.items()}
    options = StateDictOptions(flatten_optimizer_state_dict=merged == "merged and flat")
    together = get_optimizer_state_dict(model, tuple(optimizers.values()), options=options)
    saved, weights = through_a_file((each if merged == "one each" else together, model.state_dict()), tmp_path)

    resumed, moved = built(), built()
    for one in (resumed, moved):
        one.load_state_dict(weights)
    loaded, hand = lrspec.build_optimizers(after, resumed), lrspec.build_optimizers(after, moved)
    report = lrspec.load_optimizer_state(loaded, saved, after)
    for name, optimizer in hand.items():
        by_hand(optimizer, named(moved), numbered(before, each[name]["state"], name))
    train(resumed, list(loaded.values()), STEPS)
    train(moved, list(hand.values()), STEPS)

    assert_equal(resumed, moved)
    gone = ("blocks.0.up.weight", "blocks.0.down.weight")
    assert set(report.new) == set(report.dropped) == set(gone)
    assert set(report.reasons.values()) == {
        "AdamW trains it now, which has no adjust_lr_fn, momentum, ns_coefficients, ns_steps"
    }
    assert len(report.kept) == 18


SCHEDULES: dict[str, Callable[[Optimizer, lrspec.Plan, int], LRScheduler]] = {
    "LambdaLR": lambda o, _, last: lr_scheduler.LambdaLR(o, lambda step: 1 / (1 + step), last_epoch=last),
    "CosineAnnealingLR": lambda o, _, last: lr_scheduler.CosineAnnealingLR(o, 3 * STEPS, last_epoch=last),
    "StepLR": lambda o, _, last: lr_scheduler.StepLR(o, 4, gamma=0.5, last_epoch=last),
    "ExponentialLR": lambda o, _, last: lr_scheduler.ExponentialLR(o, 0.9, last_epoch=last),
    "LinearLR": lambda o, _, last: lr_scheduler.LinearLR(o, 0.1, total_iters=15, last_epoch=last),
    "OneCycleLR": lambda o, plan, last: lr_scheduler.OneCycleLR(
        o, plan.rates(o), total_steps=3 * STEPS, last_epoch=last
    ),
}


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step\\(\\)` before")
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_a_schedule_goes_on_from_the_specs_rates(schedule: Any, tmp_path: Path) -> None:
    model = built()
    described = "optimizer: {type: AdamW, lr: 1e-2, weight_decay: 0.1}"
    before, after = compiled(described, BEFORE, model), compiled(described.replace("1e-2", "3e-2"), AFTER, model)
    optimizer = lrspec.build_optimizer(before, model)
    scheduler = schedule(optimizer, before, -1)
    train(model, [optimizer], 0)
    for _ in range(STEPS):
        scheduler.step()
    saved = through_a_file(optimizer.state_dict(), tmp_path)
    never_stopped = lrspec.build_optimizer(after, model)
    wanted = schedule(never_stopped, after, -1)
    for _ in range(STEPS):
        wanted.step()

    resumed = lrspec.build_optimizer(after, model)
    lrspec.load_optimizer_state(resumed, saved, after)
    goes_on = schedule(resumed, after, scheduler.last_epoch - 1)
    for _ in range(STEPS):
        assert goes_on.last_epoch == wanted.last_epoch
        assert [group["lr"] for group in resumed.param_groups] == pytest.approx(
            [group["lr"] for group in never_stopped.param_groups], rel=1e-12, abs=0
        )
        assert [group["betas"] for group in resumed.param_groups] == [g["betas"] for g in never_stopped.param_groups]
        goes_on.step()
        wanted.step()


def test_a_scheduler_of_timms_starts_from_the_specs_rates_after_resuming() -> None:
    model = built()
    before, after = (compiled(f"optimizer: {{{ONE['AdamW']}}}", rules, model) for rules in (BEFORE, AFTER))
    optimizer = lrspec.build_optimizer(before, model)
    train(model, [optimizer], 0)
    CosineLRScheduler(optimizer, t_initial=30).step(STEPS)
    resumed = lrspec.build_optimizer(after, model)
    lrspec.load_optimizer_state(resumed, optimizer.state_dict(), after)
    scheduler = CosineLRScheduler(resumed, t_initial=30)
    assert scheduler.base_values == after.rates(resumed)
    scheduler.step(STEPS)
    assert [group["lr"] for group in resumed.param_groups] == pytest.approx([0.75 * r for r in scheduler.base_values])


@pytest.mark.usefixtures("one_process")
@pytest.mark.filterwarnings(
    "ignore:FSDP2-wrapped module .* returned a view tensor"
)  # any nn.Linear of 3 dimensions does
@pytest.mark.parametrize("name", ["AdamW", "SGD", "Adafactor"])
def test_whole_tensors_become_shards_where_the_parameters_are_and_whole_again_where_not(name: str) -> None:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard
    from torch.distributed.tensor import DTensor

    plain, sharded, again = built(), built(), built()
    before, after = (compiled(f"optimizer: {{{ONE[name]}}}", rules, plain) for rules in (BEFORE, AFTER))
    optimizer = lrspec.build_optimizer(before, plain)
    train(plain, [optimizer], 0)
    for each in (sharded, again):
        each.load_state_dict(plain.state_dict())
    fully_shard(sharded, mesh=init_device_mesh("cpu", (1,)))
    shards, whole = lrspec.build_optimizer(after, sharded), lrspec.build_optimizer(before, again)

    lrspec.load_optimizer_state(shards, optimizer.state_dict(), after)
    assert all(isinstance(value, DTensor) for value in tensors(shards) if value.dim())
    lrspec.load_optimizer_state(whole, shards.state_dict(), before)
    assert all(torch.equal(a, b) for a, b in zip(tensors(whole), tensors(optimizer), strict=True))
    if name != "Adafactor":  # torch's own fails on shards
        train(sharded, [shards], STEPS)
    train(plain, [optimizer], STEPS)
    train(again, [whole], STEPS)
    assert_equal(again, plain)


def tensors(optimizer: Optimizer) -> list[Tensor]:
    return [value for state in optimizer.state.values() for value in state.values()]


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated:UserWarning")  # torch 2.10 saves checkpoints with it
@pytest.mark.usefixtures("one_process")
def test_a_state_that_torch_distributed_has_read_in_part_is_refused(tmp_path: Path) -> None:
    """Seven groups were saved and four are read, without a word: the others would lose their state."""
    model = built()
    before, after = (compiled(f"optimizer: {{{ONE['AdamW']}}}", rules, model) for rules in (AFTER, BEFORE))
    optimizer = lrspec.build_optimizer(before, model)
    train(model, [optimizer], 0)
    save({"optimizer": get_optimizer_state_dict(model, optimizer)}, checkpoint_id=tmp_path)

    model.zero_grad()  # while there are gradients, torch gives a new optimizer no states to read into
    resumed = lrspec.build_optimizer(after, model)
    state = {"optimizer": get_optimizer_state_dict(model, resumed)}
    load(state, checkpoint_id=tmp_path)
    with pytest.raises(lrspec.ResumeError, match=r"but no group with them: it was read in part\nSave and read it flat"):
        lrspec.load_optimizer_state(resumed, state["optimizer"], after)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated:UserWarning")  # torch 2.10 saves checkpoints with it
@pytest.mark.usefixtures("one_process")
def test_in_a_flat_checkpoint_the_state_of_new_parameters_is_left_out_before_reading(tmp_path: Path) -> None:
    options = StateDictOptions(flatten_optimizer_state_dict=True)
    model = built()
    freezing = BEFORE + "  - {name: frozen, match: '^blocks\\.1\\.up\\.', freeze: true}\n"
    frozen = compiled(f"optimizer: {{{ONE['AdamW']}}}\ncheck: {{overlapping-rules: ignore}}", freezing, model)
    optimizer = lrspec.build_optimizer(frozen, model, freeze=True)
    train(model, [optimizer], 0)
    save({"optimizer": get_optimizer_state_dict(model, optimizer, options=options)}, checkpoint_id=tmp_path)

    model.requires_grad_(True).zero_grad()
    after = compiled(f"optimizer: {{{ONE['AdamW']}}}", AFTER, model)
    resumed = lrspec.build_optimizer(after, model)
    saved = FileSystemReader(tmp_path).read_metadata().state_dict_metadata
    whole = get_optimizer_state_dict(model, resumed, options=options)
    there = {key: value for key, value in whole.items() if f"optimizer.{key}" in saved}
    load({"optimizer": there}, checkpoint_id=tmp_path)
    report = lrspec.load_optimizer_state(resumed, there, after)
    assert report.new == ("blocks.1.up.weight", "blocks.1.up.bias")
    assert len(report.kept) == 18
    assert all(torch.equal(optimizer.state[p]["exp_avg"], resumed.state[p]["exp_avg"]) for p in optimizer.state)

"""Scripts in which models and optimizers are wrapped, sharded, adapted or prepared by a trainer: LRS501 to LRS504."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import distributed, nn
from torch.optim import SGD, AdamW

from tests.audit.cases import Script, mistake, right, slow


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))


def in_a_process_group(script: Script) -> Script:
    """Let a script run in a process group of this process alone."""

    @functools.wraps(script)
    def run() -> tuple[Any, ...]:
        store: Any = vars(distributed)["HashStore"]()
        distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
        try:
            return script()
        finally:
            distributed.destroy_process_group()

    return run


def shard(model: nn.Module) -> Any:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    return fully_shard(model, mesh=init_device_mesh("cpu", (1,)))


ALL = "0.weight 0.bias 1.weight 1.bias 2.weight 2.bias"


@mistake("LRS504", ALL, "sharding")
@in_a_process_group
def a_model_is_sharded_after_the_optimizer() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    shard(model)
    return model, optimizer


@right
@in_a_process_group
def a_model_is_sharded_before_the_optimizer() -> tuple[Any, ...]:
    model = shard(net())
    return model, AdamW(model.parameters())


@mistake("LRS501", "2.weight 2.bias", "add_param_group")
@in_a_process_group
def the_head_is_in_no_group_under_ddp() -> tuple[Any, ...]:
    from torch.nn.parallel import DistributedDataParallel

    model = net()
    optimizer = SGD([*model[0].parameters(), *model[1].parameters()], lr=0.1)
    return DistributedDataParallel(model), optimizer


@right
@in_a_process_group
def under_ddp() -> tuple[Any, ...]:
    from torch.nn.parallel import DistributedDataParallel

    model = DistributedDataParallel(net())
    return model, AdamW(model.parameters())


@right
@in_a_process_group
def zero_steps_a_part_on_each_process() -> tuple[Any, ...]:
    from torch.distributed.optim import ZeroRedundancyOptimizer

    model = net()
    stem, rest = list(model[0].parameters()), list(model[1:].parameters())
    groups = [{"params": stem, "lr": 1e-4}, {"params": rest, "lr": 1e-3}]
    return model, ZeroRedundancyOptimizer(groups, AdamW, lr=1e-3)


@mistake("LRS501", "1.weight 1.bias", "add_param_group")
@in_a_process_group
def zero_lacks_the_norm() -> tuple[Any, ...]:
    from torch.distributed.optim import ZeroRedundancyOptimizer

    model = net()
    return model, ZeroRedundancyOptimizer([*model[0].parameters(), *model[2].parameters()], AdamW, lr=1e-3)


@right
def under_data_parallel() -> tuple[Any, ...]:
    model = nn.DataParallel(net())
    return model, AdamW(model.parameters())


@right
def compiled() -> tuple[Any, ...]:
    model: Any = torch.compile(net(), backend="eager")
    return model, AdamW(model.parameters())


@mistake("LRS501", "0.weight 0.bias 1.weight 1.bias", "add_param_group")
def only_the_head_of_a_compiled_model() -> tuple[Any, ...]:
    model = net()
    return torch.compile(model, backend="eager"), AdamW(model[2].parameters())


@right
def compiled_after_the_optimizer() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    return torch.compile(model, backend="eager"), optimizer


@right
def activations_are_checkpointed() -> tuple[Any, ...]:
    from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper

    model = net()
    optimizer = AdamW(model.parameters())
    model[0] = checkpoint_wrapper(model[0])
    return model, optimizer


def prepared(*things: Any) -> Any:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, GradientState, PartialState

    result = Accelerator(cpu=True).prepare(*things)
    for state in (AcceleratorState, GradientState, PartialState):
        vars(state)["_reset_state"]()
    return result


@right
def accelerate_has_prepared_all() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    return tuple(prepared(model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)))


@mistake("LRS504", "2.weight 2.bias", "Build the optimizer last")
def a_head_is_replaced_before_accelerate_prepares() -> tuple[Any, ...]:
    model = net()
    optimizer = AdamW(model.parameters())
    model[2] = nn.Linear(4, 2)
    return tuple(prepared(model, optimizer))


@right
@slow
def mmengine_wraps_the_optimizer() -> tuple[Any, ...]:
    from mmengine.optim import OptimWrapper

    model = nn.ModuleDict({"generator": nn.Linear(2, 3), "discriminator": nn.Linear(3, 1)})
    return model, {name: OptimWrapper(optimizer=SGD(part.parameters(), lr=0.1)) for name, part in model.items()}


class Lightning:
    """A module of Lightning with two optimizers."""

    def __new__(cls) -> Any:
        import lightning

        class Module(lightning.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.automatic_optimization = False
                self.encoder, self.decoder = nn.Linear(3, 4), nn.Linear(4, 3)

            def configure_optimizers(self) -> Any:
                return [AdamW(self.encoder.parameters()), SGD(self.decoder.parameters(), lr=0.1)]

        return Module()


@right
def lightning_has_two_optimizers() -> tuple[Any, ...]:
    module = Lightning()
    return module, module.configure_optimizers()


@right
def lightning_wraps_optimizers() -> tuple[Any, ...]:
    from lightning.pytorch.core.optimizer import LightningOptimizer

    module = Lightning()
    return module, [LightningOptimizer(optimizer) for optimizer in module.configure_optimizers()]


# ------------------------------------------------------------------------------------------- adapters


class Language(nn.Module):
    """A model whose parts have the names that adapters are made for."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.lm_head = nn.Linear(4, 4), nn.Linear(4, 6)


def adapted(**config: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    model: Any = Language()
    return get_peft_model(model, LoraConfig(r=1, target_modules=["q_proj"], **config))


class Multimodal(nn.Module):
    """A vision tower beside a language model with adapters."""

    def __init__(self) -> None:
        super().__init__()
        self.vision, self.projector = nn.Linear(3, 4), nn.Linear(4, 4)
        self.language = adapted()


LORA = "base_model.model.q_proj.lora_"


@mistake("LRS501", f"{LORA}A.default.weight {LORA}B.default.weight", "add_param_group")
def adapters_are_made_after_the_optimizer() -> tuple[Any, ...]:
    from peft import LoraConfig, get_peft_model

    model: Any = Language()
    optimizer = AdamW(model.parameters())
    return get_peft_model(model, LoraConfig(r=1, target_modules=["q_proj"])), optimizer


@mistake("LRS503", "vision.weight vision.bias", "leave them out")
def a_frozen_tower_beside_adapters_is_given_to_the_optimizer() -> tuple[Any, ...]:
    model = Multimodal()
    model.vision.requires_grad_(False)
    return model, AdamW(model.parameters())


@right
def a_frozen_tower_beside_adapters_is_left_out() -> tuple[Any, ...]:
    model = Multimodal()
    model.vision.requires_grad_(False)
    return model, AdamW([*model.projector.parameters(), *model.language.parameters()])


@right
def all_parameters_of_a_model_with_adapters() -> tuple[Any, ...]:
    model = adapted()
    return model, AdamW(model.parameters())


@right
def all_parameters_of_a_model_with_adapters_and_a_saved_head() -> tuple[Any, ...]:
    model = adapted(modules_to_save=["lm_head"])
    return model, AdamW(model.parameters())


@right
def all_parameters_of_a_model_with_two_adapters() -> tuple[Any, ...]:
    from peft import LoraConfig

    model = adapted()
    model.add_adapter("other", LoraConfig(r=2, target_modules=["q_proj"]))
    return model, AdamW(model.parameters())


@right
def all_parameters_of_a_model_with_injected_adapters() -> tuple[Any, ...]:
    from peft import LoraConfig, inject_adapter_in_model

    model = inject_adapter_in_model(LoraConfig(r=1, target_modules=["q_proj"]), Language())
    return model, AdamW(model.parameters())


@right
def adapters_alone() -> tuple[Any, ...]:
    model = adapted()
    return model, AdamW([parameter for parameter in model.parameters() if parameter.requires_grad])

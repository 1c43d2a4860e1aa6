"""Trains by a spec in three trainers, or in one, then resumes their checkpoints with other specs.

    train_use.py [one|ddp|fsdp2|shards|zero2|zero3] FOLDER

Prints the plan's rates and those of each step, as JSON, a line for each run, or why it is refused. `shards` is FSDP2
that saves shards.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from accelerate import DistributedType, PartialState
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import CosineSimilarityLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, pre_tokenizers
from trl import SFTConfig, SFTTrainer

import lrspec
from lrspec.trainers.transformers import use

STEPS, ROWS, TOKENS = 4, 32, 64
SHARDED = ("fsdp2", "shards")
LAYERS = {"name": "depth", "layers": [r"embeddings|embed_tokens", r"\.layers?\.(\d+)\.", r"pooler|\.norm\.|lm_head"]}
SPEC: dict[str, Any] = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 0.01, "weight_decay": 0.1},
    "rules": [LAYERS | {"layer_decay": 0.5}, {"name": "no-decay", "where": {"ndim": 1}, "weight_decay": 0}],
}
EDITED = SPEC | {
    "optimizer": {"type": "AdamW", "lr": 0.02, "weight_decay": 0.1},
    "rules": [LAYERS | {"layer_decay": 0.25}],
}


RATES = SPEC | {"optimizer": {"type": "AdamW", "lr": 0.02, "weight_decay": 0.2}}
FINER = SPEC | {"rules": [*SPEC["rules"], {"name": "mlp", "match": r"\.mlp\.", "weight_decay": 0.05}]}
SIZES = {
    "vocab_size": TOKENS,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
}


class Record(transformers.TrainerCallback):  # type: ignore[misc]
    """Records the optimizer's rates at the beginning of each step, and the moments before the first and at the end."""

    def __init__(self) -> None:
        self.rates: list[dict[str, float]] = []
        self.moments: list[dict[str, float]] = []

    def on_step_begin(self, *_: Any, optimizer: torch.optim.Optimizer, **others: Any) -> None:
        self.rates.append({group["name"]: group["lr"] for group in optimizer.param_groups})

    def on_train_begin(self, *_: Any, optimizer: torch.optim.Optimizer, model: torch.nn.Module, **others: Any) -> None:
        moments = {
            name: optimizer.state[tensor]["exp_avg"]
            for name, tensor in model.named_parameters()
            if tensor in optimizer.state
        }
        self.moments.append({name: float(whole(moment).abs().sum()) for name, moment in moments.items()})

    on_train_end = on_train_begin


def whole(tensor: Any) -> torch.Tensor:
    found: torch.Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return found


def arguments(cls: Any, folder: str, steps: int, how: str, layer: str = "LlamaDecoderLayer") -> Any:
    kind = "FULL_STATE_DICT" if how == "fsdp2" else "SHARDED_STATE_DICT"
    fsdp = {"version": 2, "transformer_layer_cls_to_wrap": [layer], "state_dict_type": kind}
    zero = (
        {"train_micro_batch_size_per_gpu": "auto", "zero_optimization": {"stage": int(how[-1])}}
        if "zero" in how
        else None
    )
    made = cls(
        folder,
        max_steps=steps,
        per_device_train_batch_size=2,
        use_cpu=True,
        report_to="none",
        save_steps=STEPS,
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        deepspeed=zero,
        **({"fsdp": True, "fsdp_config": fsdp} if how in SHARDED else {}),
    )
    if how in SHARDED:  # accelerate would not shard on a CPU
        PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    return made


def llama() -> Any:
    torch.manual_seed(0)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES))


def tokenizer() -> Any:
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"t{number}" for number in range(4, TOKENS))]
    words = Tokenizer(models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "eos_token": "[SEP]"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, **special)


def save_bert(folder: Path) -> None:
    torch.manual_seed(0)
    transformers.BertModel(transformers.BertConfig(**SIZES)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)


def tokens() -> Any:
    return torch.randint(4, TOKENS, (ROWS, 12), generator=torch.Generator().manual_seed(0)).tolist()


def plain(folder: str, steps: int, how: str) -> Any:
    rows = [{"input_ids": row, "labels": row} for row in tokens()]
    chosen = arguments(transformers.TrainingArguments, folder, steps, how)
    return transformers.Trainer(llama(), chosen, train_dataset=rows)


def sft(folder: str, steps: int, how: str) -> Any:
    rows = Dataset.from_list([{"input_ids": row} for row in tokens()])
    chosen = arguments(SFTConfig, folder, steps, how)
    return SFTTrainer(llama(), args=chosen, train_dataset=rows, processing_class=tokenizer())


def sentences(folder: str, steps: int, how: str) -> Any:
    first = [f"t{number}" for number in range(4, 4 + ROWS)]
    pairs = {"a": first, "b": first[::-1]}
    rows = Dataset.from_dict(pairs | {"score": [number / ROWS for number in range(ROWS)]})
    chosen = arguments(SentenceTransformerTrainingArguments, folder, steps, how, "BertLayer")
    bert = Path(folder).parent / "bert"
    if PartialState().is_main_process:
        save_bert(bert)
    PartialState().wait_for_everyone()
    model = SentenceTransformer(modules=[Transformer(str(bert)), Pooling(16)], device="cpu")
    return SentenceTransformerTrainer(model, args=chosen, train_dataset=rows, loss=CosineSimilarityLoss(model))


TRAINERS: dict[str, Callable[[str, int, str], Any]] = {"plain": plain, "sft": sft, "sentences": sentences}
RESUMED = {"shards": [EDITED, FINER], "zero2": [RATES, EDITED], "zero3": [RATES, EDITED]}
"""What the plain trainer alone is resumed with."""


def train(trainer: Any, spec: Any, checkpoint: str | None = None) -> dict[str, Any]:
    """Train by a spec, and return the rates of the plan, and those of each step."""
    record = Record()
    trainer.add_callback(record)
    plan = use(trainer, spec)
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
    except lrspec.ResumeError as error:
        return {"refused": str(error)}
    plan_rates = {group.name: group.settings.lr for group in plan.groups or ()}
    decays = sorted({group["weight_decay"] for group in trainer.optimizer.param_groups})
    steps = sorted({int(state["step"]) for state in trainer.optimizer.state.values()})
    sharded = all(hasattr(tensor, "placements") for tensor in trainer.model.parameters())
    ran = {"rates": record.rates, "moments": record.moments, "steps": steps, "decays": decays}
    return {"plan": plan_rates, "sharded": sharded, **ran}


def runs(name: str, how: str, folder: str) -> Iterator[dict[str, Any]]:
    """Train half of a run by a spec, and resume with edited ones."""
    trainer = TRAINERS[name](folder, STEPS, how)
    saves = (name, how) != ("sentences", "fsdp2")  # sentence-transformers 6.2 does not save shards
    trainer.args.save_strategy = trainer.args.save_strategy if saves else "no"
    yield train(trainer, SPEC)
    for spec in RESUMED.get(how, [EDITED]) if saves else []:
        yield train(TRAINERS[name](folder, 2 * STEPS, how), spec, str(Path(folder, f"checkpoint-{STEPS}")))


def main() -> None:
    """Run all three, or one, and print in the first process."""
    how, folder = sys.argv[1:]
    for name in ["plain"] if how in RESUMED else TRAINERS:
        for run in runs(name, how, str(Path(folder, name))):
            if not torch.distributed.is_initialized() or torch.distributed.get_rank() == 0:
                print(json.dumps(run))
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()

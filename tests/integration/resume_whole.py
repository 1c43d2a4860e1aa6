"""What examples/resume_fsdp2.py does, with whole tensors in one file: each process takes its shards of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from resume_fsdp2 import EDITED, begin, show, train
from small_vit import SPEC, STEPS, gathered
from torch import distributed
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
)
from train_fsdp2 import whole

import lrspec

WHOLE = StateDictOptions(full_state_dict=True)


def main() -> None:
    distributed.init_process_group("gloo")
    path = Path(gathered(tempfile.mkdtemp())[0], "checkpoint.pt")
    model, plan, optimizer = begin(SPEC)
    train(model, optimizer, 0)
    state = (get_model_state_dict(model, options=WHOLE), get_optimizer_state_dict(model, optimizer, options=WHOLE))
    if distributed.get_rank() == 0:
        torch.save(state, path)
    distributed.barrier()

    weights, saved = torch.load(path, weights_only=True)
    model, edited, optimizer = begin(EDITED)
    set_model_state_dict(model, weights, options=WHOLE)
    resumed = lrspec.load_optimizer_state(optimizer, saved, edited)
    train(model, optimizer, STEPS)
    show(resumed, [len(each.groups or ()) for each in (plan, edited)], whole(model))
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()

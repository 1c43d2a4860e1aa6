"""What an audit calls the embeddings and heads that Muon steps."""

from __future__ import annotations

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from lrspec.auditing.audit import audit

WTE, WPE, HEAD = "transformer.wte.weight", "transformer.wpe.weight", "lm_head.weight"


@pytest.mark.parametrize(
    ("names", "tied", "words"),
    [
        ([WTE], True, "an embedding that is also the head, is stepped by Muon (group 0)"),
        ([WTE, WPE], True, "embeddings, one of which is also the head, are stepped by Muon (group 0 and group 1)"),
        ([WPE], True, "an embedding, is stepped by Muon (group 0)"),
        ([WTE, WPE], False, "embeddings, are stepped by Muon (group 0 and group 1)"),
        ([HEAD], False, "a head, is stepped by Muon (group 0)"),
        ([WTE, HEAD], False, "an embedding and a head, are stepped by Muon (group 0 and group 1)"),
        ([WTE, WPE, HEAD], False, "embeddings and a head, are stepped by Muon (group 0, group 1 and group 2)"),
    ],
)
def test_embeddings_and_heads_are_told_apart(names: list[str], tied: bool, words: str) -> None:
    config = GPT2Config(vocab_size=9, n_positions=4, n_embd=4, n_layer=1, n_head=1, tie_word_embeddings=tied)
    model = GPT2LMHeadModel(config)
    muon = torch.optim.Muon([{"params": [model.get_parameter(name)]} for name in names])
    (found,) = audit(muon, model, ignore=["parameter-in-no-group"]).diagnostics
    assert f" elements), {words}: it makes " in found.message

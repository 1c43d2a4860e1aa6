"""What a function of the user's returns is read, and what it does wrong is said in words, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrspec.drafting.live.read import read
from lrspec.models.sources.model_error import ModelError
from lrspec.models.sources.script import from_script

TRAIN = """
import torch
from torch import nn

def build():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    groups = [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[1].parameters()}]
    return model, torch.optim.SGD(groups, lr=1.0)

def scheduled():
    model, optimizer = build()
    return model, optimizer, torch.optim.lr_scheduler.LinearLR(optimizer)

def several():
    model = build()[0]
    return model, [torch.optim.AdamW(model[0].parameters()), torch.optim.SGD(model[1].parameters(), lr=1.0)]

def fails():
    raise KeyError("missing")

def leaves():
    raise SystemExit(2)

def asks():
    input("which? ")

def needs(config): ...

def forgets():
    return build()[0]

def swaps():
    return build()[::-1]

def names_a_rate():
    return build()[0], 0.1

def too_many():
    return (*scheduled(), 1)

def sets_no_rate():
    model, optimizer = build()
    optimizer.param_groups[0]["lr"] = None
    return model, optimizer

def prints():
    print("\\x1b[2Jbuilding")
    return build()

constant, made = 3, nn.Linear(2, 2)
"""


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"train_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(TRAIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return name


@pytest.mark.parametrize("function", ["build", "scheduled"])
@pytest.mark.parametrize("ending", ["", ".py"])
def test_a_model_and_its_optimizer_are_read(train: str, function: str, ending: str) -> None:
    wanted = from_script(f"py:{train}{ending}:{function}", read).wanted
    assert [settings and settings.lr for settings in wanted.settings] == [0.1, 0.1, 1.0, 1.0]
    assert wanted.bases["optimizer"].type == "SGD"


def test_a_list_of_optimizers_is_named_after_their_classes(train: str) -> None:
    assert list(from_script(f"py:{train}:several", read).wanted.bases) == ["adamw", "sgd"]


def test_what_the_function_prints_is_shown_harmlessly(train: str, capsys: pytest.CaptureFixture[str]) -> None:
    from_script(f"py:{train}:prints", read)
    assert capsys.readouterr() == ("", "\\x1b[2Jbuilding\n")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("fails", "cannot be run: KeyError: 'missing' ({train}.py:19, in fails)"),
        ("leaves", "cannot be run: SystemExit: 2 ({train}.py:22, in leaves)"),
        ("asks", "would read standard input"),
        ("needs", "cannot be run: TypeError: needs() missing 1 required positional argument: 'config'"),
        ("forgets", "expected (model, optimizer) or (model, optimizer, scheduler) from the function, found Sequential"),
        ("swaps", "expected a model (torch.nn.Module), found SGD"),
        ("names_a_rate", "expected an optimizer (torch.optim.Optimizer), found float"),
        ("too_many", "(model, optimizer, scheduler) from the function, found tuple of 4 items"),
        ("sets_no_rate", "group 0 has no learning rate, and a spec needs one (SGD)"),
        ("constant", "expected a class or a function that returns (model, optimizer) or (model, optimizer, scheduler)"),
        ("made", "already a model (Linear): name a function that returns (model, optimizer) or"),
        ("biuld", "did you mean `build`?"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(train: str, function: str, said: str) -> None:
    with pytest.raises(ModelError) as failure:
        from_script(f"py:{train}:{function}", read)
    assert said.format(train=train) in str(failure.value)
    assert str(failure.value).startswith(f"py:{train}:{function}")
    assert "\n" not in str(failure.value)


NO_FUNCTIONS = ["resnet18", "timm:resnet18", "train.py:build", "py:train.py", "py:train.py:", "py::", "py:"]


@pytest.mark.parametrize("source", NO_FUNCTIONS)
def test_only_a_function_has_an_optimizer(source: str) -> None:
    with pytest.raises(ModelError, match=r"expected py:package.module:function, or py:FILE.py:function"):
        from_script(source, read)

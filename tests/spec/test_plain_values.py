"""Specs as mappings of plain values: the same language, read as the JSON that they would be written as."""

from __future__ import annotations

import enum
import json
import re
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import DictConfig, ListConfig, OmegaConf
from torch import nn

import lrspec

MODEL = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
SPEC = {
    "lrspec": 1,
    "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.1, "betas": (0.9, 0.95)},
    "rules": [
        {"name": "ladder", "layers": [r"^(\d)\."], "layer_decay": 0.5},
        {"name": "no-decay", "where": {"ndim": [0, 1]}, "weight_decay": 0, "optional": True},
    ],
}


def rule(**keys: Any) -> dict[str, Any]:
    return {"lrspec": 1, "rules": [{"name": "all", "match": "^[01]", "lr": 1e-3, **keys}]}


def refused(spec: Mapping[str, Any]) -> lrspec.SpecError:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.compile(spec, MODEL)
    return caught.value


def test_every_call_takes_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "a.lrspec.json"
    path.write_text(json.dumps(SPEC))
    plan = lrspec.compile(path, MODEL)
    for source in (SPEC, MappingProxyType(SPEC), OrderedDict(SPEC), lrspec.load(SPEC)):
        assert lrspec.compile(source, MODEL).groups == plan.groups
    assert lrspec.check(SPEC, MODEL) == []
    assert repr(lrspec.param_groups(SPEC, MODEL, lr=1)) == repr(lrspec.param_groups(path, MODEL, lr=1))
    optimizer = lrspec.build_optimizer(SPEC, MODEL)
    assert plan.verify(optimizer, MODEL) == []
    assert optimizer.defaults["betas"] == (0.9, 0.95)
    assert list(lrspec.build_optimizers(SPEC, MODEL)) == ["optimizer"]


def test_a_mapping_is_read_as_the_json_that_it_would_be_written_as() -> None:
    file = lrspec.load(SPEC)
    text = json.dumps(SPEC, indent=2)
    assert (file.path, file.document.text.content) == ("<mapping>", text)
    assert file.document.sha256 == lrspec.loads(text, "json").document.sha256
    assert repr(file) == "<SpecFile: 2 rules of <mapping>>"
    plan = lrspec.compile(file, MODEL).to_dict()
    assert plan["spec"]["path"] == "<mapping>"
    assert lrspec.load({**rule(), "check": {}}).document.text.piece(file.document.span(("lrspec",))) == "1"


def test_text_of_other_scripts_is_escaped_as_the_standard_library_does() -> None:
    document = lrspec.load(rule(match="^[01]|é🗝")).document
    assert document.text.content == json.dumps(rule(match="^[01]|é🗝"), indent=2)
    assert document.value["rules"][0]["match"] == "^[01]|é🗝"
    assert r'"na\u00efve": "\u00e9"' in str(refused(rule(naïve="é")))


def test_a_mapping_can_be_overridden() -> None:
    changed = lrspec.load(SPEC).override({"rules.ladder.layer_decay": 0.9})
    assert changed.spec.rules[0].layer_decay == 0.9
    assert lrspec.compile(changed, MODEL).to_dict()["spec"]["overrides"] == {"rules.ladder.layer_decay": 0.9}


REPORT = """<mapping>:6:16: error LRS104 invalid-value: rules[0].match: expected a string, found 5
   |
 6 |       "match": 5,
   |                ^
   = Put it in quotes.

<mapping>:7:13: error LRS104 invalid-value: rules[0].lr: expected a number, found the string '1e-3'
   |
 7 |       "lr": "1e-3",
   |             ^^^^^^
   = Write the number without quotes: 1e-3

<mapping>:8:7: error LRS103 unknown-key: rules[0].lrr: unknown key `lrr` in a rule: did you mean `lr`?
   |
 8 |       "lrr": 1
   |       ^^^^^
"""


def test_a_report_begins_its_messages_with_the_path() -> None:
    assert str(refused(rule(match=5, lr="1e-3", lrr=1))).startswith(REPORT)


def test_findings_about_a_model_have_paths_too(recwarn: pytest.WarningsRecorder) -> None:
    (unmatched,) = refused(rule(match="^0")).diagnostics
    assert unmatched.message.startswith("rules: no rule decides the learning rate of 2 trainable parameters")
    assert (unmatched.path, unmatched.line, unmatched.column) == ("<mapping>", 3, 3)
    lrspec.compile(rule(lr=3), MODEL)
    assert str(recwarn[0].message).startswith("<mapping>:7:13: warning LRS304 large-value: rules[0].lr: the learning ")


def test_findings_about_a_running_optimizer_have_paths_too() -> None:
    plan = lrspec.compile(rule(), MODEL)
    (found,) = plan.verify(torch.optim.SGD(MODEL.parameters(), lr=1), MODEL)
    assert (found.line, found.message.partition(": ")[0]) == (7, "rules[0].lr")


def test_messages_of_files_have_no_paths() -> None:
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.loads(json.dumps(rule(lr="1")), "json")
    assert caught.value.diagnostics[0].message.startswith("`lr`: expected a number")


def test_a_key_in_a_path_cannot_move_the_cursor() -> None:
    assert refused(rule(**{"\x1b": 1})).diagnostics[0].message.startswith("rules[0].\\x1b: unknown key `\\x1b`")


class Colour(enum.Enum):
    red = 1


class Whole(enum.IntEnum):
    one = 1


class Text(enum.StrEnum):
    all = "^[01]"


def test_numbers_and_text_of_subclasses_are_what_they_are_by_value() -> None:
    text = lrspec.load({"lrspec": Whole.one, "rules": [{"match": Text.all, "lr": Whole.one}]}).document.text.content
    assert text == '{\n  "lrspec": 1,\n  "rules": [\n    {\n      "match": "^[01]",\n      "lr": 1\n    }\n  ]\n}'


def test_numpys_numbers_and_text_of_pythons_classes_are_plain() -> None:
    plain = lrspec.load(rule(match="^[01]", lr=0.1, weight_decay=1.0)).document
    assert lrspec.load(rule(match=np.str_("^[01]"), lr=np.float64(0.1), weight_decay=np.float64(1))).document == plain


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.float32(1), "numpy.float32"),
        (np.int64(1), "numpy.int64"),
        (np.bool_(True), "numpy.bool"),
        (np.ones(2), "numpy.ndarray"),
        (torch.tensor(1.0), "torch.Tensor"),
        ({1}, "set"),
        (b"a", "bytes"),
        (1j, "complex"),
        (range(2), "range"),
        (Path("a"), "pathlib.PosixPath"),
        (Colour.red, f"{__name__}.Colour"),
        (lambda: 1, "function"),
        (torch.optim.SGD, "type"),
    ],
)
def test_other_values_are_a_type_error_with_the_path(value: Any, kind: str) -> None:
    expected = "expected a mapping, a list, text, a number, true or false, or None"
    for call in (lrspec.compile, lrspec.check, lrspec.build_optimizer, lrspec.param_groups):
        with pytest.raises(TypeError) as caught:
            call(rule(options={"eps": (1, value)}), MODEL)
        assert str(caught.value) == f"rules[0].options.eps[1]: {expected}, found {kind}"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"lrspec": 1, 2: 3}, "the mapping: expected text as keys, found 2 (int)"),
        (rule(options={None: 1}), "rules[0].options: expected text as keys, found None (NoneType)"),
        (rule(options={("\x1b",): 1}), r"rules[0].options: expected text as keys, found ('\x1b',) (tuple)"),
    ],
)
def test_other_keys_are_a_type_error_with_the_path(spec: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        lrspec.load(spec)
    assert str(caught.value) == message


@pytest.mark.parametrize("inside", ["a mapping", "a list"])
def test_what_contains_itself_is_a_type_error(inside: str) -> None:
    spec = rule(options={})
    spec["rules"][0]["options"]["a"] = spec["rules"][0]["options"] if inside == "a mapping" else spec["rules"]
    path = "rules[0].options.a"
    with pytest.raises(TypeError, match=rf"^{path}: it contains itself$".replace("[0]", r"\[0\]")):
        lrspec.load(spec)


def test_one_value_in_two_places_is_written_twice() -> None:
    options = {"eps": 0.5}
    rules = [{"match": "^0", "lr": 1, "options": options}, {"match": "^1", "lr": 1, "options": options}]
    assert lrspec.load({"lrspec": 1, "optimizer": {"type": "AdamW"}, "rules": rules}).spec.rules[1].options == options


@pytest.mark.parametrize(
    ("value", "found"),
    [(float("nan"), "nan"), (float("inf"), "inf"), (-float("inf"), "-inf"), (10**5000, "inf"), (-(10**400), "-inf")],
    ids=["nan", "inf", "-inf", "large", "-large"],
)
def test_a_number_that_is_not_finite_is_refused_as_in_a_file(value: float, found: str) -> None:
    (only,) = refused(rule(lr=value)).diagnostics
    assert (only.code, only.lines[0]) == ("LRS104", f"rules[0].lr: expected a finite number, found {found}")


def test_a_boolean_is_no_number() -> None:
    assert refused(rule(lr=True)).diagnostics[0].message.startswith("rules[0].lr: expected a number, found true")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def alias_bomb() -> Any:
    value: Any = ["x"]
    for _ in range(25):
        value = [value] * 40
    return value


DEEP = "models" + "[0]" * 31
TOO_MUCH = {
    "too deep": (nested(33), f"{DEEP}: nested more than 32 levels deep"),
    "much too deep": (nested(10_000), f"{DEEP}: nested more than 32 levels deep"),
    "too many": ([0] * 110_000, "models[99986]: more than 100,000 values"),
    "too long": ("x" * 2**20, "file too large: a spec may have at most 1,048,576 bytes"),
    "long text in many places": (["x" * 10**6] * 10**5, "file too large"),
    "long keys in many places": ([{"x" * 10**6: 1}] * 10**5, "file too large"),
    "lists in many places": (alias_bomb(), "file too large"),
    "half of a surrogate pair": ("\ud800", "models: unpaired surrogate"),
    "a half in a list": (["a: b", '"a": [', {"c": [], "d": [1, {}]}, ["\ud800"]], "models[3][0]: unpaired surrogate"),
    "a half in a key": ([[[1], {'a": ': [{}, {"\ud800": 1}]}]], 'models[0][1].a": [1].\\ud800: unpaired surrogate'),
    "a long key": ([{}, {"x" * 201: 1}], "models[1]: a key longer than 200 characters"),
    "a half under a long key": ({"x" * 201: [["\ud800"]]}, "models: unpaired surrogate"),
}


@pytest.mark.parametrize(("value", "message"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_limits_are_those_of_files(value: Any, message: str) -> None:
    assert any(found.message.startswith(message) for found in refused({**rule(), "models": value}).diagnostics)


def test_as_deep_as_a_file_may_be_is_deep_enough() -> None:
    found = refused({**rule(), "models": nested(31)}).diagnostics
    assert {each.code for each in found} == {"LRS104"}


# ------------------------------------------------------------------------------------------------ OmegaConf


def test_an_omegaconf_is_resolved() -> None:
    config = OmegaConf.create({"base": {"lr": 1e-3, "layers": [r"^(\d)\."]}, "spec": SPEC})
    config.spec.optimizer.lr = "${base.lr}"
    config.spec.rules[0].layers = "${base.layers}"
    expected = lrspec.compile(SPEC, MODEL).groups
    assert lrspec.compile(config.spec, MODEL).groups == expected
    assert lrspec.compile({**SPEC, "rules": config.spec.rules}, MODEL).groups == expected
    assert lrspec.load(config.spec).document.text == lrspec.load(SPEC).document.text


@pytest.mark.parametrize("value", [None, "???", "${x}"])
@pytest.mark.parametrize("kind", [DictConfig, ListConfig])
def test_an_omegaconf_without_a_value_is_a_type_error(value: Any, kind: Any) -> None:
    if kind is DictConfig:
        with pytest.raises(TypeError, match=rf"^the mapping: it has no value \({re.escape(repr(value))}\)$"):
            lrspec.load(kind(value))
    with pytest.raises(TypeError, match=rf"^models: it has no value \({re.escape(repr(value))}\)$"):
        lrspec.load({**rule(), "models": kind(value)})


def test_an_empty_omegaconf_is_empty() -> None:
    assert lrspec.load({**rule(), "check": DictConfig({})}).document == lrspec.load({**rule(), "check": {}}).document
    assert refused(DictConfig({})).diagnostics == refused({}).diagnostics


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("???", "Missing mandatory value: spec.optimizer.lr"),
        ("${nothing}", "Interpolation key 'nothing' not found"),
        ("${spec.optimizer.betas.x}", "TypeError raised while resolving interpolation: "),
    ],
)
def test_a_value_that_an_omegaconf_lacks_is_a_type_error_with_the_path(value: str, reason: str) -> None:
    config = OmegaConf.create({"spec": SPEC})
    config.spec.optimizer.lr = value
    with pytest.raises(TypeError) as caught:
        lrspec.compile(config.spec, MODEL)
    assert str(caught.value).startswith(f"optimizer.lr: it has no value ({reason}")
    config = OmegaConf.create({"spec": {**SPEC, "rules": ["???"]}})
    with pytest.raises(TypeError, match=r"^rules\[0\]: it has no value \(Missing mandatory value"):
        lrspec.compile(config.spec, MODEL)


def test_keys_and_values_of_an_omegaconf_are_judged_like_others() -> None:
    with pytest.raises(TypeError, match=r"^the mapping: expected text as keys, found 1"):
        lrspec.load(OmegaConf.create({"lrspec": 1, 1: 2}))
    with pytest.raises(TypeError, match=r"^models: expected a mapping, a list, text, .*, found pathlib"):
        lrspec.load(OmegaConf.create({"lrspec": 1, "models": Path("a")}))


def test_a_mapping_does_not_import_omegaconf() -> None:
    modules = "{'omegaconf', 'torch', 'numpy'} & {*sys.modules}"
    code = f"import sys, lrspec; lrspec.load({rule()!r}); print(sorted({modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"

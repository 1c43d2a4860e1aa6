"""A draft is written as a person writes specs, and says what its rules say."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lrspec.drafting.rules import DraftRule, Entry, Selector
from lrspec.drafting.selecting.regexes import escaped
from lrspec.drafting.write import scalar, spec_text
from lrspec.spec.language import ONLY, ModelSource, Optimizer
from lrspec.spec.load import loads

BASES = {ONLY: Optimizer(type="AdamW", lr=1e-3)}


def lines(*rules: DraftRule, **more: Any) -> list[str]:
    """Return the lines of the rules of a draft, which must be a spec."""
    text = spec_text(BASES, rules, **more)
    loads(text)
    return text.partition("rules:\n")[2].splitlines()


def test_comments_stand_in_a_column() -> None:
    rule = DraftRule("no-decay", Selector(ndim=(0, 1)), (("weight_decay", 0),), comment="norms and biases")
    assert lines(rule) == [
        "  - name: no-decay                    # norms and biases",
        "    where: {ndim: [0, 1]}",
        "    weight_decay: 0",
    ]


def test_a_long_comment_stands_above_its_rule() -> None:
    rule = DraftRule("rest", Selector(), (("lr_mult", 1),), fallback=True, comment="word " * 40)
    found = lines(rule)
    assert all(len(line) <= 120 for line in found)
    assert next(line for line in found if "#" not in line) == "  - name: rest"


def test_a_ladder_has_an_entry_a_line() -> None:
    entries = (
        Entry((r"^a$", r"^b\.")),
        Entry((r"^c\.(\d+)\.",)),
        Entry((r"^d\.",), "last"),
        Entry((r"^e\.",), "first"),
    )
    rule = DraftRule("depth", Selector(layers=entries), (("layer_decay", 0.75),))
    assert lines(rule)[1:] == [
        "    layers:",
        r"      - ['^a$', '^b\.']",
        r"      - '^c\.(\d+)\.'",
        r"      - join: '^d\.'",
        r"      - {join: '^e\.', to: first}",
        "    layer_decay: 0.75",
    ]


def test_what_is_too_wide_for_a_line_is_a_list() -> None:
    regexes = tuple(f"^{letter * 30}$" for letter in "abcdef")
    entries = (Entry(regexes), Entry(regexes, "last"), Entry(regexes, "first"))
    found = lines(
        DraftRule("x", Selector(match=regexes), (("lr_mult", 1),)),
        DraftRule("y", Selector(layers=entries), (("layer_decay", 0.75),)),
    )
    assert max(map(len, found)) < 60


def test_reasons_stand_behind_what_is_allowed() -> None:
    check = (("large-value", "ignore", "as wanted"),)
    rule = DraftRule("x", Selector(match=("a",)), (("lr", 3),), check=check)
    assert "      large-value: ignore   # as wanted" in lines(rule)
    assert lines(rule, check=check)[-1] == "  large-value: ignore   # as wanted"


def test_the_head_names_the_model_and_has_the_notes() -> None:
    model = ModelSource(source="vit", args={"num_classes": 2})
    text = spec_text(BASES, [DraftRule("x", Selector(match=("a",)), (("lr", 3),))], model, ("One.", "Two."))
    assert text.splitlines()[:4] == [
        "# yaml-language-server: $schema=lrspec.v1.schema.json",
        "# One.",
        "# Two.",
        "lrspec: 1",
    ]
    assert "models: {source: vit, args: {num_classes: 2}}\n" in text


@given(st.text())
def test_any_text_survives(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    spec = loads(f"lrspec: 1\nmodels: {{source: a, args: {{x: {scalar(text)}}}}}\nrules: [{{match: a, lr: 1}}]\n")
    assert spec.spec.sources[0].args == {"x": text}


@given(st.text(min_size=1, max_size=20))
def test_any_name_survives(name: str) -> None:
    rule = DraftRule("x", Selector(match=(f"^{escaped(name)}$",)), (("lr", 1),))
    match = loads(spec_text(BASES, [rule])).spec.rules[0].match
    assert match == f"^{escaped(name)}$"


def test_numbers_are_written_as_people_write_them() -> None:
    assert [scalar(value) for value in (1e-3, 0.05, 5e-4, 1, 1.0, 1e-8, 3e-4, 0.0015)] == [
        *("1e-3", "0.05", "5e-4", "1", "1", "1e-8", "3e-4", "1.5e-3"),
    ]


@given(st.floats(min_value=0, allow_infinity=False))
def test_any_number_survives(value: float) -> None:
    rule = DraftRule("x", Selector(match=("a",)), (("lr_scale", value),), check=(("large-value", "ignore", ""),))
    assert loads(spec_text(BASES, [rule])).spec.rules[0].lr_scale == value


def test_momentum_stands_beside_the_rate() -> None:
    base = Optimizer.model_validate({"type": "SGD", "lr": 0.1, "weight_decay": 1e-4, "momentum": 0.9, "eps": 1})
    text = spec_text({ONLY: base}, [DraftRule("x", Selector(match=("a",)), (("lr", 3),))])
    assert "optimizer: {type: SGD, lr: 0.1, momentum: 0.9, weight_decay: 1e-4, eps: 1}\n" in text


def test_a_ladder_of_one_entry_is_one_line() -> None:
    rule = DraftRule("depth", Selector(layers=(Entry((r"^(\w+)\.",)),)), (("layer_decay", 0.9),))
    assert lines(rule)[1] == r"    layers: '^(\w+)\.'"


def test_a_colon_before_no_blank_needs_no_quotes() -> None:
    assert scalar("hf:tiny-bert.config.json") == "hf:tiny-bert.config.json"


def test_a_class_that_is_a_word_needs_no_quotes() -> None:
    rule = DraftRule("norms", Selector(module="Norm"), (("weight_decay", 0),))
    assert lines(rule)[1] == "    where: {module: Norm}"

"""The manual of the diagnostics: complete, in order, and right in its examples, each of which is compiled."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

import lrspec
from lrspec.auditing import table
from lrspec.auditing.audit import audit
from lrspec.compiler.compile import attempt
from lrspec.diagnostics import manual
from lrspec.diagnostics.codes import CODES, Code
from lrspec.diagnostics.report import blocks
from lrspec.diagnostics.source import Text
from lrspec.review.lock.locked import Locked
from lrspec.review.lock.making import Making

DOCS = Path(__file__).parents[2] / "docs" / "diagnostics.md"
REPORTS = DOCS.parent / "site" / "reports"
"""What the pages of the site show below an example: CODE-N.txt for the N-th block of a section."""
WIDTH, OF_REPORTS = 100, 80
TRIED = "try.lrspec.yaml"

COMPANIONS: dict[str, set[str]] = {}
"""For a code, the codes that unavoidably come with it in its `yaml wrong` examples, each with the reason."""

HOW_CHANGED = {"LRS1": " It cannot be changed.", "LRS5": " `ignore` suppresses it.", "LRS6": " It cannot be changed."}
ALSO = {"LRS510": " A warning for a rate of 0 or above 1."}

_SECTION = re.compile(r"^## (?=LRS)", re.MULTILINE)
_BLOCK = re.compile(r"^```(.*)\n(.*\n)*?```$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A block of the manual: `kind` is its info string, `names` the list of names before it, if there is one."""

    code: str | None  # None in the preface
    number: int
    kind: str
    text: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.code or 'preface'}-{self.number}"


def sections() -> list[tuple[str, str]]:
    """The heading and the body of each section of a diagnostic."""
    found = (part.partition("\n") for part in _SECTION.split(manual.text())[1:])
    return [(heading, body) for heading, _, body in found]


def preface() -> str:
    return _SECTION.split(manual.text())[0]


def examples_of(code: str | None, body: str) -> list[Example]:
    found: list[Example] = []
    names: tuple[str, ...] = ()
    for number, block in enumerate(_BLOCK.finditer(body), 1):
        text = block.group().partition("\n")[2].removesuffix("```")
        if block[1] == "text names":
            names = tuple(text.split())
        found.append(Example(code, number, block[1], text, names))
    return found


ALL = [
    *examples_of(None, preface()),
    *(each for heading, body in sections() for each in examples_of(heading.partition(" ")[0], body)),
]
KINDS = {"yaml wrong", "yaml right", "python wrong", "python right", "text names", "text report"}
KINDS |= {"text locked", "text now", "yaml locked", "yaml now"}
WRONG = [example for example in ALL if example.kind == "yaml wrong" and example.code]
TRAINING = [example for example in ALL if example.kind.startswith("python ")]
RIGHT = [example for example in ALL if example.kind == "yaml right"]


@cache
def inventory(source: str, args: str) -> lrspec.Inventory:
    if source.startswith("params:"):
        return lrspec.Inventory.load(Path(__file__).parents[2] / "examples" / source.removeprefix("params:"))
    with torch.device("meta"):
        return lrspec.Inventory.from_model(timm.create_model(source, **json.loads(args)))


def model_of(file: lrspec.SpecFile, example: Example) -> lrspec.Inventory:
    """The model that the spec names, or else the names that stand before it in the manual."""
    if not file.spec.sources:
        assert example.names, "an example names its model, or follows a list of names"
        return lrspec.Inventory.from_names(example.names)
    (model,) = file.spec.sources
    return inventory(model.source, json.dumps(model.args))


def diagnostics(example: Example) -> list[lrspec.Diagnostic]:
    try:
        file = lrspec.loads(example.text, path=TRIED)
    except lrspec.SpecError as error:
        return list(error.diagnostics)
    return lrspec.check(file, model_of(file, example))


def in_the_site(example: Example, report: str, update: bool) -> None:
    """Expect what the site shows below an example."""
    kept = REPORTS / f"{example}.txt"
    if update:
        kept.write_text(f"{report}\n", encoding="utf-8", newline="")
    assert kept.read_text(encoding="utf-8") == f"{report}\n"


def reported(found: list[lrspec.Diagnostic], text: str) -> str:
    return "\n\n".join(blocks(found, Text(text), width=OF_REPORTS))


def test_every_code_has_one_section_in_the_order_of_the_codes() -> None:
    assert [heading for heading, _ in sections()] == [f"{code.code} {code.name}" for code in CODES.values()]
    assert preface().startswith("# Diagnostics\n")


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_section_begins_with_the_severity(code: Code) -> None:
    body = dict(sections())[f"{code.code} {code.name}"]
    first, _, _ = body.strip().partition("\n")
    assert first == f"Default: {code.severity}.{ALSO.get(code.code, '')}{HOW_CHANGED.get(code.code[:4], '')}"
    assert body.count("Default:") == 1


@pytest.mark.parametrize("code", CODES)
def test_a_section_has_a_failing_example_and_then_a_mended_one(code: str) -> None:
    kinds = [example.kind for example in ALL if example.code == code and example.kind != "text names"]
    if code.startswith("LRS6"):
        assert " ".join(kinds) in ("text now", "text locked text now", "yaml locked yaml now")
        return
    language = "python" if code.startswith(("LRS4", "LRS5")) else "yaml"
    assert re.fullmatch(f"({language} wrong ({language} right )+)+", "".join(kind + " " for kind in kinds))


def test_every_block_is_of_a_known_kind() -> None:
    assert {example.kind for example in ALL} == KINDS
    assert manual.text().count("```") == 2 * len(ALL)


@pytest.mark.parametrize("example", WRONG, ids=str)
def test_a_failing_example_has_the_diagnostic_of_its_section_only(example: Example, update: bool) -> None:
    found = diagnostics(example)
    assert example.code
    assert {each.code for each in found} == {example.code} | COMPANIONS.get(example.code, set())
    in_the_site(example, reported(found, example.text), update)


@pytest.mark.parametrize("example", RIGHT, ids=str)
def test_a_mended_example_is_clean(example: Example) -> None:
    assert diagnostics(example) == []


@pytest.mark.parametrize("example", TRAINING, ids=str)
def test_training_code_has_the_diagnostic_of_its_section_or_none(example: Example, update: bool) -> None:
    *_, spec = (example.text for example in ALL if not example.code and example.kind == "yaml right")
    model = timm.create_model("resnet18")
    file = lrspec.loads(spec, path=TRIED)
    names: dict[str, Any] = {"torch": torch, "lrspec": lrspec, "spec": file, "model": model}
    names["plan"] = lrspec.compile(file, model)
    exec(compile(example.text, str(example), "exec"), names)
    assert example.code
    run = names["optimizer"], model, names.get("scheduler")
    result = audit(*run) if example.code.startswith("LRS5") else None
    found: Any = result.diagnostics if result else names["plan"].verify(*run)
    assert {each.code for each in found} == ({example.code} if example.kind == "python wrong" else set())
    if example.kind == "python wrong":
        in_the_site(example, table.text(result, OF_REPORTS) if result else reported(found, file.text), update)


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("LRS6")])
def test_what_was_locked_has_the_diagnostic_of_its_section_only(code: str, update: bool) -> None:
    locked, now = ([each for each in ALL if each.code == code and each.kind.endswith(end)] for end in ("locked", "now"))
    making = Making(of_lock(locked[0])[0]) if locked else None
    if making:
        file, model = of_lock(locked[0])
        making.compare(file.spec.sources[0], attempt(file, model), False)
    file, model = of_lock(now[0])
    found = Locked(file, making.lock() if making else None)
    diagnostics = [*found.diagnostics, *found.compare(file.spec.sources[0], attempt(file, model), False)]
    assert {each.code for each in diagnostics} == {code}
    assert lrspec.check(file, model) == []
    in_the_site(now[0], reported(diagnostics, file.text), update)


def of_lock(example: Example) -> tuple[lrspec.SpecFile, lrspec.Inventory]:
    """The spec and the model of a block of LRS6xx: it has one of them, and the other is that of the preface."""
    if example.kind.startswith("yaml"):
        file = lrspec.loads(example.text, path=TRIED)
        return file, model_of(file, example)
    *_, spec = (each.text for each in ALL if not each.code and each.kind == "yaml right")
    lines = (line.partition(" ") for line in example.text.splitlines())
    return lrspec.loads(spec, path=TRIED), lrspec.Inventory(
        lrspec.Parameter(name, shape=tuple(json.loads(shape))) for name, _, shape in lines
    )


def test_the_report_in_the_preface_is_that_of_the_spec_before_it() -> None:
    (spec,) = (example.text for example in ALL if not example.code and example.kind == "yaml wrong")
    (report,) = (example.text for example in ALL if example.kind == "text report")
    with pytest.raises(lrspec.SpecError) as caught:
        lrspec.loads(spec, path="try.lrspec.yaml")
    assert f"{caught.value}\n" == report


def test_the_text_fits_a_terminal() -> None:
    lines = manual.text().splitlines()
    assert [line for line in lines if len(line) > WIDTH or line != line.rstrip()] == []
    assert [line for line in lines if line.startswith(("|--", "<"))] == []


def test_the_page_of_the_documentation_is_the_manual(update: bool) -> None:
    if update:
        DOCS.write_bytes(manual.text().encode())
    assert DOCS.read_bytes().decode() == manual.text()


def test_the_sections_and_the_preface_are_the_whole_manual() -> None:
    parts = [manual.section(code) for code in CODES.values()]
    assert preface() + "\n".join(parts) == manual.text()


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_code_and_its_name_are_found_in_any_case(code: Code) -> None:
    for word in (code.code, code.code.lower()):
        assert manual.find(word) is code
    first = next(each for each in CODES.values() if each.name == code.name)
    for word in (code.name, code.name.upper(), code.name.title()):
        assert manual.find(word) is first


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("LRS2001", "LRS201 (unmatched-parameter)"),
        ("lsr305", "LRS305 (mixed-decay)"),
        ("unmatched-paramter", "LRS201 (unmatched-parameter)"),
        ("Unknown_Key", "LRS103 (unknown-key)"),
    ],
)
def test_for_an_unknown_word_the_nearest_is_suggested(word: str, nearest: str) -> None:
    with pytest.raises(manual.UnknownCodeError) as caught:
        manual.find(word)
    assert str(caught.value) == f"no diagnostic is called {word}: did you mean {nearest}?"


def test_for_a_word_like_no_other_nothing_is_suggested() -> None:
    with pytest.raises(manual.UnknownCodeError) as caught:
        manual.find("zzz")
    assert str(caught.value) == "no diagnostic is called zzz"

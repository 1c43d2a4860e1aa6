"""Any bytes at all, read as YAML and as JSON, give a spec or errors at places in the text; nothing else comes of them.

`LRSPEC_FUZZ=100000 pytest -m slow tests/test_fuzz.py` draws that many examples, from another seed each time.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.diagnostics.report import report
from lrspec.diagnostics.source import Text
from lrspec.formats.explanation import explain
from lrspec.formats.table import table
from lrspec.spec.load import SpecFile, read
from lrspec.spec.syntax.document import Format
from tests.drawing import drawn
from tests.spec.syntax.broken_documents import documents, texts

FORMATS: tuple[Format, ...] = ("yaml", "json")
MORE = int(os.environ.get("LRSPEC_FUZZ", "0"))
INVENTORY = lrspec.Inventory(
    (
        lrspec.Parameter("stem.weight", shape=(8, 3, 3, 3), module=("Conv2d", "_ConvNd")),
        lrspec.Parameter("layer1.0.weight", shape=(8, 8), module=("Linear",)),
        lrspec.Parameter("layer10.0.bn1.bias", shape=(8,), module=("BatchNorm2d", "_BatchNorm")),
        lrspec.Parameter("embed.weight", ("head.weight",), (5, 8), module=("Embedding",), alias_modules=(("Linear",),)),
        lrspec.Parameter("scale", shape=(), requires_grad=False),
    ),
    "tests",
)


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
OPTIONS: dict[str, Any] = {"derandomize": not MORE, "suppress_health_check": CHECKS}


@drawn(documents(), few=400, many=MORE or 4000, **OPTIONS)
def test_any_bytes_give_a_spec_or_errors_in_the_text(data: bytes) -> None:
    for format in FORMATS:
        reading = read(data, "spec", format)
        assert (reading.spec is None) == bool(reading.diagnostics)
        check_report(reading.diagnostics, reading.document.text)
        if reading.spec is not None:
            check_compile(reading.file())


@drawn(texts(), few=150, many=MORE or 1500, **OPTIONS)
def test_any_text_gives_a_spec_or_a_spec_error(text: str) -> None:
    for format in FORMATS:
        with contextlib.suppress(lrspec.SpecError):
            assert lrspec.loads(text, format).spec.rules


@pytest.mark.parametrize(
    ("data", "format", "found"),
    [
        (b"\r\n", "json", ["LRS101 1:1-1:1"]),  # the place after the CR is in no line
        (b'"\\', "yaml", ["LRS101 1:2-1:3"]),  # an escape of which the text ends before its second character
        (b'"\\', "json", ["LRS101 1:1-1:2"]),
    ],
)
def test_bytes_that_once_led_out_of_the_text_give_errors_in_it(data: bytes, format: Format, found: list[str]) -> None:
    reading = read(data, "spec", format)
    check_report(reading.diagnostics, reading.document.text)
    assert [f"{each.code} {_place(each)}" for each in reading.diagnostics] == found


def _place(found: Diagnostic) -> str:
    return f"{found.line}:{found.column}-{found.end_line}:{found.end_column}"


def check_report(diagnostics: tuple[Diagnostic, ...], text: Text) -> None:
    for found in diagnostics:
        assert found.span.start <= found.span.end
        for place in (found.span.start, found.span.end):
            assert 1 <= place.column <= len(text.line(place.line)) + 1
            assert 1 <= place.line <= text.position(len(text.content)).line
    assert_harmless(report(diagnostics, text))


def check_compile(file: SpecFile) -> None:
    """What is a spec also compiles, or is refused with a report; and whatever comes of it can be shown."""
    outcome = attempt(file, INVENTORY)
    check_report(outcome.diagnostics, file.document.text)
    if outcome.plan is None or outcome.resolution is None:
        return
    json.dumps(outcome.plan.to_dict(), allow_nan=False)
    for index in range(len(INVENTORY.parameters)):
        assert_harmless(explain(outcome.resolution, outcome.plan, index))
    if outcome.plan.groups is not None:
        assert_harmless(table(outcome.plan))


def assert_harmless(text: str) -> None:
    assert all(character.isprintable() or character == "\n" for character in text)

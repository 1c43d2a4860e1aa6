"""What completion in the playground rests on, in node: reading what is being typed, and what the schema allows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lrspec.spec.syntax.document import parse
from tests.pages import ROOT
from tests.site.programs import needed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]  # with those that build the playground, too

PAGE = ROOT / "docs" / "site" / "playground" / "page"
SCHEMA = ROOT / "schemas" / "lrspec.v1.schema.json"
FOLDERS = ["examples", "examples/init", "tests/well_written", "tests/timm_layer_decay", "tests/timm_families"]
SPECS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.lrspec.yaml"))]
NAMED_BY_USERS = ("args", "tags", "optimizers", "schedules")


def in_node(code: str, given: Any) -> Any:
    """What code leaves in `result`, which has the modules and what is `given`."""
    modules = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ outline, place, plain }} from {json.dumps((PAGE / "outline.mjs").as_uri())};
        import {{ Schema }} from {json.dumps((PAGE / "schema.mjs").as_uri())};
        import {{ repeating }} from {json.dumps((PAGE / "repeating.mjs").as_uri())};
        import {{ continuations }} from {json.dumps((PAGE / "regexes.mjs").as_uri())};
        const schema = new Schema(JSON.parse(readFileSync({json.dumps(str(SCHEMA))}, "utf8")));
        const given = JSON.parse(readFileSync(0, "utf8"));
        {code}
        process.stdout.write(JSON.stringify(result));
    """
    words, text = [needed("node"), "--input-type=module", "-e", modules], json.dumps(given)
    ran = subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def value_of(path: Path) -> Any:
    """A spec as lrspec reads it, as JSON has it."""
    return json.loads(json.dumps(parse(path.read_bytes(), str(path), "yaml").value))


def test_a_spec_is_read_as_lrspec_reads_it() -> None:
    read_there = in_node("const result = given.map((text) => plain(outline(text)));", [p.read_text() for p in SPECS])
    for path, value in zip(SPECS, read_there, strict=True):
        assert value == value_of(path), path


def test_every_beginning_of_a_spec_is_read() -> None:
    code = """
        const result = given.flatMap((text) => [...text].map((_, end) => place(text.slice(0, end), end) !== undefined));
    """
    assert all(in_node(code, [path.read_text() for path in SPECS[::10]]))


def test_a_text_of_many_levels_is_read_no_deeper_than_need_be() -> None:
    code = "const result = given.map((text) => place(text, text.length) === undefined);"
    deep = ["a: " + "[" * 50_000, "{a: " * 20_000, "- " * 40_000, "".join(f"{' ' * n}a:\n" for n in range(400))]
    assert in_node(code, deep) == [False] * len(deep)


def test_lines_are_looked_at_only_if_they_are_short() -> None:
    given = ["match: '(a+)+$'", "#(" + "+" * 900_000, *["'(a|b)*'"] * 9]
    assert in_node("const result = repeating(given.join('\\n'));", given) == [1, 3, 4, 5, 6]


def test_every_key_of_a_right_spec_is_offered_where_it_is() -> None:
    cases = [[value, path, key] for spec in SPECS for value in [value_of(spec)] for path, key in keys_of(value, [])]
    code = """
        const without = (value, [step, ...others], key) => {
          const copy = Array.isArray(value) ? [...value] : { ...value };
          if (step === undefined) delete copy[key];
          else copy[step] = without(value[step], others, key);
          return copy;
        };
        const result = given.filter(([value, path, key]) =>
          !schema.keys(path, without(value, path, key)).some(({ name }) => name === key));
    """
    missing = in_node(code, cases)
    assert {tuple(map(str, [*path, key])) for _, path, key in missing} == set()


def keys_of(value: Any, path: list[str | int]) -> list[tuple[list[str | int], str]]:
    """The keys of the mappings in a value, with the way to each, but for those that users name."""
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in keys_of(item, [*path, index])]
    if not isinstance(value, dict):
        return []
    inside = [found for key, item in value.items() for found in keys_of(item, [*path, key])]
    return inside if path and path[-1] in NAMED_BY_USERS else [*((path, key) for key in value), *inside]


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        ("^", ["conv1\\.", "conv(\\d+)\\.", "layer1\\.", "layer(\\d+)\\."]),
        ("^layer1\\.", ["0\\.", "(\\d+)\\."]),
        ("^layer(\\d+)\\.(\\d+)\\.", ["bn\\."]),
        ("^(?:conv1|layer1\\.0\\.bn\\.", ["bias"]),
        ("^nothing\\.", []),
    ],
)
def test_a_regex_goes_on_as_the_names_do(regex: str, expected: list[str]) -> None:
    names = ["conv1.weight", "layer1.0.bn.bias"]
    code = r"const result = continuations(given.regex, given.names, '\\').options.map(({ text }) => text);"
    assert in_node(code, {"regex": regex, "names": names}) == expected

"""What an editor shows of a spec: the YAML language server is asked, with the schema that is committed."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrspec.formats.json_schema import schema
from lrspec.spec.language import Rule
from lrspec.spec.torch_optim import ARGUMENTS
from tests.formats.language_server import LanguageServer, Told
from tests.pages import blocks
from tests.test_examples import SCHEMA_LINE, SPECS

ROOT = Path(__file__).parents[2]
SERVER = Path("yaml-language-server", "bin", "yaml-language-server")
PAGE = ROOT / "docs" / "editors.md"
CLEAN = sorted((ROOT / "tests" / "golden").glob("clean-*/spec.lrspec.yaml"))

VERSION_2 = Told("2", "Expected 1, the version of the language.")
BASE = f"{SCHEMA_LINE}\nlrspec: 1\noptimizer: {{type: AdamW, lr: 1e-3}}\nrules:\n"


@pytest.fixture(scope="session")
def server(node_modules: Path) -> Iterator[LanguageServer]:
    """The server, in a folder beside `schemas`, where it takes texts for files."""
    with LanguageServer(["node", str(node_modules / SERVER), "--stdio"], ROOT / "examples") as running:
        yield running


# ------------------------------------------------------------------------------------------- what is right


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in SPECS if path.suffix == ".yaml"] + CLEAN, ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_clean_spec_opens_clean(server: LanguageServer, path: Path) -> None:
    text = path.read_text(encoding="utf-8-sig").removeprefix(SCHEMA_LINE)
    assert server.told(f"{SCHEMA_LINE}\n{text}") == []


# ------------------------------------------------------------------------------------------- what is wrong

RULES: dict[str, tuple[str, list[Told]]] = {
    "a misspelt key": (
        "{match: a, lr_mlt: 0.1}",
        [Told("lr_mlt", "Property lr_mlt is not allowed.")],
    ),
    "match and layers": (
        "{match: a, layers: b, layer_decay: 0.9}",
        [Told("layers", "`match` and `layers` exclude each other: keep one of the two.")],
    ),
    "lr and lr_mult": (
        "{match: a, lr: 1, lr_mult: 0.1}",
        [Told("lr_mult", "`lr` and `lr_mult` exclude each other: keep one of the two.")],
    ),
    "weight_decay twice": (
        "{match: a, weight_decay: 0, weight_decay_mult: 0}",
        [Told("weight_decay_mult", "`weight_decay` and `weight_decay_mult` exclude each other: keep one of the two.")],
    ),
    "freeze and lr": (
        "{match: a, freeze: true, lr: 0}",
        [Told("lr", "`freeze: true` excludes every other setting: what is frozen is not trained.")],
    ),
    "layers alone": (
        "{layers: a, lr: 1}",
        [Told("{", "`layers` comes with `layer_decay`: give it, or select by `match`.")],
    ),
    "layer_decay alone": (
        "{match: a, layer_decay: 0.9}",
        [Told("{", "`layer_decay` comes with `layers`: a ladder selects by it, in place of `match`.")],
    ),
    "a negative number": (
        "{match: a, lr: -1}",
        [Told("-1", "Value is below the minimum of 0.")],
    ),
    "a decay above 1": (
        "{layers: a, layer_decay: 1.1}",
        [Told("1.1", "Value is above the maximum of 1.")],
    ),
    "a decay of 0": (
        "{layers: a, layer_decay: {factor: 0}}",
        [Told("0", "Value is below the exclusive minimum of 0.")],
    ),
    "a number in quotes": (
        "{match: a, lr: '1e-3'}",
        [Told("'1e-3'", 'Incorrect type. Expected "number".')],
    ),
    "a regex that is a number": (
        "{match: 10, lr: 1}",
        [Told("10", "Expected a regex, or a list of regexes.")],
    ),
    "one of several regexes is a number": (
        "{match: [a, 10], lr: 1}",
        [Told("10", 'Incorrect type. Expected "string".')],
    ),
    "a layer that is a number": (
        "{layers: [a, 10], layer_decay: 0.9}",
        [Told("10", "Expected a regex, a list of regexes, or a mapping with `join`, `every` or `gap`.")],
    ),
    "an empty regex": (
        "{match: '', lr: 1}",
        [Told("''", "String is shorter than the minimum length of 1.")],
    ),
    "no regex in a list": (
        "{match: [], lr: 1}",
        [Told("[]", "Array has too few items. Expected 1 or more.")],
    ),
    "where as a regex": (
        "{where: Norm, lr: 1}",
        [Told("Norm", 'Incorrect type. Expected "a mapping of ndim, module and declared".')],
    ),
    "an empty where": (
        "{where: {}, lr: 1}",
        [Told("{}", "Object has fewer properties than the required number of 1")],
    ),
    "ndim in quotes": (
        "{where: {ndim: '1'}, lr: 1}",
        [Told("'1'", "Expected a whole number, or a list of whole numbers.")],
    ),
    "another declaration": (
        "{where: {declared: haed}, lr: 1}",
        [Told("haed", "Expected `embedding`, `head` or `no_weight_decay`, or a list of these.")],
    ),
    "another declaration in a list": (
        "{where: {declared: [head, haed]}, lr: 1}",
        [Told("haed", 'Value is not accepted. Valid values: "embedding", "head", "no_weight_decay".')],
    ),
    "a number as declaration": (
        "{where: {declared: 3}, lr: 1}",
        [Told("3", "Expected `embedding`, `head` or `no_weight_decay`, or a list of these.")],
    ),
    "a gap first": (
        "{layers: [{gap: 1}, b], layer_decay: 0.9}",
        [Told("{gap: 1}", "The first entry is a `gap`: there is no layer before it.")],
    ),
    "one number to a layer": (
        "{layers: [{match: '(a)', every: 1}], layer_decay: 0.9}",
        [Told("1", "Value is below the minimum of 2.")],
    ),
    "keys of two kinds of entries": (
        "{layers: [a, {join: b, gap: 1}], layer_decay: 0.9}",
        [Told("gap", "An entry has `join` (and perhaps `to`), `match` and `every`, or `gap`.")],
    ),
    "half an entry": (
        "{layers: [a, {match: '(b)'}], layer_decay: 0.9}",
        [Told("{", "`match` needs `every`.")],
    ),
    "first and a floor": (
        "{layers: a, layer_decay: {first: 0.1, min_mult: 0.01}}",
        [Told("min_mult", "`first` excludes `factor` and `min_mult`.")],
    ),
    "a layer to share in the middle": (
        "{layers: [a, {join: b, to: middle}], layer_decay: 0.9}",
        [Told("middle", 'Value is not accepted. Valid values: "first", "last".')],
    ),
    "a size of no name": (
        "{match: a, lr_scale: {of: width, power: 1}}",
        [Told("width", 'Value is not accepted. Valid values: "rows", "cols", "fan_in", "fan_out".')],
    ),
    "a size without a power": (
        "{match: a, lr_scale: {of: rows}}",
        [Told("lr_scale", 'Missing property "power".')],
    ),
    "a power of 0": (
        "{match: a, lr_scale: {of: rows, power: 0}}",
        [Told("0", "Expected a number other than 0.")],
    ),
    "a base of 0": (
        "{match: a, lr_scale: {of: rows, power: 1, base: 0}}",
        [Told("0", "Value is below the exclusive minimum of 0.")],
    ),
    "a size in quotes and brackets": (
        "{match: a, lr_scale: [of, rows]}",
        [Told("[of, rows]", "Expected a number, or `{of: fan_in, base: …, power: …}`.")],
    ),
    "selects by nothing": (
        "{lr: 1}",
        [
            Told(
                "{",
                "The rule selects by nothing: expected `match`, `layers` or `where`. "
                "A catch-all for what is left says `fallback: true`.",
            )
        ],
    ),
    "sets nothing": (
        "{match: a}",
        [
            Told(
                "{",
                "The rule sets nothing: expected one of lr, lr_mult, layer_decay, lr_scale, weight_decay, "
                "weight_decay_mult, freeze, options, optimizer, schedule, tags.",
            )
        ],
    ),
    "a join first": (
        "{layers: [{join: a}, b], layer_decay: 0.9}",
        [Told("{join: a}", "The first entry is a `join`: there is no layer before it.")],
    ),
    "a name with a dot": (
        "{name: layer1.0, match: a, lr: 1}",
        [Told("layer1.0", "Letters, digits, `_` and `-` only.")],
    ),
    "an option of another optimizer": (
        "{match: a, options: {momentum: 0.9}}",
        [
            Told(
                "momentum",
                "Not an option of AdamW. Its options are amsgrad, betas, capturable, differentiable, eps, foreach, "
                "fused, maximize.",
            )
        ],
    ),
    "an option that is a mapping": (
        "{match: a, options: {eps: {a: 1}}}",
        [Told("{a: 1}", "Expected a number, true or false, null, text, or a list of numbers.")],
    ),
    "one beta": (
        "{match: a, options: {betas: 0.9}}",
        [Told("0.9", "Expected a list of 2 numbers.")],
    ),
    "a word for a flag": (
        "{match: a, options: {amsgrad: no}}",
        [Told("no", "Expected true or false.")],
    ),
    "no severity": (
        "{match: a, lr: 1, check: {zero-lr: off}}",
        [Told("off", 'Value is not accepted. Valid values: "error", "warning", "ignore".')],
    ),
    "a severity that is fixed": (
        "{match: a, lr: 1, check: {syntax: ignore}}",
        [Told("syntax", "Property syntax is not allowed.")],
    ),
    "a quoted boolean": (
        "{match: a, freeze: 'yes'}",
        [Told("'yes'", "Expected true, false, or `{until: …, every: …, but_last: …}`.")],
    ),
    "several mistakes": (
        "{match: a, lr: -1, lr_mult: 1, weight_deacy: 0, options: {betas: [0.9, 0.99], epz: 1}}",
        [
            Told("-1", "Value is below the minimum of 0."),
            Told("weight_deacy", "Property weight_deacy is not allowed."),
            Told("lr_mult", "`lr` and `lr_mult` exclude each other: keep one of the two."),
            Told(
                "epz",
                "Not an option of AdamW. Its options are amsgrad, betas, capturable, differentiable, eps, foreach, "
                "fused, maximize.",
            ),
        ],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "told"), RULES.values(), ids=RULES)
def test_a_mistake_in_a_rule_is_told_at_its_place(server: LanguageServer, rule: str, told: list[Told]) -> None:
    assert server.told(f"{BASE}  - {rule}\n") == told


NEEDS_A_TYPE = "Arguments of an optimizer need its class: give `optimizer.type`."
SPECIFICATIONS: dict[str, tuple[str, list[Told]]] = {
    "another version": (
        "lrspec: 2\nrules: [{match: a, lr: 1}]",
        [VERSION_2],
    ),
    "a key of no spec": (
        "lrspec: 1\noptimiser: {lr: 1}\nrules: [{match: a, lr: 1}]",
        [Told("optimiser", "Property optimiser is not allowed.")],
    ),
    "no rules": (
        "lrspec: 1\nrules: []",
        [Told("[]", "Array has too few items. Expected 1 or more.")],
    ),
    "rules as a mapping": (
        "lrspec: 1\nrules: {head: {match: a, lr: 1}}",
        [Told("{head: {match: a, lr: 1}}", "Rules are a list: begin each with `- `.")],
    ),
    "an empty value": (
        "lrspec: 1\noptimizer: {lr: }\nrules: [{match: a, lr: 1}]",
        [Told("", 'Incorrect type. Expected "number".')],
    ),
    "an unknown optimizer": (
        "lrspec: 1\noptimizer: {type: adamw}\nrules: [{match: a, lr: 1}]",
        [
            Told(
                "adamw",
                "Not an optimizer of torch.optim that takes parameter groups. Others are named with their module, "
                "`package.module.Class`, or as timm names them, `timm:lamb`.",
            )
        ],
    ),
    "an argument of another optimizer": (
        "lrspec: 1\noptimizer: {type: Rprop, momentum: 1}\nrules: [{match: a, lr: 1}]",
        [
            Told(
                "momentum",
                "Not an argument of Rprop. Possible here: type, lr, capturable, differentiable, etas, foreach, "
                "maximize, step_sizes.",
            )
        ],
    ),
    "weight decay where there is none": (
        "lrspec: 1\noptimizer: {type: Rprop}\nrules: [{match: a, weight_decay: 1}]",
        [Told("weight_decay", "Rprop has no weight decay.")],
    ),
    "arguments without a type": (
        "lrspec: 1\noptimizer: {betas: [0.9, 0.99]}\nrules: [{match: a, lr: 1}]",
        [Told("betas", NEEDS_A_TYPE)],
    ),
    "options without a type": (
        "lrspec: 1\nrules: [{match: a, options: {eps: 1}}]",
        [Told("eps", NEEDS_A_TYPE)],
    ),
    "a misspelt key of the optimizer": (
        "lrspec: 1\noptimizer: {weight_deacy: 0}\nrules: [{match: a, lr: 1}]",
        [
            Told(
                "weight_deacy",
                "Not a key of `optimizer`: those are type, lr, weight_decay; with a `type` the arguments of that "
                "class, too.",
            )
        ],
    ),
    "what a group has already": (
        "lrspec: 1\noptimizer: {type: a.B, params: 1}\nrules: [{match: a, options: {lr: 1}}]",
        [
            Told("params", "Not an option: every group has that key already."),
            Told("lr", "Not an option: write it in the rule itself."),
        ],
    ),
    "one optimizer and several": (
        "lrspec: 1\noptimizers: {a: {lr: 1}}\noptimizer: {lr: 1}\nrules: [{match: a, lr: 1}]",
        [Told("optimizer", "`optimizer` and `optimizers` exclude each other: keep one of the two.")],
    ),
    "a rule that names the only optimizer": (
        "lrspec: 1\noptimizer: {type: Muon}\nrules: [{match: a, lr: 1, optimizer: muon}]",
        [
            Told(
                "optimizer",
                "The spec has one optimizer: a rule can name one of several, which are under `optimizers`.",
            )
        ],
    ),
    "a bad name of an optimizer": (
        "lrspec: 1\noptimizers: {a: {lr: 1}, a b: {lr: 1}}\nrules: [{match: a, lr: 1}]",
        [Told("a b", "Letters, digits, `_` and `-` only.")],
    ),
    "no optimizers": (
        "lrspec: 1\noptimizers: {}\nrules: [{match: a, lr: 1}]",
        [Told("{}", "Object has fewer properties than the required number of 1")],
    ),
    "an unknown one of several optimizers": (
        "lrspec: 1\noptimizers: {a: {type: AdamW}, b: {type: muon}}\nrules: [{match: a, lr: 1}]",
        [
            Told(
                "muon",
                "Not an optimizer of torch.optim that takes parameter groups. Others are named with their module, "
                "`package.module.Class`, or as timm names them, `timm:lamb`.",
            )
        ],
    ),
    "an argument of another one of several optimizers": (
        "lrspec: 1\noptimizers: {a: {type: AdamW}, b: {type: Rprop, betas: [0, 1]}}\nrules: [{match: a, lr: 1}]",
        [
            Told(
                "betas",
                "Not an argument of Rprop. Possible here: type, lr, capturable, differentiable, etas, foreach, "
                "maximize, step_sizes.",
            )
        ],
    ),
    "arguments without a type of its own": (
        "lrspec: 1\noptimizers: {a: {type: AdamW}, b: {betas: [0, 1]}}\nrules: [{match: a, lr: 1}]",
        [Told("betas", NEEDS_A_TYPE)],
    ),
    "options where none of several optimizers has a type": (
        "lrspec: 1\noptimizers: {a: {lr: 1}, b: {lr: 1}}\nrules: [{match: a, options: {eps: 1}}]",
        [Told("eps", NEEDS_A_TYPE)],
    ),
    "an option that none of several optimizers takes": (
        "lrspec: 1\noptimizers: {a: {type: AdamW}, b: {type: SGD}}\nrules: [{match: a, options: {rho: 1, eps: 1}}]",
        [Told("rho", "Not an option of any of these optimizers.")],
    ),
    "an option that only some of several optimizers take": (
        "lrspec: 1\noptimizers: {a: {type: AdamW}, b: {type: SGD}}\nrules: [{match: a, options: {momentum: 1}}]",
        [],
    ),
    "a value that an option of several optimizers cannot have": (
        "lrspec: 1\noptimizers: {a: {type: AdamW}, b: {type: SGD}}\nrules: [{match: a, options: {betas: 1}}]",
        [Told("1", "Expected a list of 2 numbers.")],
    ),
    "weight decay where none of several optimizers has it": (
        "lrspec: 1\noptimizers: {a: {type: Rprop}, b: {type: SparseAdam}}\nrules: [{match: a, weight_decay: 1}]",
        [Told("weight_decay", "None of these optimizers has weight decay.")],
    ),
    "a segment that does not end": (
        "lrspec: 1\nschedules: {main: [{from: 0}, {}]}\nrules: [{match: a, lr: 1}]",
        [Told("{", "The segment does not say when it ends: only the last one needs no `until`.")],
    ),
    "a key of no segment": (
        "lrspec: 1\nschedules: {main: [{warmup: 5%}, {}]}\nrules: [{match: a, lr: 1}]",
        [Told("warmup", "Property warmup is not allowed.")],
    ),
    "a percentage above 100": (
        "lrspec: 1\nschedules: {main: [{until: 101%}]}\nrules: [{match: a, lr: 1}]",
        [Told("101%", "Expected a number of steps, 1 or more, or a percentage of all steps, such as `5%`.")],
    ),
    "no shape": (
        "lrspec: 1\nschedules: {main: [{shape: cosin}]}\nrules: [{match: a, lr: 1}]",
        [Told("cosin", "Expected `linear`, `cosine`, `sqrt`, `exponential`, `inverse_sqrt` or `{power: …}`.")],
    ),
    "an inverse_sqrt with an end": (
        "lrspec: 1\nschedules: {main: [{shape: inverse_sqrt, to: 0}]}\nrules: [{match: a, lr: 1}]",
        [Told("to", "`inverse_sqrt` excludes `to`: it falls with one over the square root of the step.")],
    ),
    "an exponential that ends at 0": (
        "lrspec: 1\nschedules: {main: [{shape: exponential, to: 0}]}\nrules: [{match: a, lr: 1}]",
        [Told("0", "Value is below the exclusive minimum of 0.")],
    ),
    "a schedule where there are none": (
        "lrspec: 1\nrules: [{match: a, lr: 1, schedule: main}]",
        [Told("schedule", "There is no such schedule: describe it under `schedules`.")],
    ),
    "code as a model": (
        "lrspec: 1\nmodels: py:a:b\nrules: [{match: a, lr: 1}]",
        [Told("py:a:b", "A spec never names code to import: `lrspec params` saves its parameters for `params:FILE`.")],
    ),
    "a model from outside": (
        "lrspec: 1\nmodels: [a, {source: 'timm:hf-hub:a'}]\nrules: [{match: a, lr: 1}]",
        [Told("'timm:hf-hub:a'", "That would load from outside: name an architecture, such as `timm:resnet18`.")],
    ),
    "a model of no kind": (
        "lrspec: 1\nmodels: torch:a\nrules: [{match: a, lr: 1}]",
        [Told("torch:a", "Not a kind of model: the kinds are timm, torchvision, hf, params.")],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "told"), SPECIFICATIONS.values(), ids=SPECIFICATIONS)
def test_a_mistake_in_a_spec_is_told_at_its_place(server: LanguageServer, text: str, told: list[Told]) -> None:
    assert server.told(f"{SCHEMA_LINE}\n{text}\n") == told


# ------------------------------------------------------------------------------------------- what is offered and shown


def offered(server: LanguageServer, text: str) -> list[str]:
    return [item["label"] for item in server.completions(text)]


@pytest.mark.slow
def test_a_new_rule_is_offered_each_key_of_a_rule_once(server: LanguageServer) -> None:
    assert sorted(offered(server, f"{BASE}  - |\n")) == sorted(Rule.model_fields)


@pytest.mark.slow
def test_a_rule_is_offered_the_keys_that_it_has_not(server: LanguageServer) -> None:
    given = {"name", "match"}
    labels = offered(server, f"{BASE}  - name: a\n    match: b\n    |\n")
    assert sorted(labels) == sorted(set(Rule.model_fields) - given)


def described(key: str) -> str:
    """What the schema says of a key of a rule."""
    description: str = schema("spec")["$defs"]["Rule"]["properties"][key]["description"]
    return description


@pytest.mark.slow
def test_a_key_is_offered_with_its_description(server: LanguageServer) -> None:
    (item,) = [item for item in server.completions(f"{BASE}  - |\n") if item["label"] == "lr_mult"]
    assert item["documentation"]["value"] == described("lr_mult")


@pytest.mark.slow
def test_types_of_optimizers_are_offered(server: LanguageServer) -> None:
    assert set(ARGUMENTS) <= set(offered(server, f"{SCHEMA_LINE}\nlrspec: 1\noptimizer:\n  type: |\n"))


@pytest.mark.slow
def test_arguments_of_the_optimizer_are_offered(server: LanguageServer) -> None:
    labels = offered(server, f"{SCHEMA_LINE}\nlrspec: 1\noptimizer:\n  type: SGD\n  |\n")
    assert set(labels) == ARGUMENTS["SGD"]


@pytest.mark.slow
def test_options_of_the_optimizer_are_offered(server: LanguageServer) -> None:
    labels = offered(server, f"{BASE}  - match: a\n    options:\n      |\n")
    assert set(labels) == ARGUMENTS["AdamW"] - {"lr", "weight_decay"}


@pytest.mark.slow
def test_arguments_of_one_of_several_optimizers_are_offered(server: LanguageServer) -> None:
    text = f"{SCHEMA_LINE}\nlrspec: 1\noptimizers:\n  a:\n    type: SGD\n  b:\n    type: Muon\n    |\n"
    assert set(offered(server, text)) == ARGUMENTS["Muon"]


@pytest.mark.slow
def test_options_of_several_optimizers_are_offered(server: LanguageServer) -> None:
    header = f"{SCHEMA_LINE}\nlrspec: 1\noptimizers:\n  a: {{type: SGD}}\n  b: {{type: Muon}}\nrules:\n"
    labels = set(offered(server, f"{header}  - match: a\n    options:\n      |\n"))
    assert labels >= (ARGUMENTS["SGD"] | ARGUMENTS["Muon"]) - {"lr", "weight_decay"}


@pytest.mark.slow
def test_keys_of_a_segment_are_offered(server: LanguageServer) -> None:
    text = f"{SCHEMA_LINE}\nlrspec: 1\nschedules:\n  main:\n    - until: 5%\n      |\n"
    assert sorted(offered(server, text)) == ["from", "shape", "to"]


@pytest.mark.slow
def test_shapes_are_offered(server: LanguageServer) -> None:
    text = f"{SCHEMA_LINE}\nlrspec: 1\nschedules:\n  main:\n    - shape: |\n"
    assert set(offered(server, text)) >= {"linear", "cosine", "sqrt", "exponential", "inverse_sqrt"}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["lr_scale", "weight_decay_mult"])
def test_the_parts_of_a_factor_are_offered_and_described(server: LanguageServer, key: str) -> None:
    assert {"of", "power", "base"} <= set(offered(server, f"{BASE}  - match: a\n    {key}:\n      |\n"))
    assert offered(server, f"{BASE}  - match: a\n    {key}:\n      of: |\n") == ["rows", "cols", "fan_in", "fan_out"]
    shown = server.hover(f"{BASE}  - match: a\n    {key}:\n      po|wer: -1\n")
    assert schema("spec")["$defs"]["SizeFactor"]["properties"]["power"]["description"] in shown


@pytest.mark.slow
def test_keys_of_a_ladder_are_offered(server: LanguageServer) -> None:
    labels = offered(server, f"{BASE}  - layers: ['^a', '^b']\n    layer_decay:\n      |\n")
    assert set(labels) == {"factor", "min_mult", "first"}
    labels = offered(server, f"{BASE}  - layer_decay: 0.5\n    layers:\n      - '^a'\n      - |\n")
    assert set(labels) >= {"join", "to", "match", "every", "gap"}


@pytest.mark.slow
def test_severities_are_offered(server: LanguageServer) -> None:
    assert offered(server, f"{BASE}  - match: a\n    check:\n      zero-lr: |\n") == ["error", "warning", "ignore"]


@pytest.mark.slow
@pytest.mark.parametrize("key", ["match", "lr_mult", "freeze"])
def test_a_key_is_described_where_the_cursor_rests(server: LanguageServer, key: str) -> None:
    text = "  - match: a\n    lr_mult: 1\n    freeze: false\n".replace(key, f"{key[:2]}|{key[2:]}")
    shown = server.hover(BASE + text)
    assert shown.startswith(f"#### {key.replace('_', chr(92) + '_')}\n\n{described(key)}\n")


NEW = r"""
schedules:
  main:
    - {until: 5%, from: 0}
    - {to: 0.1, shape: {power: 2}}
rules:
  - layers: ['^a', {match: '^b.(\d+)', every: 2}, {join: '^c', to: first}, {gap: 2}]
    expect: 12
    layer_decay: {first: 0.1}
    lr_scale: {of: rows, base: 256, power: -1}
    freeze: {until: 10%, every: 5%, but_last: 1}
    schedule: main
    tags: {last: true}
"""
# A key of a rule, or of another part; a key whose value is a part of its own is described as that part.
PLACES = [
    ("Spec", "schedules", "sched|ules:"),
    ("Segment", "until", "{un|til: 5%, from"),
    ("Segment", "from", "fr|om: 0"),
    ("Segment", "to", "{t|o: 0.1"),
    ("Power", "", "sha|pe:"),
    ("Power", "power", "{po|wer: 2}"),
    ("Entry", "match", "{mat|ch: '^b"),
    ("Entry", "every", "eve|ry: 2"),
    ("Entry", "join", "{jo|in:"),
    ("Entry", "to", "t|o: first"),
    ("Entry", "gap", "{ga|p: 2}"),
    ("Rule", "expect", "exp|ect:"),
    ("Decay", "first", "{fir|st: 0.1}"),
    ("SizeFactor", "", "lr_|scale:"),
    ("SizeFactor", "of", "{o|f: rows"),
    ("SizeFactor", "base", "ba|se: 256"),
    ("SizeFactor", "power", "po|wer: -1"),
    ("Thaw", "", "fre|eze:"),
    ("Thaw", "until", "{un|til: 10%"),
    ("Thaw", "every", "eve|ry: 5%"),
    ("Thaw", "but_last", "but|_last:"),
    ("Rule", "schedule", "sched|ule: main"),
    ("Rule", "tags", "ta|gs:"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("part", "key", "place"), PLACES, ids=lambda word: str(word).replace("|", ""))
def test_a_key_of_times_widths_counts_and_tags_is_described(
    server: LanguageServer, part: str, key: str, place: str
) -> None:
    text = f"{SCHEMA_LINE}\nlrspec: 1\noptimizer: {{type: AdamW, lr: 1e-3}}{NEW}"
    assert text.count(place.replace("|", "")) == 1
    shown = server.hover(text.replace(place.replace("|", ""), place))
    words = {**schema("spec")["$defs"], "Spec": schema("spec")}[part]
    if key:
        words = words["properties"][key]
    assert f"\n\n{words['markdownDescription']}\n" in shown


@pytest.mark.slow
def test_keys_of_a_freeze_are_offered(server: LanguageServer) -> None:
    labels = offered(server, f"{BASE}  - match: a\n    freeze:\n      |\n")
    assert set(labels) >= {"until", "every", "but_last"}
    labels = offered(server, f"{BASE}  - layers: a\n    freeze:\n      but_last: 1\n      |\n")
    assert set(labels) == {"until", "every"}


# ------------------------------------------------------------------------------------------- what the page says


def fenced(kind: str) -> list[str]:
    return [block.body for block in blocks(PAGE) if block.info == kind]


@pytest.mark.slow
@pytest.mark.parametrize("header", fenced("yaml"))
def test_each_header_of_the_page_names_the_schema(server: LanguageServer, header: str) -> None:
    here = header.replace("lrspec.v1.schema.json", "../schemas/lrspec.v1.schema.json")
    assert server.told(f"{here}lrspec: 2\nrules: [{{match: a, lr: 1}}]\n") == [VERSION_2]


def test_the_page_has_the_headers_of_both_families() -> None:
    assert [header.partition("lrspec.v1")[0] for header in fenced("yaml")] == [
        SCHEMA_LINE.partition("../schemas")[0],
        "# $schema: ",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.lrspec.yaml", "a.lrspec.yml", ".lrspec.yaml", ".lrspec.yml"])
def test_the_setting_of_the_page_is_for_every_spec(node_modules: Path, tmp_path: Path, name: str) -> None:
    (page,) = fenced("json")
    shutil.copy(ROOT / "schemas" / "lrspec.v1.schema.json", tmp_path)
    with LanguageServer(
        ["node", str(node_modules / SERVER), "--stdio"], tmp_path, json.loads(page)["yaml.schemas"]
    ) as server:
        assert server.told("lrspec: 2\nrules: [{match: a, lr: 1}]\n", name) == [VERSION_2]


def test_the_settings_of_the_page_say_the_same() -> None:
    (json_page,), (toml_page,), (lua_page,) = fenced("json"), fenced("toml"), fenced("lua")
    schemas = json.loads(json_page)["yaml.schemas"]
    config = tomllib.loads(toml_page)["language-server"]["yaml-language-server"]["config"]
    assert config == {"yaml": {"schemas": schemas}}
    for path, patterns in schemas.items():
        listed = ", ".join(f'"{pattern}"' for pattern in patterns)
        assert f'["{path}"] = {{ {listed} }},' in lua_page

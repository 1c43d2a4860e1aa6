"""Legal specs and inventories that cost as much as their size can: each a shape of work, at any size.

A shape is a function of the bytes that its spec may have and of the number of its names; `SHAPES` has them all.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any, TypeAlias

Parameter: TypeAlias = dict[str, Any]
Shape: TypeAlias = "Callable[[int, int], Case]"

MOST_RULES = 990  # beside a few others
MOST_PATTERN = 4096


@dataclass(frozen=True)
class Case:
    """A spec, and the parameters that it is checked against."""

    rules: list[dict[str, Any]]
    parameters: list[Parameter]
    optimizer: dict[str, Any] = field(default_factory=lambda: {"lr": 0.1, "weight_decay": 0.1})
    models: tuple[str, ...] = ("params:m.params.json",)
    more: dict[str, Any] = field(default_factory=dict)

    def spec(self) -> str:
        """The spec, as JSON: the least that it can take."""
        optimizer = {} if "optimizers" in self.more else {"optimizer": self.optimizer}
        models = {"models": list(self.models)}
        content = {"lrspec": 1, **models, **optimizer, **self.more, "rules": self.rules}
        return json.dumps(content, separators=(",", ":"))

    def inventory(self) -> str:
        """The inventory, as JSON."""
        content = {"lrspec_params": 1, "source": "worst", "parameters": self.parameters}
        return json.dumps(content, separators=(",", ":"))


# --------------------------------------------------------------------------------------------------- ingredients


def word(number: int, length: int = 6) -> str:
    """A word of small letters, another for each number."""
    letters = []
    for _ in range(length):
        number, letter = divmod(number, 26)
        letters.append(string.ascii_lowercase[letter])
    return "".join(reversed(letters))


def parameter(name: str, **more: Any) -> Parameter:
    """A parameter of a plain linear layer."""
    return {"name": name, "shape": [2], "requires_grad": True, "module": ["Linear"], "aliases": [], **more}


def distinct(names: int, suffix: str = ".weight") -> list[Parameter]:
    """Parameters that no two have a name in common but for digits."""
    return [parameter(f"{word(number)}{suffix}") for number in range(names)]


def numbered(names: int) -> list[Parameter]:
    """Parameters whose names differ in digits only, as in most models."""
    return [parameter(f"layers.{number}.mlp.weight") for number in range(names)]


def regexes(size: int, make: Callable[[int], str]) -> list[str]:
    """As many regexes as a spec of that size holds."""
    found, left = list[str](), size - 400
    for number in count():
        regex = make(number)
        left -= len(json.dumps(regex)) + 1
        if left < 0 or len(found) == 90_000:
            return found
        found.append(regex)
    raise AssertionError("unreachable")


def in_rules(many: list[str], **sets: Any) -> list[dict[str, Any]]:
    """The regexes in as few rules as they fit in, since the number of rules is limited."""
    return [{"match": many, **(sets or {"lr": 1})}]


def a_rule_each(size: int, make: Callable[[int], dict[str, Any]]) -> list[dict[str, Any]]:
    """As many rules as a spec of that size holds."""
    rules, left = [], size - 400
    for number in range(MOST_RULES):
        rule = make(number)
        left -= len(json.dumps(rule, separators=(",", ":"))) + 1
        if left < 0:
            break
        rules.append(rule)
    return rules


def alternation(parts: Iterator[str], length: int = MOST_PATTERN) -> str:
    """A regex of as many branches as fit."""
    regex = next(parts)
    for part in parts:
        if len(regex) + len(part) + 1 > length:
            return regex
        regex += f"|{part}"
    return regex


def words(length: int, first: int = 0) -> Iterator[str]:
    """Words of a length, from one on."""
    return (word(number, length) for number in count(first))


# ------------------------------------------------------------------------------------------------ many branches


def branches_of_one_regex(size: int, names: int) -> Case:
    regex = alternation(words(2))
    return Case([{"match": regex, "lr": 1}], distinct(names))


def branches_of_many_regexes(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: alternation(words(3, n * 1000)))), distinct(names))


def branches_of_a_ladder(size: int, names: int) -> Case:
    entries = regexes(size, lambda n: f"^({alternation(words(4, n * 800), 4000)})")
    return Case([{"layers": entries, "layer_decay": 0.9}], distinct(names))


def branches_of_excludes(size: int, names: int) -> Case:
    many = regexes(size, lambda n: alternation(words(3, n * 1000)))
    return Case([{"match": ".", "exclude": many, "lr": 1}, {"fallback": True, "lr": 1}], distinct(names))


def branches_within_branches(size: int, names: int) -> Case:
    def nested(number: int) -> str:
        regex = word(number, 3)
        for depth in range(90):
            regex = f"(?:{regex}|{word(depth, 2)})" if len(regex) < 4000 else regex
        return regex

    return Case(in_rules(regexes(size, nested)), distinct(names))


def branches_by_digits(size: int, names: int) -> Case:
    many = regexes(size, lambda n: rf"layers\.(?:{alternation(map(str, count(n * 900)), 4000)})\.")
    return Case(in_rules(many), numbered(names))


# ------------------------------------------------------------------------------------------------- many regexes


def regexes_that_all_match(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: f".{{{n % 4}}}(?#{n})")), distinct(names))


def regexes_that_miss(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: f"^x{word(n)}x$")), distinct(names))


def regexes_that_nearly_hit(size: int, names: int) -> Case:
    many = regexes(size, lambda n: rf"\.{word(n)}weigth\b")
    return Case([{"match": "a", "lr": 1}, *in_rules(many), {"fallback": True, "lr": 1}], distinct(names))


def rules_that_nearly_hit(size: int, names: int) -> Case:
    rules = a_rule_each(size, lambda n: {"match": [f"{word(n)}_weigth_{each}" for each in range(20)], "lr": 1})
    return Case(rules, distinct(names))


def regexes_with_commas(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: ",".join(islice(words(3, n * 900), 1000)))), distinct(names))


def regexes_with_dots(size: int, names: int) -> Case:
    many = regexes(size, lambda n: "|".join(islice((f"{one}.w" for one in words(4, n * 600)), 580)))
    return Case(in_rules(many), distinct(names))


def dots_alone(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: "." * (5 + n % 8) + "(?:" + "." * 4000 + ")?")), distinct(names))


def excludes(size: int, names: int) -> Case:
    many = regexes(size, lambda n: f"x{word(n)}$")
    return Case([{"match": ".", "exclude": many, "lr": 1}], distinct(names))


def regexes_that_tell_digits_apart(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: rf"^layers\.{n}\.")), numbered(names))


def regexes_of_wide_sets(size: int, names: int) -> Case:
    many = regexes(size, lambda n: f"(?i)[\u0100-\uffef]{{{n % 9}}}[{word(n)}\\w]{{2,9}}[^\u0100-\u0fff]+$")
    return Case(in_rules(many), distinct(names))


def regexes_that_backtrack(size: int, names: int) -> Case:
    many = regexes(size, lambda n: rf"^(?:\w*\w*\w*\w*){n % 7}x$")
    return Case(in_rules(many), distinct(names, "." + "a" * 100 + ".weight"))


def regexes_that_never_end(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: rf"^(\w+\.?)*{n}!$")), distinct(names, "." + "a" * 40 + ".weight"))


def groups_within_groups(size: int, names: int) -> Case:
    return Case(in_rules(regexes(size, lambda n: "(?:" * 95 + word(n) + ")?" * 95)), distinct(names))


# --------------------------------------------------------------------------------------------------- many rules


def rules_that_all_match(size: int, names: int) -> Case:
    return Case(a_rule_each(size, lambda n: {"match": ".", "lr": n + 1}), distinct(names))


def rules_that_say_the_same(size: int, names: int) -> Case:
    return Case(a_rule_each(size, lambda _: {"where": {"ndim": 1}, "lr": 1}), distinct(names))


def rules_on_one_kind(size: int, names: int) -> Case:
    return Case(a_rule_each(size, lambda n: {"match": "^layer", "lr": n + 1, "weight_decay": n}), numbered(names))


def rules_that_where_takes_from(size: int, names: int) -> Case:
    def rule(number: int) -> dict[str, Any]:
        return {"match": word(number)[-3:], "where": {"ndim": 3, "module": "Liner"}, "exclude": "x$", "lr": 1}

    return Case([{"match": ".", "lr": 1}, *a_rule_each(size, rule)], distinct(names))


def rules_of_options(size: int, names: int) -> Case:
    def rule(number: int) -> dict[str, Any]:
        return {"where": {"ndim": 1}, "options": {f"o{each}": number for each in range(number % 2, 45)}}

    rules = [{"match": ".", "lr": 1}, *a_rule_each(size, rule)]
    return Case(rules, distinct(names), {"type": "my.Own", "lr": 1})


def options_of_their_own(size: int, names: int) -> Case:
    def rule(number: int) -> dict[str, Any]:
        return {"where": {"ndim": 1}, "options": {f"o{number * 45 + each}": 1 for each in range(45)}}

    rules = [{"match": ".", "lr": 1}, *a_rule_each(size, rule)]
    return Case(rules, distinct(names), {"type": "my.Own", "lr": 1})


def optimizer_of_many_options(size: int, names: int) -> Case:
    options = {f"o{number}": 1 for number in range(min(size // 30, 40_000))}
    rules = a_rule_each(size // 2, lambda n: {"match": f"^{word(n)}", "lr": 1, "weight_decay": n / 2000})
    return Case([*rules, {"fallback": True, "lr": 1}], distinct(names), {"type": "my.Own", "lr": 1, **options})


def fallbacks(size: int, names: int) -> Case:
    def rule(number: int) -> dict[str, Any]:
        return {"fallback": True, "lr_mult": number + 1, "weight_decay": number, "lr_scale": 1, "match": ["."] * 9}

    return Case(a_rule_each(size, rule), distinct(names))


def frozen_rules(size: int, names: int) -> Case:
    rules = a_rule_each(size, lambda n: {"match": ".", **({"freeze": True} if n % 2 else {"lr": n})})
    return Case(rules, distinct(names))


def rules_that_set_one_name_each(size: int, names: int) -> Case:
    rules = a_rule_each(size, lambda n: {"match": f"^{word(n)}", "lr": n + 1})
    return Case([*rules[:-1], {"fallback": True, "lr": 1}], distinct(names))


def several_optimizers(size: int, names: int) -> Case:
    optimizers = {f"o{n}": {"type": "my.Own", "lr": n + 1, "weight_decay": 1} for n in range(300)}

    def rule(number: int) -> dict[str, Any]:
        if number < 400:
            return {"match": f"{word(number)[-2:]}.w", "optimizer": f"o{number % 300}", "lr_mult": 1}
        return {"match": ".", "lr_mult": 2, "weight_decay_mult": number}

    return Case(a_rule_each(size - 15_000, rule), distinct(names), more={"optimizers": optimizers})


# ------------------------------------------------------------------------------------------------------- ladders


def ladder_of_every_name(size: int, names: int) -> Case:
    return Case([{"layers": "^(.+)$", "layer_decay": 0.9999}], distinct(names))


def joins_of_every_name(size: int, names: int) -> Case:
    own = [parameter(f"{word(n)}.{kind}") for n in range(names // 2) for kind in ("weight", "bias")]
    return Case([{"layers": [r"^(\w+)\.weight", {"join": r"^(\w+)\.bias"}], "layer_decay": 0.9999}], own)


def joins_of_numbers(size: int, names: int) -> Case:
    own = [parameter(f"l.{n}.{kind}") for n in range(names // 2) for kind in ("weight", "bias")]
    return Case([{"layers": [r"(\d+)\.weight", {"join": r"(\d+)\.bias"}], "layer_decay": 0.9999}], own)


def many_joins(size: int, names: int) -> Case:
    entries: list[Any] = [r"^(\w+)\.weight"]
    entries += [{"join": regex} for regex in regexes(size // 2, lambda n: f"^{word(n)}(a)?")]
    return Case([{"layers": entries, "layer_decay": 0.9}], distinct(names))


def ladders_over_each_other(size: int, names: int) -> Case:
    rules = a_rule_each(size, lambda n: {"layers": [f"^({word(n, 1)[:1]}?.*)$", "."], "layer_decay": 0.9})
    return Case(rules, distinct(names))


def ladder_of_many_groups(size: int, names: int) -> Case:
    many = regexes(size, lambda n: f"{word(n, 2)}?" + "(.?)" * 90)
    return Case([{"layers": many, "layer_decay": 0.9}], distinct(names))


def options_on_every_layer(size: int, names: int) -> Case:
    def rule(number: int) -> dict[str, Any]:
        return {"name": f"{word(number)}{'x' * 190}", "match": ".", "options": {f"o{number}": 1}}

    ladder = {"layers": r"layers\.(\d+)\.", "layer_decay": 0.99999}
    return Case([ladder, *a_rule_each(size, rule)], numbered(names), {"type": "my.Own", "lr": 1})


# ---------------------------------------------------------------------------------------------------- inventories


def long_names(size: int, names: int) -> Case:
    own = [parameter(word(n) + "a" * 900) for n in range(names)]
    return Case([{"match": ["a*b", "(?:a|b)*c", "a.*a.*a.*b"], "lr": 1}], own)


def one_very_long_name(size: int, names: int) -> Case:
    return Case([{"match": "a*b", "lr": 1}], [parameter("a" * min(names * 200, 20_000_000))])


def aliases_of_one(size: int, names: int) -> Case:
    tied = [f"{word(n)}.weight" for n in range(1, names)]
    one = parameter(word(0), aliases=tied, alias_modules=[["Linear"]] * len(tied))
    return Case(in_rules(regexes(size, lambda n: f"^{word(n)}")), [one])


def aliases_of_a_ladder(size: int, names: int) -> Case:
    own = [
        parameter(f"{word(n)}.a", aliases=[f"{word(n)}.{each}" for each in range(49)], alias_modules=[["L"]] * 49)
        for n in range(names // 50)
    ]
    return Case([{"layers": [r"^(\w+\.\w+)$", r"(\d)"], "layer_decay": 0.9}], own)


def owners_of_many_classes(size: int, names: int) -> Case:
    own = [parameter(f"{word(n)}.weight", module=[f"{word(n)}{each}" for each in range(8)]) for n in range(names)]
    rules = a_rule_each(size, lambda n: {"where": {"module": f"{word(n)}|{word(n + 1)}x"}, "lr": 1})
    return Case(rules, own)


def norms_of_every_kind(size: int, names: int) -> Case:
    own = [parameter(f"{word(n)}.w{word(n % 999)}", module=[f"Norm{word(n % 999)}"]) for n in range(names)]
    halves = [{"match": "[a-m].w", "weight_decay": 0}, {"match": ".", "lr": 1}]
    return Case(halves, own)


def parts_of_components(size: int, names: int) -> Case:
    own = [parameter(f"{word(n)[:5]}{'' if n % 2 else 'x'}.{word(n)}") for n in range(names)]
    return Case(in_rules(regexes(size, lambda n: f"^[a-z]{{5}}(?#{n})")), own)


def many_models(size: int, names: int) -> Case:
    own = distinct(names)
    models = [f"params:{'./' * number}m.params.json" for number in range(100)]
    many = regexes(size - 20_000, lambda n: alternation(words(3, n * 1000), 400))
    return Case(in_rules(many), own, models=tuple(models))


def unmatched(size: int, names: int) -> Case:
    return Case([{"match": f"^{word(0)}", "lr": 1}], distinct(names, "." + "y" * 200))


def components_of_long_names(size: int, names: int) -> Case:
    own = [parameter(".".join(word(n * 60 + each, 5) for each in range(60))) for n in range(names)]
    return Case([{"match": ".", "lr": 1}, {"match": ["wegiht", "zzzz"], "lr": 1}], own)


def random_regexes(size: int, names: int) -> Case:
    chance = random.Random(0)
    pieces = ["a", "b", r"\w", r"\d*", ".", ".*", "(a|b)", "[a-f]+", "(?:x|y)?", r"\.", "(.)", "$", "^", "w.i"]
    many = regexes(size, lambda _: "".join(chance.choices(pieces, k=chance.randint(1, 12))))
    return Case(in_rules(many), distinct(names))


SHAPES: dict[str, Shape] = {
    shape.__name__: shape
    for shape in (
        *(branches_of_one_regex, branches_of_many_regexes, branches_of_a_ladder, branches_of_excludes),
        *(branches_within_branches, branches_by_digits),
        *(regexes_that_all_match, regexes_that_miss, regexes_that_nearly_hit, rules_that_nearly_hit),
        *(regexes_with_commas, regexes_with_dots, dots_alone, excludes, regexes_that_tell_digits_apart),
        *(regexes_of_wide_sets, regexes_that_backtrack, regexes_that_never_end, groups_within_groups),
        *(rules_that_all_match, rules_that_say_the_same, rules_of_options, options_of_their_own, fallbacks),
        optimizer_of_many_options,
        *(rules_on_one_kind, rules_that_where_takes_from, frozen_rules, rules_that_set_one_name_each),
        several_optimizers,
        *(ladder_of_every_name, joins_of_every_name, joins_of_numbers, many_joins, ladders_over_each_other),
        *(options_on_every_layer, components_of_long_names),
        *(ladder_of_many_groups, long_names, one_very_long_name, aliases_of_one, aliases_of_a_ladder),
        *(owners_of_many_classes, norms_of_every_kind, parts_of_components, many_models, unmatched),
        random_regexes,
    )
}
"""Every shape, by its name."""

"""The limits of a check: what goes beyond is refused at its place, or left unjudged in so many words."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import lrspec
from lrspec import cli
from lrspec.compiler.compile import Outcome, attempt
from lrspec.compiler.runner import Checker, CheckOptions
from lrspec.diagnostics.diagnostic import Diagnostic
from lrspec.models import inventory_file
from lrspec.models.inventory import InventoryError
from lrspec.regex import work_limit as work
from lrspec.regex.work_limit import TooMuchError, Work

NAMES = [f"{a}{b}.weight" for a in "abcdefghij" for b in "abcdefghij"]
HUNDRED = lrspec.Inventory.from_names(NAMES)
TWO = ({"match": "^[a-e]", "lr": 0.1}, {"match": "^[f-j]", "lr": 0.2})
BRANCHES = ({"match": "^a|^b|^zz", "lr": 0.1}, {"fallback": True, "lr": 0.1})


LENIENT = {"unmatched-parameter": "ignore"}


@pytest.fixture(autouse=True)
def none_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each limit is what the test says, and does not grow with the names."""
    for limit in ("SEARCHES", "KEPT", "JUDGED"):
        monkeypatch.setattr(work, f"{limit}_A_NAME", 0)


def outcome(*rules: dict[str, Any], **more: Any) -> Outcome:
    text = json.dumps({"lrspec": 1, **more, "rules": rules}, indent=1)
    return attempt(lrspec.loads(text, "json"), HUNDRED, work=Work())


def told(found: Outcome) -> list[tuple[str, str, str]]:
    return [(each.code, each.severity.value, each.lines[0]) for each in found.diagnostics]


def only(found: Outcome) -> Diagnostic:
    (diagnostic,) = found.diagnostics
    return diagnostic


# ------------------------------------------------------------------------------------------------------ refused


def test_one_search_too_many_is_refused_at_its_regex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SEARCHES", 200)
    assert told(outcome(*TWO)) == []
    found = outcome(*TWO, {"match": "^x", "lr": 0.3})
    assert found.plan is None
    refused = only(found)
    assert (refused.code, refused.severity.value, refused.line, refused.rule) == ("LRS101", "error", 13, "rule-3")
    assert refused.lines[0] == "the regexes up to this one need more than 200 searches: this is too much to check"
    assert "use fewer regexes and rules" in refused.lines[1]


def test_going_through_the_names_for_a_where_is_a_search_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SEARCHES", 2)
    two = lrspec.Inventory([lrspec.Parameter(name, shape=(1,)) for name in ("a", "b")])
    rule = {"where": {"ndim": 1}, "lr": 0.1}
    for rules, codes in (([rule], []), ([rule, rule], ["LRS101"])):
        file = lrspec.loads(json.dumps({"lrspec": 1, "rules": rules}), "json")
        assert [each.code for each in attempt(file, two, work=Work()).diagnostics] == codes


@pytest.mark.parametrize("third", [{"match": "^a", "weight_decay": 1}, {"exclude": "^a", "fallback": True, "lr": 0.1}])
def test_what_is_selected_and_set_is_too_much_at_its_rule(
    monkeypatch: pytest.MonkeyPatch, third: dict[str, Any]
) -> None:
    monkeypatch.setattr(work, "KEPT", 105)
    refused = only(outcome(*TWO, third))
    assert (refused.code, refused.rule) == ("LRS101", "rule-3")
    assert refused.lines[0] == "together the rules select and set more than 105 times: this is too much to check"


def test_settings_count_as_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "KEPT", 202)
    assert told(outcome(*TWO)) == []
    refused = only(outcome(*TWO[:1], {**TWO[1], "weight_decay": 0.1}))
    assert (refused.code, refused.rule) == ("LRS101", "rule-2")


def test_a_ladder_and_groups_of_a_regex_take_more_than_a_match(monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = {"layers": "^(.)(.)", "layer_decay": 0.9, "lr": 0.1}
    monkeypatch.setattr(work, "KEPT", 300)
    assert only(outcome(ladder)).code == "LRS101"
    assert only(outcome({"match": "^" + "(.?)" * 12, "lr": 0.1})).code == "LRS101"
    assert told(outcome({"match": "^[a-z]{2}", "lr": 0.1})) == []


def test_a_compilation_that_takes_too_long_is_ended_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "OVERALL_SECONDS", 0.05)
    monkeypatch.setattr(work, "OVERALL_SECONDS_A_NAME", 0)
    monkeypatch.setattr("lrspec.compiler.compile.cohorts_of", lambda _: forever())
    refused = only(outcome(*TWO))
    assert (refused.code, refused.line, refused.rule) == ("LRS101", 3, None)
    assert refused.lines[0] == "compiling the spec takes too long: this is too much to check"


def forever() -> None:
    while True:
        pass


def test_findings_list_so_many_parameters_and_then_only_the_first_few(monkeypatch: pytest.MonkeyPatch) -> None:
    later = [{"match": "^[a-e]", "lr": 0.3 + number / 10} for number in range(5)]
    lenient = {"overlapping-rules": "warning", "shadowed-rule": "warning"}
    whole = outcome(*TWO, *later, check=lenient)
    monkeypatch.setattr(work, "LISTED", 3 * 50 * len("aa.weight"))
    cut = outcome(*TWO, *later, check=lenient)
    listed = sorted(len(each.parameters) for each in cut.diagnostics)
    assert listed == [5] * 7 + [50] * 3
    for one, other in zip(whole.diagnostics, cut.diagnostics, strict=True):
        told = other.message.endswith(" Only the first 5 are listed: all findings together have too many.")
        assert (one.code, one.span, one.parameters[:5]) == (other.code, other.span, other.parameters[:5])
        assert told == (len(other.parameters) == 5)
    assert cut.plan is not None
    assert cut.plan.groups is not None


def test_the_limits_hold_where_nothing_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SEARCHES", 100)
    found: list[Outcome] = []
    thread = threading.Thread(target=lambda: found.append(outcome(*TWO)))
    thread.start()
    thread.join()
    assert only(found[0]).code == "LRS101"


def test_a_spec_of_one_s_own_may_be_four_times_as_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SEARCHES", 50)
    file = lrspec.loads(json.dumps({"lrspec": 1, "rules": TWO}), "json")
    assert lrspec.check(file, HUNDRED) == []
    assert [each.code for each in attempt(file, HUNDRED, work=Work()).diagnostics] == ["LRS101"]


def test_what_a_ladder_makes_of_one_kind_counts_for_every_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    names = lrspec.Inventory.from_names([f"layers.{number}.w" for number in range(100)])
    rules = [{"layers": r"layers\.(\d+)", "layer_decay": 0.9, "lr": 0.1}, {"match": "w", "weight_decay": 0.1}]
    file = lrspec.loads(json.dumps({"lrspec": 1, "rules": rules}), "json")
    for kept, codes in ((316, []), (315, ["LRS101"])):
        monkeypatch.setattr(work, "KEPT", kept)
        assert [each.code for each in attempt(file, names, work=Work()).diagnostics] == codes


def test_where_nothing_can_be_interrupted_time_ends_at_the_next_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer", raising=False)
    monkeypatch.setattr(work, "OVERALL_SECONDS", 0.0)
    monkeypatch.setattr(work, "OVERALL_SECONDS_A_NAME", 0.0)
    assert only(outcome(*TWO)).lines[0].startswith("compiling the spec takes too long")


def test_limits_grow_with_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "SEARCHES", 0)
    monkeypatch.setattr(work, "SEARCHES_A_NAME", 2)
    assert told(outcome(*TWO)) == []
    assert only(outcome(*TWO, {"match": "^x", "lr": 0.3})).code == "LRS101"


def test_the_models_of_a_spec_share_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(work, "SEARCHES", 400)
    for number in range(3):
        Path(f"{number}.txt").write_text("\n".join(NAMES))
    spec = {"lrspec": 1, "models": [f"params:{number}.txt" for number in range(3)], "rules": TWO}
    Path("a.lrspec.json").write_text(json.dumps(spec))
    checked = Checker(CheckOptions()).check_file("a.lrspec.json")
    assert [(each.code, each.models) for each in checked.diagnostics] == [("LRS101", ("params:2.txt",))]


# -------------------------------------------------------------------------------------------------- not judged


def test_branches_that_are_too_much_to_judge_are_said_not_to_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    (dead,) = told(outcome(*BRANCHES))
    assert dead[:2] == ("LRS306", "warning")
    assert dead[2].startswith("the branch '^zz' at column 7")
    monkeypatch.setattr(work, "JUDGED", 100)
    found = outcome(*BRANCHES)
    assert told(found) == [
        (
            "LRS306",
            "warning",
            "whether each branch of '^a|^b|^zz' does something was not checked: all regexes of the spec together take "
            "too long",
        )
    ]
    assert (
        found.diagnostics[0].lines[1].startswith("Shorten this regex or those before it; `check: {regex-dead-branch:")
    )
    assert found.plan is not None
    assert found.plan.groups is not None
    assert told(outcome(*BRANCHES, check={"regex-dead-branch": "ignore"})) == []


def test_dots_that_are_too_much_to_judge_are_said_not_to_be_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ({"match": "^a.", "lr": 0.1}, {"fallback": True, "lr": 0.1})
    assert told(outcome(*rules))[0][2].startswith("the `.` at column 3 of '^a.'")
    monkeypatch.setattr(work, "JUDGED", 20)
    (found,) = told(outcome(*rules))
    assert found[0] == "LRS302"
    assert found[2].startswith("whether each `.` of '^a.' is meant for any character was not checked")


def test_parts_of_components_that_are_too_many_to_look_at_are_said_not_to_be_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = lrspec.Inventory.from_names([f"head.{number}.w" for number in range(30)] + ["headx.w"])
    file = lrspec.loads(json.dumps({"lrspec": 1, "rules": [{"match": "head", "lr": 0.1}], "check": LENIENT}), "json")
    (found,) = attempt(file, names, work=Work()).diagnostics
    assert found.lines[0].startswith("'head' matches the whole of 'head' in head.0.w")
    monkeypatch.setattr(work, "JUDGED", 2)
    (found,) = attempt(file, names, work=Work()).diagnostics
    assert (found.code, found.severity.value) == ("LRS301", "warning")
    assert found.lines[0].startswith("whether 'head' cuts numbers or names in two was not checked")


def test_what_was_meant_is_not_searched_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "JUDGED", 10_000)
    spec = [*TWO, *({"match": f"{name[:2]}_weigth", "weight_decay": 1} for name in NAMES)]
    lines = [line for _, _, line in told(outcome(*spec))]
    assert len(lines) == 100
    assert 0 < sum("No name has" in line for line in lines) < 50


def test_a_branch_that_is_slow_alone_leaves_the_others_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "JUDGING_SECONDS_EACH", 0.05)
    slow = lrspec.Inventory.from_names(["a" * 40 + "b", "ac", "bb"])
    spec = {"lrspec": 1, "rules": [{"match": "^(?:a+b|(?:a+)+c|[ab]*b|zz)$", "lr": 0.1}]}
    (found,) = attempt(lrspec.loads(json.dumps(spec), "json"), slow).diagnostics
    assert found.message.startswith("the branch 'zz' at column 25")


def test_nothing_is_spent_on_what_is_not_judged() -> None:
    left = Work()
    left.allow_for(0)
    assert not left.affords(10**9)
    assert left.affords(work.JUDGED)
    assert not left.affords(1)


def test_a_search_that_is_refused_says_where() -> None:
    with pytest.raises(TooMuchError) as refused:
        Work().count_searches(work.SEARCHES + 1, ("rules", 3, "match"))
    assert refused.value.path == ("rules", 3, "match")


# ---------------------------------------------------------------------------------------------------- what is read


def saved(tmp_path: Path, *names: str, text: bool = False, **more: Any) -> Path:
    path = tmp_path / ("m.txt" if text else "m.params.json")
    content = {"lrspec_params": 1, "parameters": [{"name": name, "shape": [1], **more} for name in names]}
    path.write_text("\n".join(names) if text else json.dumps(content))
    return path


@pytest.mark.parametrize("text", [True, False])
def test_a_name_of_an_inventory_has_1024_characters_at_most(tmp_path: Path, text: bool) -> None:
    assert lrspec.Inventory.load(saved(tmp_path, "a" * 1024, text=text)).columns.names == ["a" * 1024]
    with pytest.raises(InventoryError, match=r"…: a name of more than 1,024 characters"):
        lrspec.Inventory.load(saved(tmp_path, "a" * 1025, text=text))


def test_an_alias_of_an_inventory_counts_as_a_name(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="a name of more than"):
        lrspec.Inventory.load(saved(tmp_path, "a", aliases=["a" * 1025]))


@pytest.mark.parametrize("text", [True, False])
def test_an_inventory_has_so_many_names_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bool) -> None:
    monkeypatch.setattr(inventory_file, "MOST_NAMES", 2)
    lrspec.Inventory.load(saved(tmp_path, "a", "b", text=text))
    with pytest.raises(InventoryError, match="more than 2 names, the most that an inventory may have"):
        lrspec.Inventory.load(saved(tmp_path, "a", "b", "c", text=text))


@pytest.mark.parametrize("limit", ["MOST_BYTES", "_MOST_VALUES"])
def test_an_inventory_is_only_so_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    path = saved(tmp_path, "a", "b")
    size = path.stat().st_size if limit == "MOST_BYTES" else sum(map(path.read_text().count, ",[{"))
    monkeypatch.setattr(inventory_file, limit, size)
    lrspec.Inventory.load(path)
    monkeypatch.setattr(inventory_file, limit, size - 1)
    with pytest.raises(InventoryError, match="too large: at most"):
        lrspec.Inventory.load(path)


def test_a_spec_is_for_a_hundred_models_at_most() -> None:
    def codes(models: int) -> list[str]:
        spec = {
            "lrspec": 1,
            "models": [f"resnet{number}" for number in range(models)],
            "rules": [{"match": "a", "lr": 0.1}],
        }
        try:
            lrspec.loads(json.dumps(spec), "json")
        except lrspec.SpecError as error:
            return [f"{each.code} {each.lines[0]}" for each in error.diagnostics]
        return []

    assert codes(100) == []
    assert codes(101) == ["LRS101 more than 100 models"]


def test_an_inventory_is_checked_against_once_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.txt").write_text("a")
    Path("a.lrspec.yaml").write_text(
        "lrspec: 1\nmodels: ['params:m.txt', 'params:./m.txt', \"params:m\\0\"]\nrules: [{match: a, lr: 1}]\n"
    )
    assert cli.run(["check", "--no-build"]) == 2
    out = capsys.readouterr().out
    assert "1 spec checked against 1 model: nothing found; 1 failure" in out

"""Input that means harm: limits, bombs, odd encodings and files, slow regexes, and text that would move a cursor."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lrspec
from lrspec import cli
from lrspec.compiler.compile import attempt
from lrspec.diagnostics.report import report
from lrspec.formats.explanation import explain
from lrspec.formats.table import table
from lrspec.regex import time_limit as deadline
from lrspec.spec.load import Reading, SpecFile, read, read_file
from lrspec.spec.syntax.document import Format
from lrspec.spec.validation import regex_errors as wrong_regexes

FORMATS: tuple[Format, ...] = ("yaml", "json")
NAMES = lrspec.Inventory.from_names(["a.weight", "a.bias"])


def first(data: str | bytes, format: Format = "yaml") -> str:
    """The code and the message of the first finding; empty where there is none."""
    found = reading(data, format).diagnostics
    return f"{found[0].code} {found[0].message}" if found else ""


def reading(data: str | bytes, format: Format = "yaml") -> Reading:
    return read(data if isinstance(data, bytes) else data.encode(), "spec", format)


def spec_of(rules: Any, **more: Any) -> str:
    return json.dumps({"lrspec": 1, "rules": rules, **more})


RULE = {"match": "^a", "lr": 1}

# ------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("format", FORMATS)
def test_a_mebibyte_is_the_most(format: Format) -> None:
    spec = spec_of([RULE])
    fits = spec + " " * (1024 * 1024 - len(spec))
    assert first(fits, format) == ""
    assert first(fits + " ", format) == "LRS101 file too large: a spec may have at most 1,048,576 bytes"


@pytest.mark.parametrize("format", FORMATS)
def test_a_thousand_rules_are_the_most(format: Format) -> None:
    assert first(spec_of([RULE] * 1000), format) == ""
    assert first(spec_of([RULE] * 1001), format) == "LRS101 more than 1,000 rules"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("key", ["match", "exclude", "layers"])
def test_a_regex_has_4096_characters_at_most(format: Format, key: str) -> None:
    rule: dict[str, Any] = {"match": "^a", "lr": 1, key: "a" * 4096}
    if key == "layers":
        rule = {"layers": "a" * 4096, "layer_decay": 0.5, "lr": 1}
    assert first(spec_of([rule]), format) == ""
    assert first(spec_of([{**rule, key: "a" * 4097}]), format).startswith("LRS101 a regex longer than 4,096 char")


@pytest.mark.parametrize("format", FORMATS)
def test_a_key_has_200_characters_at_most(format: Format) -> None:
    spec = spec_of([RULE], models={"source": "resnet18", "args": {"a" * 200: 1}})
    assert first(spec, format) == ""
    assert first(spec.replace("a" * 200, "a" * 201), format).startswith("LRS101 a key longer than 200 characters")


@pytest.mark.parametrize("format", FORMATS)
def test_the_name_of_a_rule_has_200_characters_at_most(format: Format) -> None:
    assert first(spec_of([{**RULE, "name": "a" * 200}]), format) == ""
    assert first(spec_of([{**RULE, "name": "a" * 201}]), format).startswith("LRS104 `name`: expected up to 200 letters")


@pytest.mark.parametrize("text", ["[", "{", "- ", "? ", "[{", "- ? ", "? - ", '{"a":', "!a [", "&a ["])
@pytest.mark.parametrize("format", FORMATS)
def test_nesting_without_end_ends(text: str, format: Format) -> None:
    found = reading((text * 1_000_000)[: 1024 * 1024], format).diagnostics
    assert {each.code for each in found} == {"LRS101"}


@pytest.mark.parametrize("format", FORMATS)
def test_depth_and_nodes_are_limited_where_they_stand(format: Format) -> None:
    spec = spec_of([RULE], models={"source": "resnet18", "args": {"a": "ARGS"}})
    fits = spec.replace('"ARGS"', "[" * 29 + "]" * 29)
    assert first(fits, format) == ""
    assert first(fits.replace("[]", "[[]]"), format).startswith("LRS101 nested more than 32 levels deep")
    others = 8 + 10  # keys; and the root, the lists, the mappings and the scalars that are not these zeros
    many = "[" + ",".join(["0"] * (100_000 - others)) + "]"
    assert first(spec.replace('"ARGS"', many), format) == ""
    assert first(spec.replace('"ARGS"', many.replace("[", "[0,")), format).startswith("LRS101 more than 100,000 values")


def test_what_aliases_blow_up_takes_no_memory() -> None:
    laughs = "a0: &a0 [" + "x, " * 9 + "x]\n"
    laughs += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20))
    assert most_memory(lambda: first(laughs).startswith("LRS101 more than 100,000 values")) < 10e6


@pytest.mark.parametrize(
    "rule",
    ["{*long : 1}", "{*long : }", "{name: *long, match: a, lr: 1}", "{match: *long, lr: 1}", "{lr: *long, match: a}"],
)
def test_a_long_text_that_aliases_repeat_takes_no_memory(rule: str) -> None:
    def told() -> bool:
        found = reading(f"a: &long {'9' * 500_000}\nlrspec: 1\nrules:\n" + f"- {rule}\n" * 1000)
        return bool(found.diagnostics) and len(report(found.diagnostics, found.document.text)) < 1e6

    assert most_memory(told) < 50e6


def most_memory(does: Callable[[], bool]) -> int:
    """The most bytes that it takes to do something, which must come out true."""
    tracemalloc.start()
    try:
        assert does()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_thousand_findings_are_shown_and_the_others_counted() -> None:
    found = reading("lrspec: 1\nrules:\n" + "- 1\n" * 1000 + "check: 1\nmodels: 1\n")
    text = report(found.diagnostics, found.document.text)
    assert len(found.diagnostics) == 1002
    assert text.count("error LRS104") == 1000
    assert text.endswith("\n\nand 2 more\n\n1,002 errors")


def test_of_many_unknown_keys_the_first_ten_thousand_are_told_each_with_what_was_meant() -> None:
    found = reading("lrspec: 1\nrules:\n- lr: 1\n  match: a\n" + "".join(f"  lr_mul{n}: 1\n" for n in range(10_001)))
    near = [each for each in found.diagnostics if "did you mean `lr_mult`?" in each.message]
    assert (len(found.diagnostics), len(near)) == (10_000, 10_000)


@pytest.mark.parametrize(("unknown", "lacking"), [(1000, ["LRS104", "LRS104"]), (1001, [])])
def test_of_a_rule_with_very_many_unknown_keys_nobody_asks_what_it_lacks(unknown: int, lacking: list[str]) -> None:
    found = reading("lrspec: 1\nrules:\n- name: a\n" + "".join(f"  {n}x{n}: 1\n" for n in range(unknown)))
    assert [each.code for each in found.diagnostics if each.code != "LRS103"] == lacking


def test_tag_directives_are_limited() -> None:
    lines = "".join(f"%TAG !a{n}! x:\n" for n in range(101))
    assert first(lines + "--- a").startswith("LRS101 more than 100 `%TAG` lines")
    assert first(lines.replace("\n", "\r") + "--- a").startswith("LRS101 more than 100 `%TAG` lines")
    assert first("%TAG ! x:\n---\n" + spec_of([RULE])) == ""


def test_a_string_that_is_never_closed_is_looked_through_once() -> None:
    assert first('"' + '\\"' * 500_000, "json").startswith("LRS101 not JSON: unterminated string")


# ---------------------------------------------------------------------------------------------------- encodings


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-16-le", b"\xff\xfe", "UTF-16"),
        ("utf-16-be", b"\xfe\xff", "UTF-16"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "UTF-32"),
        ("utf-32-be", b"\x00\x00\xfe\xff", "UTF-32"),
    ],
)
def test_an_encoding_other_than_utf8_is_named(format: Format, encoding: str, mark: bytes, name: str) -> None:
    data = mark + spec_of([RULE]).encode(encoding)
    assert first(data, format) == f"LRS101 not UTF-8: the file is in {name}\nSave the file as UTF-8."


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xe2\x82"])
def test_bad_utf8_is_told_at_its_place(format: Format, bad: bytes) -> None:
    (found,) = reading("{\r\n'é': '日".encode() + bad + b"'}", format).diagnostics
    assert found.message.startswith("not UTF-8: unexpected byte 0x")
    assert (found.line, found.column) == (2, 8)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("format", FORMATS)
def test_lines_are_counted_whatever_ends_them(end: str, mark: str, format: Format) -> None:
    text = mark + json.dumps({"lrspec": 1, "rules": [{"match": "^a", "lr": "é", "x": 1}]}, indent=1).replace("\n", end)
    places = [(each.code, each.line, each.column) for each in reading(text, format).diagnostics]
    assert places == [("LRS104", 6, 10), ("LRS103", 7, 4)]


@pytest.mark.parametrize("format", FORMATS)
def test_a_nul_is_no_text(format: Format) -> None:
    assert first('{"lrspec": 1, "a": "\x00"}', format).startswith("LRS101")


# -------------------------------------------------------------------------------------------------------- files


def test_of_a_large_file_no_more_is_read_than_a_spec_may_have(tmp_path: Path) -> None:
    path = tmp_path / "large.lrspec.yaml"
    path.touch()
    os.truncate(path, 100_000_000)
    assert most_memory(lambda: "too large" in read_file(path).diagnostics[0].message) < 10e6


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this platform")
def test_a_named_pipe_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.lrspec.yaml")
    with pytest.raises(OSError, match="not a regular file"):
        lrspec.load("pipe.lrspec.yaml")
    assert cli.run(["compile", "pipe.lrspec.yaml"]) == 2
    expected = "lrspec: pipe.lrspec.yaml: not a regular file (`-` reads standard input)\n"
    assert capsys.readouterr().err == expected


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there is no /dev/fd on this platform")
def test_what_the_shell_has_opened_is_read() -> None:
    out, into = os.pipe()
    with open(into, "w") as pipe:  # noqa: PTH123  (a handle, not a path)
        pipe.write(spec_of([RULE]))
    try:
        assert lrspec.load(f"/dev/fd/{out}").spec.rules[0].lr == 1
    finally:
        os.close(out)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"directory|denied"):
        lrspec.load(tmp_path)


# ------------------------------------------------------------------------------------------------------ numbers

NOT_FINITE = {
    "yaml": [".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "-.inf", "1e999", "-1e999", "9" * 400],
    "json": ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400],
}
LARGE = ["9" * 5000, "-" + "9" * 5000, "9" * 300_000]
NUMERIC = (
    '"lrspec": N, "rules": [{"match": "a", "lr": 1}]',
    *(
        f'"lrspec": 1, "optimizer": {{"type": "AdamW", {setting}}}, "rules": [{{"match": "a", "lr": 1}}]'
        for setting in ('"lr": N', '"weight_decay": N', '"eps": N', '"betas": [0.9, N]')
    ),
    *(
        f'"lrspec": 1, "optimizer": {{"type": "AdamW"}}, "rules": [{{"match": "a", "{key}": {value}}}]'
        for key, value in (
            *((key, "N") for key in ("lr", "lr_mult", "lr_scale", "weight_decay", "weight_decay_mult")),
            ("options", '{"eps": N}'),
        )
    ),
    *(
        f'"lrspec": 1, "rules": [{{"layers": "a", "lr": 1, "layer_decay": {value}}}]'
        for value in ("N", '{"factor": N}', '{"factor": 1, "min_mult": N}')
    ),
    *(f'"lrspec": 1, "rules": [{{"where": {{"ndim": {value}}}, "lr": 1}}]' for value in ("N", "[0, N]")),
    '"lrspec": 1, "models": {"source": "resnet18", "args": {"a": [N]}}, "rules": [{"match": "a", "lr": 1}]',
)


@pytest.mark.parametrize("spec", NUMERIC)
@pytest.mark.parametrize("format", FORMATS)
def test_no_number_may_be_infinite_or_none_at_all(spec: str, format: Format) -> None:
    for number in (*NOT_FINITE[format], *LARGE):
        (found,) = reading("{" + re.sub(r"\bN\b", number, spec) + "}", format).diagnostics
        assert found.code == "LRS104"
        assert len(found.message) < 400


# ------------------------------------------------------------------------------------------------- slow regexes

SLOW = [r"^(\w+\.?)*\d$", r"(.*)+(.*)+\d$", r"((a|a?)+)+!"]
SLOW_TO_COMPILE = "(?i)" + r"[\x00-\U0010ffff]" * 200
LONG_NAMES = lrspec.Inventory.from_names(["a" * 40 + ".weight", "b"])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "REGEX_SECONDS", 0.1)
    monkeypatch.setattr(wrong_regexes, "COMPILING_SECONDS", 0.15)
    monkeypatch.setattr(wrong_regexes, "COMPILING_SECONDS_EACH", 0.1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("regex", SLOW)
def test_a_slow_search_ends(regex: str) -> None:
    (found,) = attempt(loaded(regex), LONG_NAMES).diagnostics
    assert (found.code, found.line, found.column) == ("LRS105", 3, 13)
    assert found.message.startswith("the regex takes longer than 0.1 s on 'aaa")


@pytest.mark.usefixtures("impatient")
def test_a_slow_compilation_ends() -> None:
    re.purge()
    with pytest.raises(lrspec.SpecError, match="the regex takes too long to compile") as raised:
        loaded(SLOW_TO_COMPILE)
    assert [found.code for found in raised.value.diagnostics] == ["LRS105"]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "wide", ["[\u0100-\uffef]" * 800, r"[\u0100-\uffef]" * 250, r"[^\0-\N{HANGUL SYLLABLE HIH}]" * 120]
)
def test_sets_of_many_characters_are_known_however_they_are_written(wide: str) -> None:
    re.purge()
    with pytest.raises(lrspec.SpecError, match="the regex takes too long to compile"):
        loaded(f"(?i){wide}")


@pytest.mark.usefixtures("impatient")
def test_regexes_that_compile_slowly_share_their_time_and_what_is_not_compiled_is_told_once() -> None:
    re.purge()
    with pytest.raises(lrspec.SpecError) as raised:
        loaded("^a", *(SLOW_TO_COMPILE + str(n) for n in range(4)), "^b")
    told = [(found.line, found.message.split("\n")[0]) for found in raised.value.diagnostics]
    assert told == [
        (4, "the regex takes too long to compile"),
        (5, "the regex takes too long to compile"),
        (6, "the regexes before this one take too long to compile"),
    ]


def test_an_allowance_is_of_each_regex_and_of_all_together() -> None:
    allowance = deadline.Allowance(0.15, deadline.Timer(), each=0.1)
    assert allowance.most(texts=1000) == 0.1 + 1000 * deadline.REGEX_SECONDS_A_TEXT
    for _ in range(2):
        with pytest.raises(deadline.TimeIsUpError), allowance.timer.watch(), allowance.spend():
            spin()
    with pytest.raises(deadline.TimeIsUpError), allowance.spend():
        raise AssertionError("nothing is left")


def test_whatever_runs_under_a_timer_is_ended_by_it() -> None:
    with pytest.raises(deadline.OverdueError), deadline.Timer().watch(0.1):
        spin()


@pytest.mark.parametrize("regex", SLOW)
def test_elsewhere_than_in_the_main_thread_nothing_is_interrupted_and_results_are_the_same(regex: str) -> None:
    handler, found = signal.getsignal(signal.SIGALRM), list[Any]()
    names = lrspec.Inventory.from_names(["a1", "b"])
    file = loaded(regex)

    def work() -> None:
        found.append((attempt(file, names).diagnostics, signal.getsignal(signal.SIGALRM)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(attempt(file, names).diagnostics, handler)]


@pytest.mark.usefixtures("impatient")
def test_a_timer_of_the_program_is_put_back_behind_a_slow_regex() -> None:
    rung = list[int]()
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    file = loaded(SLOW[0])
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    try:
        assert [found.code for found in attempt(file, LONG_NAMES).diagnostics] == ["LRS105"]
        while not rung:
            signal.pause()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung == [1]


def loaded(*regexes: str) -> SpecFile:
    return lrspec.loads("lrspec: 1\nrules:\n" + "".join(f"  - {{match: '{regex}', lr: 1}}\n" for regex in regexes))


def spin() -> None:
    while True:
        pass


# --------------------------------------------------------------------------------------- what would move a cursor

AZURE = "##vso[task.complete]z ##teamcity[message]"
EVIL = f"\x1b[2J[red]x[/]\n::error::\r<b>\u202e\x9b31m ::stop-commands::x ##[group]y {AZURE} \x00\ud800"
SPEC_EVIL = EVIL.replace("\x00", "").replace("\ud800", "")


def test_reports_tables_and_explanations_are_harmless() -> None:
    evil = json.dumps(SPEC_EVIL)
    texts = [
        f"{evil}: 1",
        f"lrspec: {evil}",
        f"lrspec: 1\nmodels: {evil}\nrules: [{{name: {evil}, match: {evil}, {evil}: 1, lr: {evil}}}]",
        f"lrspec: 1\nmodels: [{json.dumps('py:' + SPEC_EVIL)}, {json.dumps(SPEC_EVIL + ':x')}]\nrules: []",
        f"lrspec: 1\noptimizer: {{type: AdamW, {evil}: 1}}\nrules: [{{match: [{evil}, '('], options: {{{evil}: 1}}}}]",
        f"lrspec: 1\noptimizer: {{type: {evil}}}\ncheck: {{{evil}: {evil}}}\nrules: [{{name: {evil}}}, {{name: 1}}]",
        f"lrspec: 1\nrules: [{{where: {{module: {json.dumps('(?P<' + SPEC_EVIL)}, {evil}: ~}}, lr: 1}}]",
    ]
    for text in texts:
        for path in ("spec", EVIL):
            found = read(text.encode(), path, "yaml")
            assert found.diagnostics
            assert_harmless(report(found.diagnostics, found.document.text))
            assert_ascii_json([each.to_dict() for each in found.diagnostics])


def test_what_comes_of_a_hostile_model_is_harmless() -> None:
    names = (f"a{EVIL}.weight", f"b{EVIL}")
    parameter = lrspec.Parameter(names[0], (names[1],), (2, 2), module=(EVIL,), alias_modules=((EVIL,),))
    inventory = lrspec.Inventory((parameter, lrspec.Parameter(f"c{EVIL}", shape=(1,))), EVIL, {"x": EVIL})
    options = f"options: {{{json.dumps(SPEC_EVIL)}: {json.dumps(SPEC_EVIL)}}}"
    for rule in ("match: '^a', lr: 2", "match: '[ac]', lr: 3", "match: '^[bc]', lr: 0", "where: {module: x}, lr: 1"):
        rules = f"[{{{rule}, {options}}}, {{fallback: true, lr: 2, {options}}}]"
        text = f"lrspec: 1\noptimizer: {{type: my.Own}}\nrules: {rules}"
        file = lrspec.loads(text, path=EVIL)
        outcome = attempt(file, inventory)
        assert outcome.plan is not None
        assert outcome.resolution is not None
        assert_harmless(report(outcome.diagnostics, file.document.text))
        assert_ascii_json(outcome.plan.to_dict())
        for index in range(2):
            assert_harmless(explain(outcome.resolution, outcome.plan, index))
        if outcome.plan.groups is not None:
            assert_harmless(table(outcome.plan))


def test_one_line_of_what_keeps_the_command_from_running_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.lrspec.yaml").write_text('lrspec: 1\nmodels: "params:\\e[2J\\n::error::x"\nrules: [{match: a, lr: 1}]')
    assert cli.run(["compile"]) == 2
    assert_harmless(capsys.readouterr().err)


def assert_harmless(text: str) -> None:
    assert all(character.isprintable() or character == "\n" for character in text)
    assert not re.search(r"(?m)^\s*::|##\w*\[", text)


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_every_format_of_a_check_is_harmless(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    name = EVIL.replace("/", "").replace("\x00", "").replace("\ud800", "") + ".lrspec.yaml"
    parameters = [{"name": EVIL, "aliases": [f"{EVIL}2"], "shape": [1], "module": [EVIL], "alias_modules": [[EVIL]]}]
    inventory = {"lrspec_params": 1, "source": EVIL, "args": {"x": EVIL}, "parameters": parameters}
    Path("evil.params.json").write_text(json.dumps(inventory))
    Path(name).write_text(f"lrspec: 1\nrules: [{{match: b, lr: 2}}, {{match: x, freeze: false}}]\n# {SPEC_EVIL[:5]}\n")
    Path(f"2{name}").write_text(f"lrspec: 1\nmodels: params:{json.dumps(SPEC_EVIL)}\nrules: [{{match: b, lr: 1}}]\n")
    Path(f"3{name}").write_text(f"lrspec: 1\nrules: [{{match: b, lr: 1, {json.dumps(SPEC_EVIL)}: 1}}]\n")
    evil = json.dumps("params:" + SPEC_EVIL)
    Path(f"4{name}").write_text(f"lrspec: 1\nmodels: {evil}\nrules: [{{match: b, lr: 1}}]\n")
    cli.run(["check", "--format", form, "-p", "evil.params.json"])
    cli.run(["check", "--format", form])
    out, err = capsys.readouterr()
    assert_harmless(err)
    assert out.count("LRS") >= 2
    if form == "github":
        lines = out.splitlines()
        assert all(re.match(r"::(?:error|warning) title=", line) for line in lines)
        assert all(line.isprintable() and line.count("::") >= 2 for line in lines)
        assert not re.search(r"[^\S\n]::|##\w*\[", out)
    else:
        assert_harmless(out)


def assert_ascii_json(value: Any) -> None:
    assert all(character.isprintable() or character == "\n" for character in json.dumps(value, indent=2))


# ------------------------------------------------------------------------------------------- nothing else is done

AUDITED = """
import sys
from lrspec.spec.load import read_file
from lrspec.diagnostics.report import report
reading = read_file(sys.argv[1])
report(reading.diagnostics, reading.document.text)
seen = []
WATCHED = ("import", "open", "exec", "subprocess.Popen", "os.system", "os.listdir", "os.scandir", "socket.", "ctypes.")
sys.addaudithook(lambda event, args: seen.append((event, str(args[0]))) if event.startswith(WATCHED) else None)
for path in sys.argv[1:]:
    reading = read_file(path)
    report(reading.diagnostics, reading.document.text)
print(seen)
"""


def test_reading_a_spec_opens_its_file_and_does_nothing_else(tmp_path: Path) -> None:
    hostile = [
        "lrspec: 1\noptimizer: {type: os.system, lr: 1}\nmodels: py:os:system\nrules: [{match: a, lr: 1}]",
        "lrspec: 1\noptimizer: {type: evil.Optimizer, lr: 1}\nmodels: [timm:hf-hub:x/y, hf:http://localhost/x]",
        "!!python/object/apply:os.system [id]",
        "lrspec: !!python/name:os.system 1\nrules: !include /etc/hostname",
        "lrspec: 1\nmodels: params:/etc/hostname\nrules: [{match: '${jndi}', lr: '__import__(\"os\")'}]",
    ]
    paths = [tmp_path / f"{n}.lrspec.yaml" for n in range(len(hostile))]
    for path, text in zip(paths, hostile, strict=True):
        path.write_text(text)
    command = [sys.executable, "-c", AUDITED, *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.strip() == str([("open", str(path)) for path in paths])

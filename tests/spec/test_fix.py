"""`lrspec check --fix` mends what cannot change what is selected, and leaves every other byte as it is."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrspec.cli import run
from lrspec.spec.fix import fix
from lrspec.spec.load import read

MENDED: dict[str, tuple[str, str]] = {
    "a quoted number": ('lr: "1e-3"', "lr: 1e-3"),
    "in single quotes": ("lr: '1e-3'", "lr: 1e-3"),
    "spelt with a plus": ("lr: '+1.E-3'", "lr: +1.E-3"),
    "behind an anchor": ("lr: &rate '.001', lr_scale: 1", "lr: &rate .001, lr_scale: 1"),
    "in a list": ("lr: 1e-3, where: {ndim: ['0', 1, \"2\"]}", "lr: 1e-3, where: {ndim: [0, 1, 2]}"),
    "in options": (
        "lr: 1, options: {betas: ['0.9', 0.99], eps: '1e-8'}",
        "lr: 1, options: {betas: [0.9, 0.99], eps: 1e-8}",
    ),
    "a regex in double quotes": (r'lr: 1, exclude: "^fc\.\d"', r"lr: 1, exclude: '^fc\.\d'"),
    "with quotes in it": (r'''lr: 1, exclude: "it's \"\."''', r"""lr: 1, exclude: 'it''s "\.'"""),
    "several on one line": (r'lr: "1", exclude: ["\.a", "b\."]', r"lr: 1, exclude: ['\.a', 'b\.']"),
}

LEFT = {
    "an infinite number": "lr: '.inf'",
    "a misspelt key": "lrr: 1",
    "text for a boolean": "freeze: 'true'",
    "a decimal comma": "lr: '0,1'",
    "a backslash written twice": r'lr: 1, exclude: "\\d\."',
    "a word": "lr: 'high'",
    "a number with spaces": "lr: ' 1 '",
    "a number in a block": "lr: 1, exclude: a}\n  - match: b\n    lr: |\n      1\n  - {match: c, lr: 1",
    "an alias of a quoted number": "name: &n '1', lr: *n",
    "a quoted number that an alias repeats": "lr: &n '1', name: *n",
    "a comment right behind the quote": "lr: '1'# so much\n    ",
    "a quoted number over two lines": "lr: '1\n    '",
}


def spec(entries: str) -> bytes:
    return (
        f"lrspec: 1   # a comment\noptimizer: {{type: AdamW}}\n\nrules:\n  - {{match: 'a', {entries}}}\n# é\n".encode()
    )


@pytest.mark.parametrize(("before", "after"), MENDED.values(), ids=MENDED)
def test_what_can_be_mended_is_and_every_other_byte_stays(before: str, after: str) -> None:
    assert fix(spec(before), "x.yaml")[0] == spec(after)
    assert read(spec(after), "x.yaml", "yaml").spec is not None


def test_a_file_with_two_byte_order_marks_stays_as_it_is() -> None:
    data = b"\xef\xbb\xbf\xef\xbb\xbf" + spec('lr: "1e-3"')
    assert fix(data, "x.yaml") == (data, 0)
    (found,) = read(data, "x.yaml", "yaml").diagnostics
    assert (found.code, found.line, found.column) == ("LRS101", 1, 1)


@pytest.mark.parametrize(("before", "after"), MENDED.values(), ids=MENDED)
def test_byte_order_mark_and_line_ends_stay_as_they_are(before: str, after: str) -> None:
    for end in (b"\r\n", b"\r"):
        source, target = (b"\xef\xbb\xbf" + spec(text).replace(b"\n", end) for text in (before, after))
        assert fix(source, "x.yaml")[0] == target


@pytest.mark.parametrize("entries", LEFT.values(), ids=LEFT)
def test_what_only_the_author_can_decide_is_not_mended(entries: str) -> None:
    assert fix(spec(entries), "x.yaml") == (spec(entries), 0)
    assert read(spec(entries), "x.yaml", "yaml").diagnostics


def test_json_is_mended_as_json() -> None:
    before = r'{"lrspec": 1, "optimizer": {"lr": ".1"}, "rules": [{"match": ["^a\.b\d", "c"], "lr_mult": "+1"}]}'
    after = r'{"lrspec": 1, "optimizer": {"lr": 0.1}, "rules": [{"match": ["^a\\.b\\d", "c"], "lr_mult": 1}]}'
    assert fix(before.encode(), "x.json") == (after.encode(), 3)
    assert read(after.encode(), "x.json", "json").spec is not None
    escaped = before.replace(r"^a\.b", r"^a\.\u0062")
    assert fix(escaped.encode(), "x.json") == (escaped.encode(), 0)


def test_a_fix_counts_what_it_has_mended() -> None:
    entries, _ = MENDED["several on one line"]
    assert fix(spec(entries), "x.yaml")[1] == 3


def test_the_command_writes_the_file_and_reports_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("a.lrspec.yaml")
    path.write_bytes(spec("lr: '1', wd: 0"))
    path.chmod(0o640)
    Path("link.lrspec.yaml").symlink_to(path)
    Path("clean.lrspec.yaml").write_bytes(spec("lr: 1"))
    before = Path("clean.lrspec.yaml").stat().st_mtime_ns
    assert run(["check", "--fix", "link.lrspec.yaml", "clean.lrspec.yaml", "--format", "json"]) == 1
    assert path.read_bytes() == spec("lr: 1, wd: 0")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert Path("link.lrspec.yaml").is_symlink()
    assert Path("clean.lrspec.yaml").stat().st_mtime_ns == before
    result = json.loads(capsys.readouterr().out)
    assert [file["fixed"] for file in result["files"]] == [1, 0]
    assert [found["code"] for found in result["diagnostics"]] == ["LRS103"]
    path.write_bytes(spec("lr: '1'"))
    assert run(["check", "--fix", "a.lrspec.yaml"]) == 0
    assert capsys.readouterr().out.startswith("1 spec checked: nothing found; 1 issue fixed; ")


def test_the_name_of_a_file_may_be_as_long_as_any(tmp_path: Path) -> None:
    path = tmp_path / f"{'a' * 243}.lrspec.yaml"
    path.write_bytes(spec("lr: '1'"))
    assert run(["check", "--fix", str(path)]) == 0
    assert path.read_bytes() == spec("lr: 1")


def test_without_the_option_fix_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.lrspec.yaml"
    path.write_bytes(spec("lr: '1'"))
    assert run(["check", str(path)]) == 1
    assert path.read_bytes() == spec("lr: '1'")


PIECES = st.sampled_from(
    [
        "lr: ",
        "'1'",
        '"1"',
        '"\\.a"',
        "'",
        '"',
        "match: ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "\n",
        "- ",
        "&a ",
        "*a",
        "\\",
        "\r\n",
        "|\n",
    ]
)


@given(st.lists(PIECES, max_size=25), st.sampled_from(["x.yaml", "x.json"]))
def test_what_is_mended_needs_no_more_mending(pieces: list[str], path: str) -> None:
    once, count = fix(spec("".join(pieces)), path)
    assert fix(once, path) == (once, 0)
    assert (count == 0) == (once == spec("".join(pieces)))

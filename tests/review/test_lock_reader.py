"""The text of a lock: what is read is what was written, and whatever else is read is refused by its line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrspec.models.parameters import Parameter
from lrspec.review.changes import changes
from lrspec.review.lock.lines import read, write
from lrspec.review.lock.lock import Lock, LockedModel
from lrspec.review.lock.lock_file import load, text_of
from lrspec.review.lock.reader import LockError, parse
from lrspec.review.snapshot import Entry, Snapshot
from tests.review.test_locked import LOCKS

TEXTS = [path.read_text(encoding="utf-8") for path in sorted(LOCKS.glob("*/*.lock"))]
PIECES = [
    "<<<<<<< ours",
    "=======",
    ">>>>>>> theirs",
    "model x",
    "  a",
    "  a shape=[1e999]",
    "  a shape=[9e400]",
    f"  a shape=[{'9' * 30}]",
    f"  a shape=[{'9' * 5000}]",
    "  a lr=NaN",
    "  a lr=Infinity",
    "  a lr=1e999",
    '  a lr="x"',
    "  a lr=[1]",
    "  a status=1",
    '  a status="odd"',
    "  a layer=[1,2]",
    "  a set_by=[]",
    "  a options=[]",
    f"  a options={'[' * 3000}{']' * 3000}",
    f"  a options={'[' * 90000}",
    "  a module=1",
    '  a module="Nothing"',
    '  a aliases=["b"] alias_modules=["", ""]',
    '  a aliases=["a"]',
    "inventory x",
    "inventory x args=[1]",
    "library x",
    "library x version={}",
    "class x",
    "class x names=1",
    "schedule x",
    "rule x",
    "optimizer",
    'x y z="',
    '"',
    "=",
    "\\",
    "\0",
    "\u2028",
    "  " + "n" * 5000,
]
"""Lines that a lock does not have."""


def readable(text: str) -> bool:
    try:
        lock = parse(text, "x.lrspec.lock")
    except LockError as refusal:
        message = str(refusal)
    else:
        return _is_whole(lock)
    assert message.startswith("x.lrspec.lock:")
    assert "\n" not in message
    return False


def _is_whole(lock: Lock) -> bool:
    assert parse(text_of(lock), lock.path) == lock
    for model in lock.models:
        assert model.inventory.columns.names == [entry.name for entry in model.snapshot.entries]
    return True


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_lock_is_read_as_it_was_written(number: int) -> None:
    assert text_of(parse(TEXTS[number], "x")) == TEXTS[number]
    assert readable(TEXTS[number].replace("\n", "\r\n"))


@given(st.randoms(use_true_random=False), st.sampled_from(TEXTS))
def test_a_damaged_lock_is_read_or_refused(chance: random.Random, text: str) -> None:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        kind = chance.randrange(6)
        if kind == 0:
            lines[place], lines[other] = lines[other], lines[place]
        elif kind == 1:
            lines.insert(place, lines[other])
        elif kind == 2:
            lines[place] = lines[place][: chance.randint(0, len(lines[place]))]
        elif kind == 3:
            lines.insert(place, chance.choice(PIECES))
        elif kind == 4:
            column = chance.randint(0, len(lines[place]))
            lines[place] = lines[place][:column] + chance.choice('"[]{}=,: 19-ex\0\\') + lines[place][column:]
        else:
            words = lines[place].split(" ")
            chance.shuffle(words)
            lines[place] = " ".join(words)
    readable("\n".join(lines))


@pytest.mark.parametrize("piece", PIECES)
def test_no_such_line_raises_anything_else(piece: str) -> None:
    for text in TEXTS[:2]:
        readable(f"{text}{piece}\n")
        readable(f"{piece}\n{text}")
    readable(piece)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("=======", "a conflict of a merge"),
        ("  stem.weight lr=1", "two parameters are called `stem.weight`"),
        ("  a lr=1 lr=2", "`lr` is there twice"),
        ("  a lr=1e999", "1e999 is not a finite number"),
        ("rule all sha256=1", "rule `all` is there twice"),
        ("model m args={} fingerprint=\"\"", "the model is there twice"),
        ("  a shape=[-1]", "`shape.0`"),
        ("  a module=\"Nothing\"", "no class `Nothing` above"),
        ("  a lr=x", "column 8: expected a JSON value"),
        ("odd x", "unknown word `odd`"),
        ("  a b", "too many or too few words"),
    ],
)  # fmt: skip
def test_the_message_says_what_is_wrong_on_which_line(line: str, message: str) -> None:
    text = 'lrspec-lock 1\n\nrule all sha256="1"\n\nmodel m args={} fingerprint=""\n\n  stem.weight lr=1\n'
    with pytest.raises(LockError) as caught:
        parse(f"{text}{line}\n", "net.lrspec.lock")
    assert str(caught.value).startswith(f"net.lrspec.lock:8: not a line of a lock: {message}")
    assert str(caught.value).endswith("`lrspec lock --update` writes the lock anew")


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    assert load(str(tmp_path / "none")) is None
    for content in (b"", b"\xff\xfe", b"lrspec-lock 2\n"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(LockError, match="x"):
            load(str(tmp_path / "x"))
    with pytest.raises(LockError):
        load(str(tmp_path))


NAMES = st.text(min_size=1, max_size=8)
PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | NAMES


@given(st.lists(NAMES, min_size=1, max_size=3), st.dictionaries(st.from_regex(r"\A[a-z_]+\Z"), st.lists(PLAIN) | PLAIN))
def test_a_line_is_read_as_it_was_written(words: list[str], values: dict[str, object]) -> None:
    assert read(write(words, values)) == (words, values)


@given(st.lists(NAMES.filter(lambda name: name.strip()), unique=True), st.lists(NAMES, max_size=3))
def test_names_of_any_characters_are_kept(names: list[str], classes: list[str]) -> None:
    entries = tuple(Entry(Parameter(name, module=tuple(classes)), {"status": "trained", "lr": 0.1}) for name in names)
    snapshot = Snapshot("m", {}, entries, {}, {})
    lock = Lock("x", {}, (LockedModel("m", {}, {"timm": "1"}, snapshot, "sha256:0"),))
    assert parse(text_of(lock), "x") == lock


@pytest.mark.parametrize("text", TEXTS)
def test_values_that_no_plan_has_are_compared(text: str) -> None:
    odd = text.replace("weight_decay=", 'options={"x":{"y":[1]},"z":[true]} tags={"a":null} weight_decay=')
    (model,), (now,) = parse(odd, "x").models, parse(text, "x").models
    assert changes(model.snapshot, now.snapshot, [(0, 0)])[0].settings[0].key == "options.x"

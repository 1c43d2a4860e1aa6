"""Reading and checking specs, compared with PyYAML's own loader and with bare imports.

Reading one large spec, including positions, is compared with `yaml.load` and PyYAML's C loader, which returns bare
values. Checking many specs is timed as a whole process, and compared with one that only imports lrspec's libraries.
The regexes are typical: the reader can tell that they are valid without compiling them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

import lrspec
from benchmarks.commands import python
from benchmarks.page import BESIDE, Section, Table, beside
from benchmarks.timing import Effort, in_turn, tell

HEAD = "lrspec: 1\noptimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}\nrules:\n"
IMPORTS = "import pydantic, yaml, click"
READING_MOST, CHECKING_MOST = 2, 6

TEXT = """\
One large spec is read from text, with the positions of all its values; PyYAML's C loader, for comparison, returns bare
values. Many specs are checked by one process of the command; the other process only imports lrspec's libraries."""


def large_spec(rules: int) -> str:
    """A spec whose rules set many things."""
    return HEAD + "".join(
        f"  - name: rule-{n}\n"
        f"    match: ['^encoder\\.layer\\.{n}\\.attention\\.', '^decoder\\.layer\\.{n}\\.']\n"
        f"    exclude: '\\.{n}\\.bias$'\n"
        "    where: {ndim: [1, 2]}\n"
        "    lr_mult: 0.5\n"
        "    weight_decay: 1e-2\n"
        "    options:\n"
        "      betas: [0.9, 0.99]\n"
        for n in range(rules)
    )


def usual_spec(number: int, rules: int = 20) -> str:
    """A typical spec, different for each number."""
    return HEAD + "".join(
        f"  - name: rule-{n}\n"
        f"    match: '^stage{number}\\.(\\w+)\\.{n}\\.'\n"
        f"    {'lr_mult: 0.1' if n % 4 else 'weight_decay: 0'}\n"
        for n in range(rules)
    )


def measure(effort: Effort) -> Section:
    """One row for each."""
    rules, specs = (3, 2) if effort.quick else (1000, 200)
    table = Table(BESIDE, [_reading(rules, effort), _checking(specs, effort)])
    return Section("Reading and checking", TEXT, [("", table)])


def _reading(rules: int, effort: Effort) -> tuple[str, ...]:
    """Read and validate one large spec, with the positions of all its values."""
    tell(f"reading a spec of {rules:,} rules")
    text = large_spec(rules)
    own, other = f"`lrspec.loads`, {rules:,} rules", "`yaml.load` with `CSafeLoader`"
    times = in_turn({own: lambda: lrspec.loads(text), other: lambda: yaml.load(text, yaml.CSafeLoader)}, effort)
    return beside(times, own, other, READING_MOST)


def _checking(specs: int, effort: Effort) -> tuple[str, ...]:
    """Check many specs with the command."""
    tell(f"checking {specs:,} specs")
    own, other = f"`lrspec check --no-model`, {specs:,} specs of 20 rules", f'`python -c "{IMPORTS}"`'
    with tempfile.TemporaryDirectory() as folder:
        for number in range(specs):
            Path(folder, f"{number}.lrspec.yaml").write_text(usual_spec(number), encoding="utf-8")
        check = ("-m", "lrspec", "check", "--no-model", ".")
        times = in_turn({own: lambda: python(folder, *check), other: lambda: python(folder, "-c", IMPORTS)}, effort)
    return beside(times, own, other, CHECKING_MOST)

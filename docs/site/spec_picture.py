"""Draws a spec beside the layers that it makes, with what lrspec reports of it: the picture of README and home.

`python docs/site/spec_picture.py SPEC -o spec-light.svg --theme light`
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any
from xml.sax.saxutils import escape

COLOURS = {
    "light": {
        "back": "#ffffff", "panel": "#f6f8fa", "line": "#d1d9e0", "text": "#1f2328",
        "quiet": "#59636e", "regex": "#0550ae", "bar": "#0072b2", "error": "#cf222e",
    },
    "dark": {
        "back": "#0d1117", "panel": "#151b23", "line": "#3d444d", "text": "#f0f6fc",
        "quiet": "#9198a1", "regex": "#a5d6ff", "bar": "#56b4e9", "error": "#ff7b72",
    },
}  # fmt: skip
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
LETTER, LINE, MARGIN = 7.2, 19, 16
TOP = 40
LAYERS, BARS, RATES, DECAY = 474, 586, 736, 820
WIDTH = 960
LONGEST_BAR = 140
COLUMNS = int((WIDTH - 4 * MARGIN) / LETTER)


def main(arguments: list[str] | None = None) -> None:
    """Draw the spec that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--theme", choices=COLOURS, default="light")
    given = parser.parse_args(arguments)
    given.output.write_text(picture(given.spec, COLOURS[given.theme]), encoding="utf-8")


def picture(spec: Path, colours: dict[str, str]) -> str:
    """The picture as SVG."""
    command = [sys.executable, "-m", "lrspec", "compile", spec.name, "--format"]
    ran = subprocess.run([*command, "json"], cwd=spec.parent, capture_output=True, encoding="utf-8", check=False)
    plan = json.loads(ran.stdout)
    lines = spec.read_text(encoding="utf-8").splitlines()
    said = [part for found in plan["diagnostics"] for part in report(found)]
    bottom = TOP + LINE * len(lines) + MARGIN
    height = bottom + LINE * len(said) + 2.4 * MARGIN if said else bottom
    parts = [
        rect(0, 0, WIDTH, height, colours["back"]),
        rect(1, 1, LAYERS - 2 * MARGIN, bottom - 2, colours["panel"], colours["line"]),
        *code(spec.name, lines, plan["diagnostics"]),
        *table(plan["parameters"], len(lines)),
        *terminal(said, bottom + MARGIN, height, colours),
    ]
    style = "".join(f".{name}{{fill:{colour}}}" for name, colour in colours.items())
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
    style += f"text{{font:12px {FONT};white-space:pre}}.bold{{font-weight:600}}"
    style += f".wave{{fill:none;stroke:{colours['error']}}}"
    return "\n".join([head, f"<style>{style}</style>", *parts, "</svg>", ""])


def report(found: dict[str, Any]) -> Iterator[str]:
    """What the command says of a finding, in lines that fit, the first of which has its place and its name."""
    yield f"{found['path']}:{found['line']}:{found['column']}: {found['severity']} {found['code']} {found['name']}"
    yield from wrap(found["message"].partition("\n")[0], COLUMNS, break_long_words=False)


def code(name: str, lines: list[str], findings: list[dict[str, Any]]) -> Iterator[str]:
    """The spec with the numbers of its lines, and what is wrong in it underlined."""
    yield text(MARGIN, 27, name, "quiet")
    for row, line in enumerate(lines, 1):
        y = TOP + LINE * row - 6
        yield text(MARGIN, y, f"{row:2}", "quiet")
        for start, part in pieces(line):
            yield text(MARGIN + LETTER * (start + 4), y, part, "regex" if part[0] == "'" else "text")
    for found in findings:
        x, y = MARGIN + LETTER * (found["column"] + 3), TOP + LINE * found["line"] - 1
        yield wave(x, y, found["end_column"] - found["column"])


def pieces(line: str) -> Iterator[tuple[int, str]]:
    """The parts of a line, with the columns at which they begin: regexes, and what is between them."""
    for part in re.finditer(r"'[^']*'|[^' ][^']*", line):
        yield part.start(), part[0].rstrip()


def table(parameters: list[dict[str, Any]], rows: int) -> Iterator[str]:
    """A row for each layer, from the input to the head: its rate as a bar, and its weight decay."""
    for x, title in ((LAYERS, "layer"), (BARS, "learning rate"), (DECAY, "weight decay")):
        yield text(x, 27, title, "quiet")
    layers: dict[int, list[dict[str, Any]]] = {}
    for each in parameters:
        layers.setdefault(each["layer"]["index"], []).append(each)
    highest = max(each["lr"] for each in parameters)
    for row, (_, members) in enumerate(sorted(layers.items()), 1):
        y, rate = TOP + LINE * row - 6, members[0]["lr"]
        yield text(LAYERS, y, called(members), "text")
        yield rect(BARS, y - 10, max(1.0, LONGEST_BAR * rate / highest), 12, name="bar")
        yield text(RATES, y, number(rate), "text")
        yield text(DECAY, y, decays(members), "quiet")
    yield from below(parameters, TOP + LINE * (rows - 0.2))


def below(parameters: list[dict[str, Any]], y: float) -> Iterator[str]:
    """What the mistake does: norms have weight decay, and by the rule they should not."""
    norms = [each for each in parameters if len(each["shape"]) == 1 and each["weight_decay"]]
    if norms:
        yield text(LAYERS, y, f"all {len(norms)} norm weights decay", "error")


def called(members: list[dict[str, Any]]) -> str:
    """The first part of the names in a layer that tells it from the others."""
    names = [re.match(r"blocks\.\d+|[^._]+(?:_[^._]+)?", each["name"]) for each in members]
    firsts = list(dict.fromkeys(name[0] for name in names if name))
    return firsts[0] if len(firsts) == 1 else f"{firsts[0]} …"


def number(value: float) -> str:
    """A number as the tables of lrspec write it, to three digits."""
    return re.sub(r"e-0*", "e-", f"{value:.3g}")


def decays(members: list[dict[str, Any]]) -> str:
    """The values of weight decay in a layer, and how many parameters have each."""
    counted = Counter(each["weight_decay"] for each in members)
    return ", ".join(f"{number(value)} (×{count})" for value, count in sorted(counted.items(), reverse=True))


def terminal(said: list[str], top: float, height: float, colours: dict[str, str]) -> Iterator[str]:
    """What the command prints, in a frame."""
    if said:
        yield rect(1, top, WIDTH - 2, height - top - 1, colours["panel"], colours["error"])
    for row, line in enumerate(said):
        place, severity, rest = line.partition(" error ")
        y = top + MARGIN + 8 + LINE * row
        yield text(MARGIN, y, place, "bold text" if severity else "text")
        if severity:
            yield text(MARGIN + LETTER * len(place), y, severity + rest, "bold error")


def text(x: float, y: float, words: str, name: str) -> str:
    """Words at a place, with letters of one width, whatever the font is."""
    width = f'textLength="{LETTER * len(words):.1f}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {width} class="{name}" xml:space="preserve">{escape(words)}</text>'


def rect(x: float, y: float, width: float, height: float, fill: str = "", line: str = "", name: str = "") -> str:
    """A rectangle, filled with a colour or as its class says."""
    look = f'class="{name}"' if name else f'fill="{fill}"' + (f' stroke="{line}" rx="6"' if line else "")
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'


def wave(x: float, y: float, letters: int) -> str:
    """A wavy line under so many letters."""
    waves = "q1.8,-3.6 3.6,0 t3.6,0" + " t3.6,0 t3.6,0" * (letters - 1)
    return f'<path d="M{x:.1f},{y:.1f} {waves}" class="wave"/>'


if __name__ == "__main__":
    main()

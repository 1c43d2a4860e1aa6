"""The JSON Schemas: the files, at the addresses that they name, and a page that lists them."""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "schemas"
_HEAD = """\
# JSON schemas

What lrspec reads and writes as JSON or YAML. `lrspec schema` prints each of them. [In an editor](editors.md) shows how
the first one completes and checks a spec as you type.

| schema | of |
| --- | --- |
"""


def files() -> dict[str, Path]:
    """The schemas by their paths on the site, that of a spec first."""
    found = sorted(FOLDER.glob("*.json"), key=lambda path: ("-" in path.name, path.name))
    return {f"schemas/{path.name}": path for path in found}


def pages() -> dict[str, str]:
    """The page that lists them."""
    return {"schemas.md": _HEAD + "".join(_row(path) for path in files().values())}


def _row(path: Path) -> str:
    schema = json.loads(path.read_bytes())
    words = " ".join(schema.get("description", schema.get("title", "")).split()).partition(". ")[0]
    return f"| [{path.name}](schemas/{path.name}) | {words.removesuffix('.')} |\n"

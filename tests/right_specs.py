"""The specs of the repository that are right, with their models: no lint may say anything of them.

`python -m tests.right_specs [CODE…]` prints the findings, or those of some codes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import lrspec
from tests.compiler.checks.test_well_written import OF_ONES_OWN
from tests.diagnostics.test_manual import RIGHT as MANUAL
from tests.diagnostics.test_manual import model_of
from tests.pages import PAGES, ROOT, blocks
from tests.test_examples import inventory
from tests.test_golden import CLEAN, inventory_of, spec_of

FOLDERS = ["examples", "tests/well_written", "tests/timm_layer_decay", "tests/timm_families"]


class Right(NamedTuple):
    """A spec, where it stands, and the models that it is for."""

    place: str
    file: lrspec.SpecFile
    models: list[lrspec.Inventory]

    def findings(self) -> list[lrspec.Diagnostic]:
        return [found for model in self.models for found in lrspec.check(self.file, model)]


def right_specs() -> Iterator[Right]:
    """All of them: files, what the docs and the manual show, and the clean golden cases."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.lrspec.*")):
            file = lrspec.load(path)
            own = OF_ONES_OWN.get(path.name)
            models = [lrspec.Inventory.from_model(own())] if own else models_of(file, path.parent)
            yield Right(f"{folder}/{path.name}", file, models)
    for page in PAGES:
        for number, text in enumerate(shown(page), 1):
            file = lrspec.loads(text)
            yield Right(f"{page.name}, spec {number}", file, models_of(file, ROOT / "examples"))
    for example in MANUAL:
        file = lrspec.loads(example.text)
        yield Right(f"manual, {example}", file, [model_of(file, example)])
    for case in CLEAN:
        yield Right(f"tests/golden/{case.name}", lrspec.load(spec_of(case)), [inventory_of(case)])


def models_of(file: lrspec.SpecFile, folder: Path) -> list[lrspec.Inventory]:
    """The models that a spec names, relative to a folder."""
    return [inventory(model, folder) for model in file.spec.sources]


def shown(page: Path) -> list[str]:
    """The complete specs of a page, but for those that are wrong on purpose."""
    texts = (block.body for block in blocks(page) if block.info == "yaml")
    return [text for text in texts if "lrspec: 1" in text and not text.startswith(("# broken.", "# from-bert."))]


if __name__ == "__main__":
    for right in right_specs():
        for found in right.findings():
            if found.code in (sys.argv[1:] or found.code):
                print(f"{right.place}: {found.code} {found.message}", *found.parameters[:5])  # noqa: T201

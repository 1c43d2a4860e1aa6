"""Imports all that the playground ever needs: a memory in which this has run answers every call."""

import codecs
import pkgutil
import sys
import traceback  # noqa: F401  (for the unexpected)
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, ModuleSpec

_EXTENSION, _FILE = "pydantic_core._pydantic_core", "/lib/pydantic_core.so"  # boot.mjs has this name, too
_PACKAGES = ("compiler", "diagnostics", "drafting", "formats", "regex", "review.diff", "review.pairing", "spec")
_ENCODINGS = ("ascii", "latin-1", "unicode_escape", "utf-8-sig", "utf-16", "utf-32")

_INVENTORY = "stem.weight\nblocks.0.norm.weight\nblocks.1.norm.weight\nhead.weight\nhead.bias\n"
_SPEC = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1.0e-3, weight_decay: 0.05}
schedules:
  warm: [{until: 10%, shape: linear, from: 0}, {shape: cosine, to: 0}]
rules:
  - {name: depth, layers: ['^stem', '^blocks\.(\d+)', '^head'], layer_decay: 0.9, schedule: warm}
  - {name: bias, match: 'bias$', weight_decay: 0}
"""
_WRONG = "lrspec: 1\noptimizer: {type: AdamV, lr: 1e-3}\nrules: [{macht: '(', lr: -1}]\n"


def _import_extension() -> None:
    """Import the one module that is no file of the library: it is linked when the program starts."""
    loader = ExtensionFileLoader(_EXTENSION, _FILE)
    module = loader.create_module(ModuleSpec(_EXTENSION, loader, origin=_FILE))
    loader.exec_module(module)
    sys.modules[_EXTENSION] = module


def _import_all() -> None:
    for name in _PACKAGES:
        package = import_module(f"lrspec.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)


def _call_all() -> None:
    """Make every call once: what is imported, built or compiled at first use is then in memory, too."""
    playground = import_module("playground")
    file = "model.lrspec.yaml"
    calls: list[tuple[str, ...]] = [
        ("inventory", "model.txt", _INVENTORY),
        *(("compile", text, file) for text in (_SPEC, _SPEC.replace("head", "haed"), _WRONG)),
        ("compile", '{"lrspec": 1,}', "model.lrspec.json"),
        ("json", _SPEC, file),
        *(("explain", _SPEC, file, name) for name in ("head.bias", "hed.bias", "(")),
        *(("diff", _SPEC, text, file) for text in (_SPEC.replace("0.9", "0.8"), _SPEC, _WRONG)),
        ("draft",),
        ("inventory", "model.params.json", '{"lrspec_params": 1}'),
    ]
    for name, *arguments in calls:
        playground.answer(name, arguments)
    playground.answer("inventory", [None, ""])


_import_extension()
_import_all()
_call_all()

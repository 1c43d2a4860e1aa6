"""The versions of the libraries that build a model."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from lrspec.spec.model_kinds import MODEL_KINDS, scheme_and_name


def versions(source: str) -> dict[str, str]:
    """Return the installed versions of the libraries that build a model; a build's local part, `+cpu`, is dropped."""
    kind = MODEL_KINDS.get(scheme_and_name(source)[0])
    found = {}
    for library in kind.libraries if kind else ():
        try:
            found[library] = version(library).partition("+")[0]
        except PackageNotFoundError:
            continue
    return found

"""A `Resolution` to the findings about optimizers: parameters that one cannot train, and one that trains nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.diagnostics.source import Path
from lrspec.spec.torch_optim import ONLY_MATRICES


def unfit_parameter(compilation: Compilation) -> Iterator[Finding]:
    """LRS211: parameters whose optimizer refuses them: torch's Muon takes two dimensions only."""
    resolution = compilation.resolution
    for kind, subject in _given_to_matrix_optimizers(resolution, lambda first: not _may_be_matrix(resolution, first)):
        yield subject.finding(
            "LRS211",
            f"{kind} of torch.optim trains parameters of two dimensions only, and "
            f"{subject.counted()} {'has' if len(subject.parameters) == 1 else 'have'} another number",
            _advice_on_matrices(resolution, subject.rule),
        )


def embedding_as_matrix(compilation: Compilation) -> Iterator[Finding]:
    """LRS307: embeddings that an optimizer for matrices trains, by any of the names of tied ones."""
    resolution = compilation.resolution
    for kind, subject in _given_to_matrix_optimizers(resolution, lambda first: _is_embedding(resolution, first)):
        yield subject.finding(
            "LRS307",
            f"{kind} trains {subject.counted('embedding')}, whose rows are looked up one by one and are no linear map",
            "Take them out by name (`exclude`), and the output head with them.",
        )


def _may_be_matrix(resolution: Resolution, first: int) -> bool:
    """Whether a parameter has two dimensions, as far as is known."""
    shape = resolution.columns.shapes[first]
    return shape is None or len(shape) == 2


def _is_embedding(resolution: Resolution, first: int) -> bool:
    owners = resolution.columns.owners_of(first)
    return _may_be_matrix(resolution, first) and any(_EMBEDDING in classes for classes in owners if classes)


def _given_to_matrix_optimizers(
    resolution: Resolution, is_meant: Callable[[int], bool]
) -> Iterator[tuple[str, Subject]]:
    """Trainable parameters of some sort that go to an optimizer for matrices, by what sends them there."""
    kinds = {name: base.type for name, base in resolution.spec.bases.items() if base.type in ONLY_MATRICES}
    found: dict[tuple[str, int | None], list[int]] = {}
    for first in resolution.families.members if kinds else ():
        name = resolution.optimizer_of(first)
        if name in kinds and resolution.trainable(first) and is_meant(first):
            applied = resolution.winner("optimizer", first)
            found.setdefault((name, applied.rule if applied else None), []).append(first)
    for (name, rule), firsts in found.items():
        path = _chosen_at(resolution, name, rule)
        yield str(kinds[name]), Subject(resolution, path, rule, resolution.families.expand(firsts))


_EMBEDDING = "Embedding"
"""The class of torch that a table of embeddings is of; its bases are among the classes of an owner."""

_ADVICE_ON_ONE = (
    "Name two under `optimizers`, and let it have matrices only: a rule with `where: {ndim: 2}` and `optimizer`."
)


def _advice_on_matrices(resolution: Resolution, rule: int | None) -> str:
    if resolution.spec.optimizers is None:
        return _ADVICE_ON_ONE
    if rule is not None:
        return "Let this rule have matrices only, `where: {ndim: 2}`: the others are then the first optimizer's."
    return (
        "It is the first, and has what no rule gives to another. Put another one first, and give it matrices by a rule."
    )


def unused_optimizer(compilation: Compilation) -> Iterator[Finding]:
    """LRS212: an optimizer that no rule names and that has no parameters."""
    resolution = compilation.resolution
    spec = resolution.spec
    named = {rule.optimizer for rule in spec.rules}
    for name in spec.optimizers or ():
        if name not in named and not any(
            resolution.optimizer_of(first) == name for first in resolution.families.members
        ):
            message = f"no parameter is trained by the optimizer `{name}`, and no rule names it"
            default = "the first of `optimizers` has what no rule gives to another, and here rules give all"
            why = f": {default}" if name == spec.default else ""
            yield Subject(resolution, ("optimizers", name)).finding(
                "LRS212", message + why, f"Name it in a rule, `optimizer: {name}`, or remove it.", at_key=True
            )


def _chosen_at(resolution: Resolution, name: str, rule: int | None) -> Path:
    """Where the spec gives parameters to an optimizer: in a rule, or by naming its class."""
    return ("rules", rule, "optimizer") if rule is not None else (*resolution.spec.base_path(name), "type")

"""Can each optimizer train its parameters, and does it train any? LRS211, LRS212, LRS307."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lrspec.compiler.checks.finding import Compilation, Subject
from lrspec.compiler.resolution import Resolution
from lrspec.diagnostics.diagnostic import Finding
from lrspec.spec.torch_optim import ONLY_MATRICES


def unfit_parameter(compilation: Compilation) -> Iterator[Finding]:
    """LRS211: parameters that their optimizer refuses: torch's Muon takes only two dimensions."""
    resolution = compilation.resolution
    for optimizer_class, subject in _given_to_matrix_optimizers(
        resolution, lambda representative: not _may_be_matrix(resolution, representative)
    ):
        if resolution.spec.optimizers is None:
            advice = (
                "Name two under `optimizers`, and give this one only matrices: a rule with `where: {ndim: 2}` and "
                "`optimizer`."
            )
        elif subject.rule is not None and resolution.spec.bases[resolution.spec.default].type not in ONLY_MATRICES:
            advice = "Give it only matrices, by `where: {ndim: 2}` in this rule: the first optimizer gets the others."
        else:
            advice = (
                "The first optimizer gets what no rule gives to another: put another one first, and give this one its "
                "matrices by a rule."
            )
        yield subject.finding(
            "LRS211",
            f"{optimizer_class} of torch.optim trains only parameters of two dimensions, and "
            f"{subject.counted()} {'has' if len(subject.parameters) == 1 else 'have'} another number",
            advice,
        )


def embedding_as_matrix(compilation: Compilation) -> Iterator[Finding]:
    """LRS307: embeddings and heads that an optimizer for matrices trains; any name of a tied one can make it one."""
    resolution = compilation.resolution
    columns = resolution.columns

    def is_embedding(parameter: int) -> bool:
        return any("Embedding" in classes for classes in columns.owners_of(parameter))

    def is_meant(representative: int) -> bool:
        is_head = "head" in (columns.declared[representative] or ())
        return _may_be_matrix(resolution, representative) and (is_head or is_embedding(representative))

    for optimizer_class, subject in _given_to_matrix_optimizers(resolution, is_meant):
        embeddings = sum(map(is_embedding, subject.parameters))
        what = "embedding" if embeddings == len(subject.parameters) else "embedding and head" if embeddings else "head"
        reason = ", whose rows are looked up one by one: an embedding is not a linear map"
        if not embeddings:
            reason = ": it is for the matrices between the embeddings and the head"
        yield subject.finding(
            "LRS307",
            f"{optimizer_class} trains {subject.counted(what)}{reason}",
            "Exclude them (`exclude`), or give them to another optimizer by an earlier rule: "
            "`where: {declared: [embedding, head]}`.",
        )


def _may_be_matrix(resolution: Resolution, representative: int) -> bool:
    """Return whether a parameter has two dimensions, or an unknown shape."""
    shape = resolution.columns.shapes[representative]
    return shape is None or len(shape) == 2


def _given_to_matrix_optimizers(
    resolution: Resolution, is_meant: Callable[[int], bool]
) -> Iterator[tuple[str, Subject]]:
    """Trainable parameters that are meant and that an optimizer for matrices trains, by what gives them to it.

    That is a rule, or else the class of the default optimizer; the class of the optimizer comes first.
    """
    classes = {name: base.type for name, base in resolution.spec.bases.items() if base.type in ONLY_MATRICES}
    by_source: dict[tuple[str, int | None], list[int]] = {}
    for representative in resolution.families.members if classes else ():
        name = resolution.optimizer_of(representative)
        if name in classes and resolution.trainable(representative) and is_meant(representative):
            applied = resolution.winner("optimizer", representative)
            by_source.setdefault((name, applied.rule if applied else None), []).append(representative)
    for (name, rule), representatives in by_source.items():
        path = (*resolution.spec.base_path(name), "type") if rule is None else ("rules", rule, "optimizer")
        yield str(classes[name]), Subject(resolution, path, rule, resolution.families.expand(representatives))


def unused_optimizer(compilation: Compilation) -> Iterator[Finding]:
    """LRS212: an optimizer that no rule names and that has no parameters."""
    resolution = compilation.resolution
    spec = resolution.spec
    named = {rule.optimizer for rule in spec.rules}
    for name in spec.optimizers or ():
        if name in named or any(resolution.optimizer_of(index) == name for index in resolution.families.members):
            continue
        reason = ""
        if name == spec.default:
            reason = ": the first of `optimizers` gets what no rule gives to another, and here rules give everything"
        yield Subject(resolution, ("optimizers", name)).finding(
            "LRS212",
            f"no parameter is trained by the optimizer `{name}`, and no rule names it{reason}",
            f"Name it in a rule, `optimizer: {name}`, or remove it.",
            at_key=True,
        )

"""A `Resolution` to the findings about optimizers: parameters that one cannot train, and one that trains nothing."""

from __future__ import annotations

from collections.abc import Iterator

from lrspec.about import About
from lrspec.diagnostics import Finding
from lrspec.optimizers import ONLY_MATRICES
from lrspec.resolution import Resolution
from lrspec.source import Path


def unfit_parameter(resolution: Resolution) -> Iterator[Finding]:
    """LRS211: parameters whose optimizer refuses them: torch's Muon takes two dimensions only."""
    found: dict[tuple[str, int | None], list[int]] = {}
    for first in resolution.kinds.members:
        name, shape = resolution.optimizer_of(first), resolution.columns.shapes[first]
        kind = resolution.spec.bases[name].type
        if kind in ONLY_MATRICES and shape is not None and len(shape) != 2 and resolution.trainable(first):
            reach = resolution.winner("optimizer", first)
            found.setdefault((name, reach.rule if reach else None), []).append(first)
    for (name, rule), firsts in found.items():
        about = About(resolution, _chosen_at(resolution, name, rule), rule, resolution.kinds.expand(firsts))
        yield about.finding(
            "LRS211",
            f"{resolution.spec.bases[name].type} of torch.optim trains parameters of two dimensions only, and "
            f"{about.counted()} {'has' if len(about.parameters) == 1 else 'have'} another number",
            _advice_on_matrices(resolution, rule),
        )


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


def unused_optimizer(resolution: Resolution) -> Iterator[Finding]:
    """LRS212: an optimizer that no rule names and that has no parameters."""
    spec = resolution.spec
    named = {rule.optimizer for rule in spec.rules}
    for name in spec.optimizers or ():
        if name not in named and not any(resolution.optimizer_of(first) == name for first in resolution.kinds.members):
            message = f"no parameter is trained by the optimizer `{name}`, and no rule names it"
            default = "the first of `optimizers` has what no rule gives to another, and here rules give all"
            why = f": {default}" if name == spec.default else ""
            yield About(resolution, ("optimizers", name)).finding(
                "LRS212", message + why, f"Name it in a rule, `optimizer: {name}`, or remove it.", at_key=True
            )


def _chosen_at(resolution: Resolution, name: str, rule: int | None) -> Path:
    """Where the spec gives parameters to an optimizer: in a rule, or by naming its class."""
    return ("rules", rule, "optimizer") if rule is not None else (*resolution.spec.base_path(name), "type")


OPTIMIZER_CHECKS = (unfit_parameter, unused_optimizer)
"""Every check of optimizers."""

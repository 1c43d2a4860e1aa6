"""The comments that recipes and drafts share, so that both say the same of the same."""

from __future__ import annotations

from collections.abc import Iterable

from lrspec.diagnostics.wording import few
from lrspec.drafting.depth.tree import is_norm
from lrspec.drafting.naming import leaves
from lrspec.models.parameters import Columns

DECLARED = "declared by the model"
ONE_RATE = "one learning rate"
OWN_RATES = "each at the rate of its optimizer"
REST = "everything else"
FROZEN = "plan.freeze(model) sets requires_grad"
_SHOWN = 3  # names in a comment


def declared_free(columns: Columns, members: Iterable[int]) -> str:
    """Return what of parameters the model declares free of weight decay."""
    return f"declared by the model: {few(leaves(columns, members), _SHOWN)}"


def vectors(columns: Columns, members: Iterable[int]) -> str:
    """Return what parameters of one dimension or none are: `norms, biases and scales`."""
    found = {_kind(columns, place) for place in members}
    kinds = ("norms", "biases", "other vectors" if "other vectors" in found else "scales")
    *before, last = [kind for kind in kinds if kind in found]
    return f"{', '.join(before)} and {last}" if before else last


def _kind(columns: Columns, place: int) -> str:
    name = columns.names[place].lower()
    if is_norm(columns, [place]):
        return "norms"
    if "bias" in name.rpartition(".")[2]:
        return "biases"
    return "scales" if "gamma" in name or "scale" in name or "ls" in name.split(".") else "other vectors"

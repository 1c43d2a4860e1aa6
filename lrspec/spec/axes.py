"""The table of axes: the name of each axis of a parameter's settings, the keys of a rule that set it, and words for it.

The names are those in a plan's `set_by`. Each option of the optimizer is an axis of its own, `options.NAME`, and so is
each tag, `tags.NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass

from lrspec.diagnostics.escape import printable


@dataclass(frozen=True, slots=True)
class Axis:
    """One row of the table of axes.

    Once an axis that `decides` is set, the parameter is decided, and fallback rules leave these axes of it alone.
    """

    name: str
    keys: tuple[str, ...]
    words: str
    decides: bool = False


AXES = {
    axis.name: axis
    for axis in (
        Axis("lr", ("lr", "lr_mult"), "the learning rate", decides=True),
        Axis("layer", ("layer_decay",), "the layer", decides=True),
        Axis("scale", ("lr_scale",), "`lr_scale`"),
        Axis("weight_decay", ("weight_decay", "weight_decay_mult"), "the weight decay"),
        Axis("freeze", ("freeze",), "`freeze`", decides=True),
        Axis("options", ("options",), "the options"),
        Axis("optimizer", ("optimizer",), "the optimizer"),
        Axis("schedule", ("schedule",), "the schedule"),
        Axis("tags", ("tags",), "the tags"),
    )
}
"""The axes by name."""

SETTINGS = tuple(key for axis in AXES.values() for key in axis.keys)
"""The keys of a rule that set something."""

_ORDER = {name: index for index, name in enumerate(AXES)}


def axis_order(axis: str) -> tuple[int, str]:
    """Return a sort key for an axis: in the order of the table, then the options by name."""
    return _ORDER.get(axis, len(_ORDER)), axis


def axis_words(axis: str) -> str:
    """Return what to call an axis in a sentence."""
    if axis in AXES:
        return AXES[axis].words
    kind, _, name = axis.partition(".")
    return f"the {'tag' if kind == 'tags' else 'option'} `{printable(name)}`"

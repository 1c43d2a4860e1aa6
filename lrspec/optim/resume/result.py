"""The result of resuming: which parameters kept their state, and which settings differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lrspec.diagnostics.errors import BriefError
from lrspec.diagnostics.escape import brief, printable
from lrspec.diagnostics.wording import SHOWN, count, few, two_values, value_words
from lrspec.spec.axes import axis_words


@dataclass(frozen=True, slots=True)
class ChangedSetting:
    """A setting of a group that is not the same in the checkpoint and in the spec.

    `checkpoint` has the values that parameters of the group had there, each once; `spec` is the one value now. A
    learning rate is the one that a scheduler started from, if one was attached.
    """

    group: str
    setting: str
    checkpoint: tuple[Any, ...]
    spec: Any

    def __repr__(self) -> str:
        return brief(f"<ChangedSetting {self}>")

    def __str__(self) -> str:
        if len(self.checkpoint) == 1:
            was, now = two_values(self.checkpoint[0], self.spec)
        else:
            was, now = ", ".join(value_words(value) for value in self.checkpoint), value_words(self.spec)
        name = axis_words(self.setting if self.setting in ("lr", "weight_decay") else f"options.{self.setting}")
        return f"`{printable(self.group)}`: {name} is {was} in the checkpoint and {now} in the spec"


@dataclass(frozen=True)
class Resumed:
    """The result of resuming, by the names of parameters; its text is a few lines to print.

    `kept` and `new`, in model order, are the optimizer's parameters with saved state, and without. `dropped`, in saved
    order, are those whose saved state is not used; `reasons` explains each. `settings` says whether those of the spec
    or of the checkpoint apply; `differences` are between the two. `carried` are those of `kept` whose state was saved
    by another class of optimizers, or by one that the checkpoint does not name, with words for that.
    """

    kept: tuple[str, ...]
    new: tuple[str, ...]
    reasons: Mapping[str, str]
    settings: Literal["spec", "checkpoint"]
    differences: tuple[ChangedSetting, ...]
    carried: Mapping[str, str] = field(default_factory=dict)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The parameters whose saved state is not used, in saved order."""
        return tuple(self.reasons)

    def __repr__(self) -> str:
        return f"<Resumed: {len(self.kept):,} kept, {len(self.new):,} new, {len(self.dropped):,} dropped>"

    def __str__(self) -> str:
        lines = [f"{count(len(self.kept), 'parameter')} resumed, with the settings of the {self.settings}"]
        if self.new:
            lines.append(f"{len(self.new):,} new: {few(self.new, SHOWN)}")
        for what, words in (("kept", self.carried), ("dropped", self.reasons)):
            for text in dict.fromkeys(words.values()):
                names = [name for name in words if words[name] == text]
                lines.append(f"{len(names):,} {what} ({text}): {few(names, SHOWN)}")
        lines += map(str, self.differences[:SHOWN])
        if len(self.differences) > SHOWN:
            lines.append(f"and {len(self.differences) - SHOWN:,} more settings that differ")
        return "\n".join(lines)


class ResumeError(BriefError):
    """Saved state does not fit the optimizer or its plan; nothing was loaded, and the text says what to do."""

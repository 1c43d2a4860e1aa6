"""The table of diagnostics: code, name and severity of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """The severity of a finding; an ignored one is not reported."""

    error = "error"
    warning = "warning"
    ignore = "ignore"


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table of diagnostics."""

    code: str
    name: str
    severity: Severity

    @property
    def adjustable(self) -> bool:
        """True if `check:` may change the severity.

        Not if the spec is wrong (LRS1xx), if there is none (LRS5xx), or if it is not what is locked (LRS6xx).
        """
        return not self.code.startswith(("LRS1", "LRS5", "LRS6"))


CODES = {
    code: Code(code, name, Severity(severity))
    for code, name, severity in (
        ("LRS101", "syntax", "error"),
        ("LRS102", "duplicate-key", "error"),
        ("LRS103", "unknown-key", "error"),
        ("LRS104", "invalid-value", "error"),
        ("LRS105", "invalid-regex", "error"),
        ("LRS106", "unknown-option", "error"),
        ("LRS107", "duplicate-rule-name", "error"),
        ("LRS201", "unmatched-parameter", "error"),
        ("LRS202", "overlapping-rules", "error"),
        ("LRS203", "unused-rule", "error"),
        ("LRS204", "shadowed-rule", "error"),
        ("LRS205", "unused-pattern", "error"),
        ("LRS206", "frozen-only-rule", "warning"),
        ("LRS207", "join-without-layer", "error"),
        ("LRS208", "shape-unknown", "error"),
        ("LRS209", "redundant-setting", "warning"),
        ("LRS210", "scaled-absolute-lr", "error"),
        ("LRS211", "unfit-parameter", "error"),
        ("LRS212", "unused-optimizer", "error"),
        ("LRS213", "unexpected-count", "error"),
        ("LRS214", "no-such-number", "error"),
        ("LRS215", "unused-schedule", "error"),
        ("LRS216", "trains-nothing", "error"),
        ("LRS301", "regex-partial-component", "warning"),
        ("LRS302", "regex-unescaped-dot", "warning"),
        ("LRS303", "zero-lr", "warning"),
        ("LRS304", "large-value", "warning"),
        ("LRS305", "mixed-decay", "warning"),
        ("LRS306", "regex-dead-branch", "warning"),
        ("LRS307", "embedding-as-matrix", "warning"),
        ("LRS308", "ladder-order", "warning"),
        ("LRS309", "join-before-layer", "warning"),
        ("LRS310", "rate-for-multiple", "warning"),
        ("LRS311", "declared-decay", "warning"),
        ("LRS312", "fallback-beyond-rest", "warning"),
        ("LRS313", "capture-in-lookaround", "warning"),
        ("LRS314", "dead-exclude", "warning"),
        ("LRS315", "anchor-of-one-branch", "warning"),
        ("LRS316", "one-digit", "warning"),
        ("LRS317", "scalars-decay", "warning"),
        ("LRS318", "nothing-to-spare", "warning"),
        ("LRS319", "multiple-for-rate", "warning"),
        ("LRS320", "odd-value", "warning"),
        ("LRS401", "parameter-in-no-group", "error"),
        ("LRS402", "parameter-in-two-groups", "error"),
        ("LRS403", "unknown-parameter", "error"),
        ("LRS404", "unoptimized-parameter", "error"),
        ("LRS405", "setting-differs", "error"),
        ("LRS406", "schedule-differs", "error"),
        ("LRS407", "swapped-state", "error"),
        ("LRS408", "other-optimizer", "error"),
        ("LRS409", "frozenness-differs", "error"),
        ("LRS410", "statistics-of-frozen", "warning"),
        ("LRS501", "parameter-in-no-group", "error"),
        ("LRS502", "parameter-in-two-groups", "error"),
        ("LRS503", "frozen-in-group", "warning"),
        ("LRS504", "foreign-tensor", "error"),
        ("LRS505", "empty-group", "warning"),
        ("LRS506", "needless-groups", "warning"),
        ("LRS507", "mixed-decay", "warning"),
        ("LRS508", "declared-decay", "warning"),
        ("LRS509", "embedding-under-muon", "warning"),
        ("LRS510", "unfit-value", "error"),
        ("LRS511", "unread-key", "warning"),
        ("LRS512", "flattened-rates", "error"),
        ("LRS513", "rates-towards-input", "warning"),
        ("LRS514", "statistics-of-frozen", "warning"),
        ("LRS515", "stale-state", "error"),
        ("LRS601", "not-locked", "error"),
        ("LRS602", "parameter-added", "error"),
        ("LRS603", "parameter-gone", "error"),
        ("LRS604", "parameter-renamed", "error"),
        ("LRS605", "parameter-fused", "error"),
        ("LRS606", "parameter-split", "error"),
        ("LRS607", "parameter-reshaped", "error"),
        ("LRS608", "setting-changed", "error"),
    )
}
"""Every diagnostic by its code."""

ADJUSTABLE = {code.name: code for code in CODES.values() if code.adjustable}
"""The diagnostics whose severity `check:` may change, by name."""

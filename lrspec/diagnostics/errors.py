"""Warnings by the logger `lrspec`; where nobody handles that, nothing is printed."""

from __future__ import annotations


def warn(report: str) -> None:
    """Log a report that has warnings only."""
    import logging  # here, since the command logs nothing

    logger = logging.getLogger("lrspec")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.warning(report)

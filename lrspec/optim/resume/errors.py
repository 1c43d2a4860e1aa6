"""The error of a checkpoint that cannot be resumed from."""


class ResumeError(ValueError):
    """Saved state that does not fit the optimizer or its plan; nothing was loaded, and the text says what to do."""

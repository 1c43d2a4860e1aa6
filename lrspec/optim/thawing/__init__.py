"""Runs `freeze: {until: …}`: what `Plan.advance` and `Plan.freeze_statistics` do to the model that trains."""

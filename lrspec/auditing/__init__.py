"""Audits live optimizers without a spec: what they really do to a model, and what of it is probably a mistake."""

"""Kinds of models that a name can stand for, one file each; `lrspec.models.by_name` chooses between them."""

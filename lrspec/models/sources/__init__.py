"""The schemes of model names, one file each; `lrspec.models.by_name` chooses between them."""

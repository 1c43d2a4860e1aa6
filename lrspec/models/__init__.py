"""From a model, or its name, to an `Inventory`: names, shapes and classes, without tensors."""

"""From the text of a spec to a frozen, valid `Spec`."""

"""From a `Document` to a `Spec`, or to the findings that say why there is none."""

"""From a `Plan` to live groups and optimizers, and from a running optimizer back to the plan."""

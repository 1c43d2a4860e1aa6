"""From a `Spec` and an `Inventory` to findings and a `Plan`; knows neither text nor tensors."""

"""Says what differs between what two specs, or two versions of one, give to a model."""

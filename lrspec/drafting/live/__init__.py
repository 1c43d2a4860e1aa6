"""From live optimizers to what a draft is for: the settings of every parameter, and what a spec cannot say."""

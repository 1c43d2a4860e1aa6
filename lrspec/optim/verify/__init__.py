"""What trains, held against a plan: an optimizer with its model and schedulers to the findings of LRS4xx."""

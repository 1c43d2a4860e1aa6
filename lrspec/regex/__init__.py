"""What a regex matches and how long it may take; knows nothing of specs."""

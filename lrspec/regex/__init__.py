"""What a regex matches and how long it may take; independent of specs."""

"""What a command prints: one module for each `--format`, and the JSON Schemas."""

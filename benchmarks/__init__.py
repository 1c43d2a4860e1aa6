"""Time and memory that lrspec takes, compared with the alternatives: `python -m benchmarks`."""

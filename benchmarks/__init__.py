"""How long lrspec takes, and how much memory, beside what else there is: `python -m benchmarks`."""

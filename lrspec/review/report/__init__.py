"""The page of `lrspec report`: a plan as one HTML file that needs nothing else."""

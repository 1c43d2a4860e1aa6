"""The checks: questions asked of a resolution, a file for each."""

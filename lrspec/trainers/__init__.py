"""Callbacks for trainers: each is imported by those who train with one, and by nothing else."""

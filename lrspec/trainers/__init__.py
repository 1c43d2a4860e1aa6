"""Callbacks for trainers: each module is imported only by users of that trainer."""

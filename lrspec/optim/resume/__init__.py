"""Loads the saved state of optimizers, by the names of the parameters, into optimizers whose groups a plan has made."""

"""The saved state of optimizers into optimizers whose groups a plan has made, by the names of the parameters."""

"""Which products members look at, of those who want that to be kept."""

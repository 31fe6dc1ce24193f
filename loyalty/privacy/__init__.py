"""What is held on a person: given as a file, erased with a receipt from every store, kept no longer than said."""

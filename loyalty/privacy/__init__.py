"""What is held on a person: given to them as a file, erased with a receipt from every store, and kept no longer than said."""

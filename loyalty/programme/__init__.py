"""How a programme works, said in one versioned document."""

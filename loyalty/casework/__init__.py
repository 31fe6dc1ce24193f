"""Everything that waits for a human. Rooms open cases of their own kind; the rules are in database/casework."""

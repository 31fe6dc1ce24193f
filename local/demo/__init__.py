"""A real programme's members and purchases, journeys as members make them, and the proof that nothing is missing."""

"""The year that the programme has behind it in `make run`: real households' purchases, day by day, and rewards."""

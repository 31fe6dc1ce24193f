"""The orders service: takes placements from its queue into the database and sends them at Amazon's pace."""

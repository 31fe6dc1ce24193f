"""Orders at Amazon Business: how they are placed, followed and counted."""

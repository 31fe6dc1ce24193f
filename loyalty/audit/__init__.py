"""The log of what staff did and looked at."""

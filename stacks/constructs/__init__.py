"""Small pieces that more than one stack uses."""

"""From the database to the lake."""

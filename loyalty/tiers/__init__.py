"""Levels: what members have reached, keep and were given. The rules are in database/tiers."""

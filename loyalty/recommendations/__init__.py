"""What a member might like: what the night worked out, else what members redeem."""

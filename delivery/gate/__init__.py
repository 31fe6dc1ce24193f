"""What a change would lose: data, addresses that others know, or what another stack reads."""

"""Other companies' systems: events they are sent, signed and in order; and whether the connections to them work."""

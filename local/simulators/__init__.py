"""Outside parties, strict and stateful, each with its own database file; loopback only."""

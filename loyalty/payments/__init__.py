"""The money part of a redemption: reserved before the order, taken after, or given back. `provider` is the port."""

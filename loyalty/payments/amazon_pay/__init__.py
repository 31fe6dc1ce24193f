"""Amazon Pay Checkout v2, by hand: `signing` proves who we are, `client` speaks HTTP, `adapter` fits the port."""

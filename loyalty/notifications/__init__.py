"""What members are told, by e-mail and SMS: about orders and points, at most once, only where they want it."""

"""What members wish for, and that they are told when it can be had again."""

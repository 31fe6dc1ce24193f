"""What the tests show in small, shown in large: `make prove`."""

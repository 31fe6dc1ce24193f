"""Support: finding, merging, what may be done to orders."""

"""The metrics: one YAML file each, and what is made from them."""

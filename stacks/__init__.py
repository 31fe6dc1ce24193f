"""What exists in the cloud: one file a domain."""

"""What a member might like: popularity, until engines know better."""

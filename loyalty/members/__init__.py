"""Who is a member: arriving, claiming, addresses, terms. The only room with personal data."""

"""What a draft would change, before it is published: the last 90 days and every balance under both documents.

`jobs` is asked and told, `running` computes: `rules` says what both documents do, `replay` prices redemptions again,
`shelf` prices the favourites, `balances` counts who can have them, `spending` projects campaigns, `result` puts all of
it together.
"""

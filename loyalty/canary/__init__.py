"""A redemption that nobody wants, made every few minutes as a member makes one: docs/operations/canary.md."""

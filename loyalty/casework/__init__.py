"""Everything that waits for a human: tickets that rooms open, and members' cases.

The rules are in database/casework and database/cases; docs/cases.md has the outcomes.
"""

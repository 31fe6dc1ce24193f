"""The points ledger: against a plain model, under concurrency, under kill -9, and against seeded bugs."""

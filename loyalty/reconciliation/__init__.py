"""Points journal, payment provider and Amazon laid over each other, once a day (docs/reconciliation.md)."""

"""Points: the ledger as Python sees it, and how points are earned."""

"""Invoices made by the thousand, read by the laptop's stand-in for Textract and by our normaliser, beside the truth.

This measures the stand-in and the normaliser together; it says nothing of Textract itself. This is the short part, for
`make bench`: papers with a text layer. `make bench-invoices` measures scans as well (`__main__`).
"""

from __future__ import annotations

import time

from bench._figures import Budget, Figures
from bench.invoices.measuring import measure

BUDGETS = {
    "invoices_text_header": Budget(1.0, least=True),
    "invoices_text_lines": Budget(0.995, least=True),
    "invoices_wrong_posted": Budget(0),
    "invoices_straight_through": Budget(0.95, least=True),
    "invoices_per_second_core": Budget(10, least=True),
}
PAPERS = 400
MOST_SECONDS = 180


def run() -> Figures:
    """Shares of what was right, the count of wrong values that would have been posted, papers a second and core."""
    measured = measure("text", range(1, 2 * PAPERS, 2), time.monotonic() + MOST_SECONDS)
    total = measured.total()
    return {
        "invoices_text_header": round(total.header_right / total.header, 5),
        "invoices_text_lines": round(total.lines_right / total.lines, 5),
        "invoices_wrong_posted": len(total.wrong_posted),
        "invoices_straight_through": round(total.straight / total.papers, 4),
        "invoices_per_second_core": round(total.papers / measured.seconds, 1),
    }

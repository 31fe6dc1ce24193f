"""What metrics are cut by, and the filters a report may set: a column has one title and one kind wherever it is."""

from __future__ import annotations

from typing import Literal

type Kind = Literal["text", "date", "month", "number"]

DIMENSIONS: dict[str, tuple[str, Kind]] = {
    "asin": ("Product", "text"),
    "campaign": ("Campaign", "text"),
    "category": ("Category", "text"),
    "cohort": ("First purchase in", "month"),
    "currency": ("Currency", "text"),
    "day": ("Day", "date"),
    "deed": ("What was counted", "text"),
    "direction": ("Direction", "text"),
    "event": ("What happened", "text"),
    "figure": ("Figure", "text"),
    "from_tier": ("From level", "text"),
    "funder": ("Paid for by", "text"),
    "iso_week": ("Week", "number"),
    "iso_year": ("Year", "number"),
    "lot": ("Lot", "text"),
    "lot_month": ("Earned in", "month"),
    "member_key": ("Member's key", "text"),
    "month": ("Month", "month"),
    "months_since": ("Months since", "number"),
    "segment": ("Segment", "text"),
    "tender": ("Paid with", "text"),
    "tier": ("Level", "text"),
    "title": ("Title", "text"),
    "to_tier": ("To level", "text"),
    "weekday": ("Weekday", "number"),
}

PROGRAM = "program_id"
DATES = ("from_day", "to_day")
CHOICES = ("tier", "category", "campaign")
FILTERS = (*DATES, *CHOICES)

# A statement's parameters are texts and none may be null or empty, which the Redshift Data API refuses: a filter that
# is not set has the value that lets everything through.
UNSET = {"from_day": "0001-01-01", "to_day": "9999-12-31", "tier": "*", "category": "*", "campaign": "*"}

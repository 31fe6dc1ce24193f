"""Tables that people open in spreadsheets: no cell with somebody's words is calculated there."""

from __future__ import annotations

_SIGNS, _CONTROLS = ("=", "+", "-", "@"), ("\t", "\r", "\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would calculate it; some of them pass over what is white before it."""
    return text.lstrip().startswith(_SIGNS) or text.startswith(_CONTROLS)


def harmless(text: str) -> str:
    """The text with an apostrophe before it if it begins a formula."""
    return f"'{text}" if is_formula(text) else text

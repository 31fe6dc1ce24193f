"""Amazon's product number."""

from __future__ import annotations

import re

_ASIN = re.compile(r"[A-Z0-9]{10}")


def is_asin(text: str) -> bool:
    """Ten capitals and digits."""
    return _ASIN.fullmatch(text) is not None

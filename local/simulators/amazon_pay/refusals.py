"""How Amazon Pay says no."""

from __future__ import annotations


class ApiError(Exception):
    """An HTTP status and the `reasonCode` of the answer's body. What the request changed before stays changed."""

    def __init__(self, status: int, reason: str, message: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.message = message or reason

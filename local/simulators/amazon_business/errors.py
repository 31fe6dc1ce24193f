"""An answer that is not the one hoped for, in Amazon's ErrorList form."""

from __future__ import annotations


class Answer(Exception):
    """Answer with this status and error. `retry_after` in seconds becomes a header."""

    def __init__(self, status: int, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        return {"errors": [{"code": self.code, "message": self.message}]}


class Cut(Exception):
    """Close the connection without an answer, after so many seconds."""

    def __init__(self, after_seconds: float) -> None:
        super().__init__("cut")
        self.after_seconds = after_seconds


def invalid(message: str) -> Answer:
    """A bad request."""
    return Answer(400, "INVALID_REQUEST_PARAMETER", message)

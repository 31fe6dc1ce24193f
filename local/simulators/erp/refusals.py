"""How this ERP says no."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A status and the answer's body: a stable code, the field, words for a person."""

    def __init__(self, status: int, code: str, field: str = "", detail: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status = status
        self.document: dict[str, Any] = {"code": code, "field": field, "detail": detail or code, **more}


def refused(code: str, field: str, detail: str) -> ApiError:
    """422: it was understood, and is not taken."""
    return ApiError(422, code, field, detail)

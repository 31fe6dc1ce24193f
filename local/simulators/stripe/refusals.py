"""How Stripe says no."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An HTTP status and the `error` of the answer's body."""

    def __init__(self, status: int, kind: str, code: str | None, param: str | None = None, **more: Any) -> None:
        super().__init__(code)
        self.status = status
        self.document: dict[str, Any] = {
            "error": {"type": kind, "code": code, "message": code or kind, "param": param, **more}
        }


def invalid(code: str, param: str | None = None) -> ApiError:
    """400."""
    return ApiError(400, "invalid_request_error", code, param)


def missing(kind: str, identifier: str) -> ApiError:
    """404."""
    return ApiError(404, "invalid_request_error", "resource_missing", kind)

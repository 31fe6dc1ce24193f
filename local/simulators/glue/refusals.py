"""The service's errors."""

from __future__ import annotations

from typing import Any

MESSAGES = {
    "AccessDeniedException": "You are not authorized to perform this operation.",
    "ConcurrentRunsExceededException": "Concurrent runs exceeded for the job.",
    "EntityNotFoundException": "The entity is not known.",
    "InternalServiceException": "Internal service error.",
    "InvalidInputException": "The input is not valid.",
    "MissingAuthenticationTokenException": "Request is missing Authentication Token.",
    "ResourceNumberLimitExceededException": "The account has no more processors for now.",
    "ThrottlingException": "Rate exceeded.",
    "UnknownOperationException": "The operation is not known.",
}


class Refused(Exception):
    """A call that the service does not do, by the error's name."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = 500 if code == "InternalServiceException" else 400
        self.document: dict[str, Any] = {"__type": code, "Message": message or MESSAGES[code]}

"""The service's errors."""

from __future__ import annotations

from typing import Any

MESSAGES = {
    "AccessDeniedException": "User is not authorized to perform this operation.",
    "ActiveStatementsExceededException": "Active statements exceeded the allowed quota.",
    "InternalServerException": "The Redshift Data API operation failed due to invalid input.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
    "ThrottlingException": "Rate exceeded",
    "UnknownOperationException": "The operation is not known, or not offered by this stand-in.",
}
NO_RESULT = "Query does not have result. Please check query status with DescribeStatement."


class Refused(Exception):
    """A call that the service does not do, by the error's name."""

    def __init__(self, code: str, message: str = "", **more: str) -> None:
        super().__init__(code)
        self.status = 500 if code == "InternalServerException" else 400
        self.document: dict[str, Any] = {"__type": code, "Message": message or MESSAGES[code], **more}


def wrong(message: str) -> Refused:
    """A request that cannot be right."""
    return Refused("ValidationException", message)


def unknown(statement_id: str, message: str = "Query does not exist.") -> Refused:
    """There is no such statement, or no result of it."""
    return Refused("ResourceNotFoundException", message, ResourceId=statement_id)

"""The service's errors."""

from __future__ import annotations

from local.simulators.aws_json import refusals

MESSAGES = {
    "AccessDeniedException": "User is not authorized to perform this operation.",
    "ActiveStatementsExceededException": "Active statements exceeded the allowed quota.",
    "InternalServerException": "The Redshift Data API operation failed due to invalid input.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
    "ThrottlingException": "Rate exceeded",
    "UnknownOperationException": "The operation is not known, or not offered by this stand-in.",
}
NO_RESULT = "Query does not have result. Please check query status with DescribeStatement."


class Refused(refusals.Refused):
    """A call that the service does not do, by the error's name."""

    messages = MESSAGES
    internal = "InternalServerException"


def wrong(message: str) -> Refused:
    """A request that cannot be right."""
    return Refused("ValidationException", message)


def unknown(statement_id: str, message: str = "Query does not exist.") -> Refused:
    """There is no such statement, or no result of it."""
    return Refused("ResourceNotFoundException", message, ResourceId=statement_id)

"""The service's errors."""

from __future__ import annotations

from local.simulators.aws_json import refusals

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


class Refused(refusals.Refused):
    """A call that the service does not do, by the error's name."""

    messages = MESSAGES
    internal = "InternalServiceException"

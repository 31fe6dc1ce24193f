"""The service's errors."""

from __future__ import annotations

from local.simulators.aws_json import refusals

MESSAGES = {
    "AccessDeniedException": "User is not authorized to perform this operation.",
    "ConflictException": "There was a conflict when you attempted to modify a SageMaker entity.",
    "InternalFailure": "The request processing has failed because of an unknown error.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
    "ResourceInUse": "Resource being accessed is in use.",
    "ResourceLimitExceeded": "The account-level service limit for this instance type's jobs is 0 Instances.",
    "ResourceNotFound": "Requested resource not found.",
    "ThrottlingException": "Rate exceeded",
    "UnknownOperationException": "The operation is not known, or not offered by this stand-in.",
}


class Refused(refusals.Refused):
    """A call that the service does not do, by the error's name."""

    messages = MESSAGES
    internal = "InternalFailure"


def wrong(message: str) -> Refused:
    """A request that cannot be right."""
    return Refused("ValidationException", message)

"""The service's errors."""

from __future__ import annotations

from local.simulators.aws_json import refusals

MESSAGES = {
    "AccessDeniedException": "You are not authorized to perform this operation.",
    "InternalServerException": "Internal server error.",
    "InvalidInputException": "The input is not valid.",
    "LimitExceededException": "The limit on the number of requests has been exceeded.",
    "MissingAuthenticationTokenException": "Request is missing Authentication Token.",
    "ResourceAlreadyExistsException": "The specified resource already exists.",
    "ResourceInUseException": "The specified resource is in use.",
    "ResourceNotFoundException": "Could not find the specified resource.",
    "ThrottlingException": "Rate exceeded.",
    "UnknownOperationException": "The operation is not known.",
}


class Refused(refusals.Refused):
    """A call that the service does not do, by the error's name."""

    messages = MESSAGES
    internal = "InternalServerException"


def invalid(message: str) -> Refused:
    """What was asked cannot be."""
    return Refused("InvalidInputException", message)


def absent(arn: object) -> Refused:
    """There is nothing of that name."""
    return Refused("ResourceNotFoundException", f"Resource {arn} is not found.")

"""The service's errors."""

from __future__ import annotations

from local.simulators.aws_json import refusals

MESSAGES = {
    "AccessDeniedException": "You are not authorized to perform this operation.",
    "BadDocumentException": "Request has invalid document format.",
    "DocumentTooLargeException": "The document is larger than the operation takes.",
    "IdempotentParameterMismatchException": "The client request token was used with other parameters.",
    "InternalServerError": "Internal server error.",
    "InvalidJobIdException": "Request has invalid job id.",
    "InvalidParameterException": "Request has invalid parameters.",
    "InvalidS3ObjectException": "Unable to get object metadata from S3. Check object key, region and/or access "
    "permissions.",
    "LimitExceededException": "Open jobs exceed maximum concurrent job limit.",
    "MissingAuthenticationTokenException": "Request is missing Authentication Token.",
    "ProvisionedThroughputExceededException": "Provisioned rate exceeded.",
    "ThrottlingException": "Rate exceeded.",
    "UnknownOperationException": "The operation is not known.",
    "UnsupportedDocumentException": "Request has unsupported document format.",
}


class Refused(refusals.Refused):
    """A call that the service does not do, by the error's name."""

    messages = MESSAGES
    internal = "InternalServerError"

"""The service's errors."""

from __future__ import annotations

from typing import Any

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


class Refused(Exception):
    """A call that the service does not do, by the error's name."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status = 500 if code == "InternalServerError" else 400
        self.document: dict[str, Any] = {"__type": code, "Message": message or MESSAGES[code]}

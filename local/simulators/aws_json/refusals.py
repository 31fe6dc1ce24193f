"""A service's errors."""

from __future__ import annotations

from typing import Any, ClassVar


class Refused(Exception):
    """A call that the service does not do, by the error's name. `internal`: the name that answers 500."""

    messages: ClassVar[dict[str, str]]
    internal: ClassVar[str]

    def __init__(self, code: str, message: str = "", **more: str) -> None:
        super().__init__(code)
        self.code = code
        self.status = 500 if code == self.internal else 400
        self.document: dict[str, Any] = {"__type": code, "Message": message or self.messages[code], **more}

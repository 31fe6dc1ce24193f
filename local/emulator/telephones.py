"""A captured SMS is dated, as a captured e-mail is: `Timestamp`, epoch seconds of this machine."""

from __future__ import annotations

import time
from typing import Any

from ministack.services import sns

from local.emulator.pinned import private, replace


def install() -> None:
    publish = private(sns, "_publish")
    kept = private(sns, "_sms_messages")

    def publish_dated(parameters: dict[str, Any]) -> Any:
        answer = publish(parameters)
        number = parameters.get("PhoneNumber")
        if isinstance(number, list):
            number = number[0]
        for sms in (kept.get(number) or [])[-1:] if number else ():
            sms.setdefault("Timestamp", time.time())
        return answer

    replace(sns, "_publish", publish_dated)

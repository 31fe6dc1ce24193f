"""How a receiver knows that an event is ours: as Standard Webhooks has it, HMAC-SHA256 over id, time and body.

>>> key = Keys.from_secret("whsec_" + base64.b64encode(b"x" * 32).decode())
>>> key.signature("evt", 1, b"{}")
'v1,DTg9GkZybVyfjAv79s1dMXQhOZuZoOs5TF+fy+dwdNs='
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field

PREFIX = "whsec_"
FEWEST_BYTES, MOST_BYTES = 24, 64


class NoKey(ValueError):
    """The secret holds no key; what it holds is not said."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The current key and, while receivers change over, the one before."""

    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def from_secret(cls, text: str) -> Keys:
        """`whsec_…`, or JSON with `current` and perhaps `previous`. Raises NoKey."""
        found = [text.strip()]
        if text.lstrip().startswith("{"):
            try:
                told = json.loads(text)
                found = [told["current"], *([told["previous"]] if told.get("previous") else [])]
            except (ValueError, KeyError, AttributeError):
                raise NoKey("is no JSON with current") from None
        return cls(tuple(_key(one) for one in found))

    def signature(self, message_id: str, timestamp: int, body: bytes) -> str:
        """The header `webhook-signature`: one signature a key."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        made = (hmac.new(key, signed, hashlib.sha256).digest() for key in self.keys)
        return " ".join(f"v1,{base64.b64encode(one).decode()}" for one in made)


def _key(text: object) -> bytes:
    if not isinstance(text, str) or not text.startswith(PREFIX):
        raise NoKey(f"does not begin with {PREFIX}")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise NoKey("is no base64") from None
    if not FEWEST_BYTES <= len(key) <= MOST_BYTES:
        raise NoKey(f"is not {FEWEST_BYTES} to {MOST_BYTES} bytes long")
    return key

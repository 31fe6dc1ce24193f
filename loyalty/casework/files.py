"""Files of cases in a private bucket: members' photos, staff's labels.

Nobody's bytes pass through a function. Who may upload gets an address for one object of one type and size, good for
some minutes; the object's name says nothing and cannot be guessed. What was uploaded is looked at whenever it is asked
for: its first bytes must be those of its type, or it is shown to nobody, and what is shown is the very version that was
looked at.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID, uuid4

from loyalty.refusal import Kind, Refusal

type Purpose = Literal["photo", "label"]

MINUTES = 10
LARGEST_BYTES = 10 * 1024 * 1024
# How each type begins; and, for those that are boxes, what stands at the fifth byte.
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
    "image/heic": (),
    "application/pdf": (b"%PDF-",),
}
_BRANDS = {b"heic", b"heix", b"mif1", b"msf1"}
TYPES: dict[Purpose, tuple[str, ...]] = {
    "photo": ("image/jpeg", "image/png", "image/webp", "image/heic"),
    "label": ("application/pdf", "image/png"),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """One PUT to `url` with exactly these headers."""

    file_id: UUID
    object_key: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class Missing(Exception):
    """Nothing was uploaded under that name (yet)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An object's first bytes, how many it has, and which version of it that was (None: the bucket keeps one)."""

    beginning: bytes
    size: int
    version: str | None


class Objects(Protocol):
    """The bucket, as far as it is needed."""

    def address_to_put(self, key: str, content_type: str, size: int, seconds: int) -> tuple[str, dict[str, str]]: ...

    def address_to_get(self, key: str, seen: Seen, content_type: str, file_name: str, seconds: int) -> str: ...

    def look(self, key: str) -> Seen:
        """How the object begins. Raises Missing."""
        ...


def is_what_it_says(content_type: str, beginning: bytes) -> bool:
    """Whether a file that begins so is of that type."""
    if content_type == "image/webp":
        return beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP"
    if content_type == "image/heic":
        return beginning[4:8] == b"ftyp" and beginning[8:12] in _BRANDS
    return beginning.startswith(_BEGINNINGS[content_type])


@dataclass(frozen=True, slots=True)
class Shelf:
    """Addresses of files."""

    objects: Objects

    def promise(self, purpose: Purpose, program_id: int, case_id: UUID, content_type: str, size: int) -> Upload:
        """An address to put a file at. Raises Refusal for what is no photo or label, or too large."""
        if content_type not in TYPES[purpose]:
            raise Refusal(Kind.INVALID, "wrong-type", f"Send one of {', '.join(TYPES[purpose])}.", field="content_type")
        if not 0 < size <= LARGEST_BYTES:
            raise Refusal(Kind.INVALID, "wrong-size", f"Send 1 to {LARGEST_BYTES} bytes.", field="size_bytes")
        key = f"{purpose}s/{program_id}/{case_id}/{secrets.token_urlsafe(32)}"
        url, headers = self.objects.address_to_put(key, content_type, size, MINUTES * 60)
        return Upload(uuid4(), key, url, headers)

    def shown(self, file: dict[str, Any]) -> tuple[bool | None, str | None]:
        """Whether an uploaded file is what it says (None: there is none), and its address for some minutes if so."""
        try:
            seen = self.objects.look(file["object_key"])
        except Missing:
            return None, None
        if seen.size != file["size_bytes"] or not is_what_it_says(file["content_type"], seen.beginning):
            return False, None
        name = f"{file['purpose']}-{file['file_id']}.{file['content_type'].rpartition('/')[2]}"
        return True, self.objects.address_to_get(file["object_key"], seen, file["content_type"], name, MINUTES * 60)

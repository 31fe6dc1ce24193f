"""Is this a PDF that Textract, the ERP and a person's browser may be given? How many pages has it?

A file that is not is refused with a reason, never repaired: what Amazon sends needs no repair. Nothing is drawn here,
and nothing of what the pages say is looked at.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loyalty.invoices import confining

if TYPE_CHECKING:
    from pypdf import PdfReader

LARGEST_BYTES = 20 << 20
MOST_PAGES = 100
LIMITS = confining.Limits(memory_mb=768, cpu_seconds=10, wall_seconds=20)

# A signature's or a scanner's few bytes after the end are harmless; a second file is not.
_MOST_AFTER_END = 1_024
_MOST_OBJECTS = 100_000
# A page of A4 in colour at 600 dpi; and what a hundred of them at 300 dpi come to in shades of grey.
_MOST_STREAM_BYTES = 128 << 20
_MOST_STREAMS_BYTES = 1 << 30
# Text on letters on a packing: nobody packs more often for a reason.
_MOST_FILTERS = 4
# How much these can pack at most: twelve bits for a string of 4,096; two bytes for 128.
_RATIOS = {"/LZWDecode": 2_731, "/LZW": 2_731, "/RunLengthDecode": 64, "/RL": 64}
# Textract takes 40 inches and pictures of 10,000 pixels each way.
_MOST_POINTS = 40 * 72
_MOST_PIXELS = 10_000 * 10_000
_ACTIVE = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition"})
_ENDS = re.compile(rb"%%EOF")
_REASON = re.compile(r"[a-z][a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Examined:
    """`pages` if it may go on, else `reason`, one of:

    empty, too_large, not_a_pdf, truncated, more_than_a_pdf, encrypted, unreadable, no_pages, too_many_pages,
    page_too_large, picture_too_large, too_many_objects, decompression_bomb, active_content, fillable_form,
    took_too_long, took_too_much_memory.
    """

    pages: int | None
    reason: str | None


class _Refused(Exception):
    pass


def examine(pdf: bytes, limits: confining.Limits = LIMITS) -> Examined:
    """What it is, in bounded time and memory. Never raises for what is in it."""
    reason = _at_first_sight(pdf)
    if reason is not None:
        return Examined(None, reason)
    try:
        told = json.loads(confining.run(__name__, pdf, limits))
    except confining.Stopped as stopped:
        return Examined(None, stopped.reason)
    except ValueError:
        return Examined(None, "unreadable")
    # The process has read a stranger's bytes: what it says is looked at like anything else of theirs.
    pages, reason = (told.get("pages"), told.get("reason")) if isinstance(told, dict) else (None, None)
    if isinstance(pages, int) and not isinstance(pages, bool) and 1 <= pages <= MOST_PAGES and reason is None:
        return Examined(pages, None)
    return Examined(None, reason if isinstance(reason, str) and _REASON.fullmatch(reason) else "unreadable")


def _at_first_sight(pdf: bytes) -> str | None:
    if not pdf:
        return "empty"
    if len(pdf) > LARGEST_BYTES:
        return "too_large"
    if not pdf.startswith(b"%PDF-"):
        return "not_a_pdf"
    *_, last = (-1, *(found.start() for found in _ENDS.finditer(pdf)))
    if last < 0 or b"startxref" not in pdf[max(0, last - 1_024) : last]:
        return "truncated"
    if len(pdf) - last > _MOST_AFTER_END:
        return "more_than_a_pdf"
    return None


def confined(given: bytes) -> bytes:
    """The same in the process of its own: `{"pages": 2}` or `{"reason": "encrypted"}`."""
    try:
        return json.dumps({"pages": _pages(given)}).encode()
    except _Refused as refused:
        return json.dumps({"reason": str(refused)}).encode()
    except MemoryError:
        raise
    # Whatever a library stumbles over in a stranger's file: that is the answer.
    except Exception:
        return json.dumps({"reason": "unreadable"}).encode()


def _pages(pdf: bytes) -> int:
    reader = _opened(pdf)
    count = len(reader.pages)
    if count == 0:
        raise _Refused("no_pages")
    if count > MOST_PAGES:
        raise _Refused("too_many_pages")
    for page in reader.pages:
        unit = float(page.get("/UserUnit", 1))
        if not 0 < max(float(page.mediabox.width), float(page.mediabox.height)) * unit <= _MOST_POINTS:
            raise _Refused("page_too_large")
    if "/XFA" in _dictionary(reader.root_object.get("/AcroForm")):
        raise _Refused("fillable_form")
    inflated = 0
    for one in _objects(reader):
        if _is_active(one):
            raise _Refused("active_content")
        inflated += _inflated(one)
        if inflated > _MOST_STREAMS_BYTES:
            raise _Refused("decompression_bomb")
    return count


def _opened(pdf: bytes) -> PdfReader:
    import io

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, LimitReachedError

    try:
        reader = PdfReader(io.BytesIO(pdf))
        if reader.is_encrypted:
            raise _Refused("encrypted")
    except DependencyError:
        # What deciphering needs is not installed: nothing here deciphers.
        raise _Refused("encrypted") from None
    except LimitReachedError:
        raise _Refused("decompression_bomb") from None
    return reader


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Every object the file's tables name, each once, and what lies directly in it."""
    from pypdf.generic import IndirectObject

    names = {(number, generation) for generation, table in reader.xref.items() for number in table}
    names |= {(number, 0) for number in reader.xref_objStm}
    if len(names) > _MOST_OBJECTS:
        raise _Refused("too_many_objects")
    seen = 0
    for number, generation in sorted(names):
        if number == 0:
            continue
        waiting: list[Any] = [reader.get_object(IndirectObject(number, generation, reader))]
        while waiting:
            one = waiting.pop()
            seen += 1
            if seen > 20 * _MOST_OBJECTS:
                raise _Refused("too_many_objects")
            yield one
            # References are not followed: each object has its own turn.
            if isinstance(one, dict):
                waiting += [inner for inner in dict.values(one) if isinstance(inner, dict | list)]
            elif isinstance(one, list):
                waiting += [inner for inner in list.__iter__(one) if isinstance(inner, dict | list)]


def _is_active(one: Any) -> bool:
    # What it does may stand in an object of its own.
    return isinstance(one, dict) and ("/JS" in one or str(_resolved(dict.get(one, "/S"))) in _ACTIVE)


def _inflated(one: Any) -> int:
    """The bytes that a stream comes to. Raises _Refused where it, or the picture it is, would be out of all measure."""
    from pypdf.generic import StreamObject

    if not isinstance(one, StreamObject):
        return 0
    width, height = (_whole(_resolved(one.get(name))) for name in ("/Width", "/Height"))
    if width * height > _MOST_PIXELS:
        raise _Refused("picture_too_large")
    filters = _resolved(one.get("/Filter"))
    data: bytes = one._data
    steps = [str(_resolved(step)) for step in (filters if isinstance(filters, list) else [filters])]
    if len(steps) > _MOST_FILTERS:
        raise _Refused("decompression_bomb")
    most = 0
    for step in steps:
        if step in _RATIOS:
            # Nobody unpacks it here: at its worst it is so much.
            most = len(data) * _RATIOS[step]
            break
        if step not in _UNPACKED:
            break
        data = _UNPACKED[step](data)
    if most > _MOST_STREAM_BYTES:
        raise _Refused("decompression_bomb")
    return max(most, len(data))


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, _MOST_STREAM_BYTES)
    except zlib.error:
        return b""  # its reader will show nothing of it
    if unpacker.unconsumed_tail:
        raise _Refused("decompression_bomb")
    return plain


def _from_letters(data: bytes) -> bytes:
    try:
        return base64.a85decode(data.partition(b"~>")[0].strip().removeprefix(b"<~"), ignorechars=b" \t\n\r\v\f\0")
    except ValueError:
        return b""


def _from_digits(data: bytes) -> bytes:
    digits = b"".join(data.partition(b">")[0].translate(None, b"\0").split())
    try:
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    except ValueError:
        return b""


_UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    "/FlateDecode": _unpacked,
    "/Fl": _unpacked,
    "/ASCII85Decode": _from_letters,
    "/A85": _from_letters,
    "/ASCIIHexDecode": _from_digits,
    "/AHx": _from_digits,
}


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int) else 0


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _dictionary(value: Any) -> dict[str, Any]:
    found = _resolved(value)
    return found if isinstance(found, dict) else {}

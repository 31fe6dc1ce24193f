"""A document from the address that Amazon gave for it, no larger than was asked for."""

from __future__ import annotations

import zlib

import urllib3

from loyalty.orders.amazon_business.documents import Download
from loyalty.orders.amazon_business.errors import NotSent, Refused, Unknown

_READ_BYTES = 1 << 16


def fetch(http: urllib3.PoolManager, where: Download, most_bytes: int, timeout: urllib3.Timeout) -> bytes:
    """The document's bytes, at most so many. The address is its own key: no token of ours goes along.

    Raises Refused (TOO_LARGE, or the address has lapsed), NotSent, Unknown.
    """
    try:
        answer = http.request("GET", where.url, timeout=timeout, retries=False, redirect=False, preload_content=False)
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        raise NotSent(f"no connection: {type(error).__name__}") from None
    except urllib3.exceptions.HTTPError as error:
        raise Unknown(f"no answer: {type(error).__name__}") from None
    try:
        if 400 <= answer.status < 500:
            raise Refused(answer.status, "DOCUMENT_GONE", "")
        if answer.status != 200:
            raise Unknown(f"status {answer.status} of a document")
        return _unpacked(answer, most_bytes) if where.zipped else _read(answer, most_bytes)
    except (urllib3.exceptions.HTTPError, zlib.error) as error:
        raise Unknown(f"broken document: {type(error).__name__}") from None
    finally:
        answer.close()


def _read(answer: urllib3.BaseHTTPResponse, most_bytes: int) -> bytes:
    data = bytearray()
    while part := answer.read(_READ_BYTES, decode_content=False):
        data += part
        if len(data) > most_bytes:
            raise Refused(413, "TOO_LARGE", "")
    return bytes(data)


def _unpacked(answer: urllib3.BaseHTTPResponse, most_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    data = bytearray()
    while part := answer.read(_READ_BYTES, decode_content=False):
        data += unpacker.decompress(part, most_bytes + 1 - len(data))
        if len(data) > most_bytes or unpacker.unconsumed_tail:
            raise Refused(413, "TOO_LARGE", "")
    if not unpacker.eof:
        raise Unknown("broken document: it ends too soon")
    return bytes(data)

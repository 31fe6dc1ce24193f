"""How mail is signed on a laptop, where no domain has a key in the DNS: DKIM's header, with one key that all know.

Who sends (`signed`) and who receives (`signer`) use the same few lines. The signature is an HMAC-SHA256 over the domain
and the SHA-256 of the body, so a mail that was changed on its way, or that claims another domain, does not verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

# No secret: it proves nothing but that a sender of ours meant to sign.
KEY = b"every laptop knows this key"
_HEADER = re.compile(rb"^dkim-signature:((?:.*(?:\r?\n[ \t])?)*)", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)")


def signed(message: bytes, domain: str) -> bytes:
    """The raw `message` as it travels, each line ended by CRLF, with a signature of `domain` before its headers."""
    message = _travelling(message)
    body_hash, signature = _signature(_split(message)[1], domain)
    tags = f"v=1; a=hmac-sha256; c=simple/simple; d={domain.lower()}; s=laptop; h=from; bh={body_hash}; b={signature}"
    return f"DKIM-Signature: {tags.replace('; bh=', ';\r\n bh=').replace('; b=', ';\r\n b=')}\r\n".encode() + message


def signer(message: bytes) -> str | None:
    """The domain whose signature on the raw `message` verifies; None if there is none."""
    headers, body = _split(message)
    for found in _HEADER.finditer(headers):
        tags = {name: re.sub(r"\s", "", value) for name, value in _TAG.findall(found[1].decode("ascii", "replace"))}
        domain = tags.get("d", "").lower()
        if domain and hmac.compare_digest(_signature(body, domain)[1].encode(), tags.get("b", "").encode()):
            return domain
    return None


def _split(message: bytes) -> tuple[bytes, bytes]:
    parts = re.split(rb"\r?\n\r?\n", message, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else b""


def _signature(body: bytes, domain: str) -> tuple[str, str]:
    """Of the body as it travels; empty lines at its end do not count."""
    digest = base64.b64encode(hashlib.sha256(_travelling(body).rstrip(b"\r\n") + b"\r\n").digest()).decode()
    code = hmac.new(KEY, f"{domain.lower()}\n{digest}".encode(), hashlib.sha256)
    return digest, base64.b64encode(code.digest()).decode()


def _travelling(text: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", text)

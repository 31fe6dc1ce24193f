"""Signature version 2 of the Amazon Pay API: RSASSA-PSS over the canonical request, salt of 32 bytes."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM = "AMZN-PAY-RSASSA-PSS-V2"
SALT_BYTES = 32


def load_private_key(pem: str) -> RSAPrivateKey:
    """Read a PKCS#1 or PKCS#8 PEM, also one whose line breaks became spaces on the way. Raises ValueError."""
    key = serialization.load_pem_private_key(repaired(pem).encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def repaired(pem: str) -> str:
    """The PEM with its line breaks back: a secret pasted on one line has spaces, or `\\n` as two characters."""
    found = re.fullmatch(r"\s*-----BEGIN ([A-Z ]+)-----(.*)-----END \1-----\s*", pem.replace("\\n", "\n"), re.DOTALL)
    if found is None:
        raise ValueError("not a PEM")
    body = "".join(found[2].split())
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    return f"-----BEGIN {found[1]}-----\n{lines}\n-----END {found[1]}-----\n"


def canonical_request(method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> str:
    """All of `headers` are signed; `path` is encoded as it goes out, `body` are the bytes that go out."""
    cleaned = sorted((name.lower(), re.sub(r"\s+", " ", value.strip())) for name, value in headers.items())
    parameters = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
    return "\n".join(
        [
            method,
            path,
            parameters,
            *(f"{name}:{value}" for name, value in cleaned),
            "",
            ";".join(name for name, _ in cleaned),
            hashlib.sha256(body).hexdigest(),
        ]
    )


def string_to_sign(canonical: str) -> str:
    """What the key signs."""
    return f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def authorization(
    key: RSAPrivateKey,
    public_key_id: str,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
) -> str:
    """The Authorization header's value for a request with these headers, all of which it signs."""
    text = string_to_sign(canonical_request(method, path, query, headers, body))
    signature = key.sign(
        text.encode(), padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=SALT_BYTES), hashes.SHA256()
    )
    names = ";".join(sorted(name.lower() for name in headers))
    return (
        f"{ALGORITHM} PublicKeyId={public_key_id}, SignedHeaders={names}, "
        f"Signature={base64.b64encode(signature).decode()}"
    )

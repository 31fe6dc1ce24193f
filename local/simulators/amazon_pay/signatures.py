"""Who is calling: the request's signature is checked as Amazon documents it, with nothing shared with any client."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from local.simulators.amazon_pay.refusals import ApiError

SALTS = {"AMZN-PAY-RSASSA-PSS-V2": 32, "AMZN-PAY-RSASSA-PSS": 20}
MUST_BE_SIGNED = ("x-amz-pay-date", "x-amz-pay-host", "x-amz-pay-region")
AUTHORIZATION = re.compile(r"(\S+) PublicKeyId=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([A-Za-z0-9+/=]+)")
DATES = ("%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ")


def check(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    public_key_of: Callable[[str], str | None],
    skew_seconds: float | None,
) -> str:
    """The caller's public key id. `headers` by lower-case name; None for the skew switches that check off."""
    if "authorization" not in headers:
        raise ApiError(400, "MissingHeader", "authorization")
    found = AUTHORIZATION.fullmatch(headers["authorization"].strip())
    if found is None or found[1] not in SALTS:
        raise ApiError(403, "InvalidAuthentication", "authorization cannot be read")
    algorithm, public_key_id, listed, signature = found.groups()
    names = listed.split(";")
    for name in (*MUST_BE_SIGNED, *names):
        if name not in headers:
            raise ApiError(400, "MissingHeader", name)
    unsigned = [name for name in MUST_BE_SIGNED if name not in names]
    if unsigned or names != sorted(names):
        raise ApiError(403, "InvalidRequestSignature", "SignedHeaders")
    pem = public_key_of(public_key_id)
    if pem is None:
        raise ApiError(403, "InvalidAuthentication", "unknown public key id")
    canonical = "\n".join(
        [method, path, "&".join(sorted(query.split("&")))]
        + [f"{name}:{' '.join(headers[name].split())}" for name in names]
        + ["", listed, hashlib.sha256(body).hexdigest()]
    )
    text = f"{algorithm}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    _verify(pem, signature, text, SALTS[algorithm])
    if skew_seconds is not None:
        _check_date(headers["x-amz-pay-date"], skew_seconds)
    return public_key_id


def _verify(pem: str, signature: str, text: str, salt_bytes: int) -> None:
    key = serialization.load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ApiError(403, "InvalidAuthentication", "not an RSA key")
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt_bytes)
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), scheme, hashes.SHA256())
    except (InvalidSignature, binascii.Error) as error:
        raise ApiError(403, "InvalidRequestSignature", "the signature does not match the request") from error


def _check_date(text: str, skew_seconds: float) -> None:
    for form in DATES:
        try:
            signed_at = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        # A signature is fresh by real time: the laptop's turned clock moves business, not machines.
        if abs((datetime.now(UTC) - signed_at).total_seconds()) > skew_seconds:
            raise ApiError(403, "InvalidRequestSignature", "x-amz-pay-date is too far from now")
        return
    raise ApiError(400, "InvalidHeaderValue", "x-amz-pay-date")

"""Signature version 2: the published steps, the bytes that go out, keys that were pasted badly."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from loyalty.payments.amazon_pay.signing import authorization, canonical_request, load_private_key, string_to_sign

HEADERS = {
    "Accept": "application/json",
    "content-type": "application/json",
    "x-amz-pay-date": "20260101T000000Z",
    "x-amz-pay-host": "pay-api.amazon.com",
    "x-amz-pay-idempotency-key": "0123456789abcdef0123456789abcdef",
    "x-amz-pay-region": "na",
}
BODY = (
    b'{"chargePermissionId":"S01-0000000-0000000","chargeAmount":{"amount":"10.00","currencyCode":"USD"},'
    b'"captureNow":false,"canHandlePendingAuthorization":false}'
)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_the_canonical_request_is_the_known_one() -> None:
    canonical = canonical_request("POST", "/v2/charges", {}, HEADERS, BODY)
    assert hashlib.sha256(BODY).hexdigest() == "4bfeea7911fbaf0b419980ed048bafe2f210db218c0003ec7274f800eeaf979a"
    digest = "c86d96ff475267e91095fa2693a244cfa52a2e72614fc38e1f8ce3576e80c8ac"
    assert hashlib.sha256(canonical.encode()).hexdigest() == digest
    assert string_to_sign(canonical) == f"AMZN-PAY-RSASSA-PSS-V2\n{digest}"


def test_white_space_in_headers_and_the_order_of_queries_do_not_matter() -> None:
    spaced = {**HEADERS, "x-amz-pay-host": "  pay-api.amazon.com "}
    assert canonical_request("GET", "/p", {}, spaced, b"") == canonical_request("GET", "/p", {}, HEADERS, b"")
    assert "\na=1%202&b=%7E".replace("%7E", "~") in canonical_request("GET", "/p", {"b": "~", "a": "1 2"}, HEADERS, b"")


def test_the_public_key_verifies_with_a_salt_of_32_and_no_other(key: rsa.RSAPrivateKey) -> None:
    header = authorization(key, "SANDBOX-KEY", "POST", "/v2/charges", {}, HEADERS, BODY)
    found = re.fullmatch(
        r"AMZN-PAY-RSASSA-PSS-V2 PublicKeyId=SANDBOX-KEY, SignedHeaders=accept;content-type;x-amz-pay-date;"
        r"x-amz-pay-host;x-amz-pay-idempotency-key;x-amz-pay-region, Signature=(\S+)",
        header,
    )
    assert found is not None
    text = string_to_sign(canonical_request("POST", "/v2/charges", {}, HEADERS, BODY)).encode()
    signature = base64.b64decode(found[1])
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    key.public_key().verify(signature, text, scheme, hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature, text, padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256())


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
@pytest.mark.parametrize("damage", ["none", "spaces", "escaped", "windows", "padded"])
def test_a_key_pasted_into_a_secret_is_still_a_key(key: rsa.RSAPrivateKey, form: str, damage: str) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), serialization.NoEncryption()
    ).decode()
    damaged = {
        "none": pem,
        "spaces": pem.strip().replace("\n", " "),
        "escaped": pem.replace("\n", "\\n"),
        "windows": pem.replace("\n", "\r\n"),
        "padded": f"\n  {pem}  \n",
    }[damage]
    assert load_private_key(damaged).private_numbers() == key.private_numbers()


@pytest.mark.parametrize("text", ["", "key", "-----BEGIN PRIVATE KEY----- !!! -----END PRIVATE KEY-----"])
def test_what_is_no_key_is_said_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        load_private_key(text)


def test_a_key_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="RSA"):
        load_private_key(pem.decode())

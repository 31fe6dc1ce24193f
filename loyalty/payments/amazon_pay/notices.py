"""Amazon Pay's notices come by Amazon SNS: believed only from our topics, with the signature of an SNS certificate."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from loyalty.payments.notices import Forged, Notice, Unproved

AT_SNS = re.compile(
    r"https://sns\.[a-z0-9-]{3,30}\.amazonaws\.com(\.cn)?/SimpleNotificationService-[0-9a-f]{16,64}\.pem"
)
PATH = re.compile(r"SimpleNotificationService-[0-9a-f]{16,64}\.pem")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]+")
DIGESTS: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - SNS's version 1
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
MOST_CERTIFICATES = 8


@dataclass(frozen=True, slots=True)
class Subscription:
    """SNS asks whether we want a topic of ours. `url` is made by us: what the message says is never visited."""

    event_id: str
    url: str


class Certificates:
    """SNS's certificates by their address, fetched once. `fetch` gives the PEM or raises OSError. `elsewhere`: where
    they are on the laptop."""

    def __init__(self, fetch: Callable[[str], bytes], elsewhere: str = "") -> None:
        self._fetch = fetch
        self._elsewhere = elsewhere
        self._lock = threading.Lock()
        self._known: dict[str, RSAPublicKey] = {}

    def key(self, url: str) -> RSAPublicKey:
        """Raises Forged for an address that is not SNS's, Unproved when it cannot be had now."""
        if not self._is_sns(url):
            raise Forged("SigningCertURL")
        with self._lock:
            if url in self._known:
                return self._known[url]
        try:
            key = x509.load_pem_x509_certificate(self._fetch(url)).public_key()
        except OSError as error:
            raise Unproved("SigningCertURL") from error
        except ValueError as error:
            raise Forged("certificate") from error
        if not isinstance(key, RSAPublicKey):
            raise Forged("certificate")
        with self._lock:
            while len(self._known) >= MOST_CERTIFICATES:
                self._known.pop(next(iter(self._known)))
            self._known[url] = key
        return key

    def _is_sns(self, url: str) -> bool:
        if self._elsewhere:
            return url.startswith(self._elsewhere) and PATH.fullmatch(url.removeprefix(self._elsewhere)) is not None
        return AT_SNS.fullmatch(url) is not None


def read(body: bytes, topics: Collection[str], certificates: Certificates) -> Notice | Subscription:
    """Raises Forged, or Unproved while the certificate cannot be had. What is signed and says nothing readable is a
    notice of nothing known."""
    envelope = _envelope(body)
    if envelope.get("TopicArn") not in topics:
        raise Forged("TopicArn")
    _verify(envelope, certificates)
    event_id = str(envelope["MessageId"])
    if envelope["Type"] == "SubscriptionConfirmation":
        return Subscription(event_id, _confirmation(str(envelope["TopicArn"]), str(envelope["Token"])))
    if envelope["Type"] != "Notification":
        return Notice("amazon_pay", event_id, "unsubscribed", str(envelope["TopicArn"]))
    return _notice(event_id, str(envelope["Message"]))


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Forged("envelope") from error
    if not isinstance(envelope, dict) or not all(isinstance(value, str) for value in envelope.values()):
        raise Forged("envelope")
    return envelope


def _verify(envelope: Mapping[str, str], certificates: Certificates) -> None:
    names, digest = SIGNED.get(envelope.get("Type", "")), DIGESTS.get(envelope.get("SignatureVersion", ""))
    if names is None or digest is None or any(name not in envelope for name in names if name != "Subject"):
        raise Forged("envelope")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
    try:
        signature = base64.b64decode(envelope.get("Signature", ""), validate=True)
        signed = text.encode()
    except (binascii.Error, ValueError) as error:
        raise Forged("Signature") from error
    key = certificates.key(envelope.get("SigningCertURL", ""))
    try:
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    except InvalidSignature as error:
        raise Forged("Signature") from error


def _notice(event_id: str, text: str) -> Notice:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        return Notice("amazon_pay", event_id, "malformed", hashlib.sha256(text.encode()).hexdigest())
    kind = str(message.get("ObjectType") or "unknown").lower()
    related = (message.get(name) for name in ("ChargePermissionId", "ObjectId"))
    return Notice(
        "amazon_pay",
        event_id,
        f"{kind}.{str(message.get('NotificationType') or 'unknown').lower()}",
        str(message.get("ObjectId") or "-"),
        tuple(one for one in related if isinstance(one, str)),
        is_dispute=kind == "chargeback",
    )


def _confirmation(topic: str, token: str) -> str:
    region = TOPIC.fullmatch(topic)
    if region is None or not re.fullmatch(r"[A-Za-z0-9]{1,2000}", token):
        raise Forged("Token")
    suffix = ".cn" if region[1].startswith("cn-") else ""
    return f"https://sns.{region[1]}.amazonaws.com{suffix}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"

"""Amazon Pay's notices: an SNS envelope signed with the stand-in's own certificate, posted from a thread of its own."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.plain import PLAIN
from local.simulators.amazon_pay import times
from local.simulators.amazon_pay.files import File

ATTEMPTS = 5
PAUSE_SECONDS = 0.5
TOPIC = "arn:aws:sns:us-east-1:000000000000:amazon-pay"
CERTIFICATE = "SimpleNotificationService-00000000000000000000000000000000.pem"


def keys(file: File) -> tuple[rsa.RSAPrivateKey, bytes]:
    """The stand-in's key and certificate, made once a file."""
    row = file.one("select value from settings where name = 'sns_key'")
    if row is None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com (stand-in)")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime.now(UTC) + timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        made = [private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()]
        file.run("insert or ignore into settings values ('sns_key', ?)", json.dumps(made))
        row = file.one("select value from settings where name = 'sns_key'")
        assert row is not None
    private_pem, certificate_pem = json.loads(row["value"])
    return _loaded(private_pem), certificate_pem.encode()


@functools.lru_cache(maxsize=4)
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    """Slow, because it is looked at whether it is prime."""
    loaded = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


def envelope(
    file: File, message: str, message_id: str, public_url: str, *, version: str = "1", topic: str = TOPIC
) -> dict[str, str]:
    """What SNS would post."""
    key, _ = keys(file)
    signed = {
        "Message": message,
        "MessageId": message_id,
        "Timestamp": times.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "TopicArn": topic,
        "Type": "Notification",
    }
    text = "".join(f"{name}\n{signed[name]}\n" for name in sorted(signed))
    digest: hashes.HashAlgorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - SNS's version 1
    return {
        **signed,
        "SignatureVersion": version,
        "Signature": base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), digest)).decode(),
        "SigningCertURL": f"{public_url}/{CERTIFICATE}",
        "UnsubscribeURL": f"{public_url}/?Action=Unsubscribe",
    }


def message(row: dict[str, Any], merchant_id: str = "LOCAL") -> str:
    """What Amazon Pay says: that something changed, never what."""
    return json.dumps(
        {
            "MerchantID": merchant_id,
            "ObjectType": row["object_type"],
            "ObjectId": row["object_id"],
            "ChargePermissionId": row["permission_id"],
            "NotificationType": "STATE_CHANGE",
            "NotificationId": hashlib.sha256(str(row["notice_id"]).encode()).hexdigest()[:32],
            "NotificationVersion": "V2",
        }
    )


def send(file: File, notice_id: int) -> int | None:
    """Post one notice once; the HTTP status, None where nobody listens."""
    settings = file.settings()
    row = file.one("select * from notices where notice_id = ?", notice_id)
    if row is None or not settings["webhook_url"]:
        return None
    message_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{settings['public_url']}/{notice_id}"))
    body = json.dumps(envelope(file, message(row), message_id, settings["public_url"]))
    try:
        status = httpx.post(
            settings["webhook_url"],
            content=body.encode(),
            headers={"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"},
            timeout=35,
            verify=PLAIN,
        ).status_code
    except httpx.HTTPError:
        status = 0
    file.run("update notices set delivered = delivered + 1, answer = ? where notice_id = ?", status, notice_id)
    return status


class Sender:
    """Sends what has not been taken yet, in order, each a few times."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="amazon pay notices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            if not self._file.settings()["webhook_url"]:
                continue
            waiting = self._file.all(
                "select notice_id from notices where delivered < ? and coalesce(answer, 0) not between 200 and 299"
                " order by notice_id limit 20",
                ATTEMPTS,
            )
            for row in waiting:
                if self._stop.is_set():
                    return
                send(self._file, row["notice_id"])

"""The payment providers' webhooks: forged is 401 and nothing is read; genuine is kept once and has the worker look."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from lambdas import payment_webhook
from local.simulators.amazon_pay import notices as sns
from local.simulators.amazon_pay.files import File
from local.simulators.stripe.events import signature
from loyalty.database import Connection
from loyalty.payments.amazon_pay.notices import Certificates
from tests.conftest import TestDatabase
from tests.domain.payments.rows import open_payment

SECRET = "whsec_test"
ELSEWHERE = "http://127.0.0.1:4620/"
PUBLIC = ELSEWHERE.rstrip("/")


@dataclass
class Door:
    """The function, the database behind it, and who signs."""

    owner: Connection
    database: TestDatabase
    file: File
    fetched: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)

    def post(self, path: str, body: bytes | str, **headers: str) -> int:
        raw = body.encode() if isinstance(body, str) else body
        event = {
            "httpMethod": "POST",
            "path": f"/webhooks/{path}",
            "headers": {
                "content-type": "text/plain",
                **{name.replace("_", "-"): text for name, text in headers.items()},
            },
            "body": base64.b64encode(raw).decode(),
            "isBase64Encoded": True,
            "requestContext": {"requestId": "r"},
        }
        return int(payment_webhook.handler(event, None)["statusCode"])

    def stripe(self, event: dict[str, Any] | bytes, *, secret: str = SECRET, age: int = 0) -> int:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.post("stripe", body, stripe_signature=signature(secret, body, int(time.time()) - age))

    def amazon(self, message: str, message_id: str | None = None, **changes: Any) -> int:
        version, topic = changes.pop("version", "1"), changes.pop("topic", sns.TOPIC)
        envelope = sns.envelope(self.file, message, message_id or str(uuid4()), PUBLIC, version=version, topic=topic)
        return self.post("amazon-pay", json.dumps({**envelope, **changes}))

    def payment(self, provider: str, **ids: str) -> UUID:
        """A reservation at rest with the provider's ids."""
        redemption_id = open_payment(self.database, provider=provider)
        known = ", ".join(f"{name} = %({name})s" for name in ids)
        self.owner.execute(
            "update payments.payment set state = 'authorised', authorised_minor = 1000,"
            f" next_look_at = null, {known} where redemption_id = %(redemption)s".encode(),
            {"redemption": redemption_id, **ids},
        )
        return redemption_id

    def row(self, redemption_id: UUID) -> dict[str, Any]:
        row = self.owner.execute("select * from payments.payment where redemption_id = %s", (redemption_id,)).fetchone()
        assert row is not None
        return row

    def notices(self) -> int:
        row = self.owner.execute("select count(*) as n from payments.notice").fetchone()
        assert row is not None
        return int(row["n"])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[File]:
    """The stand-in's file with its key."""
    made = File(tmp_path_factory.mktemp("sns") / "amazon_pay.sqlite")
    yield made
    made.close()


@pytest.fixture
def door(database: TestDatabase, file: File, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    with database.owner() as owner, database.connect("payment_webhook") as connection:
        made = Door(owner, database, file)

        class Kept:
            def connection(self) -> Connection:
                return connection

        def fetch(url: str) -> bytes:
            made.fetched.append(url)
            return sns.keys(file)[1]

        certificates = Certificates(fetch, ELSEWHERE)
        monkeypatch.setenv("AMAZON_PAY_TOPICS", json.dumps([sns.TOPIC]))
        monkeypatch.setattr(payment_webhook, "database", Kept)
        monkeypatch.setattr(payment_webhook, "_certificates", lambda: certificates)
        signing = payment_webhook.SigningSecret(lambda: json.dumps({"signing_secret": SECRET}))
        monkeypatch.setattr(payment_webhook, "_signing_secret", lambda: signing)
        yield made


def event(object_id: str, kind: str = "payment_intent.canceled", **more: Any) -> dict[str, Any]:
    inner = {"id": object_id, "object": "payment_intent", **more}
    return {"id": f"evt_{uuid4().hex}", "object": "event", "type": kind, "data": {"object": inner}}


def about(object_id: str, kind: str = "CHARGE", permission_id: str | None = None) -> str:
    return json.dumps(
        {
            "ObjectType": kind,
            "ObjectId": object_id,
            "ChargePermissionId": permission_id,
            "NotificationType": "STATE_CHANGE",
        }
    )


def test_a_genuine_event_of_stripe_has_the_worker_look(door: Door) -> None:
    redemption_id = door.payment("stripe", charge_id=f"pi_{uuid4().hex}")
    assert door.stripe(event(door.row(redemption_id)["charge_id"])) == 200
    row = door.row(redemption_id)
    assert row["hinted"]
    assert row["next_look_at"] is not None
    assert row["state"] == "authorised", "a notice changes nothing by itself"


def test_f30_an_event_replayed_a_thousand_times_is_kept_once(door: Door) -> None:
    redemption_id = door.payment("stripe", charge_id=f"pi_{uuid4().hex}")
    told = event(door.row(redemption_id)["charge_id"])
    assert door.stripe(told) == 200
    door.owner.execute(
        "update payments.payment set next_look_at = null, hinted = false where redemption_id = %s", (redemption_id,)
    )
    before = door.row(redemption_id), door.notices()
    assert {door.stripe(told) for _ in range(1000)} == {200}
    assert (door.row(redemption_id), door.notices()) == before


@pytest.mark.parametrize(
    "attempt",
    ["no header", "wrong secret", "old", "other body", "no timestamp", "nonsense", "empty", "not utf-8", "huge"],
)
def test_f30_a_forged_event_of_stripe_opens_nothing(door: Door, attempt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_webhook, "database", None)  # nothing is asked of it
    body = json.dumps(event("pi_1")).encode()
    good = signature(SECRET, body, int(time.time()))
    headers = {"stripe_signature": good}
    match attempt:
        case "no header":
            headers = {}
        case "wrong secret":
            headers = {"stripe_signature": signature("whsec_other", body, int(time.time()))}
        case "old":
            headers = {"stripe_signature": signature(SECRET, body, int(time.time()) - 301)}
        case "other body":
            body = body.replace(b"pi_1", b"pi_2")
        case "no timestamp":
            headers = {"stripe_signature": good.split(",")[1]}
        case "nonsense":
            headers = {"stripe_signature": "t=x,v1=\u00e4"}
        case "empty":
            body = b""
        case "not utf-8":
            body = b"\xff\xfe"
        case "huge":
            body = b"x" * 300_000
    assert door.post("stripe", body, **headers) == 401


def test_what_stripe_signs_and_nobody_can_read_is_kept_and_never_fatal(door: Door) -> None:
    before = door.notices()
    bodies: list[bytes] = [b"[]", b"{", b"null", b'{"id": 5}', json.dumps(event("pi_unknown")).encode()]
    assert {door.stripe(body) for body in bodies} == {200}
    assert door.notices() == before + len(bodies)


def test_a_secret_that_was_rolled_is_read_again(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    secrets = ['{"signing_secret": "whsec_old"}', json.dumps({"signing_secret": SECRET}), "{}"]
    signing = payment_webhook.SigningSecret(lambda: secrets.pop(0), lambda: clock[0])
    monkeypatch.setattr(payment_webhook, "_signing_secret", lambda: signing)
    assert door.stripe(event("pi_1")) == 401
    clock[0] = 31
    assert door.stripe(event("pi_1")) == 200
    assert door.stripe(event("pi_1"), secret="whsec_stranger") == 401
    assert len(secrets) == 1, "not for every stranger"


def test_a_secret_nobody_has_filled_in_lets_nobody_in(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    signing = payment_webhook.SigningSecret(lambda: '{"signing_secret": ""}')
    monkeypatch.setattr(payment_webhook, "_signing_secret", lambda: signing)
    assert door.stripe(event("pi_1"), secret="") == 401


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_genuine_notice_of_amazon_pay_has_the_worker_look(door: Door, version: str) -> None:
    charge_id = f"S01-{uuid4().hex}-C1"
    redemption_id = door.payment("amazon_pay", charge_id=charge_id)
    assert door.amazon(about(charge_id), version=version) == 200
    assert door.row(redemption_id)["hinted"]
    assert door.amazon(about(charge_id), version=version) == 200
    assert len(door.fetched) == 1, "the certificate is fetched once"


def test_f30_a_notice_of_amazon_pay_replayed_is_kept_once(door: Door) -> None:
    message, message_id, before = about("S01-1-C1"), str(uuid4()), door.notices()
    assert {door.amazon(message, message_id) for _ in range(50)} == {200}
    assert door.notices() == before + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "arn:aws:sns:us-east-1:666666666666:mine"},
        {"Message": about("S01-2-C2")},
        {"Signature": "AAAA"},
        {"Signature": "\u00e4"},
        {"SignatureVersion": "2"},
        {"SignatureVersion": "3"},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "Other"},
        {"SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"},
        {"SigningCertURL": "http://127.0.0.1:4620/other.pem"},
        {"SigningCertURL": "http://127.0.0.1:46200/SimpleNotificationService-0123456789abcdef.pem"},
        {"Subject": "added later"},
        {"MessageId": 5},
    ],
)
def test_f30_a_forged_notice_of_amazon_pay_opens_nothing(
    door: Door, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_webhook, "database", None)
    assert door.amazon(about("S01-1-C1"), **changes) == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"5", b'{"a": {"b": 1}}', b"[" * 100_000])
def test_nonsense_is_forged_too(door: Door, body: bytes) -> None:
    assert door.post("amazon-pay", body) == 401
    assert door.post("stripe", body) == 401


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0123456789abcdef.pem", True),
        ("http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem", False),
        ("https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem", False),
        ("https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem", False),
        ("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x", False),
        ("https://sns.eu-west-1.amazonaws.com/other.pem", False),
        ("https://s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem", False),
    ],
)
def test_certificates_come_from_sns_and_from_nowhere_else(door: Door, url: str, known: bool) -> None:
    from loyalty.payments.notices import Forged

    fetched: list[str] = []

    def fetch(address: str) -> bytes:
        fetched.append(address)
        return sns.keys(door.file)[1]

    certificates = Certificates(fetch)
    if known:
        certificates.key(url)
    else:
        with pytest.raises(Forged):
            certificates.key(url)
    assert fetched == ([url] if known else [])


def test_while_the_certificate_cannot_be_had_the_sender_is_asked_to_come_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> bytes:
        raise OSError("away")

    certificates = Certificates(away, ELSEWHERE)
    monkeypatch.setattr(payment_webhook, "_certificates", lambda: certificates)
    assert door.amazon(about("S01-1-C1")) == 503


def test_what_amazon_signs_and_nobody_can_read_is_kept_and_never_fatal(door: Door) -> None:
    before = door.notices()
    for message in ("", "{", "[]", "null", '{"ObjectType": 5}', about("S01-unknown-C1")):
        assert door.amazon(message) == 200
    assert door.notices() == before + 6


def test_a_subscription_is_confirmed_at_sns_itself_wherever_the_message_points(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Http:
        def request(self, method: str, url: str, **_: Any) -> Any:
            door.visited.append(url)
            return type("Answer", (), {"status": 200, "data": b""})

    monkeypatch.setattr(payment_webhook, "_http", Http)
    key, _ = sns.keys(door.file)
    envelope = {
        "Message": "You have chosen to subscribe",
        "MessageId": str(uuid4()),
        "SubscribeURL": "https://evil.example/confirm",
        "Timestamp": "2026-11-22T00:00:00.000Z",
        "Token": "a" * 200,
        "TopicArn": sns.TOPIC,
        "Type": "SubscriptionConfirmation",
    }
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    text = "".join(f"{name}\n{envelope[name]}\n" for name in sorted(envelope))
    signed = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    whole = {**envelope, "SignatureVersion": "2", "Signature": signed, "SigningCertURL": f"{PUBLIC}/{sns.CERTIFICATE}"}
    assert door.post("amazon-pay", json.dumps(whole)) == 200
    (visited,) = door.visited
    assert visited.startswith("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:")


def test_an_event_leads_to_a_payment_of_its_own_provider_only(door: Door) -> None:
    same = f"pi_{uuid4().hex}"
    other = door.payment("amazon_pay", charge_id=same)
    assert door.stripe(event(same)) == 200
    assert door.row(other)["next_look_at"] is None


@pytest.mark.parametrize("provider", ["stripe", "amazon_pay"])
def test_f31_a_chargeback_is_a_case_and_the_points_stay(door: Door, provider: str) -> None:
    charge_id = f"c_{uuid4().hex}"
    redemption_id = door.payment(provider, charge_id=charge_id, permission_id=f"p-{charge_id}")
    for _ in range(3):
        if provider == "stripe":
            told = event(f"dp_{charge_id}", "charge.dispute.created", payment_intent=charge_id)
            assert door.stripe(told) == 200
        else:
            assert door.amazon(about(f"CB-{charge_id}", "CHARGEBACK", f"p-{charge_id}")) == 200
    cases = door.owner.execute("select reason from casework.case where subject = %s", (str(redemption_id),)).fetchall()
    assert cases == [{"reason": "chargeback"}]
    disputes = door.owner.execute(
        "select state, next_look_at is not null as due from payments.dispute where redemption_id = %s", (redemption_id,)
    ).fetchall()
    assert disputes == [{"state": "open", "due": True}]

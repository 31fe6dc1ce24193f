"""Mail from the bucket: recorded whatever it is, its good papers kept and given to be read, once."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from lambdas import invoice_intake, invoice_papers
from loyalty.invoices import mail
from tests.conftest import TestDatabase
from tests.domain.invoices.papers import DOMAIN, delivered, pdf, written
from tests.lambdas.conftest import Doors

BUCKET = "invoices"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:invoice-desk"


class AlreadyExists(Exception):
    pass


@dataclass
class Machine:
    """The state machine's service: a name once."""

    started: dict[str, Any] = field(default_factory=dict)
    broken: bool = False
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ExecutionAlreadyExists=AlreadyExists))

    def start_execution(self, **execution: str) -> None:
        if self.broken:
            raise TimeoutError("no answer")
        if execution["name"] in self.started:
            raise AlreadyExists
        self.started[execution["name"]] = json.loads(execution["input"])


@dataclass
class Bucket:
    """As much of S3 as the intake knows; `kept` are the keys of documents, each time that one was put."""

    objects: dict[str, bytes] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ClientError=ClientError))

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert (Bucket, ContentType) == (BUCKET, "application/pdf")
        self.objects[Key] = Body
        self.kept.append(Key)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self.objects:
            raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 404}}, "GetObject")  # type: ignore[typeddict-item]
        body = self.objects[Key]
        return {"Body": io.BytesIO(body), "ContentLength": len(body), "LastModified": datetime.now(UTC)}


@dataclass
class Post:
    """Puts mails into the bucket and has them taken in."""

    doors: Doors
    bucket: Bucket
    machine: Machine

    def arrives(self, raw: bytes, key: str) -> None:
        self.bucket.objects[f"mail/{key}"] = raw
        assert self.told(key) == {"batchItemFailures": []}

    def told(self, *keys: str, **more: Any) -> Any:
        return self.doors.invoke("invoice_intake", {"Records": [message(f"mail/{key}", **more) for key in keys]})

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with self.doors.database.owner() as owner:
            return owner.execute(query, values).fetchall()

    def mail(self, key: str) -> dict[str, Any]:
        (row,) = self.rows("select * from invoices.mail where object_key = %s", f"mail/{key}")
        return row

    def document(self, paper: bytes) -> dict[str, Any] | None:
        found = self.rows("select * from invoices.document where sha256 = %s", hashlib.sha256(paper).digest())
        return found[0] if found else None


@pytest.fixture
def post(published: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Post:
    machine, bucket = Machine(), Bucket()
    monkeypatch.setattr(invoice_papers, "step_functions", lambda: machine)
    for module in (invoice_papers, invoice_intake):
        monkeypatch.setattr(module, "s3", lambda: bucket)
    variables = {"INVOICES_BUCKET": BUCKET, "INVOICES_DOMAIN": DOMAIN, "INVOICE_DESK_ARN": MACHINE}
    return Post(Doors(published, variables), bucket, machine)


def message(key: str, *, bucket: str = BUCKET) -> dict[str, Any]:
    """EventBridge's event in a queue's message; the message's id is the key."""
    detail = {"bucket": {"name": bucket}, "object": {"key": key, "size": 1, "etag": "e"}}
    return {"messageId": key, "body": json.dumps({"detail-type": "Object Created", "detail": detail})}


def test_a_mails_paper_is_kept_under_its_hash_and_given_to_be_read(post: Post) -> None:
    paper = pdf(3, "given to be read")
    post.arrives(delivered(written((paper, "Invoice März.pdf"))), "good")
    document = post.document(paper)
    assert document is not None
    key = f"documents/1/{hashlib.sha256(paper).hexdigest()}.pdf"
    assert (document["state"], document["pages"], document["object_key"]) == ("received", 3, key)
    assert post.bucket.objects[key] == paper
    name = str(document["document_id"])
    assert post.machine.started == {name: {"program_id": 1, "document_id": name}}
    assert document["begun_at"] is not None
    row = post.mail("good")
    assert (row["outcome"], row["reason"], row["sender_domain"], row["recipient"]) == (
        "taken",
        None,
        "amazon.com",
        "main",
    )
    assert [row[what] for what in ("spf", "dkim", "dmarc", "virus", "spam")] == ["pass"] * 5


def test_the_address_says_which_programme(post: Post) -> None:
    paper = pdf(words="for the canary")
    post.arrives(delivered(written((paper, "a.pdf")), recipient=f"canary@{DOMAIN}"), "canary")
    document = post.document(paper)
    assert document is not None
    assert document["program_id"] == 2


def test_a_replay_changes_nothing(post: Post) -> None:
    paper = pdf(words="comes again and again")
    raw = delivered(written((paper, "a.pdf")))
    post.arrives(raw, "once")
    before, kept = post.rows("select * from invoices.document order by document_id"), list(post.bucket.kept)
    post.told("once")  # the same object
    post.arrives(raw, "redelivered")  # the same Message-ID
    post.arrives(delivered(written((paper, "b.pdf"), message_id="<2@amazon.com>")), "in another mail")
    assert post.rows("select * from invoices.document order by document_id") == before
    assert list(post.bucket.kept) == kept
    assert len(post.machine.started) == 1
    assert post.mail("redelivered")["outcome"] == "taken"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"", "empty", id="zero bytes"),
        pytest.param(b"\x00\xff" * 500, "not_a_mail", id="noise"),
        pytest.param(delivered(written()), "no_pdf", id="no paper"),
        pytest.param(delivered(written((pdf(words="s1"), "a.pdf")), dmarc="fail"), "not_authentic", id="spoofed"),
        pytest.param(
            delivered(written((pdf(words="s2"), "a.pdf"), sender="a@evil.example"), domain="evil.example"),
            "sender_not_allowed",
            id="a stranger",
        ),
        pytest.param(delivered(written((pdf(words="s3"), "a.pdf")), virus="FAIL"), "virus", id="a virus"),
        pytest.param(
            delivered(written((pdf(words="s4"), "a.pdf")), recipient=f"jane.doe@{DOMAIN}"), "unknown_recipient", id="no"
        ),
        pytest.param(delivered(written((pdf(words="s5")[:-80], "a.pdf"))), "no_usable_pdf", id="only a broken paper"),
    ],
)  # fmt: skip
def test_what_is_refused_is_recorded_and_nothing_of_it_is_kept(post: Post, raw: bytes, reason: str) -> None:
    kept = list(post.bucket.kept)
    post.arrives(raw, f"refused {reason}")
    row = post.mail(f"refused {reason}")
    assert (row["outcome"], row["reason"], row["bytes"]) == ("refused", reason, len(raw))
    assert "jane" not in str(row)
    assert list(post.bucket.kept) == kept
    assert post.machine.started == {}


def test_a_bad_paper_has_its_reason_and_the_good_one_beside_it_goes_on(post: Post) -> None:
    good, bad = pdf(words="good beside bad"), pdf(500, "far too long")
    post.arrives(delivered(written((bad, "long.pdf"), (good, "good.pdf"))), "mixed")
    refused, taken = post.document(bad), post.document(good)
    assert refused is not None
    assert taken is not None
    assert (refused["state"], refused["reason"], refused["object_key"]) == ("refused", "too_many_pages", None)
    assert taken["state"] == "received"
    assert list(post.machine.started) == [str(taken["document_id"])]
    assert post.mail("mixed")["outcome"] == "taken"


def test_a_mail_that_is_too_large_is_refused_by_its_head(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "LARGEST_BYTES", 400_000)
    raw = delivered(written((pdf(words="behind the head"), "a.pdf"))) + bytes(400_000)
    post.arrives(raw, "huge")
    row = post.mail("huge")
    assert (row["reason"], row["sender_domain"], row["bytes"]) == ("too_large", "amazon.com", len(raw))


def test_what_is_no_mail_of_ours_is_left_alone(post: Post) -> None:
    mails = post.rows("select count(*) as n from invoices.mail")
    assert post.told("AMAZON_SES_SETUP_NOTIFICATION", "gone") == {"batchItemFailures": []}
    other = {"Records": [message("documents/1/x.pdf"), message("mail/x", bucket="another")]}
    assert post.doors.invoke("invoice_intake", other) == {"batchItemFailures": []}
    assert post.rows("select count(*) as n from invoices.mail") == mails


def test_s3s_own_notification_spells_its_keys_as_in_a_query(post: Post) -> None:
    post.bucket.objects["mail/a b+c"] = delivered(written())
    body = {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": "mail/a+b%2Bc"}}}]}
    post.doors.invoke("invoice_intake", {"Records": [{"messageId": "1", "body": json.dumps(body)}]})
    assert post.mail("a b+c")["reason"] == "no_pdf"


def test_an_execution_that_cannot_be_started_is_left_to_the_watch(post: Post) -> None:
    post.machine.broken = True
    paper = pdf(words="nobody begins")
    post.arrives(delivered(written((paper, "a.pdf"))), "unbegun")
    document = post.document(paper)
    assert document is not None
    assert (document["state"], document["begun_at"]) == ("received", None)


def test_where_we_fail_ourselves_only_that_message_comes_again(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, words in (("first", "f1"), ("second", "f2")):
        post.bucket.objects[f"mail/{key}"] = delivered(written((pdf(words=words), "a.pdf")))
    take = invoice_intake.taking.take

    def failing(connection: Any, arrived: Any, *rest: Any) -> Any:
        if arrived.object_key == "mail/first":
            raise psycopg.OperationalError("connection lost")
        return take(connection, arrived, *rest)

    monkeypatch.setattr(invoice_intake.taking, "take", failing)
    assert post.told("first", "second") == {"batchItemFailures": [{"itemIdentifier": "mail/first"}]}
    assert post.mail("second")["outcome"] == "taken"


def test_nothing_personal_is_logged(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    raw = delivered(
        written((pdf(words="p"), "Jane Roe.pdf"), sender="Jane Roe <jane.roe@amazon.com>", to="roe@else.example")
    )
    post.arrives(raw, "personal")
    out = repr([vars(record) for record in caplog.records])
    assert "mail/personal" in out
    assert "roe" not in out.lower()

"""Events reach other companies' systems: signed, at least once, in order for each member, never an address of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from loyalty.integrations import checking, signing, watching, webhooks
from loyalty.integrations.checking import NoSecret
from loyalty.integrations.outside import Answer, NotReached, Outside, elsewhere, is_public
from loyalty.integrations.signing import Keys, NoKey
from loyalty.programme.schema.integrations import Erp, Integrations, Webhook
from loyalty.refusal import Refusal
from tests.conftest import REPOSITORY, TestDatabase
from tests.domain.people import Somebody, published, somebody

SECRET = signing.PREFIX + base64.b64encode(b"k" * 32).decode()
ERP = Erp(endpoint="https://ERP.example.com/in", secret="erp")
HOOK = Webhook(code="shop", url="https://shop.example.com/hooks", topics=("member.*",), secret="shop")


@dataclass
class Receiver:
    """Who gets events; `answers` are given in turn (the last one for ever), a word means no answer at all."""

    answers: list[int | str] = field(default_factory=lambda: [200])
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        self.got.append((dict(headers), body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, str):
            raise NotReached(answer, 7)
        return Answer(answer, 7)

    @property
    def told(self) -> list[Any]:
        return [json.loads(body)["data"]["n"] for _, body in self.got]


@dataclass
class Desk:
    """A programme with webhooks, its sender, and staff."""

    database: TestDatabase

    def __post_init__(self) -> None:
        self.owner = self.database.owner()
        published(self.owner)
        self.sender = self.database.connect("webhook_sender")
        self.staff = self.database.connect("manager_api")

    def close(self) -> None:
        for connection in (self.owner, self.sender, self.staff):
            connection.close()

    def hooks(self, *codes: str, topics: tuple[str, ...] = ("member.*",), **changes: Any) -> None:
        told = [
            {"code": code, "url": f"https://{code}.example.com/", "secret": "s", "topics": topics, "active": True}
            | changes
            for code in codes
        ]
        self.sender.execute("select integrations.set_webhooks(1, %s)", (Jsonb(told),))

    def happen(self, member: Somebody, n: int, topic: str = "member.tier_changed") -> None:
        self.owner.execute(
            "select outbox.emit(1, %s, %s, null, %s)",
            (topic, f"{member.member_id}-{n % 2}", Jsonb({"member_id": member.member_id, "n": n})),
        )

    def send(self, receiver: Receiver, secret: str = SECRET) -> webhooks.Sent:
        return webhooks.send(self.sender, receiver, lambda _: Keys.from_secret(secret), 20.0)

    def later(self, interval: str) -> None:
        self.database.shift_clock(interval)

    def standing(self, code: str) -> dict[str, Any]:
        return next(one for one in watching.webhooks(self.staff, 1) if one["code"] == code)

    def log(self, code: str) -> list[dict[str, Any]]:
        return watching.deliveries(self.staff, 1, code=code, state=None, topic=None, before=None, limit=200)

    def tickets(self, kind: str) -> int:
        row = self.owner.execute(
            "select count(*) as n from casework.case where kind = %s and state = 'open'", (kind,)
        ).fetchone()
        assert row is not None
        return int(row["n"])


@pytest.fixture(scope="module")
def shared(database: TestDatabase) -> Iterator[Desk]:
    made = Desk(database)
    yield made
    made.close()


@pytest.fixture
def desk(shared: Desk) -> Iterator[Desk]:
    yield shared
    shared.hooks()
    shared.owner.execute("delete from integrations.delivery")
    shared.owner.execute("update casework.case set state = 'withdrawn', decided_at = clock.now() where state = 'open'")


def test_a_receiver_can_prove_that_an_event_is_ours_and_is_told_ids_but_no_member_id(desk: Desk) -> None:
    member = somebody(desk.owner)
    desk.hooks("a")
    desk.happen(member, 1)
    desk.happen(member, 2, "shipment.delivered")
    receiver = Receiver()
    assert desk.send(receiver) == webhooks.Sent(delivered=1)
    ((headers, body),) = receiver.got
    told = json.loads(body)
    assert (told["type"], told["data"]) == ("member.tier_changed", {"n": 1, "member_number": member.number})
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert desk.log("a")[0]["event_id"].version == 7
    assert str(desk.log("a")[0]["event_id"]) == headers["webhook-id"]


def test_while_a_key_changes_both_sign_and_what_is_no_key_signs_nothing() -> None:
    other = signing.PREFIX + base64.b64encode(b"p" * 32).decode()
    both = Keys.from_secret(json.dumps({"current": SECRET, "previous": other}))
    one, two = both.signature("m", 1, b"x").split(" ")
    assert one == Keys.from_secret(SECRET).signature("m", 1, b"x")
    assert two == Keys.from_secret(other).signature("m", 1, b"x")
    assert "kkkk" not in repr(both)
    for bad in ("", "x", "whsec_", "whsec_!!!", "whsec_YQ==", "{}", "[]", '{"current": 5}'):
        with pytest.raises(NoKey):
            Keys.from_secret(bad)


def test_a_members_events_go_in_order_and_wait_behind_one_that_fails(desk: Desk) -> None:
    jane, joe = somebody(desk.owner), somebody(desk.owner)
    desk.hooks("a")
    for n in (1, 2, 3):
        desk.happen(jane, n)
    receiver = Receiver([500, 200])
    assert desk.send(receiver).failed == 1
    assert receiver.told == [1]
    desk.happen(joe, 9)
    # A webhook that fails is asked with one event at a time, and Joe's does not wait for Jane's.
    assert desk.send(receiver).delivered == 1
    assert receiver.told == [1, 9]
    desk.later("1 minute")
    desk.send(receiver)
    assert receiver.told == [1, 9, 1, 2, 3]
    assert desk.standing("a")["waiting"] == 0
    # Ids of one moment have no order: the one that was tried twice is known by that.
    assert {one["state"] for one in desk.log("a")} == {"delivered"}
    (first,) = (one for one in desk.log("a") if one["attempts"] == 2)
    assert sum(one["attempts"] for one in desk.log("a")) == 5
    tries = watching.delivery(desk.staff, 1, first["delivery_id"])["tries"]
    assert [one["status"] for one in tries] == [200, 500]


def test_one_receivers_trouble_is_not_anothers_and_pauses_grow(desk: Desk) -> None:
    member = somebody(desk.owner)
    desk.hooks("a", "b")
    desk.happen(member, 1)

    class Half(Receiver):
        def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
            super().call(method, url, headers, body)
            if "//a." in url:
                raise NotReached("too-slow", 10_000)
            return Answer(204, 3)

    receiver = Half()
    done = desk.send(receiver)
    assert (done.delivered, done.failed) == (1, 1)
    pauses = []
    for _ in range(4):
        row = desk.owner.execute(
            "select extract(epoch from due_at - clock.now())::integer as pause from integrations.delivery"
            " where code = 'a'"
        ).fetchone()
        assert row is not None
        pauses.append(row["pause"])
        desk.later(f"{row['pause'] + 1} seconds")
        desk.send(receiver)
    assert pauses == sorted(pauses)
    assert 4 <= pauses[0] <= 10
    assert desk.log("a")[0]["problem"] == "too-slow"


def test_who_refuses_for_days_is_stopped_with_a_case_and_goes_on_in_order_when_started(desk: Desk) -> None:
    member = somebody(desk.owner)
    desk.hooks("a")
    desk.happen(member, 1)
    desk.send(Receiver([503]))
    desk.later("5 days 1 hour")
    assert desk.send(Receiver([503])).stopped == 1
    assert (desk.standing("a")["state"], desk.standing("a")["reason"]) == ("stopped", "status 503")
    assert desk.tickets("webhook_stopped") == 1
    desk.happen(member, 2)
    silent = Receiver()
    assert desk.send(silent) == webhooks.Sent()
    watching.start(desk.staff, 1, "a", "staff:kim")
    assert desk.tickets("webhook_stopped") == 0
    good = Receiver()
    desk.send(good)
    assert good.told == [1, 2]


def test_410_stops_at_once_and_another_address_starts_again(desk: Desk) -> None:
    desk.hooks("a")
    desk.happen(somebody(desk.owner), 1)
    assert desk.send(Receiver([410])).stopped == 1
    desk.hooks("a")
    assert desk.standing("a")["state"] == "stopped"
    desk.hooks("a", url="https://new.example.com/")
    assert desk.standing("a")["state"] == "active"


def test_one_event_that_is_never_taken_is_given_up_and_those_behind_it_go_on(desk: Desk) -> None:
    jane, joe = somebody(desk.owner), somebody(desk.owner)
    desk.hooks("a")
    desk.happen(jane, 1)
    desk.happen(jane, 2)

    class Picky(Receiver):
        def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
            super().call(method, url, headers, body)
            return Answer(400 if json.loads(body)["data"]["n"] == 1 else 200, 3)

    picky = Picky()
    desk.send(picky)
    desk.later("1 hour")
    desk.happen(joe, 9)
    desk.send(picky)
    assert 2 not in picky.told
    desk.later("3 days 1 hour")
    assert desk.send(picky).given_up == 1
    assert picky.told[-1] == 2
    assert desk.tickets("webhook_given_up") == 1
    (given_up,) = [one for one in desk.log("a") if one["state"] == "given_up"]
    again = Receiver()
    watching.redeliver(desk.staff, 1, given_up["delivery_id"])
    desk.send(again)
    assert again.told[-1] == 1
    assert {one["state"] for one in desk.log("a")} == {"delivered"}


def test_staff_send_again_what_arrived_and_nothing_of_another_programme(desk: Desk) -> None:
    member = somebody(desk.owner)
    desk.hooks("a")
    desk.happen(member, 1)
    receiver = Receiver()
    desk.send(receiver)
    (one,) = desk.log("a")
    watching.redeliver(desk.staff, 1, one["delivery_id"])
    desk.send(receiver)
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]
    assert receiver.got[0][1] == receiver.got[1][1]
    for act in (
        lambda: watching.redeliver(desk.staff, 2, one["delivery_id"]),
        lambda: watching.start(desk.staff, 2, "a", "staff:x"),
        lambda: watching.delivery(desk.staff, 2, one["delivery_id"]),
    ):
        with pytest.raises(Refusal):
            act()


def test_nothing_is_kept_for_whom_nobody_asked_and_what_ended_leaves_after_a_month(desk: Desk) -> None:
    member = somebody(desk.owner)
    desk.happen(member, 1)
    desk.hooks("a", active=False)
    desk.happen(member, 2)
    assert desk.log("a") == []
    desk.hooks("a")
    desk.happen(member, 3)
    desk.send(Receiver())
    webhooks.purge(desk.sender)
    assert len(desk.log("a")) == 1
    desk.later("31 days")
    webhooks.purge(desk.sender)
    assert desk.log("a") == []
    webhooks.follow(desk.sender)
    assert desk.standing("a")["state"] == "off"


# ---- the way outside ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.0.0.1",
            "172.16.5.5",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "::ffff:93.184.216.34", "2002:0a00:0001::", "ff02::1"),
        *("64:ff9b::10.0.0.1", "2001:0:53aa:64c::1", "255.255.255.255", "198.18.0.1"),
    ],
)
def test_no_address_of_ours_is_ever_called(address: str) -> None:
    assert not is_public(address)
    tried: list[str] = []

    def connect(address: str, host: str) -> socket.socket:
        tried.append(address)
        raise AssertionError

    for answer in ([address], ["93.184.216.34", address]):
        with pytest.raises(NotReached, match="not-allowed"):
            Outside(lambda _, answer=answer: answer, connect).call("POST", "https://shop.example.com/", {})  # type: ignore[misc]
    assert tried == []


def test_what_was_looked_at_is_what_is_called_and_a_redirect_is_only_an_answer() -> None:
    called: list[tuple[str, str]] = []
    open_ends: list[socket.socket] = []

    def outside(reply: bytes, seconds: float = 5) -> Outside:
        def connect(address: str, host: str) -> socket.socket:
            ours, theirs = socket.socketpair()
            called.append((address, host))
            open_ends.append(theirs)

            def answer() -> None:
                theirs.recv(65536)
                theirs.sendall(reply)

            threading.Thread(target=answer, daemon=True).start()
            return ours

        return Outside(lambda _: ["93.184.216.34"], connect, seconds)

    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    assert outside(moved).call("POST", "https://shop.example.com/x?y=1", {}, b"{}").status == 302
    assert called == [("93.184.216.34", "shop.example.com")]
    with pytest.raises(NotReached, match="too-slow"):
        outside(b"", 0.1).call("POST", "https://shop.example.com/", {}, b"{}")
    with pytest.raises(NotReached, match="broken"):
        outside(b"nonsense\r\n\r\n").call("POST", "https://shop.example.com/", {}, b"{}")
    for url in ("http://shop.example.com/", "https://10.0.0.1/", "https://u@shop.example.com/", "https://a.internal/"):
        with pytest.raises(NotReached, match="not-allowed"):
            outside(b"").call("POST", url, {})

    def nowhere(_: str) -> list[str]:
        raise OSError

    with pytest.raises(NotReached, match="no-such-host"):
        Outside(nowhere).call("POST", "https://shop.example.com/", {})


class Here:
    """A server on the loopback that gives one answer, and what it was asked."""

    def __init__(self, reply: bytes) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/base"
        self.asked = b""
        self._reply = reply
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        line, _ = self._socket.accept()
        self.asked = line.recv(65536)
        line.sendall(self._reply)
        line.close()
        self._socket.close()


def test_a_laptops_stand_in_is_reached_by_its_public_name_and_nothing_else_is() -> None:
    here = Here(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nok")
    outside = Outside(hosts={"erp.example.com": here.url})
    answer = outside.call("POST", "https://erp.example.com/in/x?y=1", {}, b"{}", most_bytes=10)
    assert (answer.status, answer.body, answer.retry_after) == (201, b"ok", "7")
    assert here.asked.startswith(b"POST /base/in/x?y=1 HTTP/1.1\r\nHost: erp.example.com\r\n")
    for url in (here.url, "http://erp.example.com/", "https://erp.example.com:8443/", "https://u@erp.example.com/"):
        with pytest.raises(NotReached, match="not-allowed"):
            outside.call("POST", url, {}, b"{}")
    with pytest.raises(NotReached, match="not-allowed"):
        Outside(lambda _: ["127.0.0.1"], hosts={"erp.example.com": here.url}).call("GET", "https://b.example.com/", {})


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (b"Content-Length: 11\r\n\r\n0123456789a", "too-much"),
        (b"Content-Length: 10\r\n\r\n012", "broken"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\n01", "broken"),
    ],
)
def test_an_answer_is_read_whole_or_not_at_all(reply: bytes, problem: str) -> None:
    here = Here(b"HTTP/1.1 200 OK\r\n" + reply)
    with pytest.raises(NotReached, match=problem):
        Outside(hosts={"erp.example.com": here.url}).call("GET", "https://erp.example.com/", {}, most_bytes=10)


def test_hosts_that_are_elsewhere_are_a_list_of_public_names_or_none() -> None:
    assert elsewhere(None) == elsewhere("") == elsewhere("{}") == {}
    told = {"erp.loyalty.example": "http://127.0.0.1:4650"}
    assert elsewhere(json.dumps(told)) == told
    for bad in ("[]", '{"a.example.com": 1}', '{"localhost": "http://x"}', '{"a.example.com": "ftp://x"}'):
        with pytest.raises(ValueError, match="OUTSIDE_HOSTS"):
            elsewhere(bad)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://shop.example.com/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://intranet/",
        ),
        *("https://user:pw@shop.example.com/", "https://shop.example.com:8080/", "https://shop.example.com/#x"),
        *("https://db.internal/", "https://shop.example.com:x/", "ftp://shop.example.com/"),
    ],
)
def test_a_webhook_that_leads_nowhere_public_is_refused_at_its_field(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Webhook(code="shop", url=url, topics=("member.*",), secret="shop")
    assert [error["loc"] for error in caught.value.errors()] == [("url",)]


def test_webhooks_have_codes_of_their_own_and_known_topics() -> None:
    with pytest.raises(ValidationError, match="already"):
        Integrations(webhooks=(HOOK, HOOK))
    with pytest.raises(ValidationError):
        Webhook(code="shop", url="https://shop.example.com/", topics=("security.redeemed",), secret="s")  # type: ignore[arg-type]


# ---- tests of connections ----------------------------------------------------------------------------------------


def secrets(name: str) -> str:
    if name == "missing":
        raise NoSecret
    return {"erp": json.dumps({"host": "erp.example.com", "token": "open-sesame"})}.get(name, SECRET)


@pytest.mark.parametrize(
    ("answer", "secret", "worst", "code"),
    [
        (204, "s", "ok", "accepted"),
        (302, "s", "failed", "redirect"),
        (401, "s", "failed", "refused"),
        (500, "s", "failed", "status"),
        ("too-slow", "s", "failed", "too-slow"),
        ("not-allowed", "s", "failed", "not-allowed"),
        (204, "missing", "failed", "no-key"),
    ],
)
def test_a_webhooks_test_says_what_is_wrong(answer: int | str, secret: str, worst: str, code: str) -> None:
    hook = HOOK.model_copy(update={"secret": secret})
    found = checking.webhook(Receiver([answer]), secrets, hook, "m", datetime(2026, 11, 22, tzinfo=UTC))
    assert (checking.outcome(found), found[-1].code) == (worst, code)
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("answers", "worst", "code"),
    [
        ([200], "ok", "understood"),
        ([422], "failed", "not-understood"),
        ([401], "failed", "refused"),
        ([302], "failed", "redirect"),
        ([503], "failed", "status"),
        (["broken"], "failed", "broken"),
        # It has no path where documents are only looked at.
        ([404, 200], "ok", "no-validations"),
        ([405, 405], "ok", "no-validations"),
        ([404, 404], "failed", "no-such-path"),
        ([404, 401], "failed", "refused"),
    ],
)
@pytest.mark.parametrize("format", ["json", "ubl"])
def test_an_erps_test_shows_it_a_document_where_none_is_booked(
    format: Any, answers: list[int | str], worst: str, code: str
) -> None:
    receiver = Receiver(list(answers))
    found = checking.erp(receiver, secrets, ERP.model_copy(update={"format": format}))
    assert (checking.outcome(found), found[-1].code) == (worst, code)
    assert {headers["Authorization"] for headers, _ in receiver.got} == {"Bearer open-sesame"}
    assert [bool(body) for _, body in receiver.got] == [True, False][: len(receiver.got)]
    assert receiver.got[0][1][:1] == {"json": b"{", "ubl": b"<"}[format]


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ("open-sesame", "no-token"),
        (SECRET, "no-token"),
        (json.dumps({"current": SECRET}), "no-token"),
        (json.dumps({"host": "erp.example.com"}), "no-token"),
        (json.dumps({"host": "erp.example.com", "token": SECRET}), "no-token"),
        (json.dumps({"host": "erp.example.com", "token": 7}), "no-token"),
        (json.dumps(["erp.example.com", "open-sesame"]), "no-token"),
        (json.dumps({"host": "elsewhere.example.com", "token": "open-sesame"}), "other-host"),
    ],
)
def test_a_secret_goes_to_the_host_that_its_operator_named_and_to_nobody_else(secret: str, code: str) -> None:
    receiver = Receiver([200])
    (found,) = checking.erp(receiver, lambda _: secret, ERP)
    assert (found.level, found.code, receiver.got) == ("failed", code, [])
    assert secret not in found.detail


def test_a_webhooks_key_signs_and_is_never_sent() -> None:
    receiver = Receiver([200])
    checking.webhook(receiver, secrets, HOOK, "m", datetime(2026, 11, 22, tzinfo=UTC))
    assert SECRET.removeprefix(signing.PREFIX) not in str(receiver.got)
    assert base64.b64decode(SECRET.removeprefix(signing.PREFIX)) not in receiver.got[0][1]


@pytest.mark.parametrize(
    "endpoint",
    ["https://erp.example.com:99999/", "https://erp.example.com:8443/", "https://erp.example.com:x/",
     "https://10.0.0.1/", "https://erp.internal/", "https://me:word@erp.example.com/"],
)  # fmt: skip
def test_an_erp_that_cannot_be_reached_is_refused_at_its_field(endpoint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Integrations.model_validate({"erp": {"endpoint": endpoint, "secret": "erp"}})
    assert refused.value.errors()[0]["loc"] == ("erp", "endpoint")
    with pytest.raises(NotReached):
        Outside(look_up=lambda _: ["10.0.0.1"]).call("HEAD", endpoint, {})


def test_every_topic_is_described_for_receivers() -> None:
    from typing import get_args

    from loyalty.programme.schema.integrations import Topic

    page = (REPOSITORY / "docs" / "webhooks.md").read_text()
    assert [topic for topic in get_args(Topic) if not topic.endswith("*") and f"`{topic}`" not in page] == []


def test_the_example_for_receivers_lets_ours_in_and_nobody_elses() -> None:
    page = (REPOSITORY / "docs" / "webhooks.md").read_text()
    example: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], example)
    is_ours, body, now = example["is_ours"], b'{"type":"webhook.ping"}', int(time.time())

    def headers(timestamp: int, keys: str) -> dict[str, str]:
        signature = Keys.from_secret(keys).signature("m", timestamp, body)
        return {"webhook-id": "m", "webhook-timestamp": str(timestamp), "webhook-signature": signature}

    other = signing.PREFIX + base64.b64encode(b"o" * 32).decode()
    changing = json.dumps({"current": other, "previous": SECRET})
    assert is_ours(SECRET, headers(now, SECRET), body)
    assert is_ours(SECRET, headers(now, changing), body)
    assert not is_ours(SECRET, headers(now, other), body)
    assert not is_ours(SECRET, headers(now, SECRET), body + b" ")
    assert not is_ours(SECRET, headers(now - 600, SECRET), body)

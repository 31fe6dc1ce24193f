"""Each dependency is switched off while a member is at the door: what they get, that nothing is lost, and that it goes
on when the dependency is back. The table of it is docs/operations/degradation.md.

The session's cloud is used by nobody meanwhile: its tests run one after the other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from local import insight, joining, night
from local.cloud import Cloud
from local.connected import Connected
from local.demo.shopper import Shopper
from local.people import Member
from local.plain import PLAIN
from tests.cloud import ON_CLOUD
from tests.local.dark import BACK_SECONDS, Dark
from tests.local.personal import learned
from tests.local.probe import eventually
from tests.simulators.personalize.running import PersonalizeStandIn

# A receive that began before the queues were switched off goes on for so long.
LONG_POLL_SECONDS = 6

pytestmark = [*ON_CLOUD, pytest.mark.large]


@pytest.fixture(scope="module")
def dark(cloud: Connected) -> Iterator[Dark]:
    member = Member("DARK-0001", "dark@members.example", "Dora", "gold", 1_900_000, phone="+12065550177")
    with joining.partner(cloud) as inbound:
        inbound.post("/members", json=member.registration()).raise_for_status()
        inbound.post("/accruals", json=member.purchase()).raise_for_status()
    with closing(joining.join(cloud, member)) as door:
        shopper = Shopper(member.number, door)
        made = Dark(cloud, member, shopper)
        (row,) = made.rows("select member_id from members.member where number = %s", member.number)
        made.member_id = row["member_id"]
        assert eventually(lambda: made.look_for_the_shelf() > 0, 60)
        yield made


@pytest.fixture(autouse=True)
def nothing_is_lost(dark: Dark) -> Iterator[None]:
    """After each: every redemption that was promised has ended, and the ledger agrees with itself."""
    dark.redeemed.clear()
    yield
    for redemption_id in dark.redeemed:
        dark.ended(redemption_id)
    with dark.cloud.query() as connection:
        for checked in ("points.invariants", "redemptions.invariants"):
            assert connection.execute(f"select name from {checked} where violations > 0".encode()).fetchall() == []
    assert dark.shopper.balance()["held"] == 0


def test_amazon_business_is_silent(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    held = dark.shopper.balance()["held"]
    with dark.silent("amazon_business"):
        dark.browses()
        refused = dark.ask_anew()
        assert (refused.status_code, refused.json()["code"]) == (503, "shop-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        # What was quoted before is kept: it is taken and waits.
        dark.takes(quote)
        assert dark.shopper.balance()["held"] == held + quote["points_full"]
        assert dark.shopper.status(dark.redeemed[0])["status"] not in ("completed", "rejected", "cancelled")


def test_amazon_business_takes_no_orders(dark: Dark) -> None:
    with dark.failing("amazon_business", "placeOrder", "error_503"):
        dark.takes(dark.ask_for_a_quote().json())
        dark.browses()
        time.sleep(3)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
    # An order that may have arrived is looked for several times over some minutes before it is sent again.
    assert eventually(lambda: _in_minutes(dark), BACK_SECONDS)


def _in_minutes(dark: Dark) -> bool:
    dark.minutes_pass(3)
    time.sleep(2)
    return dark.shopper.status(dark.redeemed[0])["closed_at"] is not None


def test_login_with_amazon_gives_no_tokens(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    with dark.failing("amazon_business", "token", "error_503"):
        dark.forget_tokens()
        dark.browses()
        refused = dark.ask_anew()
        assert (refused.status_code, refused.json()["code"]) == (503, "shop-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        dark.takes(quote)
        time.sleep(3)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
        assert _amazon_is_tested(dark) == "failed"
    dark.ended(dark.redeemed[0])
    assert dark.ask_anew().status_code == 201
    assert _amazon_is_tested(dark) != "failed"


def test_login_with_amazon_refuses_our_token(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    with dark.failing("amazon_business", "token", "credentials_revoked"):
        dark.forget_tokens()
        dark.takes(quote)
        paused = "select from orders.connection where state = 'paused' and reason like 'credentials:%%'"
        assert eventually(lambda: bool(dark.rows(paused)), BACK_SECONDS)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
        refused = dark.ask_anew()
        assert (refused.status_code, refused.json()["code"]) == (503, "shop-unavailable")
        dark.browses()
    # It looks again every minute whether the token is taken by now.
    assert eventually(lambda: _in_minutes(dark), BACK_SECONDS)
    assert not dark.rows(paused)


def _amazon_is_tested(dark: Dark) -> str:
    """What the test of the connection says on the integrations page."""
    with dark.staff() as desk:
        dark.told(lambda: desk.post("/integrations/amazon-business/test"))
        seen = dark.told(lambda: desk.get("/integrations")).json()["connections"]
    outcome: str = next(one["check"]["outcome"] for one in seen if one["name"] == "amazon-business")
    return outcome


@pytest.mark.parametrize("provider", ["amazon_pay", "stripe"])
def test_the_payment_provider_is_silent_and_points_alone_still_buy(dark: Dark, provider: str) -> None:
    with dark.paid_by(provider):
        with dark.silent(provider):
            quote = dark.ask_for_a_quote().json()
            assert quote["payment_provider"] == provider
            dark.takes(quote)
            dark.ended(dark.redeemed[0])
            for quantity in (2, 3):
                dark.takes(dark.ask_for_a_quote(quantity).json(), points=quote["points_full"])
                waiting = dark.shopper.status(dark.redeemed[-1])
                assert not (waiting["payment"] or {}).get("approval_url")
            regretted = dark.redeemed.pop()
            dark.shopper.cancel(regretted)
        dark.shopper.pay(dark.redeemed[1], "pay")
        dark.shopper.wait(regretted, "cancelled", seconds=BACK_SECONDS)
        dark.ended(dark.redeemed[1])


def test_mail_cannot_be_sent(dark: Dark) -> None:
    newcomer = Member("DARK-0002", "dusk@members.example", "Dusk", "member", 1_000)
    with joining.partner(dark.cloud) as inbound:
        inbound.post("/members", json=newcomer.registration()).raise_for_status()
    joining.sign_up(dark.cloud, newcomer.email)
    with joining.signed_in(dark.cloud, newcomer.email) as door, dark.off("ses"):
        before = len(joining.mails_to(dark.cloud, newcomer.email))
        # The answer is as to a number that nobody has: it gives none away.
        assert dark.told(lambda: door.post("/claims", json={"member_number": newcomer.number})).status_code == 202
        assert len(joining.mails_to(dark.cloud, newcomer.email)) == before
        dark.takes(dark.ask_for_a_quote().json())
        dark.ended(dark.redeemed[0])
        mails, lost = dark.mails(), dark.delivered()
        # SES has refused with 503: it may have sent it all the same, so it is listed and never sent twice.
        assert _becomes(dark, lost, {"email": "unknown", "sms": "sent"}) == {"email": "unknown", "sms": "sent"}
        assert dark.mails() == mails
    assert "shipment-delivered" in _lost(dark)
    next_one = dark.delivered()
    assert _becomes(dark, next_one, {"email": "sent", "sms": "sent"}) == {"email": "sent", "sms": "sent"}
    assert dark.mails() > mails
    assert dark.messages(lost)["email"] == "unknown"


def test_texts_cannot_be_sent(dark: Dark) -> None:
    with dark.off("sns"):
        dark.browses()
        texts, lost = dark.texts(), dark.delivered()
        assert _becomes(dark, lost, {"email": "sent", "sms": "unknown"}) == {"email": "sent", "sms": "unknown"}
        # Who waits for a code is told at once, and may ask again when a code that did go out would have come.
        refused = dark.told(lambda: dark.shopper.door.put("/me/phone", json={"phone": "+12065550178"}))
        assert (refused.status_code, refused.json()["code"]) == (503, "sms-unavailable")
        assert int(refused.headers["retry-after"]) >= 30
        assert dark.texts() == texts
    assert "shipment-delivered" in _lost(dark)
    next_one = dark.delivered()
    assert _becomes(dark, next_one, {"email": "sent", "sms": "sent"}) == {"email": "sent", "sms": "sent"}
    assert dark.texts() > texts
    dark.minutes_pass(1)
    again = dark.told(lambda: dark.shopper.door.put("/me/phone", json={"phone": "+12065550178"}))
    assert again.status_code == 202


def _becomes(dark: Dark, event: str, states: dict[str, str]) -> dict[str, str]:
    """What became of the event's messages, these states or others, by channel."""
    eventually(lambda: dark.messages(event) == states, BACK_SECONDS)
    return dark.messages(event)


def _lost(dark: Dark) -> set[str]:
    """What staff see of messages that nobody knows of."""
    with dark.staff() as desk:
        found = dark.told(lambda: desk.get("/notices/lost-messages")).json()["messages"]
    return {one["template"] for one in found if one["member_number"] == dark.member.number}


def test_queues_are_away(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    with dark.off("sqs"):
        time.sleep(LONG_POLL_SECONDS)
        dark.browses()
        dark.takes(quote)
        time.sleep(3)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None


def test_state_machines_cannot_be_started(dark: Dark) -> None:
    quote = dark.ask_for_a_quote().json()
    with dark.off("states"):
        dark.takes(quote)
        assert dark.shopper.balance()["held"] == quote["points_full"]
        time.sleep(1)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
    dark.minutes_pass(3)
    dark.sweep()


def test_nobody_can_sign_in_and_who_is_signed_in_goes_on(dark: Dark) -> None:
    with dark.off("cognito-idp"):
        answer = httpx.post(f"{dark.cloud.gateway}/oauth2/token", data={"grant_type": "refresh_token"}, verify=PLAIN)
        assert answer.status_code == 503
        dark.browses()
        dark.takes(dark.ask_for_a_quote().json())
        dark.ended(dark.redeemed[0])


def test_the_event_bus_is_away(dark: Dark) -> None:
    with dark.off("events"):
        dark.takes(dark.ask_for_a_quote().json())
        dark.ended(dark.redeemed[0])
        happened = dark.delivered()
        time.sleep(2)
        assert dark.messages(happened) == {}
        waits = "select from outbox.event where payload ->> 'package_key' = %s and state <> 'sent'"
        assert dark.rows(waits, happened)
    dark.relay()
    assert _becomes(dark, happened, {"email": "sent", "sms": "sent"}) == {"email": "sent", "sms": "sent"}
    assert not dark.rows(waits, happened)


def test_secrets_cannot_be_read(dark: Dark) -> None:
    assert dark.ask_anew().status_code == 201
    with dark.off("secretsmanager"):
        dark.browses()
        # An instance that has read its secrets goes on with them; one that has not says when to come again.
        assert dark.ask_anew().status_code == 201
        dark.fresh("QuoteApi")
        refused = dark.ask_anew()
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        with dark.staff() as desk:
            assert dark.told(lambda: desk.post("/integrations/payment/test")).status_code == 503
    assert dark.ask_anew().status_code == 201


def test_files_cannot_be_read(dark: Dark) -> None:
    dark.takes(dark.ask_for_a_quote().json())
    receipt = _receipt(dark, dark.redeemed[0])
    assert receipt().status_code == 200
    with dark.off("s3"):
        dark.browses()
        assert receipt().status_code == 503
        dark.takes(dark.ask_for_a_quote().json())
        dark.ended(dark.redeemed[1])
        dark.relay()
        time.sleep(3)
        assert {
            one["state"] for one in dark.shopper.get(f"/redemptions/{dark.redeemed[1]}/documents")["documents"]
        } <= {"in_preparation"}
    assert receipt().content.startswith(b"%PDF")


def _receipt(dark: Dark, redemption_id: str) -> Callable[[], httpx.Response]:
    """How the member opens the receipt of a redemption, once there is one."""
    known: list[str] = []

    def ready() -> bool:
        told = dark.shopper.get(f"/redemptions/{redemption_id}/documents")["documents"]
        known[:] = [one["document_id"] for one in told if one["state"] == "ready"]
        return bool(known)

    dark.relay()
    assert eventually(ready, BACK_SECONDS)
    return lambda: httpx.get(dark.shopper.get(f"/documents/{known[0]}")["url"], timeout=20, verify=PLAIN)


def test_invoices_cannot_be_read(dark: Dark) -> None:
    with dark.off("textract"):
        number = dark.invoiced()
        waits = "select from invoices.document where begun_at is not null and ended_at is null"
        assert eventually(lambda: bool(dark.rows(waits)), BACK_SECONDS)
        time.sleep(3)
        dark.browses()
        assert _invoice(dark, number) is None
        assert dark.rows(waits), "it is not given up"
    # The machine's tries come further and further apart, at most two minutes.
    assert eventually(lambda: _invoice(dark, number) == "posted", 3 * BACK_SECONDS)


def test_the_erp_is_silent(dark: Dark) -> None:
    with dark.silent("erp"):
        number = dark.invoiced()
        tried = "select from erp.document where number = %s and attempts > 0 and state in ('waiting', 'sent')"
        assert eventually(lambda: bool(dark.rows(tried, number)), 2 * BACK_SECONDS)
        dark.browses()
        dark.takes(dark.ask_for_a_quote().json())
        dark.ended(dark.redeemed[-1])
        with dark.staff() as desk:
            (listed,) = dark.told(lambda: desk.get("/erp/documents", params={"number": number})).json()["documents"]
        assert listed["state"] in ("waiting", "sent")
        assert listed["attempts"] > 0
    dark.minutes_pass(10)
    assert eventually(lambda: _invoice(dark, number) == "posted", 2 * BACK_SECONDS)
    booked = [one for one in dark.simulator("erp", "GET", "documents") if one["number"] == number]
    assert len(booked) == 1, "tried often, booked once"


def _invoice(dark: Dark, number: str) -> str | None:
    """What staff see of an invoice: its state."""
    with dark.staff() as desk:
        seen = dark.told(lambda: desk.get("/invoices", params={"number": number})).json()["invoices"]
    return str(seen[0]["state"]) if seen else None


def test_the_warehouse_and_the_models_are_away(dark: Dark) -> None:
    choices = [f"/recommendations?asin={dark.asin}", "/recommendations"]
    before = {path: dark.get(path).json() for path in choices}
    with dark.staff() as desk:
        forecasts = dark.told(lambda: desk.get("/demand/health")).json()
        with dark.off("redshift-data", "sagemaker"):
            dark.browses()
            assert {path: dark.get(path).json() for path in choices} == before
            # For a minute it believes what it has heard of the last load.
            assert eventually(lambda: _reports(dark, desk) == "away", BACK_SECONDS)
            refused = dark.told(lambda: desk.get("/reports/activation"))
            assert (refused.status_code, refused.json()["code"]) == (503, "warehouse-away")
            assert dark.told(lambda: desk.get("/demand/health")).json() == forecasts
            for begin, wait in ((night.begin, night.wait), (insight.begin, insight.wait)):
                with pytest.raises(night.Stopped, match="Redshift"):
                    wait(dark.cloud, begin(dark.cloud), BACK_SECONDS)
        with dark.off("glue"):
            assert _reports(dark, desk) != "away"
            with pytest.raises(night.Stopped, match="Glue"):
                night.wait(dark.cloud, night.begin(dark.cloud), BACK_SECONDS)
        night.wait(dark.cloud, night.begin(dark.cloud), 3 * BACK_SECONDS)
        assert eventually(lambda: _reports(dark, desk) == "loaded", BACK_SECONDS)


def _reports(dark: Dark, desk: httpx.Client) -> str:
    told = dark.told(lambda: desk.get("/reports"))
    assert told.status_code == 200
    return str(told.json()["standing"])


@pytest.fixture(scope="module")
def personalize(dark: Dark, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PersonalizeStandIn]:
    """Amazon Personalize has learned of the shelf, and the member API asks it."""
    shelf = dark.shopper.get(f"/catalogue/{dark.version}/products?sort=points&limit=40")["products"]
    with learned(tmp_path_factory.mktemp("personalize"), [one["asin"] for one in shelf]) as (stand_in, campaigns):
        told = {"program_id": 1, "timeout_ms": 3_000, **campaigns}
        variables = {"PERSONALIZE": json.dumps(told), "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME": stand_in.base_url}
        with dark.environment("MemberApi", **variables):
            yield stand_in


def test_personalize_is_away(dark: Dark, personalize: PersonalizeStandIn) -> None:
    def engine() -> str:
        told = dark.get("/recommendations")
        assert told.status_code == 200
        assert told.json()["products"], "somebody's choices are always there"
        return str(told.json()["engine"])

    assert eventually(lambda: engine() == "personalize", BACK_SECONDS)
    personalize.settings(off=True)
    try:
        assert engine() != "personalize"
        beside = dark.get(f"/recommendations?asin={dark.asin}")
        assert (beside.status_code, beside.json()["engine"] == "personalize") == (200, False)
        dark.browses()
    finally:
        personalize.settings(off=False)
    # It is not asked for half a minute.
    assert eventually(lambda: engine() == "personalize", BACK_SECONDS)


def test_there_is_no_way_out(dark: Dark) -> None:
    """As without the NAT gateways: nothing outside answers, and of AWS nothing but the database and S3."""
    # So that the functions have their secrets: one that starts meanwhile is as without Secrets Manager.
    dark.takes(dark.ask_for_a_quote().json())
    dark.ended(dark.redeemed.pop())
    quote = dark.ask_for_a_quote().json()
    services = (
        "sqs",
        "states",
        "events",
        "ses",
        "sns",
        "secretsmanager",
        "textract",
        "glue",
        "sagemaker",
        "redshift-data",
    )
    with dark.silent("amazon_business"), dark.silent("amazon_pay"), dark.silent("erp"), dark.off(*services):
        time.sleep(LONG_POLL_SECONDS)
        dark.browses()
        refused = dark.ask_anew()
        assert (refused.status_code, refused.json()["code"]) == (503, "shop-unavailable")
        dark.takes(quote)
        time.sleep(3)
        assert dark.shopper.status(dark.redeemed[0])["closed_at"] is None
        assert dark.shopper.balance()["held"] == quote["points_full"]
    dark.minutes_pass(3)
    dark.sweep()


def test_the_database_is_away(dark: Dark, own_cloud: Cloud) -> None:
    quote = dark.ask_for_a_quote().json()
    order, key = dark.shopper.order(quote, quote["points_full"]), dark.key()
    own_cloud.kill_database()
    try:
        for path in ("/me/balance", f"/catalogue/{dark.version}/products?limit=5"):
            refused = dark.get(path)
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert int(refused.headers["retry-after"]) > 0
        assert dark.told(lambda: dark.shopper.send(order, key)).status_code == 503
    finally:
        own_cloud.revive_database()
    # The same key once more is the same redemption, whether the first came through or not.
    assert eventually(lambda: dark.get("/me/balance").status_code == 200, BACK_SECONDS)
    for _ in range(2):
        again = dark.told(lambda: dark.shopper.send(order, key))
        assert again.status_code in (200, 202)
    dark.redeemed.append(again.json()["redemption_id"])

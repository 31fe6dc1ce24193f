"""For every operation of the three documents a request that is good, made when it is needed."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from local.simulators.amazon_pay import notices as sns
from local.simulators.amazon_pay.files import File as SnsFile
from local.simulators.stripe.events import signature
from loyalty.catalogue import curating
from loyalty.members import freezing
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.tiers import granting
from tests.domain.catalogue.shop import KEY
from tests.domain.demand import morning
from tests.fuzz.door import Request
from tests.fuzz.facts import (
    ASIN,
    FULL_NAME,
    LOGO,
    MAILBOX,
    PHONE,
    SNS,
    STREET,
    WEBHOOK_SECRET,
    numbers,
)
from tests.lambdas.conftest import (
    member_token,
    staff_token,
)

if TYPE_CHECKING:
    from tests.fuzz.world import World


def _new_address(world: World) -> Request:
    number = next(numbers)
    if number % 20 == 0:
        world.mover = world.person()
    body = {
        "full_name": FULL_NAME, "phone": PHONE, "line1": f"{number} {STREET}", "city": "Seattle",
        "state_or_region": "WA", "postal_code": "98109", "country_code": "US", "make_default": False,
    }  # fmt: skip
    return Request.json("POST", "/me/addresses", body)


def _new_member(_: World) -> Request:
    number = f"N{next(numbers):05d}"
    body = {"member_number": number, "email": f"{number.lower()}@{MAILBOX}", "phone": PHONE, "country": "US"}
    return Request.json("POST", "/members", body)


def _claim(world: World) -> Request:
    world.newcomer = f"newcomer-{next(numbers)}"
    new_member = _new_member(world)
    assert world.quiet("inbound").send(new_member).status == 201
    number = json.loads(new_member.body or b"")["member_number"]
    return Request.json("POST", "/claims", {"member_number": number})


def _confirmation(world: World) -> Request:
    claim = _claim(world)
    assert world.quiet("member", member_token(world.newcomer)).send(claim).status == 202
    number = json.loads(claim.body or b"")["member_number"]
    body = {"member_number": number, "code": world.fakes.codes()[-1]}
    return Request.json("POST", "/claims/confirmation", body)


def _terms(world: World) -> Request:
    version = reading.current(world.owner, 1).document.terms.version
    return Request.json("POST", "/terms/acceptance", {"version": version})


def _invoice_content(world: World) -> Request:
    invoice_id, content = world.invoice()
    return Request.json("PUT", f"/invoices/{invoice_id}/content", {"revision": 0, "content": content})


def _adjustment(world: World) -> Request:
    body = {"member_number": world.alice.number, "points": 50, "reason_code": "goodwill", "note": "late parcel"}
    return Request.json("POST", "/adjustments", body, world.key())


def _tier_grant(world: World) -> Request:
    row = world.owner.execute("select (clock.now()::date + 90)::text as until").fetchone()
    assert row is not None
    body = {"tier": "gold", "until": row["until"], "reason_code": "goodwill"}
    return Request.json("POST", f"/members/{world.alice.number}/tier-grants", body, world.key())


def _tier_withdrawal(world: World) -> Request:
    row = world.owner.execute("select clock.new_id() as id, clock.now()::date + 90 as until").fetchone()
    assert row is not None
    granting.grant(world.owner, 1, row["id"], world.alice.member_id, "silver", row["until"], "goodwill", "test")
    return Request("DELETE", f"/members/{world.alice.number}/tier-grants/{row['id']}")


def _get(path: str) -> Callable[[World], Request]:
    return lambda world: Request("GET", path.format(world=world))


def _push(world: World) -> Request:
    """A package's step; of an order that nobody knows, which is the queue's business."""
    body = {
        "orderId": f"114-{next(numbers):07d}-0000000", "trackingId": "TBA1", "shipmentId": "S1", "packageId": "1",
        "poNumber": "LOY-1", "eventTimeStampInEpochMillis": 1_795_000_000_000, "deliveryStatus": "SHIPPED",
        "detailedTrackingStatus": "PACKAGE_DEPARTED_FROM_FC_SHIPPER_SELLER",
    }  # fmt: skip
    request = Request.json("POST", "/webhooks/amazon-business/packages", body)
    return replace(request, headers={**request.headers, "X-Loyalty-Webhook-Secret": WEBHOOK_SECRET})


def _stripe_event(world: World) -> Request:
    """An event that Stripe has signed a moment ago, of a payment that nobody knows."""
    body = json.dumps(
        {
            "id": f"evt_{next(numbers)}",
            "object": "event",
            "type": "payment_intent.canceled",
            "data": {"object": {"id": f"pi_{next(numbers)}", "object": "payment_intent"}},
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": signature(WEBHOOK_SECRET, body, int(time.time())),
    }
    return Request("POST", "/webhooks/stripe", body, headers=headers)


def _amazon_pay_notice(world: World) -> Request:
    """A notice that SNS has signed, of a charge that nobody knows."""
    about = json.dumps({"ObjectType": "CHARGE", "ObjectId": f"S01-{next(numbers)}", "NotificationType": "STATE_CHANGE"})
    body = json.dumps(sns.envelope(signer(), about, f"m-{next(numbers)}", SNS))
    return Request("POST", "/webhooks/amazon-pay", body.encode(), headers={"Content-Type": "application/json"})


@cache
def signer() -> SnsFile:
    """The stand-in's key, made once."""
    return SnsFile(Path(tempfile.mkdtemp()) / "sns.sqlite")


def _post(path: str, body: Any) -> Callable[[World], Request]:
    return lambda world: Request.json("POST", path.format(world=world), body)


def _stands_still(world: World, action: str) -> UUID:
    """A redemption of Alice's that is screened: its programme's rules are changed for it alone."""
    redemption_id = world.redemption(world.alice)
    rule = {"code": "device", "when": "new_device", "action": action}
    facts = json.loads(reading.current(world.owner, 1).document.model_dump_json())
    facts["screening"] |= {"rules": [rule], "codes_per_day": 50}
    before = reading.current(world.owner, 1)
    screened = Programme.model_validate_json(json.dumps(facts))
    version = publishing.publish(world.owner, 1, screened, based_on=before.version, actor="test", why="test")
    publishing.publish(world.owner, 1, before.document, based_on=version, actor="test", why="test")
    world.owner.execute(
        "update redemptions.redemption set screens = true, programme_version = %s where redemption_id = %s",
        (version, redemption_id),
    )
    world.owner.execute("select redemptions.screen(1, %s)", (redemption_id,))
    # What was sent a moment ago is sent again only later.
    world.owner.execute("delete from redemptions.step_up_code where member_id = %s", (world.alice.member_id,))
    return redemption_id


def _code(world: World) -> Request:
    return Request("POST", f"/redemptions/{_stands_still(world, 'step_up')}/step-up")


def _code_confirmation(world: World) -> Request:
    request = _code(world)
    assert world.quiet("member").send(request).status == 202
    return Request.json("POST", f"{request.path}/confirmation", {"code": world.fakes.codes()[-1]})


def _screening_decision(world: World) -> Request:
    redemption_id = _stands_still(world, "review")
    row = world.owner.execute(
        "select case_id from redemptions.parking where redemption_id = %s", (redemption_id,)
    ).fetchone()
    assert row is not None
    return Request.json("POST", f"/screening/{row['case_id']}/decision", {"decision": "approve", "reason": "known"})


def _link(world: World) -> Request:
    row = world.owner.execute("select clock.new_id() as id, clock.now() as now").fetchone()
    assert row is not None
    member_id = world.person().member_id
    link = freezing.Link(1, member_id, row["id"], row["now"] + freezing.GOOD_FOR)
    return Request.json("POST", "/security/not-me", {"token": freezing.token(KEY, link)})


def _phone(world: World) -> Request:
    world.mover = world.person()
    return Request.json("PUT", "/me/phone", {"phone": f"+1212555{next(numbers) % 10_000:04d}"})


def _phone_confirmation(world: World) -> Request:
    request = _phone(world)
    assert world.quiet("member", world.mover.token).send(request).status == 202
    return Request.json("POST", "/me/phone/confirmation", {"code": world.fakes.codes()[-1]})


def _closure(world: World) -> Request:
    world.leaver = world.person(points=5)
    return Request.json("POST", "/me/closure", {"points": 5}, world.key())


def _erasure(world: World) -> Request:
    wish = {"reason": "member_request", "points": 5}
    return Request.json("POST", f"/members/{world.person(points=5).number}/erasure", wish, world.key())


def _erasure_approval(world: World) -> Request:
    """Of an erasure that somebody else asked for."""
    asker = staff_token("support", subject="staff-2")
    asked = world.quiet("manager", asker).send(_erasure(world))
    assert asked.status == 202, asked.text
    return Request.json("POST", f"/privacy/requests/{asked.body['request_id']}/approval", {"decision": "approve"})


def _erasure_retry(world: World) -> Request:
    """Of one that is stuck."""
    request = _erasure_approval(world)
    assert world.quiet("manager").send(request).status == 200
    erasure_id = request.path.split("/")[3]
    world.owner.execute("select privacy.step_failed(1, %s, 'list', 'Refused', 1)", (erasure_id,))
    return Request("POST", f"/privacy/requests/{erasure_id}/retry")


def _lifting(world: World) -> Request:
    hold_id, number = world.key(), world.person().number
    world.owner.execute("select privacy.place_hold(1, %s, %s, 'court 12/26', 'staff:staff-2')", (number, hold_id))
    return Request("POST", f"/members/{number}/legal-holds/{hold_id}/lifting")


def _unfreeze(world: World) -> Request:
    person = world.person()
    world.owner.execute("select members.stop_spending(1, %s, 'not_me', clock.new_id(), 'link')", (person.member_id,))
    return Request.json("POST", f"/members/{person.number}/unfreeze", {"reason": "it was me"})


def _message_test(world: World) -> Request:
    world.owner.execute("delete from programme.test_send")
    text = {"key": "tier-changed", "language": "en", "subject": "You are {tier}", "text": "Hello, {brand}"}
    return Request.json("POST", "/programme/messages/test", text)


def _section(world: World) -> Request:
    # Of the version, not of the draft: that may hold any nonsense.
    value = world.quiet("manager").send(Request("GET", "/programme")).body["document"]["casework"]
    revision = world.quiet("manager").send(Request("GET", "/programme/draft")).body["revision"]
    value["answer_hours"] = value["answer_hours"] % 700 + 1
    return Request.json("PUT", "/programme/draft/casework", {"revision": revision, "value": value})


def _publication(world: World, **more: Any) -> Request:
    for row in world.owner.execute("select schedule_id from programme.schedule where state = 'waiting'").fetchall():
        world.quiet("manager").send(Request("DELETE", f"/programme/schedule/{row['schedule_id']}"))
    world.quiet("manager").send(Request("DELETE", "/programme/draft"))
    saved = world.quiet("manager").send(_section(world))
    assert saved.status == 200, saved.text
    body = {"revision": saved.body["revision"], "why": "agreed", **more}
    return Request.json("POST", "/programme/draft/publication", body)


def _simulating(world: World) -> Request:
    # A schedule has it; what is simulated is the programme as it stands then.
    draft = world.quiet("manager").send(Request("GET", "/programme/draft")).body
    world.owner.execute("delete from simulation.job where state in ('waiting', 'running')")
    return Request.json("POST", "/programme/draft/simulations", {"revision": draft["revision"]})


def _simulated(world: World) -> Request:
    asked = world.quiet("manager").send(_simulating(world))
    assert asked.status == 202, asked.text
    return Request("GET", f"/programme/simulations/{asked.body['simulation_id']}")


def _cancelling(world: World) -> Request:
    row = world.owner.execute("select clock.now() + interval '1 day' as at").fetchone()
    assert row is not None
    told = world.quiet("manager").send(_publication(world, at=row["at"].isoformat()))
    assert told.status == 200, told.text
    return Request("DELETE", f"/programme/schedule/{told.body['schedule_id']}")


def _switching(world: World) -> Request:
    told = world.quiet("manager").send(Request("GET", "/features"))
    (money,) = (one for one in told.body["features"] if one["feature"] == "money")
    share = 99 if money["share_percent"] == 100 else 100
    return Request.json("PUT", "/features/money", {"on": True, "share_percent": share, "why": "to see"})


def _restoration(world: World) -> Request:
    told = world.quiet("manager").send(_publication(world))
    assert told.status == 200, told.text
    before = told.body["version"] - 1
    return Request.json("POST", f"/programme/versions/{before}/restoration", {"why": "it was better"})


CAMPAIGN = {
    "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2036-01-01T00:00:00Z", "earn_multiplier_percent": 200,
    "scope": {"categories": ["Nowhere"]}, "budget_minor": 1, "funder": "brand",
}  # fmt: skip


def _campaign(action: str, state: str) -> Callable[[World], Request]:
    """An action on a campaign of its own that nobody's purchase is in."""

    def request(world: World) -> Request:
        code = f"fuzz-{next(numbers)}"
        current = reading.current(world.owner, 1)
        facts = json.loads(current.document.model_dump_json())
        facts["campaigns"] = [CAMPAIGN | {"code": code, "state": state}]
        document = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(world.owner, 1, document, based_on=current.version, actor="test", why="test")
        return Request.json("POST", f"/campaigns/{code}/{action}", {"why": "agreed"})

    return request


def _campaign_page(world: World) -> Request:
    acted = world.quiet("manager").send(_campaign("pause", "running")(world))
    assert acted.status == 200, acted.text
    return Request("GET", f"/campaigns/{acted.body['campaign']}")


def _unblock(world: World) -> Request:
    person = world.person()
    world.owner.execute("select members.block(1, %s, 'told lies', 'staff:x')", (person.number,))
    return Request.json("POST", f"/members/{person.number}/unblock", {"reason": "they were none"})


def _stuck(world: World) -> Request:
    redemption_id = world.redemption(world.alice)
    world.owner.execute("select redemptions.review(1, %s, 'stuck')", (redemption_id,))
    return Request("POST", f"/redemptions/{redemption_id}/retry")


def _confirmed(world: World) -> Request:
    redemption_id = world.redemption(world.alice)
    world.settled(redemption_id)
    return Request("POST", f"/redemptions/{redemption_id}/confirmation")


GOOD: Mapping[str, Callable[[World], Request]] = {
    "member GET /config": _get("/config"),
    "manager GET /config": _get("/config"),
    "member GET /me": _get("/me"),
    "member POST /claims": _claim,
    "member POST /claims/confirmation": _confirmation,
    "member GET /terms": _get("/terms"),
    "member POST /terms/acceptance": _terms,
    "member GET /me/balance": _get("/me/balance"),
    "member GET /me/balance/at": lambda _: Request("GET", "/me/balance/at", query="instant=2026-11-01T12:00:00Z"),
    "member GET /me/statement": _get("/me/statement"),
    "member GET /me/statement/download": _get("/me/statement/download"),
    "member GET /me/lots": _get("/me/lots"),
    "member GET /me/tier": _get("/me/tier"),
    "member GET /me/addresses": _get("/me/addresses"),
    "member POST /me/addresses": _new_address,
    "member PUT /me/phone": _phone,
    "member POST /me/phone/confirmation": _phone_confirmation,
    "member GET /me/closure": _get("/me/closure"),
    "member POST /me/closure": _closure,
    "member DELETE /me/closure": lambda _: Request("DELETE", "/me/closure"),
    "member PUT /me/addresses/{address_id}/default": lambda w: Request(
        "PUT", f"/me/addresses/{w.other_address()}/default"
    ),
    "member DELETE /me/addresses/{address_id}": lambda w: Request("DELETE", f"/me/addresses/{w.other_address()}"),
    "member GET /catalogue": _get("/catalogue"),
    "member GET /catalogue/{version}/products": lambda w: Request("GET", f"/catalogue/{w.version()}/products"),
    "member GET /catalogue/{version}/products/{asin}": lambda w: Request(
        "GET", f"/catalogue/{w.version()}/products/{ASIN}"
    ),
    "member POST /quotes": _post("/quotes", {"lines": [{"asin": ASIN, "quantity": 1}]}),
    "member POST /quotes/{quote_id}/split": lambda w: Request.json(
        "POST", f"/quotes/{w.quote_id}/split", {"points": 4000}
    ),
    "member POST /redemptions": lambda w: w.wish(w.alice),
    "member GET /redemptions": _get("/redemptions"),
    "member GET /redemptions/{redemption_id}": _get("/redemptions/{world.redemption_id}"),
    "member POST /redemptions/{redemption_id}/payment-approval": lambda w: Request(
        "POST", f"/redemptions/{w.redemption(w.alice, points=4000)}/payment-approval"
    ),
    "member POST /redemptions/{redemption_id}/cancel": lambda w: Request(
        "POST", f"/redemptions/{w.redemption(w.alice)}/cancel"
    ),
    "member PUT /redemptions/{redemption_id}/address": lambda w: Request.json(
        "PUT", f"/redemptions/{w.redemption_id}/address", {"address_id": str(w.alice.address_id)}
    ),
    "member POST /redemptions/{redemption_id}/step-up": _code,
    "member POST /redemptions/{redemption_id}/step-up/confirmation": _code_confirmation,
    "member POST /security/not-me": _link,
    "manager GET /screening": _get("/screening"),
    "manager POST /screening/{case_id}/decision": _screening_decision,
    "manager GET /members/{member_number}/freezes": _get("/members/{world.alice.number}/freezes"),
    "manager POST /members/{member_number}/unfreeze": _unfreeze,
    "member GET /redemptions/{redemption_id}/documents": _get("/redemptions/{world.redemption_id}/documents"),
    "member GET /documents/{document_id}": _get("/documents/{world.document_id}"),
    "member GET /me/catalogue": _get("/me/catalogue"),
    "member GET /me/catalogue/for-you": _get("/me/catalogue/for-you"),
    "member GET /me/catalogue/products/{asin}": _get(f"/me/catalogue/products/{ASIN}"),
    "member GET /me/wishlist": _get("/me/wishlist"),
    "member PUT /me/wishlist/{asin}": lambda _: Request("PUT", f"/me/wishlist/{ASIN}"),
    "member DELETE /me/wishlist/{asin}": lambda _: Request("DELETE", f"/me/wishlist/{ASIN}"),
    "member GET /recommendations": lambda _: Request("GET", "/recommendations", query=f"limit=3&asin={ASIN}"),
    "member GET /me/preferences": _get("/me/preferences"),
    "member POST /me/views": lambda w: Request.json(
        "POST", "/me/views", {"views": [{"key": str(w.key()), "asin": ASIN, "came_from": "search"}]}
    ),
    "member PUT /me/preferences": lambda w: Request.json("PUT", "/me/preferences", w.preferences()),
    "member POST /transfers": lambda w: Request.json(
        "POST", "/transfers", {"member_number": w.person(points=1).number, "points": 5}, w.key()
    ),
    "member POST /cases": lambda w: w.complaint(),
    "member GET /cases": _get("/cases"),
    "member GET /cases/{case_id}": lambda w: Request("GET", f"/cases/{w.case()}"),
    "member POST /cases/{case_id}/messages": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/messages", {"text": "Here is the bill."}
    ),
    "member POST /cases/{case_id}/photos": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/photos", {"content_type": "image/jpeg", "size_bytes": 90_000}
    ),
    "member POST /cases/{case_id}/withdrawal": lambda w: Request("POST", f"/cases/{w.case()}/withdrawal"),
    "manager GET /cases": lambda w: (w.case(), Request("GET", "/cases", query="state=waiting"))[1],
    "manager GET /cases/{case_id}": lambda w: Request("GET", f"/cases/{w.case()}"),
    "manager POST /cases/{case_id}/assignment": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/assignment", {"owner": "me"}
    ),
    "manager POST /cases/{case_id}/messages": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/messages", {"text": "Which shop was it?"}, w.key()
    ),
    "manager POST /cases/{case_id}/label": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/label", {"content_type": "application/pdf", "size_bytes": 90_000}
    ),
    "manager POST /cases/{case_id}/outcome": lambda w: Request.json(
        "POST", f"/cases/{w.case()}/outcome", {"outcome": "credit_missing_accrual", "points": 5}
    ),
    "manager POST /cases/{case_id}/approval": lambda w: Request.json(
        "POST", f"/cases/{w.proposal()}/approval", {"decision": "approve"}
    ),
    "manager POST /cases/{case_id}/return-received": lambda w: Request.json(
        "POST", f"/cases/{w.sent_back()}/return-received", {"quantity": 1}
    ),
    "manager POST /members": _new_member,
    "manager GET /members/{member_number}": _get("/members/{world.alice.number}"),
    "manager GET /members": lambda w: Request("GET", "/members", query=f"q={w.alice.number}"),
    "manager GET /members/{member_number}/overview": _get("/members/{world.alice.number}/overview"),
    "manager GET /members/{member_number}/statement": _get("/members/{world.alice.number}/statement"),
    "manager GET /members/{member_number}/statement/download": _get("/members/{world.alice.number}/statement/download"),
    "manager GET /members/{member_number}/orders": _get("/members/{world.alice.number}/orders"),
    "manager POST /members/{member_number}/block": lambda w: Request.json(
        "POST", f"/members/{w.person().number}/block", {"reason": "told lies"}
    ),
    "manager POST /members/{member_number}/unblock": _unblock,
    "manager PUT /members/{member_number}/contact": lambda w: Request.json(
        "PUT", f"/members/{w.person().number}/contact", {"email": "right@example.com", "language": "de"}
    ),
    "manager POST /members/{member_number}/cases": lambda w: replace(
        w.complaint(), path=f"/members/{w.person().number}/cases"
    ),
    "manager GET /members/{member_number}/merge-preview": lambda w: Request(
        "GET", f"/members/{w.alice.number}/merge-preview", query=f"duplicate={w.person().number}"
    ),
    "manager POST /members/{member_number}/merges": lambda w: w.merge(),
    "manager GET /merges": _get("/merges"),
    "manager POST /merges/{merge_id}/approval": lambda w: Request.json(
        "POST", f"/merges/{w.merge_asked()}/approval", {"decision": "approve"}
    ),
    "manager GET /goodwill": _get("/goodwill"),
    "manager GET /members/{member_number}/tier": _get("/members/{world.alice.number}/tier"),
    "manager POST /members/{member_number}/tier-grants": _tier_grant,
    "manager DELETE /members/{member_number}/tier-grants/{grant_id}": _tier_withdrawal,
    "manager GET /tiers/distribution": _get("/tiers/distribution"),
    "manager GET /redemptions": lambda w: Request("GET", "/redemptions", query=f"state=open&member={w.alice.number}"),
    "manager POST /redemptions/{redemption_id}/cancel": lambda w: Request.json(
        "POST", f"/redemptions/{w.redemption(w.alice)}/cancel", {"reason": "asked on the telephone"}
    ),
    "manager PUT /redemptions/{redemption_id}/address": lambda w: Request.json(
        "PUT", f"/redemptions/{w.redemption_id}/address", {"address_id": str(w.alice.address_id)}
    ),
    "manager POST /redemptions/{redemption_id}/retry": _stuck,
    "manager POST /redemptions/{redemption_id}/confirmation": _confirmed,
    "manager POST /adjustments": _adjustment,
    "manager GET /adjustments": _get("/adjustments"),
    "manager POST /adjustments/{adjustment_id}/approval": lambda w: Request.json(
        "POST", f"/adjustments/{w.adjustment()}/approval", {"decision": "approve"}
    ),
    "manager GET /redemptions/{redemption_id}": _get("/redemptions/{world.redemption_id}"),
    "manager GET /redemptions/{redemption_id}/documents": _get("/redemptions/{world.redemption_id}/documents"),
    "manager GET /documents/{document_id}": _get("/documents/{world.document_id}"),
    "manager GET /notices/unwarned-lots": _get("/notices/unwarned-lots"),
    "manager GET /notices/lost-messages": _get("/notices/lost-messages"),
    "manager GET /finance/rates": _get("/finance/rates"),
    "manager POST /finance/rates": lambda w: w.rate(),
    "manager POST /finance/rates/{version}/approval": lambda w: w.rate_approval(),
    "manager GET /finance/months/{month}/days": _get("/finance/months/{world.book_month}/days"),
    "manager POST /finance/months/{month}/lock": lambda w: Request("POST", f"/finance/months/{w.book_month}/lock"),
    "manager GET /finance/months/{month}/verification": _get("/finance/months/{world.book_month}/verification"),
    "manager GET /finance/months/{month}/funders": _get("/finance/months/{world.book_month}/funders"),
    "manager GET /finance/months/{month}/funders.csv": _get("/finance/months/{world.book_month}/funders.csv"),
    "manager GET /finance/days/{day}": _get("/finance/days/{world.book_month}-15"),
    "manager GET /finance/days/{day}/journal.csv": _get("/finance/days/{world.book_month}-15/journal.csv"),
    "manager GET /finance/months/{month}/close": _get("/finance/months/{world.book_month}/close"),
    "manager GET /finance/months/{month}/close.csv": _get("/finance/months/{world.book_month}/close.csv"),
    "manager GET /finance/months/{month}/close/{figure}": _get("/finance/months/{world.book_month}/close/issued"),
    "manager GET /finance/months/{month}/close/{figure}/lots": _get(
        "/finance/months/{world.book_month}/close/closing/lots"
    ),
    "manager GET /finance/members/{member_number}/lots/{lot}": _get("/finance/members/{world.alice.number}/lots/never"),
    "manager GET /finance/position": _get("/finance/position"),
    "manager GET /finance/closes": _get("/finance/closes"),
    "manager GET /finance/closes/{month}/verification": _get("/finance/closes/{world.book_month}/verification"),
    "manager GET /liability": _get("/liability"),
    "manager GET /campaigns": _get("/campaigns"),
    "manager GET /campaigns/{campaign}": _campaign_page,
    "manager POST /campaigns/preview": _post(
        "/campaigns/preview", {"campaign": CAMPAIGN | {"code": "preview", "state": "draft"}}
    ),
    "manager POST /campaigns/{campaign}/start": _campaign("start", "draft"),
    "manager POST /campaigns/{campaign}/pause": _campaign("pause", "running"),
    "manager POST /campaigns/{campaign}/resume": _campaign("resume", "paused"),
    "manager POST /campaigns/{campaign}/end": _campaign("end", "running"),
    "member GET /me/prices": lambda _: Request("GET", "/me/prices", query=f"asins={ASIN}"),
    "manager GET /programme": _get("/programme"),
    "member GET /brand/logos/{digest}": lambda w: Request("GET", f"/brand/logos/{w.logo()}"),
    "manager GET /programme/logo/{digest}": lambda w: Request("GET", f"/programme/logo/{w.logo()}"),
    "manager POST /programme/logo": lambda _: Request.json("POST", "/programme/logo", {"picture": LOGO}),
    "manager GET /programme/messages": _get("/programme/messages"),
    "manager POST /programme/messages/test": _message_test,
    "manager GET /programme/draft": _get("/programme/draft"),
    "manager PUT /programme/draft/{section}": _section,
    "manager DELETE /programme/draft": lambda _: Request("DELETE", "/programme/draft"),
    "manager POST /programme/draft/publication": lambda w: _publication(w),
    "manager DELETE /programme/schedule/{schedule_id}": _cancelling,
    "manager POST /programme/draft/simulations": _simulating,
    "manager GET /programme/simulations": _get("/programme/simulations"),
    "manager GET /programme/simulations/{simulation_id}": _simulated,
    "manager GET /features": _get("/features"),
    "manager PUT /features/{feature}": _switching,
    "manager GET /programme/versions": _get("/programme/versions"),
    "manager GET /programme/versions/{version}": _get("/programme/versions/1"),
    "manager POST /programme/versions/{version}/restoration": _restoration,
    "manager GET /reconciliation": _get("/reconciliation"),
    "manager GET /reconciliation/days/{day}/redemptions.csv": _get(
        "/reconciliation/days/{world.reconciled_day}/redemptions.csv"
    ),
    "manager GET /finance/months/{month}/house": _get("/finance/months/{world.book_month}/house"),
    "manager GET /finance/months/{month}/house.csv": _get("/finance/months/{world.book_month}/house.csv"),
    "manager GET /members/{member_number}/privacy": _get("/members/{world.alice.number}/privacy"),
    "manager POST /members/{member_number}/exports": lambda w: Request(
        "POST", f"/members/{w.person().number}/exports", headers={"Idempotency-Key": str(w.key())}
    ),
    "manager POST /members/{member_number}/erasure": _erasure,
    "manager POST /members/{member_number}/legal-holds": lambda w: Request.json(
        "POST", f"/members/{w.person().number}/legal-holds", {"reason": "court 12/26"}, w.key()
    ),
    "manager POST /members/{member_number}/legal-holds/{hold_id}/lifting": _lifting,
    "manager GET /privacy/requests": _get("/privacy/requests"),
    "manager GET /privacy/requests/{request_id}": lambda w: Request("GET", f"/privacy/requests/{w.export_id}"),
    "manager POST /privacy/requests/{request_id}/approval": _erasure_approval,
    "manager POST /privacy/requests/{request_id}/retry": _erasure_retry,
    "manager POST /privacy/requests/{request_id}/file": lambda w: Request(
        "POST", f"/privacy/requests/{w.export_id}/file"
    ),
    "manager GET /privacy/retention": _get("/privacy/retention"),
    "manager GET /integrations": _get("/integrations"),
    "manager GET /integrations/deliveries": _get("/integrations/deliveries"),
    "manager GET /integrations/deliveries/{delivery_id}": lambda w: Request(
        "GET", f"/integrations/deliveries/{w.delivery_id}"
    ),
    "manager POST /integrations/deliveries/{delivery_id}/redelivery": lambda w: Request(
        "POST", f"/integrations/deliveries/{w.delivery_id}/redelivery"
    ),
    "manager POST /integrations/webhooks/{code}/start": lambda _: Request("POST", "/integrations/webhooks/shop/start"),
    "manager POST /integrations/{connection}/test": lambda _: Request("POST", "/integrations/payment/test"),
    "manager GET /reports": _get("/reports"),
    "manager GET /reports/{metric}": lambda _: Request(
        "GET", "/reports/points_flow", query="from=2026-01-01&to=2026-11-21&tier=gold"
    ),
    "manager GET /reports/{metric}/table.csv": _get("/reports/points_flow/table.csv"),
    "manager GET /invoices": lambda _: Request("GET", "/invoices", query="state=review&month=2026-11"),
    "manager GET /invoices/mails": _get("/invoices/mails"),
    "manager GET /invoices/samples.csv": _get("/invoices/samples.csv"),
    "manager GET /invoices/samples.jsonl": _get("/invoices/samples.jsonl"),
    "manager GET /invoices/months": _get("/invoices/months"),
    "manager GET /invoices/months/{month}": lambda w: (w.invoice(), Request("GET", "/invoices/months/2026-11"))[1],
    "manager GET /invoices/{invoice_id}": lambda w: Request("GET", f"/invoices/{w.invoice()[0]}"),
    "manager GET /invoices/{invoice_id}/paper": lambda w: Request("GET", f"/invoices/{w.invoice()[0]}/paper"),
    "manager PUT /invoices/{invoice_id}/content": _invoice_content,
    "manager POST /invoices/{invoice_id}/decision": lambda w: Request.json(
        "POST", f"/invoices/{w.invoice()[0]}/decision", {"decision": "refuse", "reason": "not ours"}, w.key()
    ),
    "manager GET /erp/documents": _get("/erp/documents"),
    "manager GET /erp/documents/{document_id}": lambda w: Request("GET", f"/erp/documents/{w.journal_day()}"),
    "manager POST /erp/documents/{document_id}/sending": lambda w: Request(
        "POST", f"/erp/documents/{w.journal_day()}/sending"
    ),
    "manager GET /demand/forecast": lambda w: w.night("/demand/forecast", query="search=light&sort=growth"),
    "manager GET /demand/forecast/{asin}": lambda w: w.night(f"/demand/forecast/{morning.OUT}"),
    "manager GET /demand/outlooks": lambda w: w.night("/demand/outlooks", query="cause=slow&acted=no"),
    "manager POST /demand/outlooks/{asin}/actions": lambda w: Request.json(
        "POST", f"{w.night(f'/demand/outlooks/{morning.OUT}').path}/actions", {"kind": "cap", "details": {"units": 2}}
    ),
    "manager POST /demand/actions/{action_id}/undo": lambda w: Request("POST", f"/demand/actions/{w.action()}/undo"),
    "manager POST /demand/alerts/{alert_id}/dismissal": lambda w: Request(
        "POST", f"/demand/alerts/{w.alert()}/dismissal"
    ),
    "manager GET /demand/trends": lambda w: w.night("/demand/trends", query="direction=rising"),
    "manager GET /demand/health": lambda w: w.night("/demand/health"),
    "manager POST /demand/models/{version}/restore": lambda w: Request(
        "POST", f"{w.night(f'/demand/models/{morning.BEFORE}').path}/restore"
    ),
    "manager GET /staff": _get("/staff"),
    "manager GET /audit": _get("/audit"),
    "manager GET /audit.csv": _get("/audit.csv"),
    "manager GET /catalogue/products": _get("/catalogue/products"),
    "manager GET /catalogue/products.csv": _get("/catalogue/products.csv"),
    "manager POST /catalogue/additions": lambda w: w.from_the_shop(
        Request.json("POST", "/catalogue/additions", {"asin": ASIN})
    ),
    "manager GET /catalogue/products/{asin}": _get(f"/catalogue/products/{ASIN}"),
    "manager PUT /catalogue/products/{asin}": lambda w: Request.json("PUT", f"/catalogue/products/{ASIN}", w.saying()),
    "manager GET /catalogue/search": lambda w: w.from_the_shop(Request("GET", "/catalogue/search", query="q=teapot")),
    "manager GET /catalogue/counts": _get("/catalogue/counts"),
    "manager POST /catalogue/preview": lambda _: Request.json(
        "POST",
        "/catalogue/preview",
        {"catalogue": {"rules": [{"code": "a", "effect": "exclude", "matching": {"brands": ["Solvane"]}}]}},
    ),
    "manager POST /catalogue/actions": lambda _: Request.json(
        "POST", "/catalogue/actions", {"action": "pick", "asins": [ASIN]}
    ),
    "manager GET /catalogue/changes": _get("/catalogue/changes"),
    "manager POST /catalogue/changes/{change_id}/undo": lambda w: Request.json(
        "POST", f"/catalogue/changes/{w.curation()}/undo", {}
    ),
    "manager GET /catalogue/featured": _get("/catalogue/featured"),
    "manager PUT /catalogue/featured": lambda w: Request.json(
        "PUT", "/catalogue/featured", {"asins": [ASIN], "revision": curating.featured(w.owner, 1)[1]}
    ),
    "manager GET /catalogue/categories": _get("/catalogue/categories"),
    "manager POST /catalogue/imports": lambda w: w.table_to_come(),
    "manager GET /catalogue/imports/{import_id}": lambda w: Request("GET", f"/catalogue/imports/{w.table()}"),
    "manager POST /catalogue/imports/{import_id}/application": lambda w: Request(
        "POST", f"/catalogue/imports/{w.table()}/application"
    ),
    "inbound POST /members": _new_member,
    "inbound POST /accruals": lambda w: Request.json("POST", "/accruals", w._purchase()),
    "inbound POST /accruals/{partner_reference}/release": lambda w: Request(
        "POST", f"/accruals/{w.purchase()}/release"
    ),
    "inbound POST /accruals/{partner_reference}/reversals": lambda w: Request.json(
        "POST", f"/accruals/{w.purchase()}/reversals", {"reversal_reference": f"r-{next(numbers)}", "points": 5}
    ),
    "inbound POST /webhooks/amazon-business/packages": _push,
    "inbound POST /webhooks/amazon-pay": _amazon_pay_notice,
    "inbound POST /webhooks/stripe": _stripe_event,
}

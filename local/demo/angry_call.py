"""`make demo STORY=angry-call`: somebody calls about a broken parcel, and is helped while they are on the telephone.

A cloud of its own. A member has paid for something with points of two ages and with a card; it arrived broken. Support
finds her by the number she calls from, sees one page of everything, gives points back to the lots they came from and
the money to the card, adds goodwill inside the agent's budget; and the audit log says who did and looked at what.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from local import joining, seed
from local.connected import Connected
from local.demo.shopper import POLL_SECONDS, Shopper, Unexpected, new_key
from local.fresh import fresh_cloud
from local.people import Member
from local.plain import PLAIN
from local.processes import Failed

AGENT, READER = "sam@staff.example", "olga@staff.example"
CALLS_FROM = "(206) 555-0177"
MEMBER = Member("CALL-0001", "rita@members.example", "Rita", "member", 400_000, phone="+12065550177")
OLD_POINTS, GOODWILL = 1_000, 300
SECONDS = 120


def main() -> int:
    """0 if the story came to its end."""
    try:
        with fresh_cloud("angry-call", {"release_delay_seconds": "0"}, _say) as cloud:
            Story(cloud).tell()
    except (AssertionError, Failed, RuntimeError, Unexpected, joining.Refused, httpx.HTTPError) as error:
        print(f"STORY FAILED {error}", file=sys.stderr)
        return 1
    return 0


class Story:
    """Tells it step by step. Raises Unexpected where something is not as it should be."""

    def __init__(self, cloud: Connected) -> None:
        self.cloud = cloud

    def tell(self) -> None:
        """All of it."""
        with joining.partner(self.cloud) as inbound:
            inbound.post("/members", json=MEMBER.registration()).raise_for_status()
            for purchase in (_old_purchase(), MEMBER.purchase()):
                inbound.post("/accruals", json=purchase).raise_for_status()
        with closing(joining.join(self.cloud, MEMBER)) as door, joining.staff_signed_in(self.cloud, AGENT) as desk:
            rita = Shopper(MEMBER.number, door)
            before, (redemption_id, money) = self._lots(rita), self._bought(rita)
            spent = self._lots(rita)
            _say(f"before the call: {_told(before)}; with the order {_told(spent)}, and {money / 100:.2f} USD by card")
            began = time.monotonic()
            self._call(desk, redemption_id)
            self._helped(desk, rita, redemption_id, before, money)
            seconds = time.monotonic() - began
        self._log()
        print(f"STORY OK seconds={seconds:.1f} points_back={sum(before.values()) - sum(spent.values())}"
              f" money_back={money / 100:.2f} goodwill={GOODWILL}")  # fmt: skip

    def _bought(self, rita: Shopper) -> tuple[str, int]:
        """A reward for more points than the old lot has, the rest by card; delivered."""
        seed.sync_catalogue(self.cloud)
        shop = self.cloud.simulator("amazon_business")
        for product in httpx.get(f"{shop}/_simulator/products", timeout=10, verify=PLAIN).json()["products"]:
            if product["kind"] != "STANDARD" or product["scenario"] is not None:
                continue
            quote = rita.expect(
                201, rita.door.post("/quotes", json={"lines": [{"asin": product["asin"], "quantity": 1}]})
            )
            if quote["points_full"] > 2 * OLD_POINTS and quote["points_full"] < 20_000:
                break
        else:
            raise Unexpected("no product of the shop costs what the story tells")
        answer = rita.redeem(quote, quote["points_full"] * 3 // 4)
        redemption_id = str(answer["redemption_id"])
        rita.pay(redemption_id, "pay")
        rita.wait(redemption_id, "completed", "shipped", "delivered")
        for step in ("ship", "deliver"):
            for path in (f"/orders/{redemption_id}/{step}", "/notices/send"):
                httpx.post(f"{shop}/_simulator{path}", json={}, timeout=30, verify=PLAIN).raise_for_status()
        self._until("the parcel has arrived", lambda: rita.status(redemption_id)["status"] == "delivered")
        self._until("the money is taken", lambda: rita.status(redemption_id)["payment"]["captured_minor"])
        return redemption_id, int(answer["money_minor"])

    def _call(self, desk: httpx.Client, redemption_id: str) -> None:
        found = _body(desk.get("/members", params={"q": CALLS_FROM}))["members"]
        _require([one["member_number"] for one in found] == [MEMBER.number], f"found by telephone: {found}")
        _say(f'"{CALLS_FROM}" is {found[0]["full_name"]}, {MEMBER.number}')
        page = _body(desk.get(f"/members/{MEMBER.number}/overview"))
        _require(page["redemptions"][0]["redemption_id"] == redemption_id, "the order is on the page")
        _require(len(page["points"]["lots"]) >= 1 and page["messages"], "lots and messages are on the page")
        points, person = page["points"], page["member"]
        _say(f"one page: {person['state']}, level {person['tier']}, {points['available']:,} points in"
             f" {len(points['lots'])} lots, {len(page['redemptions'])} order ({page['redemptions'][0]['status']}),"
             f" {len(page['messages'])} messages, {len(page['cases'])} cases")  # fmt: skip

    def _helped(
        self, desk: httpx.Client, rita: Shopper, redemption_id: str, before: dict[str, int], money: int
    ) -> None:
        order = _body(desk.get(f"/redemptions/{redemption_id}"))
        _require("refund" in order["actions"] and "cancel" not in order["actions"], f"actions {order['actions']}")
        broken = self._case(desk, redemption_id, "damaged", "She says the parcel was crushed.")
        sorry = self._case(desk, redemption_id, "other", "The second broken parcel this year.")
        decided = self._decide(desk, broken, outcome="refund_without_return")
        _require(decided == "decided", f"the refund is {decided}")
        self._until("every point is in its lot again", lambda: self._lots(rita) == before)
        _say(f"points back: {_told(self._lots(rita))}: the lots of before")

        def refunded() -> bool:
            given = rita.status(redemption_id)["given_back"]
            return sum(int(one["money_minor"]) for one in given if one["refund_state"] == "refunded") == money

        self._until("the money is on the card", refunded)
        _say(f"money back: {money / 100:.2f} USD to the card")
        budget = _body(desk.get("/goodwill"))
        _require(budget["given"] + GOODWILL <= budget["monthly_points"], f"the agent's budget {budget}")
        decided = self._decide(desk, sorry, outcome="goodwill_points", points=GOODWILL)
        _require(decided == "decided", f"the goodwill is {decided}")
        left = _body(desk.get("/goodwill"))
        _require(left["given"] == budget["given"] + GOODWILL, f"the agent's budget {left}")
        _require(rita.balance()["available"] == sum(before.values()) + GOODWILL, "goodwill is there")
        _say(f"goodwill: {GOODWILL} points; {left['monthly_points'] - left['given']:,} of the agent's month are left")

    def _case(self, desk: httpx.Client, redemption_id: str, kind: str, said: str) -> str:
        body = {
            "kind": kind,
            "units": {"redemption_id": redemption_id, "line_number": 1, "quantity": 1},
            "text": said,
        }
        answer = desk.post(f"/members/{MEMBER.number}/cases", json=body, headers={"Idempotency-Key": new_key()})
        return str(_body(answer)["case_id"])

    def _decide(self, desk: httpx.Client, case_id: str, **outcome: Any) -> str:
        return str(_body(desk.post(f"/cases/{case_id}/outcome", json=outcome))["state"])

    def _log(self) -> None:
        with joining.staff_signed_in(self.cloud, READER) as reader:
            entries = _body(reader.get("/audit", params={"limit": 50}))["entries"]
        lines = list(reversed(entries))
        actions = [one["action"] for one in lines]
        for wanted in (
            "GET /members",
            "GET /members/{member_number}/overview",
            "POST /members/{member_number}/cases",
            "POST /cases/{case_id}/outcome",
        ):
            _require(wanted in actions, f"the audit log has {wanted}")
        told = str(lines)
        said = [one for one in (CALLS_FROM, "5550177", "crushed", MEMBER.email) if one in told]
        _require(not said, f"the audit log says nothing of the person, and not {said}")
        _say("the audit log:")
        for one in lines:
            _say(
                f"  {one['at'][11:19]}  {one['status']}  {one['action']}  {one['member_number'] or ''} {one['detail']}"
            )

    def _lots(self, rita: Shopper) -> dict[str, int]:
        return {lot["expires_on"]: lot["amount"] for lot in rita.get("/me/lots")["lots"]}

    def _until(self, what: str, look: Callable[[], Any]) -> None:
        deadline = time.monotonic() + SECONDS
        while not look():
            if time.monotonic() > deadline:
                raise Unexpected(f"not within {SECONDS} s: {what}")
            time.sleep(POLL_SECONDS)


def _old_purchase() -> dict[str, Any]:
    """Its points lapse in some months: they are spent first."""
    then = datetime.now(UTC) - timedelta(days=600)
    return {
        **MEMBER.purchase(),
        "partner_reference": "long-ago",
        "spend_minor": OLD_POINTS * 10,
        "occurred_at": f"{then:%Y-%m}-15T12:00:00Z",
    }


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code not in (200, 201):
        said = f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:600]}"
        raise Unexpected(said, answer)
    body: dict[str, Any] = answer.json()
    return body


def _require(held: bool, what: str) -> None:
    if not held:
        raise Unexpected(what)


def _told(lots: dict[str, int]) -> str:
    return ", ".join(f"{amount:,} until {day}" for day, amount in sorted(lots.items())) or "nothing"


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

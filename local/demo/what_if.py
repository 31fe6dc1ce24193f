"""`make demo STORY=what-if`: rewards are to cost a tenth more points. What would that do, before anybody sees it?

A cloud of its own with members of all purses, some of whom have redeemed. The catalogue manager drafts the factor, a
business operator looks ahead: what is owed, what redemptions cost, who can have the twenty favourites, ten members. It
is published and rolled back; and somebody with an open quote keeps the price that was promised all the while.
"""

from __future__ import annotations

import sys
import time
from contextlib import closing
from typing import Any

import httpx

from local import joining, seed
from local.connected import Connected
from local.demo.shopper import POLL_SECONDS, Shopper, Unexpected
from local.fresh import fresh_cloud
from local.people import MEMBERS, Member
from local.processes import Failed

MANAGER, OPERATOR = "cleo@staff.example", "olga@staff.example"
PEOPLE, REDEEMED = 40, 6
# Dollars: from what buys nothing to what buys the whole shelf.
LEAST_MINOR, MOST_MINOR = 2_000, 900_000
MORE_PERCENT = 10
SECONDS = 60


def main() -> int:
    """0 if the story came to its end."""
    try:
        with fresh_cloud("what-if", {"release_delay_seconds": "0"}, _say) as cloud:
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
        self._people()
        with (
            closing(joining.join(self.cloud, MEMBERS[0])) as ada_door,
            closing(joining.join(self.cloud, MEMBERS[1])) as ben_door,
            joining.staff_signed_in(self.cloud, MANAGER) as manager,
            joining.staff_signed_in(self.cloud, OPERATOR) as operator,
        ):
            ada, ben = Shopper(MEMBERS[0].number, ada_door), Shopper(MEMBERS[1].number, ben_door)
            asins = self._redeemed(ada)
            promised = ben.quote(asins[0])
            price = promised["points_full"]
            _say(f"an open quote: {price:,} points, promised to {ben.number}")
            began = time.monotonic()
            revision, base, (factor, dearer) = self._draft(manager)
            found = self._look_ahead(operator, revision)
            seconds = time.monotonic() - began
            _tell(found)
            self._costs(ben, asins[0], factor, "while it is a draft")
            self._kept(ben, promised, "while it is a draft")
            version = _body(operator.post(
                "/programme/draft/publication", json={"revision": revision, "why": "rewards cost a tenth more"}
            ))["version"]  # fmt: skip
            _say(f"published as version {version}")
            self._costs(ben, asins[0], dearer, "after it was published")
            self._kept(ben, promised, "after it was published")
            restored = _body(operator.post(
                f"/programme/versions/{base}/restoration", json={"why": "members would lose too much"}
            ))["version"]  # fmt: skip
            self._costs(ben, asins[0], factor, f"rolled back by version {restored}")
            self._kept(ben, promised, "after it was rolled back")
            answer = ben.redeem(promised, price)
            _require(int(answer["points"]) == price, f"redeemed for {answer['points']}")
            _say(f"{ben.number} redeems the open quote: {price:,} points, as promised")
        owed, owing = found["liability_minor"]
        members = found["members"]
        print(
            f"STORY OK seconds={seconds:.1f} redemptions={found['redemptions']} members={members['active']}"
            f" fewer={members['fewer']} liability={owed / 100:.2f}->{owing / 100:.2f} quote_kept={price}"
        )

    def _people(self) -> None:
        """Members whose balances rise evenly, by the inbound API."""
        step = (MOST_MINOR - LEAST_MINOR) // (PEOPLE - 1)
        with joining.partner(self.cloud) as inbound:
            for number in range(PEOPLE):
                tier = "gold" if number % 8 == 7 else "silver" if number % 4 == 3 else "member"
                one = Member(
                    f"WHAT-{number:04}", f"what-{number}@members.example", "Willa", tier, LEAST_MINOR + step * number
                )
                inbound.post("/members", json=one.registration()).raise_for_status()
                inbound.post("/accruals", json=one.purchase()).raise_for_status()
        _say(f"{PEOPLE} members with up to {MOST_MINOR // 10:,} points")

    def _redeemed(self, ada: Shopper) -> list[str]:
        """Some rewards, wholly or half in points; what else can be had. The first is nobody's yet."""
        seed.sync_catalogue(self.cloud)
        version = ada.get("/catalogue")["programme_version"]
        shelf = ada.get(f"/catalogue/{version}/products?sort=points")["products"]
        asins: list[str] = [one["asin"] for one in shelf if one["kind"] == "STANDARD"]
        done = 0
        for asin in asins[1:]:
            answer = ada.door.post("/quotes", json={"lines": [{"asin": asin, "quantity": 1}]})
            if answer.status_code != 201 or answer.json()["points_full"] > ada.balance()["available"]:
                continue
            quote = answer.json()
            points = quote["points_full"] if done % 2 else quote["points_full"] // 2
            ada.redeem(quote, points)
            done += 1
            if done == REDEEMED:
                break
        _require(done == REDEEMED, f"only {done} rewards were redeemed")
        _say(f"{done} rewards redeemed, every other one half with money")
        return asins

    def _draft(self, manager: httpx.Client) -> tuple[int, int, tuple[int, int]]:
        """The factor and a tenth; the draft's revision, the version it is based on, and both factors."""
        told = _body(manager.get("/programme/draft"))
        value = told["document"]["conversion"]
        factor = value["points_per_major"] * (100 + MORE_PERCENT) // 100
        by_tier = {tier: one * (100 + MORE_PERCENT) // 100 for tier, one in value["by_tier"].items()}
        saved = _body(manager.put(
            "/programme/draft/conversion",
            json={"revision": told["revision"], "value": value | {"points_per_major": factor, "by_tier": by_tier}},
        ))  # fmt: skip
        _say(f"drafted: {value['points_per_major']} points a dollar become {factor}; members see nothing of it")
        return saved["revision"], told["based_on"], (value["points_per_major"], factor)

    def _look_ahead(self, operator: httpx.Client, revision: int) -> dict[str, Any]:
        began = time.monotonic()
        asked = _body(operator.post("/programme/draft/simulations", json={"revision": revision}))
        place = f"/programme/simulations/{asked['simulation_id']}"
        while (seen := _body(operator.get(place)))["state"] in ("waiting", "running"):
            if time.monotonic() - began > SECONDS:
                raise Unexpected(f"the simulation is {seen['state']} after {SECONDS} s")
            time.sleep(POLL_SECONDS)
        _require(seen["state"] == "done" and not seen["stale"], f"the simulation: {seen['state']} {seen['detail']}")
        again = _body(operator.post("/programme/draft/simulations", json={"revision": revision}))
        _require(again["simulation_id"] == asked["simulation_id"], "asked again it is the same one")
        result: dict[str, Any] = seen["result"]
        _say(f"looked ahead in {time.monotonic() - began:.1f} s")
        return result

    def _kept(self, shopper: Shopper, promised: dict[str, Any], when: str) -> None:
        split = shopper.split(promised, promised["points_full"])
        _require((split["points_charged"], split["money_minor"]) == (promised["points_full"], 0), f"{when}: {split}")
        _say(f"{when}: the open quote is still {split['points_charged']:,} points")

    def _costs(self, shopper: Shopper, asin: str, factor: int, when: str) -> None:
        """What a new quote says. Of two units, so that it is not the open one again."""
        (line,) = shopper.quote(asin, 2)["lines"]
        points, price = line["unit_points"], line["unit_price_minor"]
        _require(points == -(-price * factor // 100), f"{when}: {points} points for {price / 100:.2f}")
        _say(f"{when}: a new quote says {points:,} points for {price / 100:.2f}")


def _tell(found: dict[str, Any]) -> None:
    """The result as one reads it."""

    def money(pair: list[int | None]) -> str:
        return " → ".join("–" if one is None else f"{one / 100:,.2f}" for one in pair)

    _say(f"  redemptions {found['redemptions']}, points {found['points'][0]:,} → {found['points'][1]:,}")
    _say(f"  redemption cost {money(found['cost_minor'])}; outstanding {found['outstanding_points']:,} points")
    _say(f"  liability {money(found['liability_minor'])}; they buy {money(found['buys_minor'])}")
    active = found["members"]["active"]
    _say(f"  of {active} members {found['members']['more']} can have more favourites,"
         f" {found['members']['fewer']} fewer")  # fmt: skip
    for one in found["products"]:
        before, after = one["members"]
        _say(f"    {one['title'][:44]:<44} {one['points'][0]:>8,} → {one['points'][1]:>8,}  {before:>3} → {after:>3}")
    for one in found["examples"]:
        _say(f"    {one['member_number']:<12} {one['tier']:<7} {one['available']:>8,} points"
             f"  {one['affordable'][0]:>2} → {one['affordable'][1]:>2} favourites,"
             f" {money(one['worth_minor'])}")  # fmt: skip
    _require(found["redemptions"] >= REDEEMED, f"{found['redemptions']} redemptions were replayed")
    _require(len(found["products"]) == 20 and len(found["examples"]) == 10, "twenty favourites and ten members")
    _require(found["members"]["more"] == 0 < found["members"]["fewer"], f"a dearer shelf: {found['members']}")
    _require(found["liability_minor"][1] < found["liability_minor"][0], "a point costs less when rewards cost more")
    _require(abs(found["cost_minor"][1] - found["cost_minor"][0]) <= found["units"], "the goods cost what they cost")


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code >= 300:
        raise Unexpected(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:300]}")
    body: dict[str, Any] = answer.json()
    return body


def _require(held: bool, what: str) -> None:
    if not held:
        raise Unexpected(f"not as it should be: {what}")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

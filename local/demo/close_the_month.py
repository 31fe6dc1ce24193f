"""`make demo STORY=close-the-month`: a month ends, and every figure of its close is the same wherever one asks.

A cloud of its own, whose clock is turned over two months' ends. Members bring points from before, buy, redeem by points
and by card, return, get and lose points by hand; points lapse, two accounts become one, a purchase comes late. Finance
locks. Then the close as the books tell it is held against the ledger, the warehouse after its night, the journal's
files, the ERP, and the reconciliation with Amazon and the payments; and each figure is opened down to one member's lot.
"""

from __future__ import annotations

import csv
import sys
import time
from calendar import monthrange
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from local import joining, night, seed
from local.clock import Clock
from local.connected import Connected
from local.demo import closed_books
from local.demo.closed_books import FIGURES, Told, body, differences, months
from local.demo.opened_lots import Opened
from local.demo.reconciled import reconcile
from local.demo.settled_with import settled_with
from local.demo.shopper import POLL_SECONDS, Shopper, Unexpected, new_key
from local.fresh import fresh_cloud
from local.people import Member
from local.plain import PLAIN
from local.processes import Failed

FINANCE, SECOND = "fay@staff.example", "finn@staff.example"
SUPPORT, OPERATOR = "sam@staff.example", "otto@staff.example"
VERA = Member("CLOSE-0001", "vera@members.example", "Vera", "member", 0)
WILL = Member("CLOSE-0002", "will@members.example", "Will", "member", 0)
XENIA = Member("CLOSE-0003", "xenia@members.example", "Xenia", "member", 0)
TWIN = Member("CLOSE-0004", "xenia.twin@members.example", "Xenia", "member", 0)
LAPSING_POINTS = 1_240
# Points are good for so many months, to the end of the last one.
GOOD_MONTHS = 24
LOCKED_AT_ONCE_MONTHS = 12
CHEAP_POINTS = 12_000
SECONDS = 240
OUT = Path(__file__).resolve().parents[2] / "build" / "close-the-month"
RATE = {
    "accounting_model": "deferred_revenue", "currency": "USD", "sales_micros": 100_000, "breakage_basis_points": 2_000,
    "cost_micros": 3_000, "curve": [8_000, 7_500, 6_000], "accounts": {"deferred_revenue": closed_books.DEFERRED},
}  # fmt: skip


def main() -> int:
    """0 if all sources tell the same, to the point and the cent, and every figure opens to lots that add up."""
    try:
        with fresh_cloud("close-the-month", {"release_delay_seconds": "0"}, _say) as cloud, ExitStack() as doors:
            return Story(cloud, doors).tell()
    except (Failed, RuntimeError, Unexpected, joining.Refused, night.Stopped, httpx.HTTPError) as error:
        print(f"STORY FAILED {error}", file=sys.stderr)
        return 1


class Story:
    """Three months: one before, the one that is closed, and the first day of the next. Raises Unexpected."""

    def __init__(self, cloud: Connected, doors: ExitStack) -> None:
        self.cloud, self.clock = cloud, Clock(cloud)
        with cloud.query() as connection:
            row = connection.execute("select points.zone(1) as zone").fetchone()
        assert row is not None
        # The programme's days, and so its months, end by its own clock.
        self.zone = ZoneInfo(row["zone"])
        self.finance = doors.enter_context(joining.staff_signed_in(cloud, FINANCE))
        self.second = doors.enter_context(joining.staff_signed_in(cloud, SECOND))
        self.support = doors.enter_context(joining.staff_signed_in(cloud, SUPPORT))
        self.operator = doors.enter_context(joining.staff_signed_in(cloud, OPERATOR))
        self.inbound = doors.enter_context(joining.partner(cloud))
        self.doors = doors
        self.shop = f"{cloud.simulator('amazon_business')}/_simulator"
        self.before = self.clock.now().astimezone(self.zone).date().replace(day=1)
        self.month = _later(self.before, 1)
        self.after = _later(self.before, 2)
        # The oldest points, which lapse with the month before.
        self.oldest = _later(self.before, -GOOD_MONTHS)
        # What Vera redeems, and the order that nobody has paid for when the month ends.
        self.asin = self.held = ""

    def tell(self) -> int:
        """All of it; the exit code."""
        began = time.monotonic()
        vera = self._before()
        self._turned(self.month, f"{self.before:%B} is over")
        self._locked(self.before)
        self._inside(vera)
        self._turned(self.after, f"{self.month:%B} is over")
        self._afterwards(vera)
        self._locked(self.month)
        tables = night.wait(self.cloud, night.begin(self.cloud))
        left = [one["table"] for one in tables if one["status"] not in ("loaded", "nothing new")]
        _require(not left, f"the night left out {left}")
        _say(f"the night: {sum(one['rows'] for one in tables):,} rows into the warehouse")
        return self._compared(time.monotonic() - began)

    # ---- what happens ----------------------------------------------------------------------------------------------

    def _before(self) -> Shopper:
        """Rates, members, points from before, and a redemption that is over when the month begins."""
        httpx.put(
            f"{self.shop}/settings", json={"invoices_by_mail": False}, timeout=10, verify=PLAIN
        ).raise_for_status()
        for since, value, why in ((self.oldest, 5_000, "at first"), (self.before, 5_200, "a point is worth more")):
            rate = {**RATE, "applies_from": f"{since:%Y-%m}", "point_value_micros": value, "note": why}
            version = body(self.finance.post("/finance/rates", json=rate))["version"]
            body(self.second.post(f"/finance/rates/{version}/approval"))
        for member in (VERA, WILL, XENIA, TWIN):
            self.inbound.post("/members", json=member.registration()).raise_for_status()
        self._bought(WILL, "long-ago", LAPSING_POINTS, self._noon(self.oldest, 15))
        self._bought(WILL, "last-month", 3_000, self._noon(_later(self.before, -1), 10))
        self._bought(VERA, "spring", 20_000, self._noon(_later(self.before, -2), 5))
        self._bought(VERA, "autumn", 60_000, self._noon(self.before, 2))
        self._bought(TWIN, "twin", 2_500, self._noon(_later(self.before, -1), 20))
        vera = Shopper(VERA.number, joining.join(self.cloud, VERA))
        self.doors.callback(vera.door.close)
        seed.sync_catalogue(self.cloud)
        self.asin = self._product(vera)
        self._until(
            "the ERP is known", lambda: self._one("select count(*) as n from erp.receiver where program_id = 1")
        )
        self._delivered(vera, self._redeemed(vera, 1, whole=True))
        _say(f"{self.before:%B}: {self._owed():,} points are out; Vera has redeemed once")
        return vera

    def _inside(self, vera: Shopper) -> None:
        """Everything that a month has."""
        # Of the last evening before where the programme is, though the month has begun in UTC; its day is locked.
        self._bought(XENIA, "late", 700, datetime(self.month.year, self.month.month, 1, 1, tzinfo=UTC))
        self._bought(XENIA, "shoes", 5_000, self.clock.now() - timedelta(hours=1))
        self._bought(WILL, "shirt", 1_500, self.clock.now() - timedelta(hours=1))
        body(self.inbound.post("/accruals/shoes/reversals", json={"reversal_reference": "too-small", "points": 900}))
        for number, points, why in ((VERA.number, 300, "goodwill"), (WILL.number, -150, "correction")):
            asked = {"member_number": number, "points": points, "reason_code": why, "note": "close the month"}
            state = body(self.support.post("/adjustments", json=asked, headers=self._key()))["state"]
            _require(state == "applied", f"{points} points by hand are {state}")
        merge = {"duplicate": TWIN.number, "reason": "the same person"}
        asked = body(self.support.post(f"/members/{XENIA.number}/merges", json=merge, headers=self._key()))
        if asked["state"] == "waiting":
            decision = {"decision": "approve"}
            asked = body(self.operator.post(f"/merges/{asked['merge_id']}/approval", json=decision))
        self._until("two accounts are one", lambda: self._lots_of(TWIN) == 0)
        self._delivered(vera, self._redeemed(vera, 2, whole=False))
        cancelled = self._redeemed(vera, 3, whole=True)
        self._at_amazon(cancelled, "cancel", {"units": {"1": 1}})
        self._until("a unit is given back", lambda: vera.status(cancelled)["given_back"])
        self._delivered(vera, cancelled)
        self._until("what lapsed is written off", lambda: self._one(
            "select count(*) as n from points.journal where program_id = 1 and kind = 'expire'"))  # fmt: skip
        # On its way when the month ends: points that are held are still owed.
        self.held = self._ordered(vera, 1, whole=False)
        vera.wait(self.held, "awaiting_payment")
        held = vera.balance()["held"]
        _require(held > 0, "points are held at the month's end")
        _say(f"{self.month:%B}: bought, returned, given, taken, merged, redeemed, cancelled; {held:,} points are held")

    def _afterwards(self, vera: Shopper) -> None:
        """What comes after the end: the order that nobody paid for is given up, and a purchase of the last evening."""
        self.cloud.client("lambda").invoke(
            FunctionName=self.cloud.outputs["SweeperFunctionName"], Payload=b'{"rules": ["abandon_payments"]}'
        )
        vera.wait(self.held, "payment_abandoned", seconds=SECONDS)
        # Half past ten on the last day: of this month, though it is booked in the next, and in New York is that in UTC.
        evening = datetime(self.after.year, self.after.month, 1, tzinfo=self.zone) - timedelta(minutes=90)
        self._bought(WILL, "last-evening", 400, evening)
        self._until("the ledger has sealed the month", lambda: self._sealed() is not None)

    # ---- what is compared ------------------------------------------------------------------------------------------

    def _compared(self, seconds: float) -> int:
        files = closed_books.journal_files(self.finance, self.oldest, self.month)
        self._until("the ERP has every day", lambda: self._posted() >= len(files))
        told = [
            closed_books.books(self.finance, self.month),
            closed_books.ledger(self.cloud, self.month),
            closed_books.warehouse(self.finance, self.month),
            closed_books.journal(files, self.month),
            closed_books.erp(self.cloud, self.month),
        ]
        previous = closed_books.books(self.finance, self.before)
        wrong = differences(told)
        _table(self.month, told)
        for kind in ("points", "money"):
            opened, closed = getattr(told[0], kind)["opening"], getattr(previous, kind)["closing"]
            if opened != closed:
                wrong.append(f"opening: {opened:,} {kind}, and {self.before:%B} closed with {closed:,}")
        wrong += self._sealed_is(told[0])
        wrong += reconcile(self.cloud, _say)
        redeemed = sum(closed_books.books(self.finance, one).points["redeemed"] for one in (self.before, self.month))
        wrong += settled_with(self.cloud, redeemed, _say)
        opened = Opened(self.finance, self.month, told[0])
        opened.open_all()
        keys = opened.in_the_lake(self.cloud)
        wrong += opened.wrong
        opened.tell(VERA.number, _say)
        self._kept(told, files, opened)
        for line in wrong:
            _say(f"  WRONG  {line}")
        lots = {(one["member_number"], one["lot"]) for found in opened.lots.values() for one in found}
        figures = told[0]
        print(
            f"STORY {'FAILED' if wrong else 'OK'} month={self.month:%Y-%m} seconds={seconds:.0f}"
            f" opening={figures.points['opening']} closing={figures.points['closing']}"
            f" deferred={figures.money['closing'] / 100:.2f} sources={len(told) + 2} differences={len(wrong)}"
            f" lots={len(lots)} entries={opened.entries} members_in_lake={keys}"
        )
        return 1 if wrong else 0

    def _sealed_is(self, books: Told) -> list[str]:
        """The ledger seals what was booked by the end; the books count what was bought by then."""
        sealed = self._sealed()
        assert sealed is not None
        end = datetime(self.after.year, self.after.month, 1, tzinfo=self.zone)
        later = self._one(
            "select coalesce(sum(case when dr in (10, 14) then amount else -amount end), 0) as n from points.journal"
            " where program_id = 1 and created_at >= %s and occurred_at < %s"
            " and (dr in (10, 14) or cr in (11, 12, 13, 14))",
            end, end,
        )  # fmt: skip
        _say(f"\n  sealed by the ledger: {sealed:,} points; booked later for {self.month:%B}: {later:,}")
        if sealed + later == books.points["closing"]:
            return []
        return [
            f"closing: the ledger sealed {sealed:,} points and {later:,} came later, not {books.points['closing']:,}"
        ]

    def _kept(self, told: list[Told], files: dict[str, str], opened: Opened) -> None:
        """What finance keeps."""
        OUT.mkdir(parents=True, exist_ok=True)
        name = f"{self.month:%Y-%m}"
        close = OUT / f"close-{name}.csv"
        close.write_text(closed_books.text(self.finance, f"/finance/months/{name}/close.csv"))
        with (OUT / f"sources-{name}.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("source", "unit", *FIGURES))
            for one in told:
                for unit, figures in (("points", one.points), ("cents", one.money)):
                    if figures:
                        writer.writerow((one.source, unit, *(figures.get(figure, "") for figure in FIGURES)))
        for day, file in files.items():
            if day >= self.month.isoformat():
                (OUT / f"journal-{day}.csv").write_text(file)
        opened.write(OUT / f"lots-{name}.csv")
        _say(f"\n  kept: {close} (and sources, lots, the journal's days beside it)")

    # ---- one thing each --------------------------------------------------------------------------------------------

    def _turned(self, to: date, words: str) -> None:
        """The clock goes to the morning of this day."""
        while (now := self.clock.now().astimezone(self.zone)).date() < to:
            ahead = datetime(to.year, to.month, to.day, 3, tzinfo=self.zone) - now
            self.clock.advance(max(1, round(ahead.total_seconds() / 3600)), "hours")
        _say(f"\n— {words}: the clock says {self.clock.now().astimezone(self.zone):%d %B %Y, %H:%M}")

    def _locked(self, month: date) -> None:
        """Finance locks it; long pasts in steps."""
        first = next(iter(months(self.oldest, month))) if month == self.before else month
        for one in [*list(months(first, month))[LOCKED_AT_ONCE_MONTHS::LOCKED_AT_ONCE_MONTHS], month]:
            path = f"/finance/months/{one:%Y-%m}/lock"
            deadline = time.monotonic() + SECONDS
            while (answer := self.finance.post(path)).status_code == 503 and time.monotonic() < deadline:
                time.sleep(2)
            seen = body(answer)
        _say(f"finance has locked {month:%B}: {sum(one['lines'] for one in seen['days'])} lines of the journal")

    def _bought(self, member: Member, reference: str, points: int, at: datetime) -> None:
        """A purchase that is worth so many points."""
        purchase = {
            **member.purchase(),
            "partner_reference": reference,
            "spend_minor": points * 10,
            "occurred_at": at.isoformat(),
        }
        seen = body(self.inbound.post("/accruals", json=purchase))
        _require(seen["points"] == points, f"{reference} gives {seen['points']} points")

    def _noon(self, month: date, day: int) -> datetime:
        return datetime(month.year, month.month, min(day, monthrange(month.year, month.month)[1]), 12, tzinfo=self.zone)

    def _product(self, vera: Shopper) -> str:
        """One that she can have six of."""
        for product in httpx.get(f"{self.shop}/products", timeout=10, verify=PLAIN).json()["products"]:
            if product["kind"] == "STANDARD" and product["scenario"] is None:
                answer = vera.door.post("/quotes", json={"lines": [{"asin": product["asin"], "quantity": 1}]})
                if answer.status_code == 201 and answer.json()["points_full"] < CHEAP_POINTS:
                    return str(product["asin"])
        raise Unexpected("no product of the shop is cheap enough")

    def _ordered(self, vera: Shopper, quantity: int, *, whole: bool) -> str:
        """All of it with points, or half of it."""
        quote = vera.quote(self.asin, quantity)
        points = quote["points_full"] if whole else quote["points_full"] // 2
        return str(vera.redeem(quote, points, key=new_key(self.clock.now()))["redemption_id"])

    def _redeemed(self, vera: Shopper, quantity: int, *, whole: bool) -> str:
        redemption_id = self._ordered(vera, quantity, whole=whole)
        if not whole:
            vera.pay(redemption_id, "pay")
        vera.wait(redemption_id, "completed", "partially_completed", "shipped", "delivered")
        return redemption_id

    def _delivered(self, vera: Shopper, redemption_id: str) -> None:
        """Shipped, at the door, and paid for."""
        for step in ("ship", "deliver"):
            self._at_amazon(redemption_id, step, {})
        self._until("the parcel has arrived", lambda: vera.status(redemption_id)["status"] == "delivered")

        def taken() -> bool:
            payment = vera.status(redemption_id)["payment"]
            return payment is None or payment["captured_minor"] > 0

        self._until("the money is taken", taken)

    def _at_amazon(self, redemption_id: str, step: str, change: dict[str, Any]) -> None:
        for path, sent in ((f"/orders/{redemption_id}/{step}", change), ("/notices/send", {})):
            httpx.post(self.shop + path, json=sent, timeout=30, verify=PLAIN).raise_for_status()

    def _owed(self) -> int:
        return self._one("select coalesce(sum(available + held), 0) as n from points.member where program_id = 1")

    def _lots_of(self, member: Member) -> int:
        return self._one(
            "select p.available + p.held as n from points.member p join members.member m using (program_id, member_id)"
            " where m.program_id = 1 and m.number = %s",
            member.number,
        )

    def _sealed(self) -> int | None:
        closes = closed_books.got(self.finance, "/finance/closes")["closes"]
        found = [one for one in closes if one["month"] == f"{self.month:%Y-%m}" and one["state"] == "closed"]
        return sum(found[0][name] for name in ("available", "held", "pending")) if found else None

    def _posted(self) -> int:
        """Days of the journal that are in the ERP's books."""
        return self._one(
            "select count(*) as n from erp.document where program_id = 1 and kind = 'journal' and state = 'posted'"
        )

    def _one(self, statement: str, *arguments: Any) -> int:
        with self.cloud.query() as connection:
            row = connection.execute(statement.encode(), arguments or None).fetchone()
        assert row is not None
        return int(row["n"])

    def _key(self) -> dict[str, str]:
        return {"Idempotency-Key": new_key(self.clock.now())}

    def _until(self, what: str, look: Callable[[], Any]) -> None:
        deadline = time.monotonic() + SECONDS
        while not look():
            if time.monotonic() > deadline:
                raise Unexpected(f"not within {SECONDS} s: {what}")
            time.sleep(POLL_SECONDS)


def _table(month: date, told: list[Told]) -> None:
    """As finance would put it on one page."""
    _say(f"\n  The close of {month:%B %Y}")
    _say(f"    {'':<22}" + "".join(f"{name:>12}" for name in FIGURES))
    for one in told:
        if one.points:
            _say(f"    {one.source + ', points':<22}" + "".join(f"{one.points[name]:>12,}" for name in FIGURES))
    for one in told:
        if one.money:
            cents = [f"{one.money[name] / 100:,.2f}" if name in one.money else "" for name in FIGURES]
            _say(f"    {one.source + ', USD':<22}" + "".join(f"{value:>12}" for value in cents))
    _say(
        "    in money expired is breakage, which is recognised as it is expected; points earn at their month's own rate"
    )


def _later(month: date, count: int) -> date:
    """The first day of the month so many months later."""
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def _require(held: bool, what: str) -> None:
    if not held:
        raise Unexpected(f"not as it should be: {what}")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The year, day by day: newcomers are registered, the day before's purchases come as the partner's file, households
that used a coupon redeem a reward. All at the hours of that day, by the code that does it every day."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from uuid import UUID

from local.connected import Connected
from local.demo.purchases import PARTNER, member_number, telephone
from local.past import campaign, shelves
from local.past.days import Day, days
from local.past.rewards import LONGEST_WAY, Rewards, shelf
from loyalty.database import Connection
from loyalty.importing import Progress
from loyalty.members.member_file import MemberImport
from loyalty.points import closing
from loyalty.points.accrual_file import AccrualImport
from loyalty.programme import reading
from loyalty.refusal import Refusal
from loyalty.reports import journal, rates
from loyalty.reports.rates import AccountingModel, Proposal

PROGRAM_ID = 1
SEED = 2017
# When the partner's file of the day before comes, by UTC.
FILE_COMES = time(5, 0, tzinfo=UTC)


# What a purchase earns ten points for is a dollar; two hundred points pay one.
POINT_VALUE_MICROS, SALES_MICROS, COST_MICROS, BREAKAGE_BASIS_POINTS = 5_000, 100_000, 4_000, 1_500
CURVE = (8_500, 8_400, 8_300, 8_200, 8_000, 7_800, 7_500, 7_200, 7_000, 6_500, 6_000, 5_000)


@dataclass(slots=True)
class Lived:
    """How far the year is: its last day that was lived, whether that is all, and what there was. Kept in a file after
    each day, so that what was interrupted goes on there. The year ends before `ends_before`."""

    file: Path
    ends_before: date
    day: date | None = None
    whole: bool = False
    households: int = 0
    purchases: int = 0
    rewards: int = 0

    @classmethod
    def read(cls, file: Path, today: date) -> Lived:
        """What the file says; a year that ends today if there is none."""
        if not file.exists():
            return cls(file, today)
        kept = json.loads(file.read_text())
        days = {name: date.fromisoformat(kept[name]) for name in ("ends_before", "day")}
        return cls(file, **{**kept, **days})

    def keep(self) -> None:
        """Write it down."""
        kept = {name: value for name, value in asdict(self).items() if name != "file"}
        growing = self.file.with_suffix(".new")
        growing.write_text(json.dumps(kept, default=date.isoformat))
        growing.replace(self.file)


def live(cloud: Connected, lived: Lived, told: Callable[[Lived], None], *, most: int | None = None) -> None:
    """Live the days that are not lived yet, at most so many; `told` after each. The shelf is filled already."""
    with cloud.database() as connection, _uncounted(cloud):
        rewards = Rewards(
            connection, reading.current(connection, PROGRAM_ID), PROGRAM_ID, shelf(connection, PROGRAM_ID, Random(SEED))
        )
        prices = {product.asin: product.price_minor for product in rewards.products}
        noted, rewards.outages = shelves.of_year(prices, lived.ends_before, SEED)
        if lived.day is None:
            shelves.write(connection, PROGRAM_ID, noted)
        year = _Year(rewards, lived, datetime.combine(lived.ends_before, time(), UTC) - LONGEST_WAY)
        ahead = (day for day in days(lived.ends_before) if lived.day is None or day.day > lived.day)
        for day in islice(ahead, most):
            if lived.day is None:
                _approve_rates(connection, day.day, rewards)
            if day.day == campaign.first_day(lived.ends_before):
                rewards.stand_at(datetime.combine(day.day, time(minute=1), UTC))
                campaign.begin(connection, PROGRAM_ID, lived.ends_before)
                rewards.published = reading.current(connection, PROGRAM_ID)
            year.live(day)
            lived.day = day.day
            lived.keep()
            told(lived)
        lived.whole = most is None
        lived.keep()
    with cloud.database() as connection:
        # As the workers do, but now: the first night is to find the whole year.
        while closing.roll_up(connection) or journal.post(connection) or journal.post_deliveries(connection):
            pass


@contextmanager
def _uncounted(cloud: Connected) -> Iterator[None]:
    """Nothing that is written meanwhile is counted before all of it is there: whoever sums up (roll-up, books, closing
    of months, the lake) reads below the oldest transaction that still runs, and this one does."""
    with cloud.database() as connection, connection.transaction():
        connection.execute("select pg_current_xact_id()")
        yield


def _approve_rates(connection: Connection, first: date, rewards: Rewards) -> None:
    """As two of finance did when the programme began."""
    if rates.versions(connection, PROGRAM_ID):
        return
    rewards.stand_at(datetime.combine(first, time(), UTC))
    document = rewards.published.document
    proposal = Proposal(
        applies_from=first.replace(day=1),
        accounting_model=AccountingModel.DEFERRED_REVENUE,
        currency=document.store.currency,
        point_value_micros=POINT_VALUE_MICROS,
        sales_micros=SALES_MICROS,
        breakage_basis_points=BREAKAGE_BASIS_POINTS,
        cost_micros=COST_MICROS,
        curve=CURVE,
        note="When the programme began",
    )
    version = rates.propose(connection, PROGRAM_ID, proposal, "past:finance-1")
    rates.approve(connection, PROGRAM_ID, version, "past:finance-2")


class _Year:
    def __init__(self, rewards: Rewards, lived: Lived, last_reward: datetime) -> None:
        self._rewards = rewards
        self._connection = rewards.connection
        self._lived = lived
        self._last_reward = last_reward
        self._returning: list[tuple[datetime, UUID]] = []
        self._month: tuple[int, int] | None = None

    def live(self, day: Day) -> None:
        morning = datetime.combine(day.day, FILE_COMES)
        self._stand_at(morning)
        if self._month != (day.day.year, day.day.month):
            # The journal of a month needs its partition before anything is written in it.
            self._connection.execute("call points.ensure_partitions()")
            self._month = (day.day.year, day.day.month)
        with self._connection.transaction():
            self._register(day)
            self._rewards.told()
        redeeming = day.redeem if morning < self._last_reward else ()
        self._redeem(redeeming, morning)
        while self._returning and self._returning[0][0] < morning + timedelta(hours=23):
            at, redemption_id = heapq.heappop(self._returning)
            if at < self._last_reward:
                self._rewards.send_back(redemption_id, at)
        # The day's purchases are sent when it is over.
        self._stand_at(morning + timedelta(hours=24))
        with self._connection.transaction():
            self._lived.purchases += self._book(day.purchases)
            self._rewards.told()

    def _register(self, day: Day) -> None:
        lines = [
            f"{member_number(one)},household{one}@members.example,{telephone(one)},"
            f"{self._rewards.published.document.enrolment.default_tier},US,en"
            for one in day.newcomers
        ]
        file = "\n".join(["number,email,phone,tier,country,language", *lines]).encode()
        imported = MemberImport(self._connection, PROGRAM_ID, self._rewards.published.document, _refused, Progress())
        imported.run([file])
        self._lived.households += imported.progress.records_accepted

    def _book(self, file: bytes) -> int:
        imported = AccrualImport(
            self._connection, PROGRAM_ID, self._rewards.published.document, PARTNER, _refused, Progress()
        )
        imported.run([file])
        return imported.progress.records_accepted

    def _redeem(self, households: tuple[int, ...], morning: datetime) -> None:
        for place, household in enumerate(households):
            random = Random(f"{SEED}/{morning.date()}/{household}")
            at = morning + timedelta(hours=3, seconds=place * 60 + random.randint(0, 59) + 3600 * random.randint(0, 12))
            member = self._connection.execute(
                "select m.member_id, members.default_address(m.program_id, m.member_id) as address_id,"
                " exists (select from redemptions.redemption as r where r.program_id = m.program_id"
                " and r.member_id = m.member_id and r.created_at between %s and %s) as done"
                " from members.member as m where m.program_id = %s and m.number = %s",
                (morning, morning + timedelta(hours=23), PROGRAM_ID, member_number(household)),
            ).fetchone()
            if member is None or member["done"]:
                continue
            if member["address_id"] is None:
                self._address(member["member_id"], household)
            try:
                redeemed = self._rewards.redeem(member["member_id"], at, random)
            except Refusal:
                # More than may be spent in a day, for instance: as the portal would say.
                continue
            if redeemed:
                self._lived.rewards += 1
            if redeemed and redeemed.comes_back_at:
                heapq.heappush(self._returning, (redeemed.comes_back_at, redeemed.redemption_id))

    def _address(self, member_id: int, household: int) -> None:
        self._connection.execute(
            "select members.add_address(%s, %s, %s, %s, %s, null, null, 'Seattle', 'WA', '98109', 'US', false, false,"
            " true, 50)",
            (PROGRAM_ID, member_id, f"Household {household}", telephone(household), f"{household} Example Ave"),
        )

    def _stand_at(self, at: datetime) -> None:
        self._rewards.stand_at(at)


def _refused(line: int, subject: str, reason: str, /) -> None:
    raise RuntimeError(f"line {line} of a file of the past is refused: {reason}")

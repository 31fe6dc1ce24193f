"""Campaign budgets: to the last point, never above, whoever comes at once, whatever breaks in between."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from loyalty.currencies import MINOR_DIGITS
from loyalty.points import bonuses, ledger
from loyalty.points.bonuses import Bonus, Units
from loyalty.points.ledger import Accrual, DebtPolicy, Outcome, Reversal, Status
from loyalty.programme import earning
from tests.conftest import TestDatabase
from tests.domain.points.conftest import Book

COST = 4000
CENT = 10_000
CODES = itertools.count(1)
# What counts towards a level is the levels' own tests' affair.
NO_UNITS = Units(0, 0)


class Campaigns(Book):
    """A ledger with campaigns, each with a budget of its own."""

    def open(self, budget_minor: int, *, code: str | None = None, **facts: Any) -> str:
        """A budget as publishing would set it; returns the campaign's code."""
        code = code or f"campaign-{next(CODES)}"
        campaign = {"code": code, "funder": "brand", "budget_minor": budget_minor, "member_cap_points": None} | facts
        document = {"store": {"currency": "USD"}, "campaigns": [campaign]}
        self.connection.execute("select points.set_budgets(1, %s)", (Jsonb(document),))
        return code

    def buy(
        self, member_id: int, points: int, wanted: dict[str, int], *, reference: str | None = None,
        unit_cost_micros: int = COST, **facts: Any,
    ) -> tuple[Outcome, tuple[Bonus, ...]]:  # fmt: skip
        op_id = self.new_id()
        accrual = Accrual(
            member_id=member_id, op_id=op_id, amount=points, expires_on=None, occurred_at=self.now(), partner="shop",
            partner_reference=reference or str(op_id), funder="shop", unit_cost_micros=unit_cost_micros,
            request_hash=b"\x01", **facts,
        )  # fmt: skip
        return bonuses.accrue(self.connection, 1, accrual, wanted, NO_UNITS, "test")

    def give_back(self, reference: str, points: int, by: str = "r1") -> tuple[Outcome, tuple[Bonus, ...]]:
        reversal = Reversal(self.new_id(), "shop", reference, by, points, DebtPolicy.DEBT)
        return bonuses.reverse(self.connection, 1, reversal, "test")

    def reserve(self, code: str, member_id: int, minor: int, points: int = 1, minutes: float = 15) -> tuple[str, UUID]:
        quote = self.new_id()
        status = self.value(
            "select points.reserve_discount(1, %s, %s, %s, %s, %s, clock.now() + %s * interval '1 minute')",
            code, quote, member_id, minor * CENT, points, minutes,
        )  # fmt: skip
        return str(status), quote

    def spend(self, code: str, quote: UUID, minor: int, points: int = 1) -> str:
        return str(self.value("select points.spend_reserved(1, %s, %s, %s, %s)", code, quote, minor * CENT, points))

    def keep(self, code: str, quote: UUID, minor: int, points: int = 0) -> None:
        self.connection.execute("select points.keep_spent(1, %s, %s, %s, %s)", (code, quote, minor * CENT, points))

    def budget(self, code: str) -> dict[str, Any]:
        row = self.connection.execute("select * from points.budgets(1) where campaign = %s", (code,)).fetchone()
        assert row is not None
        return row

    def money(self, code: str) -> tuple[int, int, int]:
        """(spent, reserved, left) in minor units."""
        row = self.budget(code)
        return row["spent_minor"], row["reserved_minor"], row["left_minor"]

    def left_micros(self, code: str) -> int:
        return int(self.value("select points.free_micros(1, %s)", code))

    def broken(self) -> list[dict[str, Any]]:
        views = "select * from points.budget_invariants union all select * from points.invariants"
        return self.connection.execute(f"select * from ({views}) v where violations > 0".encode()).fetchall()


@pytest.fixture
def book(database: TestDatabase) -> Iterator[Campaigns]:
    with database.owner() as connection:
        made = Campaigns(connection)
        yield made
        assert made.broken() == []


# ---- bonuses -------------------------------------------------------------------------------------------------------


def test_a_bonus_is_paid_beside_the_purchases_own_points_and_costs_exactly_its_points(book: Campaigns) -> None:
    code, member = book.open(100_00), book.member()
    outcome, paid = book.buy(member, 100, {code: 50})
    assert (outcome.status, outcome.amount, paid) == (Status.OK, 100, (Bonus(code, 50, 50),))
    assert book.row(member)["available"] == 150
    assert book.left_micros(code) == 100_00 * CENT - 50 * COST


def test_own_points_and_bonus_are_accruals_of_two_funders_and_only_the_bonus_names_the_campaign(
    book: Campaigns,
) -> None:
    code, member = book.open(100_00), book.member()
    book.buy(member, 100, {code: 50}, reference=f"basket-{code}")
    rows = book.connection.execute(
        "select partner, partner_reference, amount, funder, campaign, unit_cost_micros as cost from points.accrual"
        " where member_id = %s order by campaign nulls first",
        (member,),
    ).fetchall()
    own, bonus = rows
    assert (own["partner"], own["funder"], own["campaign"], own["amount"]) == ("shop", "shop", None, 100)
    assert (bonus["partner"], bonus["partner_reference"]) == (f"campaign:{code}", f"shop/basket-{code}")
    assert (bonus["funder"], bonus["campaign"], bonus["amount"], bonus["cost"]) == ("brand", code, 50, COST)


def test_a_purchase_that_crosses_the_limit_gets_its_own_points_and_what_is_left_of_the_bonus(book: Campaigns) -> None:
    code, member = book.open(1_00), book.member()  # 250 points
    assert book.buy(member, 10, {code: 240})[1] == (Bonus(code, 240, 240),)
    outcome, paid = book.buy(member, 10, {code: 20})
    assert (outcome.status, outcome.amount, paid) == (Status.OK, 10, (Bonus(code, 20, 10),))
    assert book.buy(member, 10, {code: 20})[1] == (Bonus(code, 20, 0),)
    assert book.row(member)["available"] == 30 + 250
    assert book.left_micros(code) == 0
    assert book.budget(code)["exhausted"]


def test_a_price_that_does_not_divide_the_budget_leaves_less_than_one_point(book: Campaigns) -> None:
    code, member = book.open(1_00), book.member()
    assert book.buy(member, 1, {code: 10_000}, unit_cost_micros=3_333)[1] == (Bonus(code, 10_000, 300),)
    assert book.left_micros(code) == 100 * CENT - 300 * 3_333 == 100


def test_the_same_purchase_again_is_told_what_was_paid_then_whatever_campaigns_there_are_now(book: Campaigns) -> None:
    code, other, member = book.open(1_00), book.open(1_00), book.member()
    first = book.buy(member, 10, {code: 300}, reference="again")
    for wanted in ({code: 300}, {}, {other: 5}):
        outcome, paid = book.buy(member, 10, wanted, reference="again")
        assert (outcome.status, outcome.amount, paid) == (Status.REPLAY, 10, first[1])
    assert book.row(member)["available"] == 10 + 250


def test_of_several_campaigns_each_pays_its_own(book: Campaigns) -> None:
    poor, rich, member = book.open(4), book.open(100_00), book.member()
    _, paid = book.buy(member, 10, {rich: 30, poor: 30})
    assert set(paid) == {Bonus(poor, 30, 10), Bonus(rich, 30, 30)}


def test_no_more_than_the_members_cap(book: Campaigns) -> None:
    code = book.open(100_00, member_cap_points=70)
    member, other = book.member(), book.member()
    assert book.buy(member, 10, {code: 50}, reference="capped")[1][0].points == 50
    assert book.buy(member, 10, {code: 50})[1][0].points == 20
    assert book.buy(member, 10, {code: 50})[1][0].points == 0
    assert book.buy(other, 10, {code: 50})[1][0].points == 50
    book.give_back("capped", 10)
    assert book.buy(member, 10, {code: 90})[1][0].points == 50, "what came back may be earned again"


def test_points_that_cost_nothing_need_no_money_and_a_campaign_without_a_budget_pays_nothing(book: Campaigns) -> None:
    code, member = book.open(0), book.member()
    assert book.buy(member, 10, {code: 5}, unit_cost_micros=0)[1] == (Bonus(code, 5, 5),)
    assert book.buy(member, 10, {code: 5})[1] == (Bonus(code, 5, 0),)
    assert book.buy(member, 10, {"nobody's": 5})[1] == (Bonus("nobody's", 5, 0),)


def test_a_refused_purchase_takes_no_money(book: Campaigns) -> None:
    code, member = book.open(1_00), book.member()
    assert book.buy(member, 0, {code: 5})[0].status is Status.INVALID
    assert book.buy(10**12, 10, {code: 5})[0].status is Status.UNKNOWN_MEMBER
    assert book.left_micros(code) == 100 * CENT


def test_a_bonus_that_no_account_could_hold_is_not_paid_and_its_money_stays(book: Campaigns) -> None:
    code, member = book.open(10**12), book.member()
    most = ledger.MAXIMUM_POINTS
    assert book.buy(member, most - 10, {code: 20}, unit_cost_micros=1)[1] == (Bonus(code, 20, 0),)
    assert book.left_micros(code) == 10**12 * CENT


# ---- returns -------------------------------------------------------------------------------------------------------


def test_a_return_takes_the_bonus_in_proportion_and_its_money_is_left_again(book: Campaigns) -> None:
    code, member = book.open(1_00), book.member()
    book.buy(member, 100, {code: 50}, reference="half")
    outcome, taken = book.give_back("half", 50)
    assert (outcome.amount, taken) == (50, (Bonus(code, 25, 25),))
    assert book.give_back("half", 50)[1] == taken, "said twice"
    assert book.left_micros(code) == 100 * CENT - 25 * COST
    assert book.give_back("half", 51, "too much")[0].status is Status.OVER_ACCRUAL
    assert book.give_back("half", 50, "r2")[1] == (Bonus(code, 25, 25),)
    assert (book.left_micros(code), book.row(member)["available"]) == (100 * CENT, 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    points=st.integers(1, 400), asked=st.integers(1, 400), budget=st.integers(0, 120),
    cuts=st.lists(st.integers(1, 400), max_size=6),
)  # fmt: skip
def test_over_any_parts_a_bonus_comes_back_like_the_purchase_and_the_last_point_takes_the_rest(
    book: Campaigns, points: int, asked: int, budget: int, cuts: list[int]
) -> None:
    code, member = book.open(budget), book.member()
    reference = f"parts-{code}"
    _, (paid,) = book.buy(member, points, {code: asked}, reference=reference)
    assert paid.points == min(asked, budget * CENT // COST)
    back = taken = 0
    for number, cut in enumerate([*cuts, points]):
        part = min(cut, points - back)
        if part == 0:
            break
        back += part
        _, told = book.give_back(reference, part, f"r{number}")
        taken += sum(one.points for one in told)
        assert taken == paid.points * back // points
        assert book.left_micros(code) == budget * CENT - (paid.points - taken) * COST
    assert back < points or (taken == paid.points and book.row(member)["available"] == 0)


def test_what_waits_of_a_bonus_is_released_with_its_purchase(book: Campaigns) -> None:
    code, member = book.open(1_00), book.member()
    book.buy(member, 100, {code: 50}, reference="waits", pending_until=book.now().replace(year=2099))
    assert book.row(member)["pending"] == 150
    for _ in range(2):
        outcome, released = bonuses.release(book.connection, 1, book.new_id(), "shop", "waits", "test")
        assert (outcome.amount, released) == (100, (Bonus(code, 50, 50),))
    assert (book.row(member)["pending"], book.row(member)["available"]) == (0, 150)


# ---- files ---------------------------------------------------------------------------------------------------------


def many(book: Campaigns, *rows: tuple[int, int, dict[str, int]], prefix: str = "") -> list[tuple[Status, int]]:
    prefix = prefix or str(book.new_id())
    accruals = [
        Accrual(
            member_id=member, op_id=book.new_id(), amount=points, expires_on=None, occurred_at=book.now(),
            partner="shop", partner_reference=f"{prefix}-{number}", funder="shop", unit_cost_micros=COST,
            request_hash=b"\x01",
        )
        for number, (member, points, _) in enumerate(rows)
    ]  # fmt: skip
    wanted, units = [wanted for _, _, wanted in rows], [NO_UNITS] * len(rows)
    answers = bonuses.accrue_many(book.connection, 1, "shop", "shop", COST, "importer", accruals, wanted, units)
    return [(status, bonus) for status, bonus, _ in answers]


def test_a_files_rows_share_what_is_left_in_their_order(book: Campaigns) -> None:
    code, jane, joe = book.open(1_00), book.member(), book.member()  # 250 points
    rows = [
        (jane, 10, {code: 100}),
        (joe, 10, {}),
        (joe, 10, {code: 100}),
        (jane, 10, {code: 100}),
        (joe, 5, {code: 9}),
    ]
    answers = many(book, *rows, prefix=code)
    assert answers == [(Status.OK, 100), (Status.OK, 0), (Status.OK, 100), (Status.OK, 50), (Status.OK, 0)]
    assert (book.row(jane)["available"], book.row(joe)["available"]) == (20 + 150, 25 + 100)
    assert book.left_micros(code) == 0
    assert {status for status, _ in many(book, *rows, prefix=code)} == {Status.REPLAY}
    assert book.row(jane)["available"] == 170


def test_a_files_rows_of_one_member_share_the_cap(book: Campaigns) -> None:
    code = book.open(100_00, member_cap_points=120)
    jane, joe = book.member(), book.member()
    book.buy(jane, 10, {code: 30})
    answers = many(book, (jane, 1, {code: 50}), (joe, 1, {code: 50}), (jane, 1, {code: 50}), (jane, 1, {code: 50}))
    assert [bonus for _, bonus in answers] == [50, 50, 40, 0]


def test_a_row_of_a_file_that_is_refused_takes_no_money(book: Campaigns) -> None:
    code, other, member = book.open(1_00), book.open(1_00), book.member()
    answers = many(book, (10**12, 10, {code: 100}), (member, 10, {code: 100, other: 10}), (member, 0, {code: 100}))
    assert answers == [(Status.UNKNOWN_MEMBER, 0), (Status.OK, 110), (Status.INVALID, 0)]
    assert book.left_micros(code) == 100 * CENT - 100 * COST


def test_a_row_of_a_file_and_the_same_purchase_alone_are_one(book: Campaigns) -> None:
    code, member = book.open(1_00), book.member()
    many(book, (member, 10, {code: 7}), prefix=f"one-{code}")
    outcome, paid = book.buy(member, 10, {code: 7}, reference=f"one-{code}-0")
    assert (outcome.status, paid) == (Status.REPLAY, (Bonus(code, 7, 7),))


# ---- discounts -----------------------------------------------------------------------------------------------------


def test_a_reservation_becomes_a_spend_and_what_was_not_needed_is_left(book: Campaigns) -> None:
    code, member = book.open(10_00), book.member()
    status, quote = book.reserve(code, member, 7_00, points=20)
    assert (status, book.money(code)) == ("ok", (0, 7_00, 3_00))
    assert book.spend(code, quote, 5_00, points=15) == "ok"
    assert book.money(code) == (5_00, 0, 5_00)
    assert book.spend(code, quote, 5_00) == "lapsed", "once"
    for _ in range(2):
        book.keep(code, quote, 2_00, points=6)
        assert book.money(code) == (2_00, 0, 8_00)


def test_a_discount_is_reserved_whole_or_not_at_all(book: Campaigns) -> None:
    code, member = book.open(10_00), book.member()
    assert book.reserve(code, member, 10_01)[0] == "exhausted"
    assert book.reserve(code, member, 6_00)[0] == "ok"
    assert book.reserve(code, member, 4_01)[0] == "exhausted"
    assert book.reserve(code, member, 4_00)[0] == "ok"
    assert book.money(code) == (0, 10_00, 0)


def test_a_reservation_whose_time_is_over_helps_whoever_needs_it_and_cannot_be_spent(book: Campaigns) -> None:
    code, member, other = book.open(10_00), book.member(), book.member()
    _, old = book.reserve(code, member, 9_00, minutes=-1)
    assert book.money(code) == (0, 0, 10_00), "nobody is promised anything"
    assert book.reserve(code, other, 10_00)[0] == "ok"
    assert book.spend(code, old, 9_00) == "lapsed"
    assert book.money(code) == (0, 10_00, 0)


def test_the_sweeper_brings_back_what_nobody_needed(book: Campaigns) -> None:
    codes = [book.open(100_00) for _ in range(3)]
    for code in codes:
        for _ in range(5):
            assert book.reserve(code, book.member(), 2_00, minutes=-1)[0] == "ok"
        assert book.reserve(code, book.member(), 2_00)[0] == "ok"
    lapsed = 0
    while done := int(book.value("select points.lapse_reservations(4)")):
        lapsed += done
    assert lapsed >= 15
    for code in codes:
        reserved = book.value("select sum(reserved_micros) from points.budget_slice where campaign = %s", code)
        assert reserved == 2_00 * CENT


def test_no_member_keeps_the_others_out_by_asking(book: Campaigns) -> None:
    code, member = book.open(100_00), book.member()
    statuses = [book.reserve(code, member, 1)[0] for _ in range(11)]
    assert statuses == ["ok"] * 10 + ["open_quotes"]
    assert book.reserve(code, book.member(), 1)[0] == "ok"


def test_a_members_cap_counts_points_saved_as_long_as_they_are(book: Campaigns) -> None:
    code, member = book.open(100_00, member_cap_points=100), book.member()
    _, quote = book.reserve(code, member, 1_00, points=70)
    assert book.reserve(code, member, 1_00, points=40)[0] == "capped"
    book.spend(code, quote, 1_00, points=50)
    assert book.reserve(code, member, 1_00, points=40)[0] == "ok"


# ---- what the document says ----------------------------------------------------------------------------------------


def test_a_budget_may_be_raised_and_lowered_to_what_is_spent_or_promised(book: Campaigns) -> None:
    code, member = book.open(10_00), book.member()
    _, quote = book.reserve(code, member, 4_00)
    book.spend(code, quote, 3_00)
    book.reserve(code, member, 2_00)
    for budget in (20_00, 1_000_000_00, 6_00, 5_00):
        book.open(budget, code=code)
        assert book.money(code) == (3_00, 2_00, budget - 5_00)
        assert book.broken() == []
    with pytest.raises(psycopg.Error) as refused:
        book.open(4_99, code=code)
    assert refused.value.sqlstate == "PB001"
    assert '"campaigns.0.budget_minor"' in (refused.value.diag.message_detail or "")
    assert "500 is spent or promised" in (refused.value.diag.message_primary or "")


def test_whoever_paid_stays_the_funder(book: Campaigns) -> None:
    code, member = book.open(10_00), book.member()
    book.open(10_00, code=code, funder="another")
    assert book.budget(code)["funder"] == "another"
    book.buy(member, 10, {code: 5})
    with pytest.raises(psycopg.Error) as refused:
        book.open(10_00, code=code, funder="brand")
    assert '"campaigns.0.funder"' in (refused.value.diag.message_detail or "")


def test_a_spent_budget_that_is_raised_pays_again(book: Campaigns) -> None:
    code, member = book.open(4), book.member()
    assert book.buy(member, 10, {code: 50})[1][0].points == 10
    assert book.budget(code)["exhausted"]
    book.open(8, code=code)
    assert not book.budget(code)["exhausted"]
    assert book.buy(member, 10, {code: 50})[1][0].points == 10


@pytest.mark.parametrize("currency", ["USD", "EUR", "GBP", *MINOR_DIGITS])
def test_the_ledger_and_the_programme_agree_on_the_smallest_unit(book: Campaigns, currency: str) -> None:
    assert book.value("select points.minor_micros(%s)", currency) * earning.minor_per_major(currency) == 10**6


def test_every_price_and_budget_that_a_document_allows_can_be_counted(book: Campaigns) -> None:
    code = book.open(10**12, code="largest", funder="brand")
    member = book.member()
    assert book.buy(member, 1, {code: ledger.MAXIMUM_POINTS - 2}, unit_cost_micros=10**9)[1][0].points == 10**7
    assert book.left_micros(code) == 0


# ---- many at once --------------------------------------------------------------------------------------------------


def crowd(database: TestDatabase, work: list[Any], threads: int = 16) -> list[Any]:
    """Do each piece of work by one of so many connections; any error fails the test."""
    pieces = iter(work)

    def client(_: int) -> list[Any]:
        with database.owner() as connection:
            book = Campaigns(connection)
            return [piece(book) for piece in pieces_of()]

    def pieces_of() -> Iterator[Any]:
        while True:
            try:
                yield next(pieces)
            except StopIteration:
                return

    with ThreadPoolExecutor(threads) as pool:
        return [answer for answers in pool.map(client, range(threads)) for answer in answers]


@pytest.mark.large
def test_sixteen_clients_spend_a_budget_to_the_last_point_and_never_above(
    book: Campaigns, database: TestDatabase
) -> None:
    code = book.open(8_00)  # 2,000 points
    members = [book.member() for _ in range(40)]
    dice = random.Random(7)
    work = [
        lambda client, member=member, wanted=wanted: client.buy(member, 1, {code: wanted})
        for member, wanted in [(dice.choice(members), dice.randint(1, 15)) for _ in range(400)]
    ]
    paid = [bonus.points for _, bonuses_ in crowd(database, work) for bonus in bonuses_]
    assert sum(paid) == 2_000
    assert book.left_micros(code) == 0
    assert sum(book.row(member)["available"] for member in members) == 400 + 2_000


def test_discounts_at_once_are_refused_only_when_the_sum_is_short(book: Campaigns, database: TestDatabase) -> None:
    code = book.open(10_00)
    members = [book.member() for _ in range(64)]
    # 130 of 7 cents are 9.10; what is left after the last is 1 to 6 cents, in however many slices.
    work = [lambda client, member=member: client.reserve(code, member, 7)[0] for member in members * 3]
    statuses = crowd(database, work)
    assert statuses.count("ok") == 1000 // 7
    assert book.money(code) == (0, 1000 // 7 * 7, 1000 % 7)


@pytest.mark.large
def test_everything_at_once_neither_loses_money_nor_waits_for_ever(book: Campaigns, database: TestDatabase) -> None:
    codes = [book.open(3_00), book.open(2_00)]
    members = [book.member() for _ in range(12)]
    dice = random.Random(11)

    def purchase(client: Campaigns) -> None:
        wanted = {code: dice.randint(1, 30) for code in dice.sample(codes, dice.randint(1, 2))}
        reference = str(client.new_id())
        if client.buy(dice.choice(members), 20, wanted, reference=reference)[0].done and dice.random() < 0.5:
            client.give_back(reference, dice.randint(1, 20))

    def quote(client: Campaigns) -> None:
        code = dice.choice(codes)
        status, op = client.reserve(code, dice.choice(members), dice.randint(1, 20), minutes=dice.choice([-1, 15]))
        if status == "ok" and dice.random() < 0.7 and client.spend(code, op, 1) == "ok" and dice.random() < 0.5:
            client.keep(code, op, 0)

    def file(client: Campaigns) -> None:
        rows = [(dice.choice(members), 5, {dice.choice(codes): dice.randint(1, 9)}) for _ in range(6)]
        many(client, *rows)

    def sweep(client: Campaigns) -> None:
        client.value("select points.lapse_reservations(3)")

    def publish(client: Campaigns) -> None:
        try:
            client.open(dice.randint(1_50, 4_00), code=dice.choice(codes))
        except psycopg.Error as error:
            if error.sqlstate != "PB001":
                raise

    crowd(database, dice.choices([purchase, quote, file, sweep, publish], [8, 8, 2, 2, 1], k=300))
    assert book.broken() == []


def test_who_is_killed_in_between_has_done_all_of_it_or_nothing(book: Campaigns, database: TestDatabase) -> None:
    code = book.open(6_00)
    members = [book.member() for _ in range(16)]
    dice = random.Random(3)

    def purchase(client: Campaigns) -> int:
        try:
            return client.buy(dice.choice(members), 1, {code: dice.randint(1, 12)})[1][0].points
        except psycopg.OperationalError:
            client.connection = database.owner()
            return 0

    def kill(client: Campaigns) -> int:
        try:
            client.value(
                "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where datname ="
                " current_database() and query like '%%accrue_purchase%%' and pid <> pg_backend_pid() limit 2) v"
            )
        except psycopg.OperationalError:
            client.connection = database.owner()
        return 0

    crowd(database, dice.choices([purchase, kill], [9, 1], k=400))
    paid = book.value("select coalesce(sum(paid_points), 0) from points.budget_use where campaign = %s", code)
    assert book.left_micros(code) == 6_00 * CENT - paid * COST >= 0
    rest = book.buy(members[0], 1, {code: 2_000})[1][0].points
    assert (paid + rest, book.left_micros(code)) == (1_500, 0), "nothing is stranded"
    assert book.broken() == []

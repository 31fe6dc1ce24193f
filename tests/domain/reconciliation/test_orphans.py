"""What is seen at Amazon or a provider and no redemption knows is listed; its ticket closes when it is found."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from loyalty.orders.amazon_business import reconciling
from loyalty.reconciliation import reading, running
from loyalty.reconciliation.running import Patience
from tests.domain.reconciliation.books import LAMP, Books, unknown_charge


def test_a_transaction_of_an_order_that_nobody_knows(world: Books) -> None:
    name = world.billing.bill("114-0000000-0000001", "B0STRANGE0", 1, 9900, number=f"LOY-{world.new_key()}")
    world.reconcile()
    (orphan,) = world.orphans().values()
    assert (orphan["source"], orphan["kind"], orphan["amount_minor"], orphan["currency"]) == (
        "amazon", "transaction", 9900, "USD",
    )  # fmt: skip
    assert name in orphan["reference"]
    assert world.cases(f"amazon CHARGE {name}") == 1
    world.next_day()
    world.reconcile()
    assert world.cases(f"amazon CHARGE {name}") == 1


def test_an_order_that_is_recorded_late_finds_its_transaction(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    order = world.order_id(redemption_id)
    world.owner.execute("update orders.order_part set amazon_order_id = 'later' where amazon_order_id = %s", (order,))
    world.numbered("LOY-")
    name = world.billing.bill(order, LAMP.asin, 1, LAMP.unit_price_minor, number="LOY-1")
    world.reconcile()
    assert world.cases(f"amazon CHARGE {name}") == 1
    world.owner.execute("update orders.order_part set amazon_order_id = %s where amazon_order_id = 'later'", (order,))
    world.shipped(redemption_id)
    world.next_day()
    world.bill(redemption_id, LAMP, name="T-other", quantity=0, principal_minor=0)
    world.reconcile()
    assert world.cases(f"amazon CHARGE {name}") == 0
    assert world.verdict(redemption_id) == "matched"


def test_an_order_is_known_by_our_number_too(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.billing.bill("114-other", LAMP.asin, 1, 4500, number=f"LOY-{redemption_id}")
    world.reconcile()
    assert (world.verdict(redemption_id), world.orphans()) == ("matched", {})


def test_what_the_items_leave_of_a_transaction_is_not_lost(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.bill(redemption_id, LAMP, amount_minor=5000)
    world.reconcile()
    assert (world.verdict(redemption_id), world.differences(redemption_id)) == ("ticket", {"amazon_other": 500})


def test_an_entry_that_cannot_be_read_is_kept_for_a_person(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    for broken in ({"transactionType": "CHARGE"}, {"transactionId": "x", "amount": {"amount": "NaN"}}, "nonsense"):
        world.billing.documents.append(broken)  # type: ignore[arg-type]
    world.reconcile()
    assert [one["kind"] for one in world.orphans().values()] == ["unreadable"] * 3
    assert world.verdict(redemption_id) == "matched"


def test_a_charge_that_no_payment_knows(world: Books) -> None:
    stray = unknown_charge(uuid4(), 2500, captured=2500)
    world.cashier.unknown += [stray, unknown_charge(None, 700)]
    world.reconcile()
    found = world.orphans()
    assert sorted(one["amount_minor"] for one in found.values()) == [700, 2500]
    assert found[stray.charge_id]["detail"]["captured_minor"] == 2500
    world.cashier.unknown.clear()
    world.cashier.unknown.append(unknown_charge(None, 0))
    world.next_day()
    world.reconcile()


def test_a_charge_of_ours_in_the_providers_list_is_none(world: Books) -> None:
    redemption_id = world.delivered(LAMP, points=4000)
    world.cashier.unknown.append(world.cashier.charge(f"ch-{redemption_id}"))
    world.reconcile()
    assert world.orphans() == {}


def test_a_notice_of_an_unknown_charge_is_asked_about_where_nothing_is_listed(world: Books) -> None:
    world.cashier.lists = False
    stray = unknown_charge(uuid4(), 1200)
    world.owner.execute(
        "select payments.take_notice('amazon_pay', 'n1', 'CHARGE', %s, '{}', false)", (stray.charge_id,)
    )
    world.cashier.named_charge = lambda charge_id: stray  # type: ignore[method-assign]
    world.reconcile()
    assert list(world.orphans()) == [stray.charge_id]


def test_what_others_of_the_company_buy_is_counted_and_no_ticket(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    for number in ("", "IT-7", "office"):
        world.billing.bill(f"114-{number}", "B0PAPER000", 1, 1200, number=number)
    world.billing.bill("114-9", "B0PAPER000", 1, 200, kind="REFUND", number="IT-7")
    # A shipping fee beside the items belongs to whoever has bought them.
    world.billing.bill("114-10", "B0PAPER000", 1, 1000, number="IT-8", amount_minor=1500)
    fed = date(2026, 11, 21)
    world.reconcile(fed)
    assert (world.verdict(redemption_id), world.orphans()) == ("matched", {})
    with world.connection("manager_api") as manager_api:
        told = reading.report(manager_api, 1, fed)
    assert told is not None
    assert told["others"] == [{"currency": "USD", "transactions": 5, "amount_minor": 3 * 1200 - 200 + 1500}]
    waiting = "select count(*) as n from casework.case where kind = 'reconciliation'"
    assert world.owner.execute(waiting).fetchone() == {"n": 0}


def test_a_ticket_about_what_others_bought_closes_when_it_is_seen_not_to_be_ours(world: Books) -> None:
    world.numbered("LOY-")
    name = world.billing.bill("114-1", "B0PAPER000", 1, 1200, number="LOY-9")
    world.reconcile()
    assert world.cases(f"amazon CHARGE {name}") == 1
    world.numbered("")
    world.next_day()
    world.reconcile()
    assert world.cases(f"amazon CHARGE {name}") == 0


def test_an_unnamed_charge_is_one_programmes_ticket_whoever_sees_it(world: Books) -> None:
    stray = unknown_charge(None, 700)
    world.cashier.unknown.append(stray)
    for program_id in (2, 1):
        running.run(
            world.reconciliation, world.parties(), program_id, world.today(), Patience(lambda: 1.0, lambda _: None)
        )
    tickets = world.owner.execute(
        "select program_id from casework.case where subject = %s", (f"amazon_pay {stray.charge_id}",)
    ).fetchall()
    assert [row["program_id"] for row in tickets] == [1]


def test_what_a_person_has_decided_is_no_orphan_any_more(world: Books) -> None:
    world.billing.bill("114-0000000-0000001", "B0STRANGE0", 1, 9900, number=f"LOY-{world.new_key()}")
    world.reconcile()
    (orphan,) = world.orphans().values()
    world.owner.execute(
        "select cases.settle_ticket(1, %s, 'accepted', null, 'staff:7', '{business-operator}')", (orphan["case_id"],)
    )
    world.next_day()
    world.reconcile()
    (orphan,) = world.orphans().values()
    assert orphan["resolved_at"] is not None


def test_nothing_about_people_is_kept_of_what_amazon_says(world: Books) -> None:
    world.delivered(LAMP)
    world.reconcile()
    row = world.owner.execute("select raw::text as raw from reconciliation.transaction").fetchone()
    assert row is not None
    for word in ("Somebody", "somebody@", "1234", "buyer", "payer"):
        assert word not in row["raw"]


def test_refunds_are_below_zero_whichever_sign_amazon_writes() -> None:
    def told(kind: str, amount: str, item: str) -> tuple[int, list[int], list[int]]:
        money = {"currencyCode": "USD", "amount": amount}
        line = {
            "totalAmount": {**money, "amount": item},
            "principalAmount": {**money, "amount": item},
            "itemQuantity": 2,
        }
        entry = {"transactionType": kind, "transactionId": "x", "amount": money, "transactionLineItems": [line]}
        (one,) = reconciling.page({"transactions": [entry]}).transactions
        return one.amount_minor, [part.amount_minor for part in one.lines], [part.quantity for part in one.lines]

    assert told("CHARGE", "5.99", "5.99") == (599, [599], [2])
    assert told("REFUND", "-5.99", "-5.99") == (-599, [-599], [-2])
    assert told("REFUND", "5.99", "5.99") == (-599, [-599], [-2])
    assert told("OVERREFUND", "-5.99", "5.99") == (-599, [-599], [-2])
    assert told("CHARGE", "6.99", "5.99") == (699, [599, 100], [2, 0])

"""A day's run: once, wherever it was stopped, at the pace of those it asks, and nothing of it moves points or money."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from loyalty.orders.amazon_business import CredentialsRevoked, NotSent, Refused, Throttled, Unknown
from loyalty.payments.provider import Charge, NotTrusted, OutcomeUnknown, PaymentError
from loyalty.payments.provider import Refused as ProviderRefused
from loyalty.payments.provider import Throttled as ProviderThrottled
from loyalty.reconciliation import running
from loyalty.reconciliation.running import Patience
from loyalty.refusal import Refusal
from tests.domain.reconciliation.books import LAMP, TOWELS, Books


def test_yesterday_is_due_until_it_is_done(world: Books) -> None:
    world.delivered(LAMP)
    yesterday = world.today() - timedelta(days=1)
    assert (1, yesterday) in running.due(world.reconciliation)
    assert world.reconcile(yesterday, again=False).state == "done"
    assert (1, yesterday) not in running.due(world.reconciliation)
    world.next_day()
    assert (1, yesterday + timedelta(days=1)) in running.due(world.reconciliation)


def test_a_day_done_before_it_was_over_is_done_again(world: Books) -> None:
    world.delivered(LAMP)
    today = world.today()
    assert world.reconcile(again=False).state == "done"
    world.next_day()
    assert (1, today) in running.due(world.reconciliation)
    world.reconcile(today, again=False)
    row = world.owner.execute("select attempt, state from reconciliation.run where day = %s", (today,)).fetchone()
    assert row == {"attempt": 2, "state": "done"}
    assert (1, today) not in running.due(world.reconciliation)


def test_a_day_that_has_not_begun_is_refused(world: Books) -> None:
    with pytest.raises(Refusal, match="has not begun"):
        world.reconcile(world.today() + timedelta(days=1))


def test_a_run_that_is_stopped_anywhere_ends_like_one_that_is_not(world: Books) -> None:
    world.billing.page_size = 1
    made = [world.delivered(LAMP, points=4000) for _ in range(3)]
    for most in range(1, 40):
        left = iter([1.0] * most + [0.0] * 1000)
        ran = world.reconcile(patience=Patience(lambda left=left: next(left), lambda _: None), again=False)
        if ran.state == "done":
            break
    assert most > 3
    assert ran.state == "done"
    assert {world.verdict(one) for one in made} == {"matched"}
    row = world.owner.execute("select count(*) as n, min(matched) as m from reconciliation.run").fetchone()
    assert row == {"n": 1, "m": 3}


@pytest.mark.parametrize(
    "fault", [NotSent("no"), Unknown("no answer"), CredentialsRevoked(403, "UNAUTHORIZED"), Refused(400, "X", "no")]
)
def test_while_amazon_cannot_be_read_the_day_waits(world: Books, fault: Exception) -> None:
    redemption_id = world.delivered(LAMP)
    world.billing.faults.append(fault)
    ran = world.reconcile()
    assert ran.state == "fetching"
    assert ran.stopped
    assert world.reconcile(again=False).state == "done"
    assert world.verdict(redemption_id) == "matched"


@pytest.mark.large
def test_amazons_429_is_waited_for(world: Books) -> None:
    world.delivered(LAMP)
    world.billing.faults.append(Throttled(0))
    assert world.reconcile().state == "done"
    assert len(world.billing.asked) == 2


def test_a_token_that_amazon_forgot_begins_the_pass_again(world: Books) -> None:
    world.billing.page_size = 1
    made = [world.delivered(LAMP) for _ in range(3)]
    left = iter([1.0] * 2 + [0.0] * 100)
    assert world.reconcile(patience=Patience(lambda: next(left), lambda _: None)).state == "fetching"
    world.billing.faults.append(Refused(400, "INVALID_REQUEST_PARAMETER", "expired"))
    assert world.reconcile(again=False).state == "done"
    assert {world.verdict(one) for one in made} == {"matched"}


@pytest.mark.parametrize("fault", [ProviderThrottled("TooManyRequests", 5), NotTrusted("InvalidSignature")])
def test_while_the_provider_cannot_be_asked_the_day_waits(world: Books, fault: Exception) -> None:
    redemption_id = world.delivered(LAMP, points=4000)
    world.cashier.broken[f"ch-{redemption_id}"] = fault  # type: ignore[assignment]
    ran = world.reconcile()
    assert ran.state == "asking"
    assert type(fault).__name__ in ran.stopped
    world.cashier.broken.clear()
    assert world.reconcile(again=False).state == "done"
    assert world.verdict(redemption_id) == "matched"


@pytest.mark.parametrize(
    "fault",
    [
        NotTrusted("AccessDenied"),
        ProviderRefused(400, "InvalidRequest"),
        OutcomeUnknown("MalformedAnswer"),
        ProviderThrottled("MalformedAnswer", 1),
    ],
)
@pytest.mark.parametrize("position", [0, 2])
def test_a_charge_that_cannot_be_read_is_a_ticket_and_the_day_goes_on(
    world: Books, fault: PaymentError, position: int
) -> None:
    made = sorted(world.delivered(LAMP, points=4000) for _ in range(3))
    broken = made[position]
    world.cashier.broken[f"ch-{broken}"] = fault
    assert world.reconcile().state == "done"
    assert [world.verdict(one) for one in made] == ["ticket" if one == broken else "matched" for one in made]
    assert world.differences(broken) == {"provider_unreadable": 1}
    world.cashier.broken.clear()
    world.next_day()
    world.reconcile()
    assert world.verdict(broken) == "matched"
    assert world.cases(str(broken)) == 0, "and closes when it can be read"


@pytest.mark.parametrize("fault", [NotTrusted("AccessDenied"), ProviderThrottled("ServiceUnavailable", 1)])
def test_charges_that_fail_one_after_the_other_are_the_providers_trouble(world: Books, fault: PaymentError) -> None:
    made = sorted(world.delivered(LAMP, points=4000) for _ in range(5))
    world.cashier.broken = {f"ch-{one}": fault for one in made[1:]}
    ran = world.reconcile()
    assert (ran.state, type(fault).__name__ in ran.stopped) == ("asking", True)
    assert len(world.cashier.asked) == (3 if isinstance(fault, NotTrusted) else 1)
    world.cashier.broken.clear()
    assert world.reconcile(again=False).state == "done"
    assert {world.verdict(one) for one in made} == {"matched"}


def test_charges_of_an_account_of_before_stop_nobody(world: Books) -> None:
    made = sorted(world.delivered(LAMP, points=4000) for _ in range(6))
    world.cashier.broken = {f"ch-{one}": NotTrusted("AccessDenied") for one in made[:5]}
    assert world.reconcile().state == "done"
    assert [world.verdict(one) for one in made] == ["ticket"] * 5 + ["matched"]


def test_a_key_that_is_revoked_meanwhile_makes_no_tickets(world: Books) -> None:
    made = sorted(world.delivered(LAMP, points=4000) for _ in range(6))
    answer = world.cashier.charge

    def two_only(charge_id: str) -> Charge:
        if len(world.cashier.asked) >= 2:
            raise NotTrusted("AccessDenied")
        return answer(charge_id)

    world.cashier.charge = two_only  # type: ignore[method-assign]
    assert world.reconcile().state == "asking"
    assert world.reconcile(again=False).state == "asking"
    world.cashier.charge = answer  # type: ignore[method-assign]
    assert world.reconcile(again=False).state == "done"
    assert {world.verdict(one) for one in made} == {"matched"}


def test_a_charge_that_is_never_answered_about_holds_the_day_up_for_a_day(world: Books) -> None:
    made = sorted(world.delivered(LAMP, points=4000) for _ in range(2))
    world.cashier.broken[f"ch-{made[0]}"] = ProviderThrottled("ServiceUnavailable", 1)
    day = world.today()
    assert world.reconcile(day).state == "asking"
    assert world.reconcile(day, again=False).state == "asking"
    world.next_day(2)
    assert world.reconcile(day, again=False).state == "done"
    assert (world.verdict(made[0]), world.verdict(made[1])) == ("ticket", "matched")


def test_passes_overlap_because_transactions_come_late(world: Books) -> None:
    world.delivered(LAMP)
    world.reconcile()
    world.next_day()
    world.reconcile()
    (first, second) = world.billing.asked
    assert first[1] - first[0] == timedelta(days=45)
    assert first[1] - second[0] == timedelta(days=7)
    for _ in range(6):
        world.next_day()
        world.reconcile()
    assert world.billing.asked[7][1] - world.billing.asked[7][0] > timedelta(days=45)


def test_one_that_cannot_be_compared_is_a_ticket_and_stops_nobody(world: Books) -> None:
    broken, fine = world.delivered(LAMP), world.delivered(TOWELS)
    world.owner.execute(
        "create or replace function reconciliation.points_leg(r redemptions.redemption) returns jsonb language plpgsql"
        f" as $$ begin if r.redemption_id = '{broken}' then raise exception 'no' using errcode = '22012'; end if;"
        " return '[]'; end $$"
    )
    assert world.reconcile().state == "done"
    assert (world.verdict(broken), world.verdict(fine)) == ("ticket", "matched")
    assert world.case(broken)["evidence"]["differences"][0]["sqlstate"] == "22012"


def test_the_daily_role_moves_nothing(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    for statement in (
        "select points.balance(1, 1)",
        "select redemptions.give_back(1, %(id)s, 1, 'x', 1, 'ours', 'returned', 'x')",
        "select payments.give_back(1, %(id)s, 'x', 1, 'x')",
        "select reconciliation.has_order(clock.now(), 1, %(id)s, '{}', true)",
        "select orders.conclude(1, %(id)s, '{}')",
        "delete from reconciliation.item",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            world.reconciliation.execute(statement.encode(), {"id": redemption_id})


def test_the_standing_counts_what_is_unmatched_and_how_old_it_is(world: Books) -> None:
    redemption_id = world.delivered(LAMP)
    world.bill(redemption_id, LAMP)
    world.reconcile()
    assert running.standing(world.reconciliation).unmatched == 1
    world.next_day(2)
    stands = running.standing(world.reconciliation)
    assert (stands.oldest_hours, stands.orphans) == (48, 0)


def test_the_standing_says_for_how_long_a_day_is_overdue(world: Books) -> None:
    world.delivered(LAMP)
    world.billing.faults.append(NotSent("no"))
    assert world.reconcile().state == "fetching"
    world.next_day(3)
    assert running.standing(world.reconciliation).behind_hours >= 48


def test_the_house_keeps_what_it_was_told(world: Books) -> None:
    redemption_id = world.ordered(LAMP)
    world.shipped(redemption_id)
    world.bill(redemption_id, LAMP, principal_minor=4501)
    world.reconcile()
    with pytest.raises(psycopg.errors.RestrictViolation):
        world.owner.execute("update reconciliation.house set amount_minor = 5")

"""What must be true when everything is quiet: the database's own invariants, and our books against the providers'."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from loyalty.redemptions import redeeming
from loyalty.redemptions.redeeming import Redeem, Redeemed
from loyalty.refusal import Refusal
from tests.faults.people import Saga

if TYPE_CHECKING:
    from tests.faults.world import World

VIEWS = (
    "points.invariants", "points.budget_invariants", "redemptions.invariants", "payments.invariants",
    "orders.invariants", "cases.invariants", "members.invariants", "tiers.invariants",
    "invoices.invariants",
)  # fmt: skip
_HELD = " union all ".join(f"select '{view}: ' || name as name from {view} where violations > 0" for view in VIEWS)
# Liveness: so long after the faults have stopped every saga has ended.
LIVELY = timedelta(hours=24)
_ROWS = """
    select r.*, p.state as payment_state, p.captured_minor, p.captures, p.written_off_minor, p.capture_at as pays_at,
           p.next_look_at, s.refunded_minor, s.refund_pending_minor, s.refund_failed_minor, s.returned_minor,
           s.open_minor, s.forgiven_minor, o.state as order_state,
           (select jsonb_agg(jsonb_build_object('line', l.line_number, 'quantity', l.quantity, 'points', l.unit_points,
                             'money', l.unit_money_minor, 'accepted', l.accepted_quantity, 'back', l.given_back,
                             'by_case', (select coalesce(sum(b.quantity), 0) from redemptions.units_back as b
                                         where b.redemption_id = l.redemption_id and b.line_number = l.line_number
                                           and b.event_key like 'case:%'))
                             order by l.line_number) from redemptions.line as l
            where l.program_id = r.program_id and l.redemption_id = r.redemption_id) as lines,
           (select count(*) from outbox.event as e where e.subject = r.redemption_id
              and e.topic in ('redemption.confirmed', 'redemption.cancelled', 'redemption.failed')) as told
    from redemptions.redemption as r
    left join payments.payment as p using (program_id, redemption_id)
    left join payments.standing as s using (program_id, redemption_id)
    left join orders.placement as o using (program_id, redemption_id)
"""


def held(world: World) -> list[str]:
    """The views' invariants (I1-I9, I12-I14, I17): those that do not hold now."""
    return [row["name"] for row in world.place.wires["auditor"].execute(_HELD).fetchall()]


def violations(world: World) -> list[str]:
    """Everything that is not as it must be at the end of a seed."""
    found = held(world)
    rows = {str(row["redemption_id"]): row for row in world.place.owner.execute(_ROWS).fetchall()}
    for saga in world.sagas:
        found += [f"{saga.label} {text}" for text in _of_saga(world, saga, rows.get(saga.id))]
    found += [f"Amazon Pay: {text}" for text in world.books.complaints]
    found += _points(world, rows)
    found += _leftovers(world)
    return found


def _of_saga(world: World, saga: Saga, row: dict[str, Any] | None) -> Iterator[str]:
    delivered = world.amazon.delivered(saga.redemption_id)
    if row is None:
        # It was refused, or nobody ever heard of it: nothing has happened (F1).
        if delivered or world.books.captured_minor(saga.id) or world.books.reserved_minor(saga.id):
            yield "I10: an order or money without a redemption"
        if isinstance(saga.heard, Redeemed):
            yield "I4: it was accepted and does not exist"
        return
    if isinstance(saga.heard, str):
        yield f"I4: it was refused ({saga.heard}) and exists"
    yield from _ended(world, row)
    if len(delivered) > 1:
        yield f"I10: {len(delivered)} orders"
    yield from _settled(world, saga, row, bool(delivered))
    if row["payment_state"] is not None:
        yield from _paid(world, saga, row)
    if row["told"] != 1:
        yield f"I22: the member was told {row['told']} endings"
    # One of them will do.
    if saga.number == world.seed % len(world.sagas):
        yield from _again(world, saga, row)


def _ended(world: World, row: dict[str, Any]) -> Iterator[str]:
    if row["state"] != "closed":
        yield f"I12: still {row['state']} (order {row['order_state']}, payment {row['payment_state']})"
    elif world.calm_at is not None and row["closed_at"] > world.calm_at + LIVELY:
        yield f"I12: closed {row['closed_at'] - world.calm_at} after faults had stopped"


def _settled(world: World, saga: Saga, row: dict[str, Any], ordered: bool) -> Iterator[str]:
    """What Amazon delivers is what was spent, unit by unit (I9-I11, I14)."""
    accepted = {line["line"]: line["accepted"] or 0 for line in row["lines"]}
    back = {line["line"]: line["back"] for line in row["lines"]}
    by_case = {line["line"]: line["by_case"] for line in row["lines"]}
    went_forward = row["outcome"] in ("completed", "partially_completed")
    if went_forward is not ordered:
        yield f"I10: ended {row['outcome']}, and Amazon {'delivers' if ordered else 'has no order'}"
        return
    if not ordered:
        return
    name = next(name for name in saga.orders if world.amazon.orders[name].accepted_quantity)
    theirs = {number: line.accepted_quantity for number, line in world.amazon.orders[name].lines.items()}
    if {n: u for n, u in accepted.items() if u} != {n: u for n, u in theirs.items() if u}:
        yield f"I14: Amazon accepted {theirs}, we settled {accepted}"
    staying = world.amazon.delivered_units(name)
    for line, units in accepted.items():
        arrived = staying.get(line, 0)
        # What a case has given back, Amazon has delivered all the same.
        kept = units - back[line]
        if kept + by_case[line] != arrived:
            yield f"I14: line {line}: {arrived} arrived, {kept} are paid for, {by_case[line]} given back by a case"
    quoted = sum(line["quantity"] * line["points"] for line in row["lines"])
    if quoted != row["points"] or row["points"] > saga.request.points:
        yield f"I11: {row['points']} points of {saga.request.points} promised"


def _paid(world: World, saga: Saga, row: dict[str, Any]) -> Iterator[str]:
    """What the member has paid at the provider is what they owe, and nothing stays reserved (I9, I13)."""
    books = world.books
    captured, refunded = books.captured_minor(saga.id), books.refunded_minor(saga.id)
    accepted = row["accepted_money_minor"] or 0
    if captured != row["captured_minor"]:
        yield f"I9: {captured} taken at the provider, {row['captured_minor']} in our books"
    if refunded != row["refunded_minor"] + row["refund_pending_minor"]:
        yield f"I9: {refunded} sent back by the provider, {row['refunded_minor']} in our books"
    # A person's: money that the provider refused for good.
    hopeless = row["review_reason"] == "money_not_captured" or row["payment_state"] in ("declined", "unpaid")
    owed = accepted - row["returned_minor"]
    missing = owed - (captured - refunded)
    explained = row["written_off_minor"] - row["forgiven_minor"] - row["refund_failed_minor"]
    if missing != explained and not hopeless:
        yield f"I9: {captured} taken, {refunded} sent back, {owed} owed"
    if hopeless and captured > max(accepted, 0):
        yield f"I9: {captured} taken of {accepted}"
    if row["pays_at"] == "acceptance" and books.captures(saga.id) > 1:
        yield f"I9: {books.captures(saga.id)} captures"
    if reserved := books.reserved_minor(saga.id):
        yield f"I13: {reserved} still reserved (payment {row['payment_state']})"
    if row["refund_pending_minor"]:
        yield "I12: a refund is still on its way"


def _again(world: World, saga: Saga, row: dict[str, Any]) -> Iterator[str]:
    """The same key again is the same redemption; with another request it is refused (I4)."""
    wire = world.place.wires["member_api"]
    actor = f"member:{saga.member_id}"
    done = redeeming.redeem(wire, saga.plan.program_id, saga.member_id, saga.request, actor)
    if not done.replay or (done.points, done.money_minor) != (row["points"], row["money_minor"]):
        yield "I4: the same key again is something else"
    other = Redeem(saga.redemption_id, saga.request.quote_id, saga.request.points + 1, saga.request.money_minor)
    try:
        redeeming.redeem(wire, saga.plan.program_id, saga.member_id, other, actor)
        yield "I4: the key took another request"
    except Refusal as refusal:
        if refusal.code != "key-reuse":
            yield f"I4: another request under the key: {refusal.code}"


def _points(world: World, rows: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Every member has what they had, less what was accepted, plus what was given back; nothing is held (I1, I5)."""
    balances = {
        row["member_id"]: (row["available"], row["held"])
        for row in world.place.owner.execute("select member_id, available, held from points.member").fetchall()
    }
    for member_id, had in world.points.items():
        spent = sum(
            line["points"] * ((line["accepted"] or 0) - line["back"])
            for row in rows.values()
            if row["member_id"] == member_id
            for line in row["lines"]
        )
        if balances[member_id] != (had - spent, 0):
            yield f"I5: member {member_id} has {balances[member_id]}, of {had} with {spent} spent"


def _leftovers(world: World) -> Iterator[str]:
    for name, queue in world.queues.items():
        if queue.dead:
            yield f"I12: {len(queue.dead)} dead letters in {name}"
        if queue.waiting:
            yield f"I12: {queue.waiting} letters left in {name}"

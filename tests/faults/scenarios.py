"""Faults by name: for each of F1-F60 that the saga can meet, the plan that meets it and the ending it must have.

The invariants are checked besides, as after every seed. What the storm cannot reach is in the register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.domain.redemptions.promises import Line
from tests.faults import plan as plans
from tests.faults.cells import BEFORE, EFFECT, RECORD, Cell
from tests.faults.injecting import Aimed
from tests.faults.place import Place
from tests.faults.plan import BY_ACCEPTANCE, BY_SHIPMENT, Plan, SagaPlan
from tests.faults.storm import Result, run_seed

TOWELS = Line("B0TOWELS00", 3, 1999)
POINTS = SagaPlan(program_id=BY_ACCEPTANCE, member=0, starts=0.0, lines=(TOWELS,), pushes=1.0)
MONEY = replace(POINTS, share=0.3)
SHIPPED = replace(MONEY, program_id=BY_SHIPMENT)
DAY = 86_400.0

COMPLETED, PARTIALLY, REJECTED = "completed", "partially_completed", "rejected"
DECLINED, ABANDONED, EXPIRED, CANCELLED = "payment_declined", "payment_abandoned", "expired", "cancelled"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`ends` is the first saga's outcome (None: there must be no redemption); `holds` is asked of its rows."""

    title: str
    plan: Plan
    ends: str | None
    holds: Mapping[str, Any]


def _one(
    title: str,
    saga: SagaPlan,
    ends: str | None,
    *cells: tuple[str, str, str],
    holds: Mapping[str, Any] | None = None,
    **more: Any,
) -> Scenario:
    aims = tuple(Aimed(Cell(*cell), 0) for cell in cells)
    return Scenario(title, Plan((saga,), aims, **more), ends, holds or {})


SCENARIOS: dict[str, Scenario] = {
    # ---- crash, duplication, order
    "F1": _one("dies before the hold", POINTS, COMPLETED, ("H", BEFORE, "ok")),
    "F2": _one("dies after the hold, the answer is lost", MONEY, COMPLETED, ("H", EFFECT, "timeout_after")),
    "F3": _one("nobody comes back to pay", replace(MONEY, decision="nothing"), ABANDONED, ("H", RECORD, "ok")),
    "F4": _one("dies after the reservation, before it is written down", MONEY, COMPLETED, ("A", EFFECT, "ok")),
    "F5": _one("dies after the order, before it is written down", POINTS, COMPLETED, ("O", EFFECT, "ok")),
    "F6": _one(
        "dies between spending points and taking money", MONEY, COMPLETED, ("K", RECORD, "ok"), ("C", BEFORE, "ok"),
        holds={"payment": "captured"},
    ),
    "F7": _one(
        "dies on the way back", replace(MONEY, accepts="none"), REJECTED, ("void", EFFECT, "ok"),
        holds={"payment": "voided"},
    ),
    "F8": _one("every function is invoked twice", MONEY, COMPLETED, invocations=2),
    "F9": _one("two executions of one redemption", replace(MONEY, twin_after=0.5), COMPLETED),
    "F10": _one("no execution could be started for 14 days", POINTS, EXPIRED, machine_down=(0, 14 * DAY), days=20),
    "F10-after": _one(
        "the execution died after the order and the next one comes 14 days later", MONEY, COMPLETED,
        ("K", RECORD, "timeout_after"), machine_down=(60, 14 * DAY), days=20, holds={"payment": "captured"},
    ),
    "F11": _one(
        "a function times out though its statement was committed",
        MONEY, COMPLETED, ("K", EFFECT, "timeout_after"),
    ),
    "F12": _one("the approval comes when the money was given up", replace(MONEY, hesitates=1100), ABANDONED),
    # ---- points
    "F19": _one("a part of a hold over several lots", replace(POINTS, accepts="part"), PARTIALLY),
    # ---- money
    "F25": _one("the reservation times out and was made", MONEY, COMPLETED, ("A", RECORD, "timeout_after")),
    "F25-late": _one(
        "the reservation is made after everybody has given it up",
        MONEY, COMPLETED, ("A", RECORD, "late"),
    ),
    "F26": _one("declined", replace(MONEY, decision="decline"), DECLINED, holds={"payment": "declined"}),
    "F27": _one(
        "the reservation grows old while orders wait",
        MONEY, COMPLETED, ("O", BEFORE, "ok"), amazon_paused=(0, 6.5 * DAY), days=14,
    ),
    "F28": _one(
        "taking the money times out",
        MONEY, COMPLETED, ("C", RECORD, "timeout_after"), holds={"payment": "captured"},
    ),
    "F29": _one("the money cannot be taken", MONEY, COMPLETED, ("C", RECORD, "refused")),
    # ---- Amazon Business
    "F33": _one("the order's answer is lost", POINTS, COMPLETED, ("O", RECORD, "timeout_after")),
    "F33-late": _one("the order arrives after it was looked for", POINTS, COMPLETED, ("O", RECORD, "late")),
    "F33-nothing": _one("the order never arrived", POINTS, COMPLETED, ("O", RECORD, "timeout_before")),
    "F34": _one("throttled", POINTS, COMPLETED, ("O", RECORD, "429")),
    "F35": _one("Amazon fails for two hours", MONEY, COMPLETED, amazon_down=(0, 7300)),
    "F36": _one("dearer within the tolerance", replace(POINTS, accepts="dearer"), COMPLETED),
    "F37": _one(
        "dearer than that: nothing is accepted",
        replace(MONEY, accepts="none"), REJECTED, holds={"payment": "voided"},
    ),
    "F38": _one("two of three units", replace(MONEY, accepts="part"), PARTIALLY, holds={"payment": "captured"}),
    "F39": _one(
        "cancelled by the seller afterwards",
        replace(MONEY, journey=plans.CANCELLED), COMPLETED, holds={"back": 3},
    ),
    "F39-shipment": _one(
        "some cancelled afterwards, money by shipment", replace(SHIPPED, journey=plans.PART_CANCELLED), COMPLETED,
        holds={"payment": "captured"},
    ),
    "F40": _one(
        "parcels in pieces, events in disorder",
        replace(SHIPPED, journey=plans.SPLIT), COMPLETED, ("F", RECORD, "duplicate"), noise=0.05,
    ),
    "F42": _one("undeliverable", replace(MONEY, journey=plans.UNDELIVERABLE), COMPLETED, holds={"back": 3}),
    "F43": _one("credentials are revoked under way", MONEY, COMPLETED, ("O", RECORD, "revoked")),
    # ---- database
    "F46": _one(
        "the connection breaks under a statement",
        MONEY, COMPLETED, ("H", RECORD, "reset"), ("K", RECORD, "reset"),
    ),
    "F48": _one("the database says try again", MONEY, COMPLETED, ("K", BEFORE, "revoked")),
    # ---- afterwards
    "F58": _one("sent back", replace(MONEY, back=3), COMPLETED, ("X", EFFECT, "timeout_after"), holds={"back": 3}),
}  # fmt: skip


def run_scenario(place: Place, name: str) -> Result:
    """One named fault: the invariants, and its own ending."""
    scenario = SCENARIOS[name]
    number = 1_000_000 + list(SCENARIOS).index(name)
    fresh = replace(scenario.plan, aims=tuple(replace(aim) for aim in scenario.plan.aims))
    result = run_seed(place, number, fresh)
    row = place.owner.execute(
        "select r.outcome, p.state as payment, (select sum(l.given_back) from redemptions.line as l"
        " where l.redemption_id = r.redemption_id) as back"
        " from redemptions.redemption as r left join payments.payment as p using (program_id, redemption_id)"
        " order by r.created_at limit 1"
    ).fetchone()
    found = row["outcome"] if row else None
    if found != scenario.ends:
        result.violations.append(f"{name} ended {found}, not {scenario.ends}")
    for what, wanted in scenario.holds.items():
        if row is None or row[what] != wanted:
            result.violations.append(f"{name}: {what} is {row and row[what]}, not {wanted}")
    result.violations += [f"{name}: {cell} was not met" for cell in result.missed]
    return result

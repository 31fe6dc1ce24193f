"""People at their screens: members who redeem, approve, cancel and send things back, and staff who decide about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from lambdas import machine
from lambdas.member_routes import redemptions as routes
from loyalty.casework import asking, deciding
from loyalty.redemptions import redeeming
from loyalty.redemptions.redeeming import Redeem, Redeemed
from loyalty.refusal import Refusal
from tests.faults import cells
from tests.faults.injecting import Encounter, Killed
from tests.faults.plan import SagaPlan

if TYPE_CHECKING:
    from tests.faults.world import World

AGENT = deciding.Agent("staff:agent", ("support",))
SECOND = deciding.Agent("staff:second", ("business-operator",))
MOST_TRIES = 12


class NoAnswer(Exception):
    """The member's browser has heard nothing that it can read."""


@dataclass
class Saga:
    """One redemption of a seed. `heard`: what the member was told of it (a Redeemed, or a refusal's code)."""

    number: int
    plan: SagaPlan
    member_id: int
    request: Redeem
    heard: Redeemed | str | None = None
    tries: int = 0
    doomed: Encounter | None = None
    case_id: UUID | None = None
    given_back: int = 0
    looks: int = 0
    orders: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"s{self.number}"

    @property
    def id(self) -> str:
        return str(self.request.redemption_id)

    @property
    def redemption_id(self) -> UUID:
        return self.request.redemption_id


class Member:
    """What the member of one saga does."""

    def __init__(self, world: World, saga: Saga) -> None:
        self._world, self._saga = world, saga
        world.later(saga.plan.starts, self.redeem)
        if saga.plan.cancels is not None:
            world.later(saga.plan.starts + saga.plan.cancels, self.cancel)
        if saga.plan.twin_after is not None:
            world.later(saga.plan.starts + saga.plan.twin_after, lambda: world.machine.start_twin(saga))

    # ---- redeeming -------------------------------------------------------------------------------------------------

    def redeem(self) -> None:
        """Press the button; without an answer, again with the same key."""
        world, saga = self._world, self._saga
        saga.tries += 1
        try:
            saga.heard = self._post()
        except Refusal as refusal:
            saga.heard = refusal.code
        except Killed:
            world.revive("member_api")
        except Exception as error:
            world.trace(f"redeem {saga.label}: {type(error).__name__}")
        if saga.heard is None:
            if not (saga.plan.vanishes and saga.tries > 1) and saga.tries < MOST_TRIES:
                world.later(world.random.uniform(1, 40), self.redeem)
            return
        told = saga.heard if isinstance(saga.heard, str) else "replay" if saga.heard.replay else "ok"
        world.trace(f"redeem {saga.label} heard {told}")
        if saga.request.money_minor and isinstance(saga.heard, Redeemed):
            world.later(world.random.uniform(5, 30), self.approve)

    def _post(self) -> Redeemed:
        """The request on its way to the door and back. Raises NoAnswer, Refusal, Killed."""
        world, saga, random = self._world, self._saga, self._world.random
        encounter = world.injector.meet("H", saga.number, "member_api", able=self._can)
        do = self._door
        world.trace(f"redeem {saga.label} {encounter.outcome}")
        saga.doomed = None
        match encounter.outcome:
            case cells.THROTTLED | cells.REVOKED | cells.TIMEOUT_BEFORE:
                # The gateway, the authorizer, or nobody.
                encounter.happened("member_api")
                world.injector.recorded("member_api")
                raise NoAnswer
            case cells.LATE:
                world.later(random.uniform(1, 60), lambda: self._late(do))
                encounter.happened("member_api")
                world.injector.recorded("member_api")
                raise NoAnswer
            case cells.ERROR | cells.RESET if random.random() < 0.5:
                encounter.happened("member_api")
                world.injector.recorded("member_api")
                raise NoAnswer
        saga.doomed = encounter if encounter.point == cells.EFFECT else None
        try:
            if encounter.outcome == cells.DUPLICATE:
                do()
            done = do()
        except Refusal:
            saga.doomed = None
            encounter.happened("member_api")
            world.injector.recorded("member_api")
            raise
        if encounter.point != cells.EFFECT or saga.doomed is not None:
            saga.doomed = None
            encounter.happened("member_api")
        world.injector.recorded("member_api")
        if encounter.outcome in (cells.ERROR, cells.RESET, cells.TIMEOUT_AFTER, cells.MALFORMED):
            raise NoAnswer
        return done

    def _can(self, outcome: str) -> bool:
        return outcome != cells.REFUSED or self._saga.plan.too_few_points

    def _door(self) -> Redeemed:
        """POST /redemptions behind its token and signature."""
        world, saga = self._world, self._saga
        connection = world.place.wires["member_api"]
        program_id = saga.plan.program_id
        done = redeeming.redeem(connection, program_id, saga.member_id, saga.request, f"member:{saga.member_id}")
        if saga.doomed is not None and world.random.random() < 0.5:
            self.dies_if_doomed()
        if not done.replay:
            routes._start(connection, program_id, saga.redemption_id)
        return done

    def dies_if_doomed(self) -> None:
        """The function dies with the effect done and the answer not given. Raises Killed."""
        encounter, self._saga.doomed = self._saga.doomed, None
        if encounter is not None:
            encounter.happened("member_api")

    def _late(self, do: Callable[[], Redeemed]) -> None:
        try:
            told = "replay" if do().replay else "ok"
        except Refusal as refusal:
            told = refusal.code
        except Exception as error:
            told = type(error).__name__
        self._world.trace(f"redeem {self._saga.label} arrives late: {told}")

    # ---- paying, changing one's mind -------------------------------------------------------------------------------

    def approve(self) -> None:
        """Look for the provider's page; once it is there decide, and come back."""
        world, saga = self._world, self._saga
        saga.looks += 1
        row = world.place.owner.execute(
            "select p.state, p.approval_url from payments.status_of(%s, %s) as p",
            (saga.plan.program_id, saga.redemption_id),
        ).fetchone()
        if row is None or row["approval_url"] is None:
            if row is not None and row["state"] in ("opened", "unknown") and saga.looks < 60:
                world.later(20, self.approve)
            return
        session_id = str(row["approval_url"]).rpartition("/")[2]
        world.later(saga.plan.hesitates, lambda: self.decide_payment(session_id))

    def decide_payment(self, session_id: str) -> None:
        """Press one of the provider's buttons, and come back."""
        world, saga = self._world, self._saga
        world.trace(f"member {saga.label} {saga.plan.decision}")
        if saga.plan.decision == "nothing":
            return
        world.books.decide(session_id, saga.plan.decision)
        if saga.plan.tells:
            world.later(world.random.uniform(1, 15), self.tell)

    def tell(self) -> None:
        """POST …/payment-approval."""
        world, saga = self._world, self._saga
        try:
            if redeeming.approve(
                world.place.wires["member_api"], saga.plan.program_id, saga.member_id, saga.redemption_id
            ):
                machine.tell_payments("complete", saga.plan.program_id, saga.redemption_id)
        except Refusal as refusal:
            world.trace(f"approve {saga.label}: {refusal.code}")

    def cancel(self) -> None:
        """POST …/cancel."""
        world, saga = self._world, self._saga
        try:
            connection = world.place.wires["member_api"]
            if redeeming.cancel(connection, saga.plan.program_id, saga.member_id, saga.redemption_id):
                machine.tell_payments("abandon", saga.plan.program_id, saga.redemption_id)
            world.trace(f"cancel {saga.label}: ok")
        except Refusal as refusal:
            world.trace(f"cancel {saga.label}: {refusal.code}")
        except Killed:
            world.revive("member_api")

    # ---- afterwards ------------------------------------------------------------------------------------------------

    def send_back(self, units: int) -> None:
        """Open a case about so many units of the first line; staff decide it."""
        world, saga = self._world, self._saga
        key = world.new_key()
        wires = world.place.wires
        kind: Any = "damaged" if saga.plan.back == 1 else "not_received"

        def ask() -> None:
            about = asking.Units(saga.redemption_id, 1, units)
            asking.open_case(wires["member_api"], saga.plan.program_id, saga.member_id, key, kind, about, "Broken")

        if not self._said("case", ask):
            return
        saga.case_id = key
        world.later(world.random.uniform(60, 7200), self.decide)

    def decide(self) -> None:
        """Staff give points and money back; beyond the limits a second person does."""
        world, saga = self._world, self._saga
        wires, program_id = world.place.wires, saga.plan.program_id
        assert saga.case_id is not None
        case_id: UUID = saga.case_id
        said = "refund_without_return"
        state: list[str] = []
        self._said(
            "decide", lambda: state.append(deciding.decide(wires["manager_api"], program_id, case_id, said, AGENT))
        )
        if state and state[-1] == "approval":
            self._said(
                "approve", lambda: deciding.approve(wires["manager_api"], program_id, case_id, "approve", SECOND)
            )

    def _said(self, what: str, do: Callable[[], Any]) -> bool:
        """A request of a patient person: it is repeated until it is answered; true unless it was refused."""
        world, saga = self._world, self._saga
        for _ in range(MOST_TRIES):
            try:
                encounter = world.injector.meet("staff", saga.number, "manager_api")
                if encounter.outcome in (cells.THROTTLED, cells.TIMEOUT_BEFORE, cells.REVOKED):
                    raise NoAnswer
                do()
                if encounter.outcome == cells.DUPLICATE:
                    do()
                encounter.happened("manager_api")
                world.injector.recorded("manager_api")
                if encounter.outcome not in (cells.OK, cells.DUPLICATE):
                    raise NoAnswer
            except Refusal as refusal:
                world.trace(f"{what} {saga.label}: {refusal.code}")
                return False
            except (NoAnswer, psycopg.OperationalError):
                continue
            except Killed:
                world.revive("manager_api")
                continue
            world.trace(f"{what} {saga.label}: ok")
            return True
        raise AssertionError("a person has lost patience")


class Operator:
    """Who has the case of an order that nobody knows: docs/operations/unknown-orders.md, six hours later."""

    def __init__(self, world: World, saga: Saga) -> None:
        self._world, self._saga = world, saga
        world.later(6 * 3600, self.look)

    def look(self) -> None:
        """Where Amazon has certainly no such order, conclude it as the owner of the database."""
        world, saga = self._world, self._saga
        if world.amazon.delivered(saga.redemption_id):
            return
        world.sent()
        row = world.place.owner.execute(
            'select orders.conclude(p.program_id, p.redemption_id, \'{"signed": false, "lines": []}\') as said'
            " from orders.placement as p"
            " where p.redemption_id = %s and p.state = 'unknown' and p.given_up_at is not null",
            (saga.redemption_id,),
        ).fetchone()
        if row is not None:
            world.trace(f"operator concludes {saga.label}: {row['said']}")

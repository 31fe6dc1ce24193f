"""A redemption for points, end to end, against a bare state machine of five Lambda tasks that do nothing.

Both run in one local cloud, one at a time and in turns: what the laptop's emulator costs is on both sides. Ours is from
the request being sent to the instant the database says it is closed: sign-in token checked, door, hold, state machine,
queue, order at the (simulated) shop, record, settlement. The bucket is full and nothing waits for the release delay;
everything has run before it counts. A round is so many pairs, its ratio that of the two medians.

The emulator rests 150 ms before each execution begins, and its queues look for messages every 100 ms. The first is on
both sides and flatters the ratio, the second on ours only. `busy` is the same without both: what is really done.
"""

from __future__ import annotations

import io
import json
import statistics
import time
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bench._figures import ROUNDS, Budget, Figures, spread
from local import joining
from local.connected import Connected
from local.demo.shopper import Shopper, new_key
from local.fresh import fresh_cloud
from local.people import MEMBERS
from loyalty.programme import publishing, reading

BUDGETS = {"redemption_ratio": Budget(3)}
PAIRS = 8
WARM_UP = 3
TASKS = 5
POLL_SECONDS = 0.05
LONGEST_SECONDS = 60.0
# Of the pinned emulator, before the first state of any execution.
START_REST_SECONDS = 0.15
# Nobody's limits: Amazon's simulated ones are off, ours are the most a programme may have.
ORDERS_PER_SECOND, BURST = 100, 1000
SPEND_MINOR = 10_000_000


@dataclass(frozen=True, slots=True)
class Redeemed:
    """Seconds: until the door answered, and until it was closed; and of each stretch between by its name."""

    answered: float
    closed: float
    stretches: dict[str, float]

    @property
    def busy(self) -> float:
        """Without the emulator's rests; what its queue needs to hand on a message goes with them."""
        return self.closed - START_REST_SECONDS - self.stretches["queue_to_worker"]


def run() -> Figures:
    """The ratio, both sides in milliseconds, and where ours go."""
    with fresh_cloud("redemption", {"release_delay_seconds": "0"}) as cloud:
        _lift_limits(cloud)
        _grant_points(cloud)
        machine = Bare(cloud)
        with joining.signed_in(cloud, MEMBERS[0].email) as door:
            shopper, asin = Shopper(MEMBERS[0].number, door), _cheapest(cloud)
            rounds = [
                [(machine.run(), _redeem(cloud, shopper, asin)) for _ in range(pairs)]
                for pairs in (WARM_UP, *[PAIRS] * ROUNDS)
            ][1:]
    bare = [[one for one, _ in pairs] for pairs in rounds]
    ours = [[one.closed for _, one in pairs] for pairs in rounds]
    bare_busy = [[one - START_REST_SECONDS for one in theirs] for theirs in bare]
    our_busy = [[one.busy for _, one in pairs] for pairs in rounds]
    return {
        **spread("redemption_ratio", _ratios(ours, bare), 2),
        **spread("redemption_p50_ms", _medians_ms(ours), 0),
        **spread("bare_machine_p50_ms", _medians_ms(bare), 0),
        "redemption_max_ms": round(max(map(max, ours)) * 1000),
        **spread("busy_ratio", _ratios(our_busy, bare_busy), 2),
        **spread("redemption_busy_ms", _medians_ms(our_busy), 0),
        **spread("bare_machine_busy_ms", _medians_ms(bare_busy), 0),
        **_where([one for pairs in rounds for _, one in pairs]),
    }


def _ratios(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(mine) / statistics.median(other) for mine, other in zip(ours, theirs, strict=True)]


def _medians_ms(rounds: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(one) * 1000 for one in rounds]


class Bare:
    """A Standard state machine that invokes five functions one after the other."""

    def __init__(self, cloud: Connected) -> None:
        self._machines = cloud.client("stepfunctions")
        arns = [_function(cloud, f"bench-{number}") for number in range(1, TASKS + 1)]
        states: dict[str, Any] = {
            f"Task{number}": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": arn, "Payload": "{% $states.input %}"},
                "Output": "{% $states.result.Payload %}",
                "TimeoutSeconds": 35,
                **({"Next": f"Task{number + 1}"} if number < TASKS else {"End": True}),
            }
            for number, arn in enumerate(arns, start=1)
        }
        self._arn = self._machines.create_state_machine(
            name="bench-bare",
            definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Task1", "States": states}),
            roleArn="arn:aws:iam::000000000000:role/bench",
            type="STANDARD",
        )["stateMachineArn"]

    def run(self) -> float:
        """Seconds from the start being asked for to the end that the machine gives. Raises RuntimeError."""
        began = time.time()
        execution = self._machines.start_execution(stateMachineArn=self._arn, input="{}")["executionArn"]
        while time.time() - began < LONGEST_SECONDS:
            time.sleep(POLL_SECONDS)
            seen = self._machines.describe_execution(executionArn=execution)
            if seen["status"] == "SUCCEEDED":
                return float(seen["stopDate"].timestamp()) - began
            if seen["status"] != "RUNNING":
                raise RuntimeError(f"the bare machine: {seen['status']} {seen.get('error')} {seen.get('cause')}")
        raise RuntimeError("the bare machine does not end")


def _function(cloud: Connected, name: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("trivial.py", "def handler(event, context):\n    return event\n")
    return str(
        cloud.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role="arn:aws:iam::000000000000:role/bench",
            Handler="trivial.handler",
            Code={"ZipFile": code.getvalue()},
            Timeout=30,
            MemorySize=512,
        )["FunctionArn"]
    )


def _lift_limits(cloud: Connected) -> None:
    """A programme version with a bucket that is never empty, and a shop that does not count."""
    address = f"{cloud.simulator('amazon_business')}/_simulator/settings"
    httpx.put(address, json={"enforce_rates": False}, timeout=10).raise_for_status()
    with cloud.query() as connection:
        newest = reading.current(connection, 1)
        business = newest.document.integrations.amazon_business.model_copy(
            update={"orders_per_second": ORDERS_PER_SECOND, "burst": BURST}
        )
        integrations = newest.document.integrations.model_copy(update={"amazon_business": business})
        document = newest.document.model_copy(update={"integrations": integrations})
        publishing.publish(connection, 1, document, based_on=newest.version, actor="bench", why="no limits")


def _grant_points(cloud: Connected) -> None:
    """More than all rounds need."""
    purchase = {**MEMBERS[0].purchase(), "partner_reference": "bench", "spend_minor": SPEND_MINOR}
    with joining.partner(cloud) as inbound:
        inbound.post("/accruals", json=purchase).raise_for_status()


def _cheapest(cloud: Connected) -> str:
    answer = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/products", timeout=10)
    ordinary = [one for one in answer.json()["products"] if not one["scenario"] and one["kind"] == "STANDARD"]
    return str(min(ordinary, key=lambda product: product["price_minor"])["asin"])


def _redeem(cloud: Connected, shopper: Shopper, asin: str) -> Redeemed:
    """One unit, all in points. Raises RuntimeError unless it completes in time."""
    quote = shopper.quote(asin)
    order, key = shopper.order(quote, quote["points_full"]), new_key()
    began = time.time()
    shopper.expect(202, shopper.send(order, key))
    answered = time.time() - began
    with cloud.query() as connection:
        while time.time() - began < LONGEST_SECONDS:
            time.sleep(POLL_SECONDS)
            row = connection.execute(
                "select r.state, r.closed_at, p.queued_at, p.sent_at, p.concluded_at from redemptions.redemption r"
                " left join orders.placement p using (program_id, redemption_id) where redemption_id = %s",
                (key,),
            ).fetchone()
            if row and row["closed_at"]:
                break
        else:
            raise RuntimeError(f"{key} did not end in {LONGEST_SECONDS:.0f} s")
    if (status := shopper.status(key)["status"]) != "completed":
        raise RuntimeError(f"{key} ended {status}")
    closed: datetime = row["closed_at"]
    return Redeemed(answered, closed.timestamp() - began, _stretches(cloud, key, began, row))


def _stretches(cloud: Connected, key: str, began: float, row: dict[str, Any]) -> dict[str, float]:
    """Seconds of each stretch of the way: the machine's own account, and the placement's for its task."""
    machine = cloud.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:")
    pages = cloud.client("stepfunctions").get_paginator("get_execution_history")
    events = pages.paginate(executionArn=f"{machine}:{key}").build_full_result()["events"]
    at: dict[str, float] = {}
    for event in events:
        for moment in ("Entered", "Exited"):
            if details := event.get(f"state{moment}EventDetails"):
                at[f"{details['name']} {moment}"] = event["timestamp"].timestamp()
    queued, sent, concluded = (row[name].timestamp() for name in ("queued_at", "sent_at", "concluded_at"))

    def step(name: str) -> dict[str, float]:
        return {name.lower(): at[f"{name} Exited"] - at[f"{name} Entered"]} if f"{name} Entered" in at else {}

    return {
        "door_to_machine": at["Begin Entered"] - began,
        **step("Begin"),
        **step("Screen"),
        **step("Go"),
        "queue_to_worker": queued - at["Place Entered"],
        "worker_to_shop": sent - queued,
        "shop": concluded - sent,
        "answer_to_machine": at["Place Exited"] - concluded,
        **step("RecordOrder"),
        "settle_to_closed": row["closed_at"].timestamp() - at["Settle Entered"],
    }


def _where(redeemed: Sequence[Redeemed]) -> Figures:
    """The median of each stretch in milliseconds, and of the door's answer."""
    found: dict[str, list[float]] = defaultdict(list)
    for one in redeemed:
        for name, seconds in one.stretches.items():
            found[name].append(seconds)
    answered = {"redemption_answered_ms": round(statistics.median(one.answered for one in redeemed) * 1000)}
    return answered | {f"where_{name}_ms": round(statistics.median(all_) * 1000) for name, all_ in found.items()}
